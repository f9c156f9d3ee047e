// Which message is an answer to a check, and so a success of its path. No sockets and no key.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { HaPeer } from '../../src/agent/ha-peer.js';
import { instant } from '../../src/model/units.js';
import type { PeerHeader, PeerMessageKind } from '../../src/wire/peer-message.js';
import { address, reportOf } from './ha-port-rig.js';

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
    const header: PeerHeader = { kind, session: 1n, sequence: 1, nonce: nonce(1), echo };
    return peer.roundTripOf(
      { header, report: reportOf('there'), truncated: false },
      path,
      instant(3_500),
    );
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
    const header = { kind: 'answer' as const, session: 1n, sequence: 1, nonce: nonce(1) };
    const message = {
      header: { ...header, echo: nonce(5) },
      report: reportOf('there'),
      truncated: false,
    };
    assert.equal(peer.roundTripOf(message, path, instant(9)), null);
  });
});
