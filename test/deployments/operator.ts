// What an operator of a deployment has at hand: `ssh`, by which a script of the page reaches the hosts. The
// script's own process runs here; what the hosts do with a command line is the deployment's.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { attempt, type Completed } from '../../scripts/lab/command.js';

export interface RemoteCall {
  readonly host: string;
  readonly command: readonly string[];
  readonly input: string;
}

export type Remote = (call: RemoteCall) => Promise<Completed>;

/**
 * Runs a script of a page to its end, with an `ssh` that asks `remote`.
 * @param directory is made, for that program and its socket.
 */
export async function operate(
  directory: string,
  argv: readonly string[],
  remote: Remote,
): Promise<Completed> {
  mkdirSync(directory, { recursive: true });
  const socket = `${directory}/ssh.sock`;
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    void received(connection)
      .then((call) => remote(JSON.parse(call) as RemoteCall))
      .catch((error: Error): Completed => ({ code: 255, stdout: '', stderr: `${error.message}\n` }))
      .then((completed) => connection.end(JSON.stringify(completed)));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const program = fileURLToPath(new URL('ssh-process.js', import.meta.url));
  writeFileSync(
    `${directory}/ssh`,
    `#!/bin/sh\nexec ${process.execPath} ${program} ${socket} "$@"\n`,
  );
  chmodSync(`${directory}/ssh`, 0o755);
  try {
    return await attempt(['env', `PATH=${directory}:${process.env['PATH'] ?? ''}`, ...argv]);
  } finally {
    server.close();
  }
}

/** All that the other end sends; this end stays open for an answer. */
function received(connection: Socket): Promise<string> {
  let said = '';
  connection.setEncoding('utf8').on('data', (piece: string) => (said += piece));
  return new Promise((resolve, reject) => {
    connection.once('end', () => resolve(said));
    connection.once('error', reject);
  });
}
