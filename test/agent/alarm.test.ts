// When the timer is armed and what is looked for: not what is done when it expires.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Alarm } from '../../src/agent/alarm.js';
import type { Deadline, InstanceEvent } from '../../src/core/interface.js';
import type { CheckPlan } from '../../src/model/check-plan.js';
import { instant, microseconds, type Instant } from '../../src/model/units.js';

const about = (peer: string): InstanceEvent =>
  ({ kind: 'peer-report', peer }) as Extract<InstanceEvent, { kind: 'peer-report' }>;

const earlierOf = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

function bench() {
  const armed: (Instant | null)[] = [];
  let expire = (): void => undefined;
  let looks = 0;
  const state = {
    core: null as number | null,
    /** When the core has a check due. */
    check: null as number | null,
    /** When whoever makes the checks has something due. */
    checks: null as number | null,
    others: null as number | null,
    expired: 0,
  };
  const deadline = (at: number): Deadline => ({
    at: instant(at),
    owner: 'lan',
    cause: 'Adver_Timer',
  });
  const alarm = new Alarm({
    kernel: {
      openDeadlineTimer: (onExpired) => {
        expire = onExpired;
        return { arm: (at) => void armed.push(at), close: () => undefined };
      },
    },
    core: (checks) => {
      looks += 1;
      const at = checks ? earlierOf(state.core, state.check) : state.core;
      return at === null ? null : deadline(at);
    },
    checks: () => (state.checks === null ? null : instant(state.checks)),
    others: () => (state.others === null ? null : instant(state.others)),
    onExpired: () => (state.expired += 1),
  });
  const looksOf = (act: () => void): number => {
    const before = looks;
    act();
    return looks - before;
  };
  return { alarm, armed, state, looksOf, expire: () => expire() };
}

describe('the alarm', () => {
  it('is armed for the soonest of what the core and the others wait for, and not twice for the same', () => {
    const { alarm, armed, state } = bench();
    state.core = 300;
    state.others = 200;
    alarm.arm(instant(0));
    state.others = 400;
    alarm.arm(instant(0));
    alarm.arm(instant(1));
    assert.deepEqual(armed, [200, 300]);
    assert.equal(alarm.armedFor, 300);
  });

  it('leaves timer and core alone as long as events only delay, and looks when that deadline is over', () => {
    const { alarm, armed, state, looksOf } = bench();
    state.core = 300;
    alarm.arm(instant(0));
    const looks = looksOf(() => {
      for (const core of [310, 320, 330]) {
        state.core = core;
        alarm.eventTaken(about('wan'), true);
        alarm.arm(instant(100));
        assert.equal(alarm.passed(instant(299)), null);
      }
    });
    assert.deepEqual([looks, armed], [0, [300]]);
    assert.equal(alarm.passed(instant(300)), null);
    alarm.arm(instant(300));
    assert.deepEqual(armed, [300, 330]);
    assert.equal(alarm.passed(instant(330))?.at, 330);
  });

  it('looks at once when the soonest itself was put off: the timer does not expire for it', () => {
    const { alarm, armed, state } = bench();
    state.core = 300;
    alarm.arm(instant(0));
    state.core = 310;
    alarm.eventTaken(about('lan'), true);
    alarm.arm(instant(100));
    assert.deepEqual(armed, [300, 310]);
  });

  it('looks at once after any other event', () => {
    const { alarm, armed, state } = bench();
    state.core = 300;
    alarm.arm(instant(0));
    state.core = 250;
    alarm.eventTaken(about('wan'), true);
    alarm.eventTaken({ kind: 'deadline' }, false);
    alarm.eventTaken(about('wan'), true);
    alarm.arm(instant(100));
    assert.deepEqual(armed, [300, 250]);
  });

  it('is armed again for the same instant once it has expired', () => {
    const { alarm, armed, state, expire } = bench();
    state.others = 200;
    alarm.arm(instant(0));
    expire();
    alarm.arm(instant(200));
    assert.deepEqual([state.expired, armed], [1, [200, 200]]);
  });

  it('is disarmed when nothing is waited for', () => {
    const { alarm, armed, state } = bench();
    state.others = 200;
    alarm.arm(instant(0));
    state.others = null;
    alarm.arm(instant(0));
    assert.deepEqual(armed, [200, null]);
  });

  it('is armed besides the checks that others make, and due with them', () => {
    const { alarm, armed, state } = bench();
    Object.assign(state, { core: 900, check: 300 });
    alarm.arm(instant(0));
    state.checks = 300;
    alarm.arm(instant(0));
    assert.deepEqual(armed, [300, 900]);
    assert.deepEqual([alarm.armedFor, alarm.isDue(instant(299))], [300, false]);
    state.checks = 400;
    assert.equal(alarm.passed(instant(399)), null);
    assert.deepEqual([alarm.isDue(instant(400)), alarm.passed(instant(400))?.at], [true, 300]);
  });

  it('is due when nobody makes the checks any more that it was armed besides', () => {
    const { alarm, state, armed } = bench();
    Object.assign(state, { core: 900, check: 300, checks: 300 });
    alarm.arm(instant(0));
    state.checks = null;
    assert.equal(alarm.isDue(instant(1)), true);
    alarm.arm(instant(1));
    assert.deepEqual([alarm.isDue(instant(1)), armed], [false, [900, 300]]);
  });

  it('looks among the checks, too, after an event that may have a peer asked at once', () => {
    const { alarm, state } = bench();
    Object.assign(state, { core: 900, check: 300, checks: 300 });
    alarm.arm(instant(0));
    state.check = 100;
    alarm.eventTaken({ kind: 'deadline' }, false);
    assert.equal(alarm.passed(instant(100)), null);
    alarm.eventTaken({ kind: 'stalled' }, false);
    assert.equal(alarm.passed(instant(100))?.at, 100);
  });

  it('bounds a plan by what is due besides', () => {
    const { alarm, state } = bench();
    const plan = (until: number | null): CheckPlan => ({
      interval: microseconds(100),
      failAfter: microseconds(150),
      nearlySilentAfter: microseconds(300),
      until: until === null ? null : instant(until),
      peers: [],
    });
    state.core = 900;
    const bounds = [null, 800, 1_000].map((until) => alarm.bounded(plan(until), instant(0))?.until);
    assert.deepEqual(bounds, [900, 800, 900]);
    assert.equal(alarm.bounded(null, instant(0)), null);
  });
});
