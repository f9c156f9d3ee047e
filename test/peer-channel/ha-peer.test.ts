// Which message is an answer to a check, and so a success of its path. No sockets and no key.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { haKey, type HaKey } from '../../src/peer-channel/ha-key.js';
import { HaPeer } from '../../src/peer-channel/ha-peer.js';
import { instant } from '../../src/model/units.js';
import type { PeerMessageKind } from '../../src/wire/peer-message.js';
import { address } from './ha-port-rig.js';

const LAN = address('10.99.0.2');
const LINK = address('10.98.0.2');
const nonce = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);

/** A peer that was asked at 1 ms with nonce 7, after an earlier check with nonce 6. */
function asked() {
  const peer = new HaPeer('there', [LAN, LINK], 7112, nonce(5));
  peer.beginCheck(nonce(6), instant(0));
  peer.beginCheck(nonce(7), instant(1_000));
  const [lan, link] = peer.paths;
  assert.ok(lan !== undefined && link !== undefined);
  const hear = (kind: PeerMessageKind, echo: Uint8Array | null, path = lan): number | null => {
    const age = echo === null ? null : peer.freshness.checksSince(echo);
    return peer.roundTrip(kind, age, path, instant(3_500));
  };
  return { peer, lan, link, hear };
}

describe('an answer to the check', () => {
  it('is one that echoes its nonce, and takes the time since it was asked', () => {
    assert.equal(asked().hear('answer', nonce(7)), 2.5);
  });

  for (const kind of ['push', 'request', 'bye'] as const) {
    it(`is not a ${kind}, though it echoes the same nonce`, () => {
      assert.equal(asked().hear(kind, nonce(7)), null);
    });
  }

  it('is not one to the check before, one to nobody’s, or one without an echo', () => {
    const { hear } = asked();
    assert.deepEqual(
      [hear('answer', nonce(6)), hear('answer', nonce(9)), hear('answer', null)],
      [null, null, null],
    );
  });

  it('counts once on each path, and again after the next check', () => {
    const { peer, link, hear } = asked();
    assert.deepEqual([hear('answer', nonce(7)), hear('answer', nonce(7))], [2.5, null]);
    assert.equal(hear('answer', nonce(7), link), 2.5);
    peer.beginCheck(nonce(8), instant(3_000));
    assert.equal(hear('answer', nonce(8)), 0.5);
  });

  it('is nobody’s before the first check', () => {
    const peer = new HaPeer('there', [LAN], 7112, nonce(5));
    const [path] = peer.paths;
    assert.ok(path !== undefined);
    assert.equal(peer.roundTrip('answer', 0, path, instant(9)), null);
  });
});

describe('the keys of a peer', () => {
  const [older, newer] = [haKey(new Uint8Array(32).fill(1)), haKey(new Uint8Array(32).fill(2))];
  const ours = [newer, older];
  const fresh = (): HaPeer => new HaPeer('there', [LAN], 7112, nonce(5));

  it('nothing known: what we say goes out under the last of ours, which was everybody’s', () => {
    const peer = fresh();
    assert.equal(peer.keyFor(ours), older);
    assert.deepEqual(peer.likely(ours), ours);
    assert.deepEqual(peer.keys(newer), { accepts: null, speaksUnder: null, settled: false });
  });

  it('of an earlier release: the key of its last message, fresh or not', () => {
    const peer = fresh();
    peer.heardUnder(newer, 'stale', null);
    assert.equal(peer.keyFor(ours), newer);
    assert.equal(peer.keys(newer).speaksUnder, null, 'recorded, for all we know');
    peer.heardUnder(older, 'newest', null);
    assert.equal(peer.keyFor(ours), older);
    assert.deepEqual(peer.likely(ours), [older, newer], 'and it is tried first on the next');
    assert.equal(peer.keyFor([newer]), newer, 'retired: there is no other');
  });

  it('the first of ours that it says it has, whatever it used itself', () => {
    const peer = fresh();
    peer.heardUnder(older, 'newest', [newer.digest, older.digest]);
    assert.equal(peer.keyFor(ours), newer);
    peer.heardUnder(older, 'newest', [older.digest]);
    assert.equal(peer.keyFor(ours), older);
    peer.heardUnder(older, 'overtaken', [newer.digest]);
    assert.equal(peer.keyFor(ours), older, 'no news');
  });

  it('each of ours in turn, when for 16 checks nothing that came was under one of them', () => {
    const peer = fresh();
    peer.heardUnder(older, 'newest', [older.digest]);
    const check = (): HaKey | undefined => {
      peer.beginCheck(nonce(9), instant(0));
      return peer.keyFor(ours);
    };
    for (let count = 0; count < 20; count += 1) assert.equal(check(), older, 'silent, not parted');
    peer.heardUnderNone();
    for (let count = 0; count < 16; count += 1) assert.equal(check(), older);
    assert.deepEqual(new Set([check(), check()]), new Set(ours));
    peer.heardUnder(older, 'stale', [older.digest]);
    assert.equal(check(), older, 'and the two have found each other');
  });

  it('settled 16 checks after its news came under another key, and not before', () => {
    const peer = fresh();
    const check = (count: number): void => {
      for (let index = 0; index < count; index += 1) peer.beginCheck(nonce(9), instant(0));
    };
    peer.heardUnder(older, 'newest', [newer.digest, older.digest]);
    check(100);
    assert.equal(peer.keys(newer).settled, false);
    peer.heardUnder(newer, 'newest', [newer.digest, older.digest]);
    check(15);
    assert.equal(peer.keys(newer).settled, false);
    check(1);
    assert.equal(peer.keys(newer).settled, true);
    peer.heardUnder(older, 'newest', [older.digest]);
    assert.equal(peer.keys(newer).settled, false);
  });
});
