// When the probing client sends, also after it was held up. No sockets, no clock.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { ProbeSchedule } from '../../scripts/lab/probe-schedule.js';

describe('a probe schedule', () => {
  it('one after the other, each when it is due', () => {
    const schedule = new ProbeSchedule(1_000, 5, true);
    assert.deepEqual(schedule.take(1_000), [1_000]);
    assert.deepEqual(schedule.take(1_004), []);
    assert.equal(schedule.nextAt, 1_005);
    assert.deepEqual(schedule.take(1_011), [1_005, 1_010]);
  });

  it('echo requests are all made up for', () => {
    const schedule = new ProbeSchedule(0, 1, false);
    assert.equal(schedule.take(700).length, 500);
    assert.equal(schedule.take(700).length, 201);
    assert.equal(schedule.nextAt, 701);
  });

  it('requests that were missed are left out but for a few, which say how late it was', () => {
    const schedule = new ProbeSchedule(0, 5, true);
    assert.deepEqual(
      schedule.take(10_002),
      Array.from({ length: 10 }, (_, index) => index * 5),
    );
    assert.equal(schedule.nextAt, 10_005);
    assert.deepEqual(schedule.take(10_002), []);
    assert.deepEqual(schedule.take(10_005), [10_005]);
  });
});
