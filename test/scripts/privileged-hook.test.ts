// What root's end of the hooks that root runs makes of calls that are none. Calls that are, and who may make
// them: test/systemd/hooks.test.ts.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, test } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { eventOf, within } from '../support/limits.js';

const PROGRAM = fileURLToPath(new URL('../../scripts/privileged-hook.js', import.meta.url));

const framed = (body: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(body));
  return Buffer.concat([length, Buffer.from(body)]);
};

/** What `serve` answers to these bytes: its exit code, and what its answer has as code and as stderr. */
async function served(bytes: Buffer) {
  // A name that stands in no folder (unix(7), abstract).
  const address = { path: `\0understudy-privileged-${randomUUID()}` };
  const server = createServer({ pauseOnConnect: true }).listen(address);
  const accepted = eventOf(server, 'connection') as Promise<[Socket]>;
  const caller = connect(address);
  const [socket] = await accepted;
  const child = spawn(process.execPath, [PROGRAM, 'serve'], { stdio: [socket, 'inherit', 'pipe'] });
  socket.destroy();
  server.close();
  caller.write(bytes);
  const ended = eventOf(child, 'exit') as Promise<[number]>;
  const all = Promise.all([ended, buffer(caller), buffer(child.stderr)]);
  const [[code], answer, logged] = await within('an answer, and the end of its streams', all);
  assert.ok(answer.length > 4, `an answer expected, found none; ${logged.toString()}`);
  const outcome = JSON.parse(answer.toString('utf8', 4)) as { code: number; stderr: string };
  const said = Buffer.from(outcome.stderr, 'base64').toString();
  assert.equal(logged.toString(), said);
  return { code, answer: outcome.code, said };
}

describe('calls that are none', () => {
  for (const [what, bytes, complaint] of [
    ['no JSON', framed('{'), /JSON/],
    ['nothing at all', framed(''), /JSON/],
    ['null', framed('null'), /null/],
    ['other fields', framed('{"words":[]}'), /a call expected: .*found something else/],
    [
      'a NUL in an argument',
      framed('{"arguments":["a\\u0000"],"environment":{},"input":""}'),
      /a call expected/,
    ],
    [
      'a variable that is no text',
      framed('{"arguments":[],"environment":{"UNDERSTUDY_NAME":1},"input":""}'),
      /an environment of texts expected/,
    ],
    ['too much', Buffer.from('ffffffff', 'hex'), /a frame of 4294967295 bytes/],
  ] as const) {
    test(what, async () => {
      const { code, answer, said } = await served(bytes);
      assert.deepEqual([code, answer], [0, 1]);
      assert.match(said, complaint);
      assert.match(said, /^understudy-hooks: .*\n$/);
    });
  }
});
