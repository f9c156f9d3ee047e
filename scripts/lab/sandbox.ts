// Re-executes the calling program inside private namespaces, so that nothing it makes can remain on
// the machine, not even after SIGKILL. No network topology: that is network.ts.
import { spawn, spawnSync } from 'node:child_process';
import process from 'node:process';

/** Set inside the sandbox; the value is of no interest. */
const MARK = 'UNDERSTUDY_SANDBOX';

/**
 * PID 1 of the sandbox. It hides /run behind an empty file system (namespaces, pid files and logs
 * live and die there), runs the program and, being init, reaps whatever the program's daemons leave.
 */
const INIT = 'mount -t tmpfs -o mode=755 tmpfs /run || exit 1; "$@"; exit $?';

/** Debian keeps ip, tcpdump, nft and keepalived where an ordinary user's PATH does not look. */
const SEARCH_PATH = `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;

function unshareArguments(): string[] {
  const identity = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const spaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return ['unshare', ...identity, ...spaces, 'sh', '-c', INIT, 'sandbox'];
}

/** Whether this process already runs inside the sandbox. */
export const insideSandbox = (): boolean => process.env[MARK] === '1' && process.pid < 32;

/** Whether the sandbox has full root powers (tcpdump and chown need them) or only those of a mapped user. */
export const mappedUser = (): boolean => process.env['UNDERSTUDY_SANDBOX_UID'] !== '0';

/**
 * Continues the program inside the sandbox: inside it returns null; outside it runs the very same
 * command inside and ends this process with its exit status. When the machine does not allow a
 * sandbox it returns one line saying why, and the program goes on outside.
 */
export async function enterSandbox(): Promise<string | null> {
  if (insideSandbox()) return null;
  const refusal = sandboxRefusal();
  if (refusal !== null) return refusal;
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // The parent-death signal ends the sandbox even when this process is killed with SIGKILL.
  const argv = ['--pdeathsig', 'KILL', ...unshareArguments(), ...program];
  const child = spawn('setpriv', argv, {
    stdio: 'inherit',
    env: {
      ...process.env,
      [MARK]: '1',
      UNDERSTUDY_SANDBOX_UID: String(process.getuid?.() ?? -1),
      PATH: SEARCH_PATH,
    },
  });
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.on(signal, () => {
      child.kill('SIGKILL');
      process.exit(128 + number);
    });
  }
  const status = await new Promise<number>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 137)));
  });
  process.exit(status);
}

/** One line saying why this machine allows no sandbox; null when it does. */
export function sandboxRefusal(): string | null {
  const [command = 'unshare', ...rest] = unshareArguments();
  const attempt = spawnSync(command, [...rest, 'true'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: SEARCH_PATH },
  });
  if (attempt.error !== undefined) {
    return `no sandbox: ${attempt.error.message}; install util-linux (unshare, setpriv)`;
  }
  if (attempt.status === 0) return null;
  return `no sandbox: ${attempt.stderr.trim()}; run as root, or allow user namespaces (sysctl user.max_user_namespaces)`;
}
