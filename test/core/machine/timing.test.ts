// The durations of RFC 9568 §6.1 against a table worked out by hand, to the microsecond. No machine.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { activeDownInterval, skewTime } from '../../../src/core/machine/timing.js';
import { centiseconds } from '../../../src/model/units.js';

/** Priority; Skew_Time at 100 cs; Active_Down_Interval at 100, 10 and 1 cs; all in microseconds. */
const TABLE = [
  [255, 3_906, 3_003_906, 300_390, 30_039],
  [254, 7_812, 3_007_812, 300_781, 30_078],
  [200, 218_750, 3_218_750, 321_875, 32_187],
  [150, 414_062, 3_414_062, 341_406, 34_140],
  [100, 609_375, 3_609_375, 360_937, 36_093],
  [1, 996_093, 3_996_093, 399_609, 39_960],
] as const;

describe('durations (RFC 9568 §6.1)', () => {
  for (const [priority, skew, at100, at10, at1] of TABLE) {
    it(`priority ${priority}: Skew_Time ${skew} µs at 100 cs, Active_Down_Interval exact`, () => {
      assert.equal(skewTime(priority, centiseconds(100)), skew);
      assert.deepEqual(
        [100, 10, 1].map((interval) => activeDownInterval(priority, centiseconds(interval))),
        [at100, at10, at1],
      );
    });
  }

  it('the longest of all, priority 1 at 4095 cs, is 163.640039 s', () => {
    assert.equal(activeDownInterval(1, centiseconds(4095)), 163_640_039);
  });

  it('every higher priority waits less, down to the shortest interval (case 68)', () => {
    for (let priority = 2; priority <= 255; priority += 1) {
      const higher = skewTime(priority, centiseconds(1));
      const lower = skewTime(priority - 1, centiseconds(1));
      assert.ok(
        higher < lower,
        `priority ${priority} waits ${higher} µs, the next one ${lower} µs`,
      );
    }
  });
});
