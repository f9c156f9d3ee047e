// The first advertisement of an Active: at once after a silence, after the addresses when the one
// before still answers for them (RFC 9568 §6.4.2; the order argued in becomeActive).
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { ADD, ANNOUNCE, backup, REMOVE, SEND, T0, transition } from './virtual-router-bench.js';
import type { Bench } from './virtual-router-bench.js';

const SECOND = 1_000_000;
const ACTIVE_DOWN = 3_609_375;

/** Took the role from a living Active of priority 50, and has not been told of its addresses yet. */
function unclaimed(): Bench {
  const bench = backup();
  bench.hear({ priority: 50 }, 3 * SECOND);
  assert.deepEqual(bench.fire(), {
    at: ACTIVE_DOWN,
    effects: [ADD, transition('Backup', 'Active', 'priority')],
  });
  return bench;
}

describe('the claim', () => {
  it('after a silence is made at once: other Backups must hear it within their skew', () => {
    const bench = backup();

    assert.deepEqual(bench.fire(), {
      at: ACTIVE_DOWN,
      effects: [ADD, SEND(100), transition('Backup', 'Active', 'no-response')],
    });
  });

  it('waits for the addresses while another Active answers, and starts the Adver_Timer', () => {
    const bench = unclaimed();

    const effects = bench.take({ kind: 'addresses-present' }, ACTIVE_DOWN + 3_000);

    assert.deepEqual(effects, [ANNOUNCE, SEND(100)]);
    assert.equal(bench.state.kind === 'Active' && bench.state.adverAt, T0 + 4_612_375);
  });

  it('waits for them for good: longer than a script may take, they are asked for once more', () => {
    const bench = unclaimed();

    assert.deepEqual(bench.fire(), { at: ACTIVE_DOWN + 6 * SECOND, effects: [ADD] });
    assert.equal(bench.deadline, ACTIVE_DOWN + 12 * SECOND);
    assert.deepEqual(bench.take({ kind: 'addresses-present' }, ACTIVE_DOWN + 7 * SECOND), [
      ANNOUNCE,
      SEND(100),
    ]);
  });

  it('a rival of lower priority does not bring it forward', () => {
    const bench = unclaimed();

    assert.deepEqual(bench.hear({ priority: 50 }, ACTIVE_DOWN + 1_000), []);
    assert.deepEqual(bench.hear({ priority: 50 }, ACTIVE_DOWN + 20_000), []);
  });

  it('priority 0 does: whoever heard it counts down', () => {
    const bench = unclaimed();

    assert.deepEqual(bench.hear({ priority: 0 }, ACTIVE_DOWN + 1_000), [SEND(100)]);
    assert.deepEqual(bench.take({ kind: 'addresses-present' }, ACTIVE_DOWN + 3_000), [ANNOUNCE]);
  });

  it('is never made when a better one is heard first', () => {
    const bench = unclaimed();

    assert.deepEqual(bench.hear({ priority: 150 }, ACTIVE_DOWN + 1_000), [
      REMOVE,
      transition('Active', 'Backup', 'preempted'),
    ]);
  });
});
