// What is handed over of the notes that the addon makes for an HA port: of each kind the last, in order.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { CHECK_MADE, PeerRoom, type LastConfirmation } from '../../src/kernel/peer-room.js';
import { instant } from '../../src/model/units.js';
import { address } from '../peer-channel/ha-port-rig.js';

const REQUEST = 1;
const ANSWER = 2;

/** Two peers, the first with two paths. */
const openRoom = (): PeerRoom =>
  new PeerRoom(2, [
    { address: address('10.98.0.2'), peer: 0 },
    { address: address('10.99.0.2'), peer: 0 },
    { address: address('10.99.0.3'), peer: 1 },
  ]);

type Note = readonly [at: number, path: number, kind: number, answered?: boolean];

/** Of each its time, its place, and what stands behind it. */
function taken(room: PeerRoom, notes: readonly Note[]): unknown[] {
  for (const [at, path, kind, answered = false] of notes) {
    room.note({ at: instant(at), path, kind, answered });
  }
  const all: unknown[] = [];
  room.take(({ at, path, kind, answered, made, askedAt }: LastConfirmation) =>
    all.push([at, path, kind, answered, made, askedAt]),
  );
  return all;
}

describe('what the addon has noted', () => {
  it('is told by the last message and the last answer of each path, and the last check of each peer', () => {
    const told = taken(openRoom(), [
      [100, 0, CHECK_MADE],
      [101, 0, ANSWER, true],
      [102, 1, ANSWER, true],
      [110, 1, CHECK_MADE],
      [111, 2, ANSWER, true],
      [150, 0, REQUEST],
      [200, 0, CHECK_MADE],
      [201, 0, ANSWER, true],
      [203, 2, REQUEST],
      [250, 1, REQUEST],
    ]);
    assert.deepEqual(told, [
      [102, 1, ANSWER, true, 0, 100],
      [110, 1, CHECK_MADE, false, 1, null],
      [111, 2, ANSWER, true, 0, 110],
      [200, 0, CHECK_MADE, false, 2, null],
      [201, 0, ANSWER, true, 0, 200],
      [203, 2, REQUEST, false, 0, null],
      [250, 1, REQUEST, false, 0, null],
    ]);
  });

  it('is told once, and what follows by itself', () => {
    const room = openRoom();
    taken(room, [
      [100, 0, CHECK_MADE],
      [101, 0, ANSWER, true],
    ]);
    assert.equal(room.noted, 0);
    // The check that it answers was told of before.
    assert.deepEqual(taken(room, [[120, 1, ANSWER, true]]), [[120, 1, ANSWER, true, 0, null]]);
    assert.deepEqual(taken(room, []), []);
  });
});
