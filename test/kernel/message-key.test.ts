// The addon's HMAC beside Node's, which is the reference.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { it } from '../support/test.js';
import { loadAddon } from '../../src/kernel/addon.js';
import { openMessageKey, type MessageKey } from '../../src/kernel/message-key.js';

const MAC = 32;

function keyOf(secret: Uint8Array): MessageKey {
  const key = openMessageKey(secret);
  assert.ok(key !== null, 'this Node has OpenSSL for addons');
  return key;
}

it('is Node’s, for every key, length and place in a buffer, one message after the other', () => {
  const secret = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const texts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(secret, texts, fc.nat(40), (chosen, all, before) => {
      const key = keyOf(chosen);
      for (const text of all) {
        const whole = new Uint8Array(before + text.length + MAC);
        const message = whole.subarray(before);
        message.set(text);
        assert.ok(key.sign(message, text.length));
        const right = createHmac('sha256', chosen).update(text).digest();
        assert.deepEqual(Buffer.from(message.subarray(text.length)), right);
        assert.ok(key.verify(whole, before, before + text.length));
      }
    }),
    { numRuns: 200 },
  );
});

it('any bit that differs is noticed', () => {
  const key = keyOf(randomBytes(32));
  const message = new Uint8Array(120 + MAC).fill(7);
  key.sign(message, 120);
  for (let bit = 0; bit < message.length * 8; bit += 1) {
    const mark = 1 << (bit % 8);
    message[bit >> 3] = (message[bit >> 3] ?? 0) ^ mark;
    assert.equal(key.verify(message, 0, 120), false, `bit ${bit}`);
    message[bit >> 3] = (message[bit >> 3] ?? 0) ^ mark;
  }
  assert.equal(key.verify(message, 0, 120), true);
});

it('nothing beyond the buffer is read or written', () => {
  const addon = loadAddon();
  const key = addon.openKey(new ArrayBuffer(32));
  assert.ok(key !== null);
  const batch = new ArrayBuffer(64);
  assert.equal(addon.mac(key, batch, 0, 32, false), 1);
  for (const [from, to] of [
    [0, 33],
    [40, 64],
    [-1, 8],
    [9, 8],
  ] as const) {
    assert.throws(() => addon.mac(key, batch, from, to, true), RangeError, `${from} to ${to}`);
  }
  assert.throws(() => addon.mac(key, new ArrayBuffer(31), 0, 0, true), RangeError);
  const timer = addon.openDeadlineTimer(() => undefined);
  assert.throws(() => addon.mac(timer as never, batch, 0, 8, true), TypeError);
  addon.close(timer);
});
