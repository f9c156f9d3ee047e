// The start of tcpdump in a namespace of the lab. What it prints or writes is its caller's.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { NamespaceName, Network } from './network.js';

export interface Tcpdump {
  readonly child: ChildProcess;
  /** What it has said so far, line by line, on standard error. */
  readonly said: readonly string[];
}

/**
 * Resolves when it listens; needs root.
 * @param options after `-i PORT --immediate-mode`; the filter comes last.
 * @throws Error with its words when it does not listen.
 */
export async function startTcpdump(
  network: Network,
  on: NamespaceName,
  port: string,
  options: readonly string[],
): Promise<Tcpdump> {
  const common = ['-i', port, '--immediate-mode', '-Z', 'root'];
  const [command = '', ...rest] = network.inside(on, ['tcpdump', ...common, ...options]);
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('listening on')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`tcpdump: ${said.join(' ')}`)));
  });
  return { child, said };
}
