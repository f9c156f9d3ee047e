// When the agent has garbage looked for, on a heap, a clock and a quiet that are made up here.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  AT_ANY_TIME,
  collectInTime,
  FIRST_LOOK_MS,
  LOOK_MS,
  MOMENT_MS,
  worthIt,
} from '../../src/engine/collections.js';

const MIB = 1024 * 1024;

/** What lives, what else is used, and each wait that was asked for. */
function heap(living: number) {
  const state = {
    living,
    garbage: 0,
    quiet: true,
    collections: 0,
    trims: 0,
    waits: [] as number[],
  };
  let next = (): void => undefined;
  collectInTime({
    used: () => state.living + state.garbage,
    begin: () => void (state.collections += 1),
    trim: () => void (state.trims += 1),
    isQuiet: () => state.quiet,
    later: (ms, task) => {
      state.waits.push(ms);
      next = task;
    },
  });
  /** The time has come; what a collection that has begun finds is gone by then. */
  const look = (): number => {
    const before = state.collections;
    next();
    if (state.collections > before) state.garbage = 0;
    return state.collections;
  };
  return Object.assign(state, { look });
}

describe('garbage', () => {
  it('is looked for when the start is over, however little there is', () => {
    const made = heap(10 * MIB);
    assert.deepEqual([made.collections, made.waits], [0, [FIRST_LOOK_MS]]);
    assert.equal(made.look(), 1);
    assert.deepEqual(made.waits, [FIRST_LOOK_MS, LOOK_MS]);
  });

  it('is left while it is not worth it, and looked for when it is', () => {
    const made = heap(10 * MIB);
    made.look();
    made.look();
    made.garbage = worthIt(10 * MIB) - 1;
    assert.equal(made.look(), 1);
    made.garbage += 1;
    assert.equal(made.look(), 2);
    assert.deepEqual(new Set(made.waits.slice(1)), new Set([LOOK_MS]));
  });

  it('waits for a quiet moment, but not for ever', () => {
    const made = heap(10 * MIB);
    made.look();
    made.look();
    made.quiet = false;
    made.garbage = AT_ANY_TIME * worthIt(10 * MIB) - 1;
    assert.equal(made.look(), 1);
    assert.equal(made.waits.at(-1), MOMENT_MS);
    made.quiet = true;
    assert.equal(made.look(), 2);
    made.look();
    made.quiet = false;
    made.garbage = AT_ANY_TIME * worthIt(10 * MIB);
    assert.equal(made.look(), 3);
    assert.equal(made.waits.at(-1), LOOK_MS);
  });

  it('is followed by giving memory back, once for each collection and in a quiet moment', () => {
    const made = heap(10 * MIB);
    made.look();
    assert.equal(made.trims, 0, 'it has only begun');
    made.quiet = false;
    made.look();
    assert.equal(made.trims, 0);
    made.quiet = true;
    made.look();
    made.look();
    assert.equal(made.trims, 1);
  });

  it('is not what has come to live: that is looked through once', () => {
    const made = heap(10 * MIB);
    made.look();
    made.look();
    made.living = 30 * MIB;
    assert.equal(made.look(), 2);
    assert.equal(made.look(), 2);
    made.garbage = 3 * MIB;
    assert.equal(made.look(), 2, 'more lives, so more has to come');
    made.garbage = 6 * MIB;
    assert.equal(made.look(), 3);
  });
});
