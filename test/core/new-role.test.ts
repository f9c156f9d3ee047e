// A role that has just been taken, by one whose monitors still speak of the role before. Soft faults
// otherwise: decisions/soft-fault.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { HANDOVER, backupBench, gateway, type PairBench } from './pair-bench.js';

const HELD = { state: 'Active', addressesPresent: true } as const;
const TAKEN_AT = 60_000;

/** A Backup with a soft fault, to which the role was handed over at TAKEN_AT. */
function taken(): PairBench {
  const bench = backupBench();
  bench.says(HELD, 40_000);
  bench.take(gateway('failed'), 50_000);
  bench.says({ ...HELD, releasing: true }, TAKEN_AT);
  bench.says({ state: 'Backup', releasing: false, addressesPresent: false }, TAKEN_AT + 10_000);
  assert.deepEqual(bench.states(), ['lan Active']);
  return bench;
}

const asks = (effects: readonly string[]): boolean =>
  effects.some((text) => text.includes('releasing'));

describe('a soft fault of one that has just taken the role', () => {
  it('is no reason to hand it back before a handover is over', () => {
    const bench = taken();
    assert.equal(asks(bench.pass(TAKEN_AT + HANDOVER - 1)), false);
  });

  it('is one afterwards, when the monitor has not taken it back', () => {
    const bench = taken();
    bench.pass(TAKEN_AT + HANDOVER);
    assert.equal(asks(bench.says({ state: 'Backup' }, TAKEN_AT + HANDOVER + 10_000)), true);
  });

  it('is none when the monitor says so in time: traffic comes to an Active only', () => {
    const bench = taken();
    bench.take(gateway('ok'), TAKEN_AT + 20_000);
    bench.pass(TAKEN_AT + HANDOVER);
    assert.equal(asks(bench.says({ state: 'Backup' }, TAKEN_AT + HANDOVER + 10_000)), false);
    assert.deepEqual(bench.states(), ['lan Active']);
  });
});
