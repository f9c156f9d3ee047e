// The lab's side of one HTTP request from namespace `c`: starts it, and says when it is under way and what
// came back. The request itself is request-process.ts.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Network } from './network.js';
import type { RequestAnswer, RequestMessage, RequestPlan } from './request-process.js';

export interface Asking {
  /** Resolves when the first piece of an upload has left. */
  readonly underWay: Promise<void>;
  /** Rejects when there is no answer. */
  readonly answer: Promise<RequestAnswer>;
}

export function startRequest(network: Network, plan: RequestPlan): Asking {
  const program = fileURLToPath(new URL('request-process.js', import.meta.url));
  const [command = '', ...rest] = network.inside('c', [
    process.execPath,
    program,
    JSON.stringify(plan),
  ]);
  const child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { method = 'GET', url } = plan;
  const failure = (found: string): Error =>
    new Error(`${method} ${url}: expected an answer, found ${found}`);
  const answer = new Promise<RequestAnswer>((resolve, reject) => {
    child.on('message', (message: RequestMessage) => {
      if (message.kind === 'under-way') return;
      if (message.kind === 'answer') resolve(message.answer);
      else reject(failure(message.reason));
      child.disconnect();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(failure(`the client ended (${code})`)));
  });
  const underWay = new Promise<void>((resolve, reject) => {
    child.on('message', ({ kind }: RequestMessage) => {
      if (kind === 'under-way') resolve();
    });
    answer.catch(reject);
  });
  // Whoever sends no upload does not ask for it.
  underWay.catch(() => {});
  return { underWay, answer };
}
