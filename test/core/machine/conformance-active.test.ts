// RFC 9568 §6.4.3, Active, statement by statement: init, test, check. The numbers are those of our
// list of conformance cases. No instance, no other virtual router.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { centiseconds, instant } from '../../../src/model/units.js';
import {
  ADD,
  ANNOUNCE,
  HIGHER_ADDRESS,
  LOWER_ADDRESS,
  REMOVE,
  SEND,
  T0,
  active,
  address,
  backup,
  runTo,
  transition,
} from './virtual-router-bench.js';

const ACTIVE_DOWN = 3_609_375;

describe('Active: its own timer (RFC 9568 §6.4.3)', () => {
  it('Adver_Timer fires: an advertisement, and the timer again, without drift', () => {
    const bench = active();

    bench.take({ kind: 'deadline' }, 1_000_200);
    const effects = bench.take({ kind: 'deadline' }, 2_000_100);

    assert.deepEqual(effects, [SEND(100)]);
    assert.equal(bench.deadline, 3_000_000);
  });

  it('a stall of several intervals costs the missed advertisements, it does not repeat them', () => {
    const bench = active();

    const effects = bench.take({ kind: 'deadline' }, 4_500_000);

    assert.deepEqual(effects, [SEND(100), ANNOUNCE]);
    assert.equal(bench.deadline, 5_500_000);
  });

  it('a stall of exactly one interval leaves no deadline at the present instant', () => {
    const bench = active();

    bench.take({ kind: 'deadline' }, 2_000_000);

    assert.equal(bench.deadline, 3_000_000);
  });

  it('Startup changes nothing', () => {
    const bench = active();
    const before = bench.state;

    const effects = bench.take({ kind: 'startup', reason: 'startup' }, 500_000);

    assert.deepEqual(effects, []);
    assert.deepEqual(bench.state, before);
  });
});

describe('Active: announcements (RFC 9568 §8.1.2, §8.2.2)', () => {
  it('none before the addresses are present; then at 0, 1 and 5 s, then every minute', () => {
    const bench = backup({ advertisementInterval: centiseconds(4095) });
    const start = bench.fire().at ?? 0;
    assert.equal(bench.deadline, start + 6_000_000, 'they are waited for so long');
    const present = start + 20_000;

    const first = bench.take({ kind: 'addresses-present' }, present);
    const rounds: number[] = [];
    for (let fired = 0; fired < 9; fired += 1) {
      const { at, effects } = bench.fire();
      if (effects.some(({ kind }) => kind === 'announce')) rounds.push((at ?? 0) - present);
    }

    assert.deepEqual(first, [ANNOUNCE]);
    assert.deepEqual(rounds, [1_000_000, 5_000_000, 65_000_000, 125_000_000, 185_000_000]);
  });

  it('addresses put back on the interface start the rounds anew', () => {
    const bench = runTo(active(), 5_500_000);

    const effects = bench.take({ kind: 'addresses-present' }, 5_500_000);

    assert.deepEqual(effects, [ANNOUNCE]);
    assert.deepEqual(bench.fire(), { at: 6_000_000, effects: [SEND(100)] });
    assert.deepEqual(bench.fire(), { at: 6_500_000, effects: [ANNOUNCE] });
  });

  it('none while an address is missing, nor an advertisement: both come when it is back', () => {
    const bench = active();

    const effects = bench.take({ kind: 'addresses-missing' }, 900_000);

    assert.deepEqual(effects, [ADD]);
    assert.equal(bench.deadline, 6_900_000);
    assert.deepEqual(bench.take({ kind: 'addresses-present' }, 1_004_000), [ANNOUNCE, SEND(100)]);
    assert.equal(bench.deadline, 2_004_000);
  });

  it('other addresses are wanted: the advertisements go on, the announcements wait for them', () => {
    const bench = active();

    const effects = bench.take({ kind: 'addresses-changed' }, 900_000);

    assert.deepEqual(effects, [ADD]);
    assert.deepEqual(bench.fire(), { at: 1_000_000, effects: [SEND(100)] });
    assert.equal(bench.deadline, 2_000_000);
    assert.deepEqual(bench.take({ kind: 'addresses-present' }, 2_004_000), [ANNOUNCE]);
  });

  it('67. a rival outvoted before our own addresses stood costs no extra round', () => {
    const bench = backup();
    const start = bench.fire().at ?? 0;

    bench.hear({ priority: 50 }, start + 2_000);

    assert.equal(bench.deadline, start + 2_000 + 1_000_000);
  });
});

describe('Active: an advertisement that outranks it (RFC 9568 §6.4.3)', () => {
  it('55. higher priority: Backup, nothing sent, addresses removed, timer of its interval', () => {
    const bench = active();

    const effects = bench.hear({ priority: 150, interval: 10 }, 500_000);

    assert.deepEqual(effects, [REMOVE, transition('Active', 'Backup', 'preempted')]);
    assert.deepEqual(bench.state, {
      kind: 'Backup',
      activeAdverInterval: 10,
      activeDownAt: T0 + 500_000 + 360_937,
      takeoverReason: 'no-response',
    });
  });

  it('56. equal priority, higher address: Backup', () => {
    const bench = active();

    const effects = bench.hear({ priority: 100, source: HIGHER_ADDRESS }, 500_000);

    assert.deepEqual(effects, [REMOVE, transition('Active', 'Backup', 'preempted')]);
    assert.equal(bench.deadline, 500_000 + ACTIVE_DOWN);
  });

  const PAIRS = [
    ['192.0.2.200', '192.0.2.30'],
    ['10.0.0.1', '9.255.255.255'],
    ['200.0.0.1', '100.0.0.1'],
    ['fe80::2:0:0:1', 'fe80::1:ffff:ffff:ffff'],
    ['fe80::8000:0:0:0', 'fe80::7fff:ffff:ffff:ffff'],
    ['fe80::ff', 'fe80::fe'],
  ] as const;
  for (const [higher, lower] of PAIRS) {
    it(`57. ${higher} is higher than ${lower}: unsigned, over all bits`, () => {
      const loser = active({ primaryAddress: address(lower) });
      const winner = active({ primaryAddress: address(higher) });

      const lost = loser.hear({ priority: 100, source: address(higher) }, 500_000);
      const won = winner.hear({ priority: 100, source: address(lower) }, 500_000);

      assert.deepEqual(lost, [REMOVE, transition('Active', 'Backup', 'preempted')]);
      assert.deepEqual(won, [SEND(100)]);
    });
  }

  it('60. Preempt_Mode is not consulted', () => {
    const bench = active({ preempt: false });

    const effects = bench.hear({ priority: 150 }, 500_000);

    assert.deepEqual(effects, [REMOVE, transition('Active', 'Backup', 'preempted')]);
  });

  it('62. own 100 cs, demoted by 10 cs, which dies: Active at 0.360937 s, again at 100 cs', () => {
    const bench = active();
    bench.hear({ priority: 150, interval: 10 }, 500_000);

    const fired = bench.fire();

    assert.deepEqual(fired, {
      at: 860_937,
      effects: [ADD, SEND(100), transition('Backup', 'Active', 'no-response')],
    });
    assert.equal(bench.deadline, 1_860_937);
  });

  it('66. owner against owner: the lower address goes to Backup, the higher one answers', () => {
    const lower = active({ priority: 255, primaryAddress: LOWER_ADDRESS });
    const higher = active({ priority: 255, primaryAddress: HIGHER_ADDRESS });

    const lost = lower.hear({ priority: 255, source: HIGHER_ADDRESS }, 500_000);
    const won = higher.hear({ priority: 255, source: LOWER_ADDRESS }, 500_000);

    assert.deepEqual(lost, [REMOVE, transition('Active', 'Backup', 'preempted')]);
    assert.deepEqual(won, [SEND(255)]);
  });
});

describe('Active: an advertisement that does not outrank it (RFC 9568 §6.4.3)', () => {
  it('58. equal priority, lower address: stays, answers at once, 1 s to the next one', () => {
    const bench = active();

    const effects = bench.hear({ priority: 100, source: LOWER_ADDRESS }, 400_000);

    assert.deepEqual(effects, [SEND(100)]);
    assert.deepEqual(bench.fire(), { at: 400_000, effects: [ANNOUNCE] });
    assert.deepEqual(bench.fire(), { at: 1_400_000, effects: [SEND(100), ANNOUNCE] });
  });

  it('59. lower priority: stays, answers and announces at once, and again a second later', () => {
    const bench = runTo(active(), 10_100_000);

    const effects = bench.hear({ priority: 50, source: HIGHER_ADDRESS }, 10_100_000);

    assert.deepEqual(effects, [SEND(100)]);
    assert.deepEqual(bench.fire(), { at: 10_100_000, effects: [ANNOUNCE] });
    assert.deepEqual(bench.fire(), { at: 11_100_000, effects: [SEND(100), ANNOUNCE] });
  });

  it('59. a rival is answered at most every 10 ms, so that two never storm', () => {
    const bench = active();
    const answered: number[] = [];

    for (let at = 300_000; at < 330_000; at += 500) {
      if (bench.hear({ priority: 50 }, at).length > 0) answered.push(at);
    }

    assert.deepEqual(answered, [300_000, 310_000, 320_000]);
    assert.equal(bench.deadline, 300_000, 'the round that corrects the caches');
  });

  it('59. a persistent rival causes one round of announcements a second, no more', () => {
    const bench = runTo(active(), 10_000_000);
    const rounds: number[] = [];

    for (let at = 10_000_000; at < 13_000_000; at += 100_000) {
      bench.hear({ priority: 50 }, at);
      if (bench.take({ kind: 'deadline' }, at).some(({ kind }) => kind === 'announce')) {
        rounds.push(at);
      }
    }

    assert.deepEqual(rounds, [10_000_000, 11_000_000, 12_000_000]);
  });

  it('59. a flood of a rival that is over does not keep the next one from being corrected', () => {
    const bench = runTo(active(), 10_000_000);
    for (let at = 10_000_000; at < 11_000_000; at += 10_000) bench.hear({ priority: 50 }, at);
    runTo(bench, 30_100_000);

    bench.hear({ priority: 50 }, 30_100_000);

    assert.deepEqual(bench.fire(), { at: 30_100_000, effects: [ANNOUNCE] });
  });

  it('59. a rival whose answer is held back by the 10 ms is corrected by announcements too', () => {
    const bench = runTo(active(), 10_000_000);
    bench.hear({ priority: 50 }, 10_000_000);
    bench.take({ kind: 'deadline' }, 10_000_000);

    const effects = bench.hear({ priority: 60, source: HIGHER_ADDRESS }, 10_005_000);

    assert.deepEqual(effects, []);
    assert.deepEqual(bench.fire(), { at: 11_000_000, effects: [SEND(100), ANNOUNCE] });
  });

  it('35. its own priority from its own address, should one get here, cannot make a storm', () => {
    const bench = active();
    const source = bench.parameters.primaryAddress;

    const effects = Array.from({ length: 10 }, (_, index) =>
      bench.hear({ priority: 100, source }, 300_000 + index * 1_000),
    );

    assert.deepEqual(effects.flat(), [SEND(100)]);
    assert.equal(bench.state.kind, 'Active');
  });

  it('61. priority 0: an advertisement at once, the next one 1 s later, no announcement', () => {
    const bench = runTo(active(), 5_400_000);

    const effects = bench.hear({ priority: 0, source: HIGHER_ADDRESS }, 5_400_000);

    assert.deepEqual(effects, [SEND(100)]);
    assert.deepEqual(bench.fire(), { at: 6_400_000, effects: [SEND(100)] });
  });

  it('61. priority 0 right after an answer is answered too: other Backups run Skew_Time now', () => {
    const bench = active();
    bench.hear({ priority: 50 }, 300_000);

    const effects = bench.hear({ priority: 0 }, 301_000);

    assert.deepEqual(effects, [SEND(100)]);
  });
});

describe('Active: leaving, and new parameters (RFC 9568 §6.4.3)', () => {
  it('63. Shutdown: one advertisement of priority 0, then the addresses go, Initialize', () => {
    const bench = active();

    const effects = bench.take({ kind: 'shutdown', reason: 'shutdown', farewell: true }, 500_000);

    assert.deepEqual(effects, [SEND(0), REMOVE, transition('Active', 'Initialize', 'shutdown')]);
    assert.equal(bench.deadline, null);
  });

  it('70. the interface is dead: Initialize, the addresses go, nothing is sent', () => {
    const bench = active();

    const effects = bench.take(
      { kind: 'shutdown', reason: 'no-carrier', farewell: false },
      500_000,
    );

    assert.deepEqual(effects, [REMOVE, transition('Active', 'Initialize', 'no-carrier')]);
  });

  it('yield: priority 0, the addresses go, Backup with the whole Active_Down_Interval', () => {
    const bench = active({ priority: 1 });

    const effects = bench.take({ kind: 'yield', reason: 'address-lost' }, 500_000);

    assert.deepEqual(effects, [SEND(0), REMOVE, transition('Active', 'Backup', 'address-lost')]);
    assert.equal(bench.deadline, 500_000 + 3_996_093);
  });

  it('69. the priority changes: the next advertisement carries it, when it would anyway', () => {
    const bench = active();

    bench.parameters = { ...bench.parameters, priority: 50 };
    const effects = bench.take({ kind: 'parameters-changed', previousPriority: 100 }, 500_000);

    assert.deepEqual(effects, []);
    assert.deepEqual(bench.fire(), { at: 1_000_000, effects: [SEND(50), ANNOUNCE] });
  });

  it('a shorter interval counts from now, a longer one from the next advertisement', () => {
    const shorter = active();
    const longer = active();

    shorter.parameters = { ...shorter.parameters, advertisementInterval: centiseconds(10) };
    shorter.take({ kind: 'parameters-changed', previousPriority: 100 }, 500_000);
    longer.parameters = { ...longer.parameters, advertisementInterval: centiseconds(500) };
    longer.take({ kind: 'parameters-changed', previousPriority: 100 }, 500_000);

    assert.equal(shorter.deadline, 600_000);
    assert.deepEqual(longer.fire(), { at: 1_000_000, effects: [SEND(100), ANNOUNCE] });
    assert.deepEqual(longer.fire(), { at: 5_000_000, effects: [ANNOUNCE] });
    assert.deepEqual(longer.fire(), { at: 6_000_000, effects: [SEND(100)] });
  });
});

describe('Active: the role is being handed over', () => {
  const RELEASE = {
    kind: 'release',
    releasing: {
      reason: 'failover',
      until: instant(T0 + 300_000),
      atMost: instant(T0 + 5_000_000),
    },
  } as const;

  it('asked twice: the first time counts', () => {
    const bench = active();
    bench.take(RELEASE, 0);
    const other = { ...RELEASE.releasing, reason: 'soft-fault', until: instant(T0 + 900_000) };
    bench.take({ kind: 'release', releasing: { ...other, reason: 'soft-fault' } }, 1);

    assert.deepEqual(bench.fire(), {
      at: 300_000,
      effects: [SEND(0), REMOVE, transition('Active', 'Backup', 'failover')],
    });
  });

  it('kept: the time that was set is over for nobody', () => {
    const bench = active();
    bench.take(RELEASE, 0);
    bench.take({ kind: 'keep' }, 1);

    assert.deepEqual(bench.fire(), { at: 1_000_000, effects: [SEND(100), ANNOUNCE] });
  });

  it('a successor is awaited longer; without a handover there is nothing to await', () => {
    const bench = active();
    bench.take({ kind: 'await', until: instant(T0 + 1) }, 0);
    bench.take(RELEASE, 0);
    bench.take({ kind: 'await', until: instant(T0 + 600_000) }, 1);

    assert.deepEqual(bench.fire(), {
      at: 600_000,
      effects: [SEND(0), REMOVE, transition('Active', 'Backup', 'failover')],
    });
  });

  it('any other Active that is heard is the successor', () => {
    const bench = active();
    bench.take(RELEASE, 0);

    assert.deepEqual(bench.hear({ priority: 1 }, 1), [
      REMOVE,
      transition('Active', 'Backup', 'failover'),
    ]);
  });

  it('priority 0 is none: it is answered', () => {
    const bench = active();
    bench.take(RELEASE, 0);

    assert.deepEqual(bench.hear({ priority: 0 }, 1), [SEND(100)]);
  });

  it('a stall in the middle of it: it listens, and the handover ends when it would have', () => {
    const bench = active();
    bench.take(RELEASE, 0);
    bench.take({ kind: 'stalled' }, 1);

    assert.deepEqual(bench.hear({ priority: 0 }, 2), [], 'silent while it listens');
    assert.deepEqual(bench.fire(), {
      at: 300_000,
      effects: [SEND(0), REMOVE, transition('Active', 'Backup', 'failover')],
    });
  });

  it('kept, or begun, after a stall: it listens to the end all the same', () => {
    for (const events of [
      [RELEASE, { kind: 'stalled' }, { kind: 'keep' }],
      [{ kind: 'stalled' }, RELEASE, { kind: 'keep' }],
    ] as const) {
      const bench = active();
      for (const [at, event] of events.entries()) bench.take(event, at);

      assert.deepEqual(bench.hear({ priority: 1 }, 1_000_000), [
        REMOVE,
        transition('Active', 'Backup', 'stalled'),
      ]);
    }
  });
});
