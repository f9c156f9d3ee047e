// RFC 9568 §6.4.1 and §6.4.2, Initialize and Backup, statement by statement: init, test, check.
// The numbers are those of our list of conformance cases. No instance, no other virtual router.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { activeDownInterval } from '../../../src/core/machine/timing.js';
import { step, type Event } from '../../../src/core/machine/virtual-router.js';
import { centiseconds, instant } from '../../../src/model/units.js';
import {
  ADD,
  ANNOUNCE,
  Bench,
  HIGHER_ADDRESS,
  LOWER_ADDRESS,
  PARAMETERS,
  SEND,
  T0,
  backup,
  transition,
} from './virtual-router-bench.js';

const ACTIVE_DOWN = 3_609_375;
const SKEW = 609_375;

describe('Initialize (RFC 9568 §6.4.1)', () => {
  it('46. Startup with priority 255: Active at once, advertised, the next one 1 s later', () => {
    const bench = new Bench({ priority: 255 });

    const effects = bench.take({ kind: 'startup', reason: 'startup' }, 0);

    assert.deepEqual(effects, [ADD, SEND(255), transition('Initialize', 'Active', 'owner')]);
    assert.equal(bench.deadline, 1_000_000);
    assert.deepEqual(bench.take({ kind: 'addresses-present' }, 4_000), [ANNOUNCE]);
    assert.deepEqual(bench.fire(), { at: 1_000_000, effects: [SEND(255)] });
  });

  it('Startup below 255: Backup, Active_Down_Timer = Active_Down_Interval, nothing sent', () => {
    const bench = new Bench();

    const effects = bench.take({ kind: 'startup', reason: 'fault-cleared' }, 0);

    assert.deepEqual(effects, [transition('Initialize', 'Backup', 'fault-cleared')]);
    assert.deepEqual(bench.state, {
      kind: 'Backup',
      activeAdverInterval: 100,
      activeDownAt: T0 + ACTIVE_DOWN,
      takeoverReason: 'no-response',
    });
  });

  it('Startup takes Active_Adver_Interval from its own Advertisement_Interval', () => {
    const bench = new Bench({ advertisementInterval: centiseconds(10) });

    bench.take({ kind: 'startup', reason: 'startup' }, 0);

    assert.equal(bench.deadline, 360_937);
  });

  it('an advertisement, and everything else but Startup, changes nothing', () => {
    const others: Event[] = [
      { kind: 'shutdown', reason: 'shutdown', farewell: true },
      { kind: 'yield', reason: 'group-moved' },
      {
        kind: 'advertisement',
        priority: 0,
        interval: centiseconds(100),
        source: HIGHER_ADDRESS,
      },
      { kind: 'addresses-present' },
      { kind: 'addresses-missing' },
      { kind: 'parameters-changed', previousPriority: 1 },
      { kind: 'deadline' },
    ];
    for (const event of others) {
      const bench = new Bench();

      const effects = bench.take(event, 0);

      assert.deepEqual(effects, [], event.kind);
      assert.deepEqual(bench.state, { kind: 'Initialize' }, event.kind);
      assert.equal(bench.deadline, null, event.kind);
    }
  });

  it('a priority outside 1..255 is a contradiction of the program, in any state', () => {
    for (const priority of [0, 256]) {
      const parameters = { ...PARAMETERS, priority };
      const { state } = backup();

      const wrong = (): unknown => step(parameters, state, { kind: 'deadline' }, instant(T0));

      assert.throws(wrong, {
        name: 'AssertionFailure',
        message: `priority 1..255, not ${priority}`,
      });
    }
  });
});

describe('Backup (RFC 9568 §6.4.2)', () => {
  it('47. silence: Active at 3.609375 s; addresses, then advertisement, then announcements', () => {
    const bench = backup();

    const early = bench.take({ kind: 'deadline' }, ACTIVE_DOWN - 1);
    const fired = bench.fire();
    const announced = bench.take({ kind: 'addresses-present' }, ACTIVE_DOWN + 4_000);

    assert.deepEqual(early, []);
    assert.deepEqual(fired, {
      at: ACTIVE_DOWN,
      effects: [ADD, SEND(100), transition('Backup', 'Active', 'no-response')],
    });
    assert.deepEqual(announced, [ANNOUNCE]);
    assert.deepEqual(bench.fire(), { at: ACTIVE_DOWN + 1_000_000, effects: [SEND(100)] });
  });

  it('48. priority 0: Active_Down_Timer = Skew_Time, 0.609375 s', () => {
    const bench = backup();

    const effects = bench.hear({ priority: 0 }, 500_000);

    assert.deepEqual(effects, []);
    assert.deepEqual(bench.fire(), {
      at: 500_000 + SKEW,
      effects: [ADD, transition('Backup', 'Active', 'priority-zero')],
    });
    // The one that leaves answers until it hears us: our addresses first (see becomeActive).
    assert.deepEqual(bench.take({ kind: 'addresses-present' }, 500_000 + SKEW + 3_000), [
      ANNOUNCE,
      SEND(100),
    ]);
  });

  it('49. priority 0 after 10 cs was learned: Skew_Time of the learned interval, 60.937 ms', () => {
    const bench = backup();
    bench.hear({ priority: 150, interval: 10 }, 0);

    bench.hear({ priority: 0, interval: 10 }, 50_000);

    assert.equal(bench.deadline, 50_000 + 60_937);
  });

  it('50. priority 150 every second: stays Backup; 3.609375 s after the last one, Active', () => {
    const bench = backup();

    const effects = [1, 2, 3, 4, 5, 6].map((second) =>
      bench.hear({ priority: 150 }, second * 1_000_000),
    );

    assert.deepEqual(effects.flat(), []);
    assert.deepEqual(bench.fire(), {
      at: 6_000_000 + ACTIVE_DOWN,
      effects: [ADD, SEND(100), transition('Backup', 'Active', 'no-response')],
    });
  });

  it('51. equal priority restarts the timer, from a lower and from a higher address', () => {
    for (const source of [LOWER_ADDRESS, HIGHER_ADDRESS]) {
      const bench = backup();

      const effects = bench.hear({ priority: 100, source }, 2_000_000);

      assert.deepEqual(effects, []);
      assert.equal(bench.deadline, 2_000_000 + ACTIVE_DOWN, source);
    }
  });

  it('52. preempting, lower priority: discarded, the timer keeps running, then Active', () => {
    const bench = backup();

    const effects = [1, 2, 3].map((second) =>
      bench.hear({ priority: 50, interval: 10 }, second * 1_000_000),
    );

    assert.deepEqual(effects.flat(), []);
    assert.equal(bench.state.kind === 'Backup' && bench.state.activeAdverInterval, 100);
    assert.deepEqual(bench.fire(), {
      at: ACTIVE_DOWN,
      effects: [ADD, transition('Backup', 'Active', 'priority')],
    });
    assert.deepEqual(bench.take({ kind: 'addresses-present' }, ACTIVE_DOWN + 3_000), [
      ANNOUNCE,
      SEND(100),
    ]);
  });

  it('53. Preempt_Mode false, lower priority: stays Backup and learns the interval', () => {
    const bench = backup({ preempt: false });

    const effects = bench.hear({ priority: 50, interval: 200 }, 1_000_000);

    assert.deepEqual(effects, []);
    assert.deepEqual(bench.state, {
      kind: 'Backup',
      activeAdverInterval: 200,
      activeDownAt: T0 + 1_000_000 + 7_218_750,
      takeoverReason: 'no-response',
    });
  });

  it('53. Preempt_Mode false does not keep it from a role that nobody holds', () => {
    const bench = backup({ preempt: false });

    const fired = bench.fire();

    assert.equal(fired.at, ACTIVE_DOWN);
    assert.deepEqual(fired.effects[1], SEND(100));
  });

  it('54. priority 0 carrying interval 5: not learned; the skew is that of the old interval', () => {
    const bench = backup();

    bench.hear({ priority: 0, interval: 5 }, 1_000_000);

    assert.deepEqual(bench.state, {
      kind: 'Backup',
      activeAdverInterval: 100,
      activeDownAt: T0 + 1_000_000 + SKEW,
      takeoverReason: 'priority-zero',
    });
  });

  it('54. an Active that answers in time undoes a priority 0', () => {
    const bench = backup();
    bench.hear({ priority: 0 }, 1_000_000);

    bench.hear({ priority: 200 }, 1_000_500);

    assert.equal(bench.deadline, 1_000_500 + ACTIVE_DOWN);
  });

  it('an interval heard is learned: Skew_Time and Active_Down_Interval both follow (§6.1)', () => {
    const bench = backup();

    bench.hear({ priority: 150, interval: 200 }, 1_000_000);

    assert.equal(bench.deadline, 1_000_000 + activeDownInterval(100, centiseconds(200)));
    assert.equal(bench.deadline, 1_000_000 + 6_000_000 + 1_218_750);
  });

  it('62. learned 10 cs, then silence: Active at 0.360937 s, advertises at its own 100 cs', () => {
    const bench = backup();
    bench.hear({ priority: 150, interval: 10 }, 0);

    const fired = bench.fire();

    assert.equal(fired.at, 360_937);
    assert.equal(bench.deadline, 360_937 + 1_000_000);
  });

  it('64. Shutdown: Initialize, nothing sent, no timer left', () => {
    const bench = backup();

    const effects = bench.take({ kind: 'shutdown', reason: 'shutdown', farewell: true }, 10);

    assert.deepEqual(effects, [transition('Backup', 'Initialize', 'shutdown')]);
    assert.equal(bench.deadline, null);
  });

  it('68. at 1 cs, priority 254 becomes Active before 253, which never does', () => {
    const first = backup({ priority: 254, advertisementInterval: centiseconds(1) });
    const second = backup({ priority: 253, advertisementInterval: centiseconds(1) });
    for (const bench of [first, second]) bench.hear({ priority: 255, interval: 1 }, 100);

    const fired = first.fire();
    const effects = second.hear({ priority: 254, interval: 1 }, (fired.at ?? 0) + 30);

    assert.equal(fired.at, 100 + 30_078);
    assert.deepEqual(effects, []);
    assert.equal(second.deadline, 100 + 30_078 + 30 + 30_117);
  });

  it('69. the priority changes: the timer runs on with the new Skew_Time in place of the old', () => {
    const bench = backup();
    bench.hear({ priority: 150 }, 1_000_000);

    bench.parameters = { ...bench.parameters, priority: 50 };
    bench.take({ kind: 'parameters-changed', previousPriority: 100 }, 2_000_000);

    assert.equal(bench.deadline, 1_000_000 + 3_000_000 + 804_687);
  });

  it('69. a timer whose new end has passed already fires now, not in the past', () => {
    const bench = backup({ priority: 1 });

    bench.parameters = { ...bench.parameters, priority: 254 };
    bench.take({ kind: 'parameters-changed', previousPriority: 1 }, 3_900_000);

    assert.equal(bench.deadline, 3_900_000);
    assert.deepEqual(bench.fire().effects[1], SEND(254));
  });

  it('an Active that leaves is waited for once: what it advertises meanwhile re-arms no timer', () => {
    const leaving = { priority: 200, interval: centiseconds(50), source: HIGHER_ADDRESS };
    const bench = backup();
    bench.take({ kind: 'leaving' }, 1_000_000);

    bench.take({ kind: 'advertisement', ...leaving, leaving: true }, 1_100_000);
    assert.equal(bench.deadline, 1_000_000 + SKEW);
    bench.take({ kind: 'advertisement', ...leaving, leaving: false }, 1_200_000);
    assert.equal(bench.deadline, 1_200_000 + activeDownInterval(100, centiseconds(50)));
  });

  it('Startup, yield and the news of its addresses mean nothing to a Backup', () => {
    const events: Event[] = [
      { kind: 'startup', reason: 'startup' },
      { kind: 'yield', reason: 'group-moved' },
      { kind: 'addresses-present' },
      { kind: 'addresses-missing' },
    ];
    for (const event of events) {
      const bench = backup();

      const effects = bench.take(event, 1_000_000);

      assert.deepEqual(effects, [], event.kind);
      assert.equal(bench.deadline, ACTIVE_DOWN, event.kind);
    }
  });
});
