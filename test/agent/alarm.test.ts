// When the timer is armed and what is looked for: not what is done when it expires.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { Alarm } from '../../src/agent/alarm.js';
import type { Deadline, InstanceEvent } from '../../src/core/interface.js';
import { instant, type Instant } from '../../src/model/units.js';

const about = (peer: string): InstanceEvent =>
  ({ kind: 'peer-report', peer }) as Extract<InstanceEvent, { kind: 'peer-report' }>;

function bench() {
  const armed: (Instant | null)[] = [];
  let expire = (): void => undefined;
  let looks = 0;
  const state = { core: null as number | null, others: null as number | null, expired: 0 };
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
    core: () => {
      looks += 1;
      return state.core === null ? null : deadline(state.core);
    },
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
});
