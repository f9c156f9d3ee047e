import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import * as fc from 'fast-check';
import { instant, microseconds } from '../../src/model/units.js';
import {
  averageBps,
  enterPhase,
  restartReadings,
  startBandwidth,
  takeReading,
  type BandwidthPhase,
  type BandwidthState,
} from '../../src/monitors/bandwidth-judge.js';

const SECOND = 1_000_000;
const LIMITS = { minimumBps: 8_000, window: microseconds(10 * SECOND) };
/** Bytes a second at the minimum. */
const MINIMUM = 1_000;

/** Drives the judge second by second. */
class Traffic {
  state: BandwidthState;
  #seconds = 0;
  #bytes = 0;

  constructor(phase: BandwidthPhase) {
    this.state = startBandwidth(phase, instant(0));
    this.#read();
  }

  /** `seconds` of traffic at `bytesPerSecond`, read every second. */
  flow(seconds: number, bytesPerSecond: number): this {
    for (let index = 0; index < seconds; index += 1) {
      this.#seconds += 1;
      this.#bytes += bytesPerSecond;
      this.#read();
    }
    return this;
  }

  enter(phase: BandwidthPhase): this {
    this.state = enterPhase(this.state, phase, instant(this.#seconds * SECOND));
    this.#read();
    return this;
  }

  restart(): this {
    this.state = restartReadings(this.state);
    this.#read();
    return this;
  }

  #read(): void {
    const reading = { at: instant(this.#seconds * SECOND), bytes: this.#bytes };
    this.state = takeReading(this.state, reading, LIMITS);
  }
}

describe('bandwidth', () => {
  test('low after a whole window below the minimum, not before', () => {
    const traffic = new Traffic('active').flow(12, MINIMUM);
    assert.equal(traffic.flow(1, MINIMUM - 1).state.low, true, 'the average is what counts');
    const stopped = new Traffic('active').flow(20, 10 * MINIMUM);
    assert.equal(stopped.flow(9, 0).state.low, false);
    assert.equal(stopped.flow(1, 0).state.low, true);
    assert.equal(averageBps(stopped.state), 0);
  });

  test('exactly the minimum is enough', () => {
    assert.equal(new Traffic('active').flow(60, MINIMUM).state.low, false);
  });

  test('a new Active has a window for traffic to come, and another to be judged by', () => {
    const traffic = new Traffic('active').flow(9, 0);
    assert.equal(traffic.state.armed, false);
    assert.equal(traffic.flow(1, 0).state.armed, true);
    assert.equal(traffic.flow(9, 0).state.low, false);
    assert.equal(traffic.flow(1, 0).state.low, true);
  });

  test('traffic at the minimum arms at once', () => {
    const traffic = new Traffic('active').flow(3, 0).flow(1, MINIMUM);
    assert.equal(traffic.state.armed, true);
    assert.equal(traffic.flow(8, 0).state.low, false);
    assert.equal(traffic.flow(1, 0).state.low, true);
  });

  test('a Backup is never judged', () => {
    assert.equal(new Traffic('backup').flow(100, 0).state.low, false);
  });

  test('low outlasts the role until the minimum was seen over a window', () => {
    const traffic = new Traffic('active').flow(20, 0);
    assert.equal(traffic.state.low, true);
    traffic.enter('backup').flow(100, 0);
    assert.equal(traffic.state.low, true);
    assert.equal(traffic.flow(9, MINIMUM).state.low, true);
    assert.equal(traffic.flow(1, MINIMUM).state.low, false);
  });

  test('taking the role, and bypass, begin afresh', () => {
    const traffic = new Traffic('active').flow(20, 0).enter('backup').enter('active');
    assert.equal(traffic.state.low, false);
    assert.equal(traffic.flow(19, 0).state.low, false);
    assert.equal(traffic.flow(1, 0).enter('inhibited').state.low, false);
    assert.equal(traffic.flow(100, 0).state.low, false);
  });

  test('what was read before the role says nothing about it', () => {
    const traffic = new Traffic('backup').flow(100, 0).enter('active').flow(1, MINIMUM);
    assert.equal(traffic.flow(9, MINIMUM).state.low, false);
  });

  test('counters that began anew make nobody low, and nobody fit', () => {
    const traffic = new Traffic('active')
      .flow(20, 10 * MINIMUM)
      .flow(5, 0)
      .restart()
      .flow(9, 0);
    assert.equal(traffic.state.low, false);
    assert.equal(traffic.flow(1, 0).state.low, true);
    assert.equal(traffic.restart().flow(5, 100 * MINIMUM).state.low, true);
  });

  test('traffic that never stops is never low; silence of two windows while Active always is', () => {
    const phases = fc.constantFrom<BandwidthPhase>('active', 'backup', 'inhibited');
    const steps = fc.array(
      fc.oneof(
        phases.map((phase) => ({ phase })),
        fc.integer({ min: 1, max: 30 }).map((seconds) => ({ seconds })),
      ),
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: MINIMUM, max: 10 * MINIMUM }), (list, rate) => {
        const busy = new Traffic('backup');
        const idle = new Traffic('backup');
        for (const step of list) {
          if ('phase' in step) {
            busy.enter(step.phase);
            idle.enter(step.phase);
          } else {
            busy.flow(step.seconds, rate);
            idle.flow(step.seconds, 0);
          }
          assert.equal(busy.state.low, false);
          assert.ok(idle.state.phase !== 'inhibited' || !idle.state.low);
        }
        assert.equal(idle.enter('active').flow(20, MINIMUM - 1).state.low, true);
      }),
    );
  });

  test('however often it is read, what it keeps is bounded', () => {
    let state = startBandwidth('backup', instant(0));
    for (let at = 0; at < 5_000; at += 1) {
      state = takeReading(state, { at: instant(at), bytes: at }, LIMITS);
    }
    assert.ok(state.readings.length <= 1_001, `${state.readings.length}`);
  });
});
