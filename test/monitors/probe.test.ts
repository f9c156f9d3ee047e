import assert from 'node:assert/strict';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from '../support/test.js';
import { attempt, explain, oneLine, success } from '../../src/monitors/probe.js';
import { messageReader } from '../../src/monitors/prober-protocol.js';
import { temporaryFolder } from './prober-bench.js';
import { eventOf } from '../support/limits.js';

describe('attempt', () => {
  const never = new AbortController().signal;

  test('takes down once, whether it settles at once, later, twice or never', async () => {
    let taken = 0;
    const takeDown = (): void => void (taken += 1);
    const at = await attempt(60_000, never, (settle) => {
      settle(success('first'));
      settle(success('second'));
      return takeDown;
    });
    assert.deepEqual([at.measured, taken], ['first', 1]);
    const later = await attempt(60_000, never, (settle) => {
      setImmediate(() => settle(success('later')));
      return takeDown;
    });
    assert.deepEqual([later.measured, taken], ['later', 2]);
    const late = await attempt(1, never, () => takeDown);
    assert.deepEqual([late, taken], [{ outcome: 'failure', measured: 'no answer within 1 ms' }, 3]);
  });

  test('aborting ends it, before and after it began', async () => {
    let taken = 0;
    const controller = new AbortController();
    const running = attempt(60_000, controller.signal, () => () => void (taken += 1));
    controller.abort();
    assert.equal((await running).outcome, 'unavailable');
    assert.equal(taken, 1);
    const begun = (): never => assert.fail('begun');
    assert.equal((await attempt(60_000, controller.signal, begun)).outcome, 'unavailable');
  });

  test('an answer that waits to be read counts, however late the process is', async (t) => {
    const path = join(temporaryFolder(), 'socket');
    const socket = new Socket();
    // Nothing is read before the attempt.
    socket.pause();
    const server = createServer().listen(path);
    t.after(() => server.close());
    t.after(() => socket.destroy());
    socket.connect(path);
    const [peer] = (await eventOf(server, 'connection')) as [Socket];
    peer.end('answer');
    await eventOf(peer, 'finish');
    const result = await attempt(1, never, (settle) => {
      socket.on('data', (text) => settle(success(String(text))));
      socket.resume();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      return () => undefined;
    });
    assert.deepEqual(result, { outcome: 'success', measured: 'answer' });
  });
});

describe('texts', () => {
  test('an error with several causes tells the first, with its code', () => {
    const refused = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
    assert.equal(explain(new AggregateError([refused])), 'connect refused (ECONNREFUSED)');
    assert.equal(explain('text'), 'text');
  });

  test('one line is short and has no control characters', () => {
    assert.equal(oneLine(' a\r\nb\u001b[31mc\u2028d '), 'a b [31mc d');
    assert.equal(oneLine('x'.repeat(1_000)).length, 200);
  });
});

describe('messages', () => {
  test('are read whole, however the text is cut', () => {
    const read: unknown[] = [];
    const text = '{"a":1}\n{"b":"\u00e9"}\n';
    const push = messageReader((message) => read.push(message));
    for (const character of text) push(character);
    push(text);
    assert.deepEqual(read, [{ a: 1 }, { b: '\u00e9' }, { a: 1 }, { b: '\u00e9' }]);
  });

  test('a line that does not end is refused', () => {
    const push = messageReader(() => undefined);
    assert.throws(() => push('x'.repeat(5 << 20)), /a line of at most/);
  });
});
