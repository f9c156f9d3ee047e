// What a suspension of the machine is to the agent, and until when it has the executor keep addresses.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Suspension } from '../../src/agent/suspension.js';
import { instant, microseconds, type Microseconds } from '../../src/model/units.js';
import { rig, settle } from './rig.js';

describe('a suspension', () => {
  it('is told once, and not when two clocks were only read apart', () => {
    let ahead = 5_000_000;
    const kernel = { suspended: (): Microseconds => microseconds(ahead) };
    const suspension = new Suspension(kernel);
    const told: number[] = [];
    const look = (more: number): void => {
      ahead += more;
      told.push(suspension.passed());
    };
    look(0);
    look(9_999);
    look(-9_999);
    look(3_000_000);
    look(0);
    assert.deepEqual(told, [0, 0, 0, 3_000_000, 0]);
    assert.equal(suspension.byBootTime(instant(1_000)), 8_001_000);
    assert.equal(suspension.byBootTime(null), null);
    ahead += 1_000_000;
    assert.equal(
      suspension.byBootTime(instant(1_000)),
      8_001_000,
      'of the time until then a second has passed',
    );
  });

  it('reaches the core before anything else of that wake-up', async () => {
    const { driver, kernel } = rig();
    driver.start();
    await settle();
    kernel.suspendedFor = 2_000_000;
    kernel.advance(3_609_375);
    await settle();
    const { events } = driver.recorder.recording();
    const at = events.findIndex(({ event }) => event.kind === 'suspended');
    assert.deepEqual(events[at]?.event, { kind: 'suspended', by: 2_000_000 });
  });
});
