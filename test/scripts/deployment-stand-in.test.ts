// A back end of the deployments as nginx asks it, by HTTP/1.0: an answer has a length. Sockets of a namespace of
// its own; no nginx, no lab.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { StandInPlan } from '../deployments/stand-in.js';
import { eventOf, within } from '../support/limits.js';
import { enterNamespace } from '../support/namespace.js';
import { describe, it } from '../support/test.js';

const skip = enterNamespace(import.meta.url);
const PROGRAM = fileURLToPath(new URL('../deployments/stand-in.js', import.meta.url));
const PORT = 8080;
const PLAN: StandInPlan = {
  name: 'one',
  services: [{ kind: 'http', port: PORT, paths: { '/upcheck': "I'm üp!" } }],
};

/** The head of an answer to a request as nginx sends it, and its body. */
async function asked(path: string): Promise<{ head: string; body: Buffer }> {
  const socket = connect(PORT, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.0\r\nHost: one\r\nConnection: close\r\n\r\n`);
  const answer = await within('an answer', text(socket));
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return { head: head.toLowerCase(), body: Buffer.from(body) };
}

describe('a stand-in', { skip }, () => {
  it('says how long its answer is: a host that dies before the end of the connection costs no request', async (t) => {
    const child = fork(PROGRAM, [JSON.stringify(PLAN)]);
    t.after(() => child.kill('SIGKILL'));
    await eventOf(child, 'message', 'the stand-in to listen');
    for (const path of ['/upcheck', '/anything']) {
      const { head, body } = await asked(path);
      assert.match(head, /^http\/1\.[01] 200 /);
      assert.match(head, new RegExp(`^content-length: ${body.length}$`, 'm'));
    }
  });
});
