// Runs a test file inside namespaces of its own: network, mounts, processes. No tests in here.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cable } from '../../scripts/lab/cable.js';

const INSIDE = 'UNDERSTUDY_TEST_NAMESPACE';

const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** `ip netns` keeps its names below /run. */
const PREPARE = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"';
const ADDON = new URL('../../../build/Release/understudy.node', import.meta.url);

/**
 * Called first in a test file, with its `import.meta.url`. Runs the file again inside new
 * namespaces, in which it is root and nothing can be left behind, and exits with its result; inside
 * them it returns false.
 * @returns the reason why there are no namespaces to be had, for node:test's `skip`.
 */
export function enterNamespace(testFile: string): string | false {
  if (process.env[INSIDE] !== undefined) return false;
  if (!existsSync(ADDON)) return 'the addon is not built: npm run build:native';
  const unshare = unshareCommand();
  const [program = '', ...prefix] = unshare;
  const probe = spawnSync(program, [...prefix, 'true'], { encoding: 'utf8' });
  if (probe.status !== 0) {
    return `namespaces are refused here: ${probe.error?.message ?? probe.stderr.trim()}`;
  }
  const words = process.argv.slice(2);
  const script = [process.execPath, ...process.execArgv, fileURLToPath(testFile), ...words];
  const run = spawnSync(program, [...prefix, ...script], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exit(run.status ?? 1);
}

function unshareCommand(): string[] {
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const command = ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...asRoot, ...NAMESPACES];
  return command.concat('sh', '-c', PREPARE, 'sh');
}

/** Runs `ip` with the words of `command`. */
export const ip = (command: string): string =>
  execFileSync('ip', command.split(' '), { encoding: 'utf8' });

/** The program and arguments that run `command` in the named network namespace. */
export const inNetns = (name: string, ...command: string[]): string[] =>
  ['ip', 'netns', 'exec', name].concat(command);

/**
 * A second network namespace `peer`, joined to this one by a veth pair: `lan` here, `lan` there.
 * IPv6 link-local addresses are those given, without duplicate address detection.
 */
export function joinPeer(): void {
  ip('netns add peer');
  layCable();
}

/** Makes the veth pair (again) and puts the addresses on it. */
export function layCable(): void {
  ip(
    cable(
      { name: 'lan', mac: '02:00:00:00:00:01' },
      { name: 'lan', mac: '02:00:00:00:00:02', netns: 'peer' },
    ),
  );
  ip('link set lan addrgenmode none');
  ip('-n peer link set lan addrgenmode none');
  ip('address add 192.0.2.1/24 dev lan');
  ip('-n peer address add 192.0.2.2/24 dev lan');
  ip('link set lan up');
  ip('-n peer link set lan up');
  addLinkLocals();
}

/** They go when the interface goes down. */
export function addLinkLocals(): void {
  ip('address replace fe80::1/64 dev lan nodad');
  ip('-n peer address replace fe80::2/64 dev lan nodad');
}
