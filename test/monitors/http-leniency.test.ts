// What web servers in the field answer, and what an http check makes of it: as lenient about form as other
// clients are. How results become states: web-checks.test.ts.
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { createHttpProbe } from '../../src/monitors/http-probe.js';
import { eventOf } from '../support/limits.js';
import { enterNamespace } from '../support/namespace.js';
import { describe, it, type TestContext } from '../support/test.js';
import { httpCheck } from './prober-bench.js';

const skip = enterNamespace(import.meta.url);

/** One attempt against a server whose whole answer this is. */
async function asked(t: TestContext, answer: string, expectBody?: string) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(Buffer.from(answer, 'latin1')));
  });
  t.after(() => server.close());
  await eventOf(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const change = { timeoutMs: 60_000, ...(expectBody === undefined ? {} : { expectBody }) };
  const settings = httpCheck('up', `http://127.0.0.1:${port}/`, change);
  assert.ok(settings.type === 'http');
  const probe = createHttpProbe(settings, () => null);
  return probe.run(new AbortController().signal);
}

const OK = 'HTTP/1.1 200 OK\r\n';
const LENGTH = 'Content-Length: 2\r\n';

describe('http checks', { skip }, () => {
  const taken: readonly [title: string, answer: string][] = [
    ['lines that end in LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['no reason phrase', `HTTP/1.1 200\r\n${LENGTH}\r\nok`],
    ['HTTP/1.0 without a length', 'HTTP/1.0 200 OK\r\n\r\nok'],
    ['a header over two lines', `${OK}X: a\r\n b\r\n${LENGTH}\r\nok`],
    ['a blank before the colon', `${OK}Content-Length : 2\r\n\r\nok`],
    ['a control character in a header', `${OK}X: a\u0001b\r\n${LENGTH}\r\nok`],
    ['letters that are not ASCII', `${OK}X: \u00e9\r\n${LENGTH}\r\nok`],
    [
      'a length beside chunks',
      `${OK}${LENGTH}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    ],
    [
      'a blank behind the size of a chunk',
      `${OK}Transfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n`,
    ],
    [
      'chunks whose lines end in LF, with the text in two of them',
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\no\n1\nk\n0\n\n',
    ],
    ['100 Continue before the answer', `HTTP/1.1 100 Continue\r\n\r\n${OK}${LENGTH}\r\nok`],
    ['more headers than are usual', `${OK}X: ${'a'.repeat(50_000)}\r\n${LENGTH}\r\nok`],
    ['another minor version', `HTTP/1.2 200 OK\r\n${LENGTH}\r\nok`],
  ];
  for (const [title, answer] of taken) {
    it(`takes ${title}`, async (t) => {
      assert.equal((await asked(t, answer)).outcome, 'success');
      assert.equal((await asked(t, answer, 'ok')).outcome, 'success');
    });
  }

  it('takes more than the length that was announced, when only the status counts', async (t) => {
    const { outcome } = await asked(t, `${OK}${LENGTH}Connection: close\r\n\r\nokmore`);
    assert.equal(outcome, 'success');
  });

  const refused: readonly [title: string, answer: string, why: RegExp][] = [
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', /^an answer in HTTP expected: Parse Error/],
    [
      'two lengths',
      `${OK}${LENGTH}Content-Length: 3\r\n\r\nok`,
      /^an answer in HTTP expected: .*HPE_/,
    ],
    [
      'a length that is given twice, the same',
      `${OK}${LENGTH}${LENGTH}\r\nok`,
      /^an answer in HTTP expected: .*Duplicate Content-Length/,
    ],
    [
      'a list of lengths',
      `${OK}Content-Length: 2, 2\r\n\r\nok`,
      /^an answer in HTTP expected: .*Content-Length/,
    ],
    [
      'headers without end',
      `${OK}X: ${'a'.repeat(200_000)}`,
      /^an answer in HTTP expected: .*HPE_HEADER_OVERFLOW/,
    ],
    ['nothing', '', /^(?:the connection was closed without an answer|socket hang up)/],
  ];
  for (const [title, answer, why] of refused) {
    it(`says what is wrong with ${title}`, async (t) => {
      const result = await asked(t, answer);
      assert.ok(result.outcome === 'failure', JSON.stringify(result));
      assert.match(result.measured, why);
    });
  }
});
