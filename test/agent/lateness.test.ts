// How late advertisements are counted to be: by the driver on a clock that is moved by hand, and the counts alone.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Lateness } from '../../src/agent/lateness.js';
import { after, instant, microseconds } from '../../src/model/units.js';
import { SECOND, active } from './active-rig.js';

const at = (us: number) => after(instant(0), microseconds(us));

describe('lateness', () => {
  it('counts each advertisement where it belongs, a bound included', () => {
    const lateness = new Lateness();
    for (const late of [0, 100, 101, 999, 1_000, 3_000_000]) {
      lateness.due(at(0));
      lateness.sent(() => at(late));
    }
    const { atMost, count, sumMs } = lateness.status();
    const upTo = (ms: number): number | undefined => atMost.find((one) => one.ms === ms)?.count;
    assert.deepEqual([upTo(0.1), upTo(0.25), upTo(0.5), upTo(1), upTo(2_500)], [2, 3, 3, 5, 5]);
    assert.equal(count, 6);
    assert.equal(Math.round(sumMs), 3_002);
  });

  it('looks at the clock only when something was due', () => {
    new Lateness().sent(() => assert.fail('nothing was due'));
  });

  it('of an Active is that of its timer, not of what it sends for another reason', async () => {
    const made = await active();
    const before = made.driver.tallies.lateness.status().count;
    made.kernel.advance(3 * SECOND);
    const { count, atMost } = made.driver.tallies.lateness.status();
    assert.equal(count - before, 3);
    assert.equal(atMost[0]?.count, count, 'the clock of the test stands still while it sends');
  });

  it('is that of the whole wake-up: what is sent late is counted late', async () => {
    const made = await active();
    const before = made.driver.tallies.lateness.status();
    const due = made.kernel.armedFor ?? assert.fail('an Active has a timer');
    made.kernel.stall(due - made.kernel.now() + 40_000);
    made.kernel.advance(0);
    const { atMost, count } = made.driver.tallies.lateness.status();
    const upTo = (ms: number, counts = atMost) => counts.find((one) => one.ms === ms)?.count ?? 0;
    assert.equal(count - before.count, 1);
    assert.equal(upTo(25) - upTo(25, before.atMost), 0);
    assert.equal(upTo(50) - upTo(50, before.atMost), 1);
  });
});
