// Freshness as a function of what was received: no sockets, no key.
import assert from 'node:assert/strict';
import { test } from '../support/test.js';
import * as fc from 'fast-check';
import {
  NONCES_KEPT,
  PeerFreshness,
  SEQUENCE_WINDOW,
  type Freshness,
} from '../../src/peer-channel/peer-freshness.js';
import type { PeerHeader } from '../../src/wire/peer-message.js';

const nonceOf = (number: number): Uint8Array => {
  const nonce = Buffer.alloc(16, 0xc0);
  nonce.writeUInt32BE(number);
  return nonce;
};

const message = (sequence: number, echo: number | null, session = 1n): PeerHeader => ({
  kind: 'request',
  session,
  sequence,
  nonce: nonceOf(1_000_000 + sequence),
  echo: echo === null ? null : nonceOf(echo),
});

/** One that has drawn nonces 1 to `count`. */
function drawn(count: number): PeerFreshness {
  const freshness = new PeerFreshness(nonceOf(1));
  for (let number = 2; number <= count; number += 1) freshness.renew(nonceOf(number));
  return freshness;
}

test('a message without an echo of ours is stale, whatever its session', () => {
  const freshness = drawn(3);
  assert.equal(freshness.receive(message(1, null)), 'stale');
  assert.equal(freshness.receive(message(2, 999)), 'stale');
  assert.equal(freshness.echo, null);
  assert.equal(freshness.receive(message(3, 3)), 'newest');
  assert.deepEqual(freshness.echo, Uint8Array.from(nonceOf(1_000_003)));
  assert.equal(freshness.receive(message(4, 999)), 'stale');
});

test('the last 16 nonces are accepted, the one before them is not', () => {
  const freshness = drawn(NONCES_KEPT + 1);
  assert.equal(freshness.receive(message(1, 1)), 'stale');
  assert.equal(freshness.receive(message(2, 2)), 'newest');
  assert.equal(freshness.checksSince(nonceOf(2)), NONCES_KEPT - 1);
  assert.equal(freshness.checksSince(nonceOf(NONCES_KEPT + 1)), 0);
  assert.equal(freshness.checksSince(new Uint8Array(16)), null);
});

test('within the window a number may come late, once; below it never', () => {
  const freshness = drawn(1);
  const receive = (sequence: number): Freshness => freshness.receive(message(sequence, 1));
  assert.equal(receive(100), 'newest');
  assert.equal(receive(100), 'replayed');
  assert.equal(receive(100 - SEQUENCE_WINDOW + 1), 'overtaken');
  assert.equal(receive(100 - SEQUENCE_WINDOW + 1), 'replayed');
  assert.equal(receive(100 - SEQUENCE_WINDOW), 'replayed');
  assert.equal(receive(100 + SEQUENCE_WINDOW), 'newest');
  assert.equal(receive(101), 'overtaken');
  assert.equal(receive(100), 'replayed');
});

test('a stale message of the session uses its number up', () => {
  const freshness = drawn(1);
  assert.equal(freshness.receive(message(1, 1)), 'newest');
  assert.equal(freshness.receive(message(2, null)), 'stale');
  assert.equal(freshness.receive(message(2, 1)), 'replayed');
});

test('a session that was left is never entered again with what it could have known', () => {
  const freshness = drawn(3);
  assert.equal(freshness.receive(message(1, 3, 1n)), 'newest');
  freshness.renew(nonceOf(4));
  assert.equal(freshness.receive(message(1, 4, 2n)), 'newest');
  assert.equal(freshness.receive(message(2, 4, 1n)), 'stale');
  assert.equal(freshness.receive(message(2, 4, 3n)), 'stale');
  assert.equal(freshness.receive(message(2, 4, 2n)), 'newest');
  freshness.renew(nonceOf(5));
  assert.equal(freshness.receive(message(1, 5, 3n)), 'newest');
});

test('no order of arrival makes the same message fresh twice', () => {
  // The peer restarts now and then; the network reorders, repeats and keeps back.
  const step = fc.oneof(
    fc.record({ what: fc.constant('send' as const), echoAge: fc.nat(20) }),
    fc.record({ what: fc.constant('check' as const) }),
    fc.record({ what: fc.constant('restart' as const) }),
    fc.record({ what: fc.constant('deliver' as const), index: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const freshness = drawn(1);
      const sent: PeerHeader[] = [];
      const fresh = new Set<PeerHeader>();
      let [nonce, session, sequence] = [1, 1n, 0];
      for (const one of steps) {
        switch (one.what) {
          case 'check':
            nonce += 1;
            freshness.renew(nonceOf(nonce));
            break;
          case 'restart':
            session += 1n;
            sequence = 0;
            break;
          case 'send':
            sequence += 1;
            sent.push(message(sequence, Math.max(1, nonce - one.echoAge), session));
            break;
          case 'deliver': {
            const header = sent[one.index % Math.max(1, sent.length)];
            if (header === undefined) break;
            const verdict = freshness.receive(header);
            if (verdict !== 'newest' && verdict !== 'overtaken') break;
            assert.ok(!fresh.has(header), `number ${header.sequence} of ${header.session} twice`);
            fresh.add(header);
            break;
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});
