// What outlives an agent, over clocks that do not agree: the file counts in wall time, core does not.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { memoryAt, stateOf, type Clocks } from '../../src/agent/memory.js';
import { EMPTY_STATE, type State } from '../../src/journal/state-file.js';
import type { InstanceSnapshot } from '../../src/core/interface.js';
import { instant } from '../../src/model/units.js';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 0, 1, 12);

const clocks = (wall: number, monotonicMs: number): Clocks => ({
  wallClock: () => wall,
  now: () => instant(monotonicMs * 1_000),
});

/** The state of an agent that flapped a minute ago and just now, at noon. */
function written(): State {
  const flaps = { flaps: [instant(40_000_000), instant(100_000_000)], latched: true };
  const memory = { maintenance: true, bypassEngaged: false, flaps };
  const snapshot = { memory, virtualRouters: [{ state: 'Active' }] } as unknown as InstanceSnapshot;
  return stateOf(snapshot, { standing: [] }, clocks(NOON, 100_000));
}

/** How long ago each flap was, in ms, for an agent that starts at this wall time. */
function agesAt(wall: number): number[] {
  const now = 5_000;
  const { flaps } = memoryAt(written(), clocks(wall, now)).flaps;
  return flaps.map((at) => now - at / 1_000);
}

describe('what an agent leaves to the next', () => {
  it('is in wall time: a reboot starts the other clock anew', () => {
    const { flaps, maintenance, latched, active } = written();
    assert.deepEqual(flaps, [NOON - 60_000, NOON]);
    assert.deepEqual([maintenance, latched, active], [true, true, true]);
    assert.deepEqual(agesAt(NOON + HOUR), [HOUR + 60_000, HOUR]);
  });

  it('a clock set back an hour: flaps of the future are now, and none is forgotten', () => {
    assert.deepEqual(agesAt(NOON - HOUR), [0, 0]);
    assert.deepEqual(agesAt(NOON - 30_000), [30_000, 0]);
  });

  it('each order of the operator comes through by itself', () => {
    for (const flag of ['maintenance', 'bypassEngaged'] as const) {
      const memory = { ...memoryAt(EMPTY_STATE, clocks(NOON, 0)), [flag]: true };
      const snapshot = { memory, virtualRouters: [] } as unknown as InstanceSnapshot;
      const state = stateOf(snapshot, { standing: [] }, clocks(NOON, 0));
      assert.deepEqual(state, { ...EMPTY_STATE, [flag]: true });
      assert.deepEqual(memoryAt(state, clocks(NOON, 0)), memory);
    }
  });

  it('nothing left: nothing remembered', () => {
    const memory = memoryAt(EMPTY_STATE, clocks(NOON, 0));
    const flaps = { flaps: [], latched: false };
    assert.deepEqual(memory, {
      maintenance: false,
      bypassEngaged: false,
      flaps,
      standBack: null,
    });
  });
});
