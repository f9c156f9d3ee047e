// What systemd does for understudy's hooks that root runs: the socket, and one process a call. Knows no
// hook: which programs may run stands in the host's /etc/understudy-hooks.
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import process from 'node:process';
import type { LineLog } from '../../scripts/lab/command.js';

const SERVICE = '/usr/lib/understudy/dist/scripts/privileged-hook.js';

/** Listens at `path`; `inside` makes a command line run on the host. What the hooks say goes to `log`. */
export async function openHookService(
  path: string,
  inside: (argv: readonly string[]) => string[],
  log: LineLog,
): Promise<Server> {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const [command = '', ...rest] = inside([process.execPath, SERVICE, 'serve']);
    const child = spawn(command, rest, { stdio: [socket, socket, 'pipe'] });
    log.follow(child.stderr);
    // The child has it now.
    child.once('spawn', () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return server;
}
