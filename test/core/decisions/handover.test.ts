// Planned handover (DESIGN §5): make before break. The old Active asks, keeps the addresses until the
// new one has them, then lets go. Both sides together: testdata/pair-*.txt.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import type { OperatorCommand } from '../../../src/core/interface.js';
import { microseconds } from '../../../src/model/units.js';
import { activeInstance, check, hard, router, wan } from '../instance-bench.js';
import {
  HA,
  HANDOVER,
  PairBench,
  SECOND,
  THERE,
  activeBench,
  backupBench,
  cause,
  gateway,
  moves,
  type Saying,
} from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

const operator = (command: OperatorCommand) => ({ kind: 'operator', command }) as const;
const forced = (command: OperatorCommand) => ({ ...operator(command), force: true }) as const;
const TAKING: Saying = { state: 'Active' };
const TAKEN: Saying = { state: 'Active', addressesPresent: true };
const BOTH = [router({ priority: 200 }), wan({ priority: 200 })];

describe('failover', () => {
  it('asks; keeps the addresses while the peer takes them; lets go when the peer has them', () => {
    const bench = activeBench();

    const asks = bench.take(operator('failover'), 50_000);
    const placing = bench.says(TAKING, 51_000, { on: HA });
    const taken = bench.says(TAKEN, 55_000, { on: HA });

    assert.deepEqual(asks, [
      'instance report failover: lan',
      'tell sound: Active 200 present releasing stands-back',
    ]);
    assert.deepEqual(placing, []);
    assert.deepEqual(taken, [
      'lan remove',
      'lan Active -> Backup failover',
      'tell sound: Backup 200 stands-back',
    ]);
  });

  it('the advertisement of the successor says as much, whatever its priority', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);

    const heard = bench.hear('lan', { priority: 100 }, 55_000);

    assert.deepEqual(heard, [
      'lan remove',
      'lan Active -> Backup failover',
      'tell sound: Backup 200 stands-back',
    ]);
  });

  it('goes on advertising while it asks', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 900_000);

    assert.ok(bench.pass(SECOND).includes('1000000 lan advertise 200'));
  });

  it('does not take the role back, for all its priority', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.says({ ...TAKEN, effectivePriority: 100 }, 55_000);
    bench.advertise(SECOND);

    assert.deepEqual(moves(bench.pass(30 * SECOND)), []);
  });

  it('takes it back when it is needed, and preempts again from then on', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.says({ ...TAKEN, effectivePriority: 100 }, 55_000);
    bench.advertise(60_000);
    bench.pass(2_100_000);
    bench.hear('lan', { priority: 0 }, 2_100_000);
    bench.pass(2_200_000);
    bench.hear('lan', { priority: 254 }, 2_500_000);
    bench.says({}, null);

    const effects = bench.pass(10 * SECOND);

    assert.deepEqual(moves(effects), ['5718750 lan Backup -> Active priority']);
  });

  it('takes it back when the peer asks', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.says({ ...TAKEN, effectivePriority: 100 }, 55_000);

    const effects = bench.says({ releasing: true }, SECOND);

    assert.deepEqual(moves(effects), ['lan Backup -> Active peer-released']);
  });

  it('refused when nothing is Active here', () => {
    const bench = backupBench();

    assert.deepEqual(bench.take(operator('failover'), 50_000), [
      'instance report refused: failover: not Active',
    ]);
  });

  for (const [says, saying, why] of [
    ['unfit', { fit: false, sound: false }, 'is out: it cannot take the role'],
    ['out of the election', { state: 'Initialize' }, 'is Initialize'],
    ['leaving itself', { releasing: true }, 'gives it up itself'],
  ] as const) {
    it(`refused when the only peer is ${says}, forced or not: it could not take it`, () => {
      for (const order of [operator('failover'), forced('failover')]) {
        const bench = activeBench();
        bench.says(saying, 40_000);

        const effects = bench.take(order, 50_000);

        assert.deepEqual(effects, [
          `lan report refused: failover: nobody is fit and sound to take lan: there ${why}`,
        ]);
        assert.equal(bench.router('lan').releasing, null);
      }
    });
  }

  it('refused when the peer has no such virtual router', () => {
    const bench = activeBench();
    const { digests } = bench.voice().report;
    bench.says({ digests: { ...digests, virtualRouters: 1 } }, 40_000);

    const effects = bench.take(forced('failover'), 1_050_000);

    assert.deepEqual(effects, [
      'lan report refused: failover: nobody is fit and sound to take lan: there has other virtual routers',
    ]);
  });

  it('refused when the peer is silent; forced: priority 0, and Backup until it is needed', () => {
    const bench = activeBench();
    bench.cut();
    bench.pass(SECOND);

    const refused = bench.take(operator('failover'), 1_050_000);
    const effects = bench.take(forced('failover'), 1_060_000);
    const needed = bench.pass(10 * SECOND);

    assert.deepEqual(refused, [
      'lan report refused: failover: nobody is fit and sound to take lan: there is silent on every path',
    ]);
    assert.deepEqual(effects, [
      'instance report failover: lan, forced',
      'lan advertise 0',
      'lan remove',
      'lan Active -> Backup failover',
      'tell sound: Backup 200 releasing stands-back',
    ]);
    assert.deepEqual(moves(needed), ['4278750 lan Backup -> Active no-response']);
  });

  it('no peer is configured: refused; forced: left to whoever hears priority 0', () => {
    const bench = activeInstance([router()]);

    const refused = bench.take(operator('failover'), 50_000);
    const effects = bench.take(forced('failover'), 60_000);

    assert.deepEqual(refused, [
      'lan report refused: failover: no peer is configured, so nobody is known who could take lan',
    ]);
    assert.deepEqual(moves(effects), ['lan Active -> Backup failover']);
  });

  it('a peer that may be failing, and one that has not failed yet, will do', () => {
    for (const saying of [{}, { sound: false, cause: cause({ doubtful: true }) }]) {
      const bench = activeBench();
      bench.says(saying, 40_000);

      assert.equal(bench.take(operator('failover'), 50_000)[0], 'instance report failover: lan');
    }
  });

  it('nobody takes it in three intervals: kept, since nobody would hold it; and refused', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);

    const effects = bench.pass(50_000 + HANDOVER);

    assert.deepEqual(effects, [
      `${50_000 + HANDOVER} lan report refused: failover: nobody took the role over`,
      `${50_000 + HANDOVER} tell sound: Active 200 present`,
    ]);
    assert.equal(bench.router('lan').releasing, null);
  });

  it('it was refused: there is no standing back after the next preemption', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.pass(SECOND);
    bench.hear('lan', { priority: 250 }, 1_050_000);
    bench.says({ state: 'Active', effectivePriority: 100 }, null);
    bench.advertise(1_100_000);

    const effects = bench.pass(10 * SECOND);

    assert.deepEqual(moves(effects), [`${1_050_000 + 3_218_750} lan Backup -> Active priority`]);
  });

  it('the peer is taking it when the time is over: its addresses are waited for', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.says(TAKING, 60_000);

    const meanwhile = bench.pass(3 * SECOND);
    const stands = bench.says(TAKEN, 3 * SECOND);

    assert.deepEqual(moves(meanwhile), []);
    assert.deepEqual(moves(stands), ['lan Active -> Backup failover']);
  });

  it('its script never ends: after five seconds priority 0, and gone', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.says(TAKING, 60_000);

    const effects = bench.pass(6 * SECOND);

    assert.deepEqual(
      effects.filter((text) => text.includes('lan advertise 0') || text.includes('->')),
      ['5050000 lan advertise 0', '5050000 lan Active -> Backup failover'],
    );
  });

  it('a Backup that has just failed to put the addresses in place does not take them again', () => {
    const bench = backupBench();
    bench.scripts = false;
    bench.says({ releasing: true }, 50_000);
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
    bench.take(failed, 60_000);

    const again = bench.says({ releasing: true }, 70_000);
    const gone = bench.says({ state: 'Backup', releasing: true }, 80_000);

    assert.deepEqual(moves(again), []);
    assert.deepEqual(moves(gone), ['lan Backup -> Active peer-released'], 'nobody else has them');
    bench.take(failed, 90_000);
    assert.deepEqual(moves(bench.says({}, 100_000)), [], 'nor has it: in its turn');
  });

  it('nor at once from one that could not either, by its word or priority 0: in its turn', () => {
    const bench = backupBench();
    bench.scripts = false;
    bench.says({ releasing: true }, 50_000);
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
    bench.take(failed, 60_000);

    const farewell = bench.hear('lan', { priority: 0 }, 70_000);
    const word = bench.says({ state: 'Backup', effectivePriority: 1, releasing: true }, 80_000);
    const turn = bench.pass(2 * SECOND);

    assert.deepEqual(moves([...farewell, ...word]), []);
    // Skew_Time at priority 1.
    assert.deepEqual(moves(turn), [`${70_000 + 996_093} lan Backup -> Active priority-zero`]);
  });

  it('the wait is three check intervals, 100 ms at least', () => {
    for (const [interval, wait] of [
      [10_000, 100_000],
      [33_334, 100_002],
      [SECOND, 3 * SECOND],
    ] as const) {
      const peerCheck = {
        interval: microseconds(interval),
        failureThreshold: 255,
        recoveryThreshold: 1,
      };
      const bench = activeBench({ overrides: { peerCheck } });
      bench.take(operator('failover'), 5_000);

      const early = bench.pass(5_000 + wait - 1);
      const late = bench.pass(5_000 + wait);

      assert.equal(
        early.some((text) => text.includes('refused')),
        false,
      );
      assert.ok(late[0]?.startsWith(`${5_000 + wait} lan report refused`), `${interval}`);
    }
  });

  it('ordered twice: the time is not prolonged', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);
    bench.take(operator('failover'), 200_000);

    const effects = bench.pass(50_000 + HANDOVER);

    assert.ok(effects.some((text) => text.includes('refused')));
  });

  it('several virtual routers: each leaves when the peer has it', () => {
    const bench = activeBench({ routers: BOTH });

    const asks = bench.take(operator('failover'), 50_000);
    const first = bench.says({ ...TAKEN, of: 'lan' }, 55_000);
    const second = bench.says({ ...TAKEN, of: 'wan' }, 58_000);

    assert.deepEqual(asks, [
      'instance report failover: lan, wan',
      'tell sound: Active 200 present releasing, Active 200 present releasing stands-back',
    ]);
    assert.deepEqual(moves(first), ['lan Active -> Backup failover']);
    assert.deepEqual(moves(second), ['wan Active -> Backup failover']);
  });

  it('several virtual routers: all or none, and it is said which one cannot go', () => {
    const bench = activeBench({ routers: BOTH });
    bench.says({ of: 'wan', state: 'Initialize' }, 40_000);

    const effects = bench.take(operator('failover'), 50_000);

    assert.deepEqual(effects, [
      'wan report refused: failover: nobody is fit and sound to take wan: there is Initialize',
    ]);
    assert.equal(bench.router('lan').releasing, null);
  });

  it('an Active heard first that is the better one: preempted all the same, the reason is ours', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);

    const effects = bench.hear('lan', { priority: 254 }, 51_000);

    assert.deepEqual(moves(effects), ['lan Active -> Backup failover']);
  });
});

describe('maintenance, mode off: handed over, then out of the election', () => {
  it('maintenance: asks, hands over, is out; and comes back by the startup rules', () => {
    const bench = activeBench();

    const asks = bench.take(operator('maintenance-on'), 50_000);
    const taken = bench.says(TAKEN, 55_000, { on: HA });
    const back = bench.take(operator('maintenance-off'), SECOND);

    assert.deepEqual(asks, [
      'instance report maintenance: on',
      'tell unfit: Active 200 present releasing',
    ]);
    assert.deepEqual(taken, [
      'lan remove',
      'lan Active -> Backup maintenance',
      'lan Backup -> Initialize maintenance',
      'tell unfit: Initialize 200',
    ]);
    assert.deepEqual(back, [
      'instance report maintenance: off: back in the election',
      'lan Initialize -> Backup readmitted',
      'tell sound: Backup 200',
    ]);
  });

  it('mode off: the same', () => {
    const bench = activeBench();
    const peers = [THERE];

    const asks = bench.configure([router({ priority: 200 })], 50_000, { peers, mode: 'off' });
    const taken = bench.says(TAKEN, 55_000, { on: HA });

    assert.deepEqual(asks, [
      'instance report settings-differ: there: mode is active-passive',
      'tell unfit: Active 200 present releasing',
    ]);
    assert.deepEqual(moves(taken), [
      'lan Active -> Backup mode-off',
      'lan Backup -> Initialize mode-off',
    ]);
  });

  it('a peer with a soft fault will do when it is forced', () => {
    const bench = activeBench();
    bench.says({ sound: false }, 40_000);

    bench.take(operator('maintenance-on'), 50_000);
    assert.equal(bench.router('lan').releasing, null);
    bench.take(forced('maintenance-on'), 60_000);

    assert.equal(bench.router('lan').releasing, 'maintenance');
  });

  it('nobody could take over: refused; forced: out at once, with a farewell', () => {
    const bench = activeBench();
    bench.says({ fit: false, sound: false }, 40_000);

    const refused = bench.take(operator('maintenance-on'), 45_000);
    const effects = bench.take(forced('maintenance-on'), 50_000);

    assert.deepEqual(refused, [
      'lan report refused: maintenance on: nobody is fit and sound to take lan: there is out: it cannot take the role',
    ]);
    assert.deepEqual(effects, [
      'instance report maintenance: on, forced',
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize maintenance',
      'tell unfit: Initialize 200 releasing',
    ]);
  });

  it('nobody takes over in time: priority 0, and out', () => {
    const bench = activeBench();
    bench.take(operator('maintenance-on'), 50_000);

    const effects = bench.pass(50_000 + HANDOVER);

    const at = 50_000 + HANDOVER;
    assert.deepEqual(effects, [
      `${at} lan advertise 0`,
      `${at} lan remove`,
      `${at} lan Active -> Backup maintenance`,
      `${at} lan Backup -> Initialize maintenance`,
      `${at} tell unfit: Initialize 200 releasing`,
    ]);
  });

  it('it is over before anybody took the role: kept', () => {
    const bench = activeBench();
    bench.take(operator('maintenance-on'), 50_000);
    bench.take(operator('maintenance-off'), 60_000);

    const effects = bench.pass(SECOND);

    assert.deepEqual(moves(effects), []);
    assert.equal(bench.router('lan').state, 'Active');
    assert.equal(bench.router('lan').releasing, null);
  });

  it('a Backup is out at once; a virtual router that stands still says what it waits for', () => {
    const bench = backupBench();

    const out = bench.take(operator('maintenance-on'), 50_000);
    const fault = bench.take(hard('no-carrier', 'eth0'), 60_000);
    const off = bench.take(operator('maintenance-off'), 70_000);

    assert.deepEqual(moves(out), ['lan Backup -> Initialize maintenance']);
    assert.deepEqual(fault, []);
    assert.deepEqual(off, [
      'instance report maintenance: off: back in the election',
      'lan report waiting: no-carrier',
      'tell unfit: Initialize 100',
    ]);
  });

  it('while a soft fault is being handed over: the fault first, then maintenance asks anew', () => {
    const bench = activeBench();
    bench.take(gateway('failed'), 50_000);
    bench.take(operator('maintenance-on'), 60_000);

    const refused = bench.pass(50_000 + HANDOVER);
    const out = bench.pass(50_000 + 2 * HANDOVER);

    assert.deepEqual(moves(refused), []);
    assert.equal(refused[0], '350000 lan report refused: soft-fault: nobody took the role over');
    assert.deepEqual(moves(out), [
      '650000 lan Active -> Backup maintenance',
      '650000 lan Backup -> Initialize maintenance',
    ]);
  });
});

describe('soft fault', () => {
  it('a sound peer: asks, and hands over', () => {
    const bench = activeBench();

    const asks = bench.take(gateway('failed'), 50_000);
    const taken = bench.says(TAKEN, 55_000, { on: HA });

    assert.deepEqual(asks, ['tell fit: Active 200 present releasing']);
    assert.deepEqual(taken, [
      'lan remove',
      'lan Active -> Backup soft-fault',
      'instance report flap: 1 of 3: soft-fault',
      'tell fit: Backup 200',
    ]);
  });

  it('no sound peer: kept; asks when there is one', () => {
    const bench = activeBench();
    bench.says({ sound: false }, 40_000);

    const fault = bench.take(gateway('failed'), 50_000);
    const sound = bench.says({ sound: true }, SECOND);

    assert.deepEqual(fault, ['tell fit: Active 200 present']);
    assert.deepEqual(sound, ['tell fit: Active 200 present releasing']);
  });

  it('nobody takes it: kept, and asked again after 5 s, not before', () => {
    const bench = activeBench();
    bench.take(gateway('failed'), 50_000);

    const effects = bench.pass(50_000 + HANDOVER);
    const early = bench.pass(50_000 + HANDOVER + 4_999_999);
    const again = bench.pass(50_000 + HANDOVER + 5_200_000);

    assert.deepEqual(effects, [
      `${50_000 + HANDOVER} lan report refused: soft-fault: nobody took the role over`,
      `${50_000 + HANDOVER} tell fit: Active 200 present`,
    ]);
    assert.equal(
      early.some((text) => text.includes('tell')),
      false,
    );
    assert.ok(again.some((text) => text.endsWith('tell fit: Active 200 present releasing')));
  });

  it('it is over before anybody took the role: the peer that takes it anyway has it', () => {
    const bench = activeBench();
    bench.take(gateway('failed'), 50_000);
    bench.take(gateway('ok'), 60_000);

    const taken = bench.says(TAKEN, 65_000, { on: HA });

    assert.deepEqual(moves(taken), ['lan Active -> Backup soft-fault']);
  });

  it('only when the threshold is reached, and not while the fault seems to be over', () => {
    const bench = activeBench();

    const doubt = bench.take(gateway('ok', true), 50_000);
    const better = bench.take(gateway('failed', true), 60_000);
    const sure = bench.take(gateway('failed'), 70_000);

    assert.deepEqual(doubt, ['tell fit: Active 200 present']);
    assert.deepEqual(better, ['tell fit: Active 200 present'], 'the gateway is unreachable');
    assert.deepEqual(sure, ['tell fit: Active 200 present releasing']);
  });

  it('in doubt, we are no sound successor; and sound again when the doubt is over', () => {
    const bench = backupBench();

    const doubt = bench.take(gateway('ok', true), 50_000);
    const over = bench.take(gateway('ok'), 60_000);

    assert.deepEqual(doubt, ['tell fit: Backup 100']);
    assert.deepEqual(over, ['tell sound: Backup 100']);
  });

  it('a Backup with one does not preempt: it would give the role away again', () => {
    const bench = new PairBench([router({ priority: 200 })]);
    bench.says({ ...TAKEN, effectivePriority: 100 }, null);
    bench.start(0);
    bench.take(gateway('failed'), 10_000);
    bench.advertise(500_000);

    const effects = bench.pass(20 * SECOND);

    assert.deepEqual(moves(effects), []);
    assert.equal(bench.router('lan').effectivePriority, 200);
  });

  it('a group goes as a whole, or not at all', () => {
    const bench = activeBench({ routers: BOTH });
    bench.says({ of: 'wan', state: 'Initialize' }, 40_000);

    const fault = bench.take(gateway('failed'), 50_000);
    const could = bench.says({ of: 'wan', state: 'Backup' }, 60_000);

    assert.deepEqual(fault, ['tell fit: Active 200 present, Active 200 present']);
    assert.deepEqual(could, [
      'tell fit: Active 200 present releasing, Active 200 present releasing',
    ]);
  });

  it('asked already for another reason: not asked again', () => {
    const bench = activeBench();
    bench.take(operator('failover'), 50_000);

    bench.take(gateway('failed'), 60_000);

    assert.equal(bench.router('lan').releasing, 'failover');
  });

  it('a check of weight 0 changes nothing, and the peer is told nothing', () => {
    const bench = activeBench();
    const before = bench.router('lan').effectivePriority;

    assert.deepEqual(bench.take(check('web-1', 0), 50_000), []);
    assert.deepEqual(bench.take(check('web-1', 0, 'ok'), 60_000), []);

    assert.equal(bench.router('lan').effectivePriority, before);
    assert.deepEqual(bench.router('lan').adjustments, []);
  });

  it('a check with a weight is none: the priority decides', () => {
    const bench = activeBench();

    const effects = bench.take(check('upcheck', -150), 50_000);

    assert.deepEqual(effects, [
      'lan report priority-changed: 200 to 50',
      'tell sound: Active 50 present',
    ]);
  });
});

describe('a preempting primary', () => {
  const FIRST_DOWN = 3_218_750;

  /** We start at 0 with 200, the peer is Active with 100. */
  function primary(preemptDelay: number): PairBench {
    const bench = new PairBench([router({ priority: 200 })], {
      preemptDelay: microseconds(preemptDelay),
    });
    bench.says({ ...TAKEN, effectivePriority: 100 }, null);
    bench.start(0);
    bench.advertise(500_000);
    return bench;
  }

  it('takes its addresses first, then advertises: the other one lets go when it hears that', () => {
    const bench = primary(0);

    const effects = bench.pass(FIRST_DOWN + 10_000);

    assert.deepEqual(effects.slice(-7), [
      `${FIRST_DOWN} lan add`,
      `${FIRST_DOWN} lan Backup -> Active priority`,
      `${FIRST_DOWN} tell sound: Active 200`,
      `${FIRST_DOWN + 4_000} lan announce`,
      `${FIRST_DOWN + 4_000} lan advertise 200`,
      `${FIRST_DOWN + 4_000} lan report taken-over: for at most 23 ms`,
      `${FIRST_DOWN + 4_000} tell sound: Active 200 present`,
    ]);
  });

  it('waits for preemptDelaySeconds after it has become fit, then for its timer', () => {
    const bench = primary(10 * SECOND);

    const effects = bench.pass(20 * SECOND);

    // The last advertisement that sets the timer is that of 9.5 s.
    assert.deepEqual(moves(effects), [`${9_500_000 + FIRST_DOWN} lan Backup -> Active priority`]);
  });

  it('after a fault the delay begins anew', () => {
    const bench = primary(10 * SECOND);
    bench.pass(8 * SECOND);
    bench.take(hard('no-carrier', 'eth0'), 8 * SECOND);
    bench.take(hard('no-carrier', 'eth0', 'ok'), 9 * SECOND);

    const effects = bench.pass(30 * SECOND);

    assert.deepEqual(moves(effects), [`${18_500_000 + FIRST_DOWN} lan Backup -> Active priority`]);
  });

  it('a role that nobody holds is taken at once, whatever the delay', () => {
    const bench = primary(10 * SECOND);
    bench.pass(2_050_000);

    const effects = bench.hear('lan', { priority: 0 }, 2_060_000);

    assert.deepEqual(moves(effects), ['lan Backup -> Active priority-zero']);
  });
});

describe('stop', () => {
  it('priority 0, and the peers are told that the role is free', () => {
    const bench = activeBench();

    const effects = bench.take({ kind: 'stop' }, 50_000);

    assert.deepEqual(effects, [
      'lan advertise 0',
      'lan remove',
      'lan Active -> Initialize shutdown',
      'tell unfit: Initialize 200 releasing',
    ]);
    assert.equal(bench.deadline, null, 'no checks any more');
  });

  it('a Backup has nothing to give: it says that it leaves', () => {
    const bench = backupBench();

    assert.deepEqual(bench.take({ kind: 'stop' }, 50_000), [
      'lan Backup -> Initialize shutdown',
      'tell unfit: Initialize 100',
    ]);
  });

  it('a deadline event after it asks nobody anything', () => {
    const bench = backupBench();
    bench.take({ kind: 'stop' }, 50_000);

    assert.deepEqual(bench.take({ kind: 'deadline' }, SECOND), []);
  });
});

describe('a group that loses one virtual router to a better Active', () => {
  it('known as a peer: the others stay until the peer has them too', () => {
    const bench = activeBench({ routers: BOTH });

    const lost = bench.hear('lan', { priority: 250 }, 50_000);
    const taken = bench.says({ of: 'wan', ...TAKEN }, 60_000);

    assert.deepEqual(lost, [
      'lan remove',
      'lan Active -> Backup preempted',
      'tell sound: Backup 200, Active 200 present releasing',
    ]);
    assert.deepEqual(moves(taken), ['wan Active -> Backup group-moved']);
  });

  it('the peer does not take them in time: kept, since nobody would hold them', () => {
    const bench = activeBench({ routers: BOTH });
    bench.hear('lan', { priority: 250 }, 50_000);

    const effects = bench.pass(50_000 + HANDOVER);

    assert.deepEqual(effects, [
      `${50_000 + HANDOVER} wan report refused: group-moved: nobody took the role over`,
      `${50_000 + HANDOVER} tell sound: Backup 200, Active 200 present`,
    ]);
  });

  for (const [says, saying] of [
    ['unfit', { fit: false }],
    ['known by another address', { primaryAddresses: [] }],
  ] as const) {
    it(`a peer that is ${says} does not take them: given up at once`, () => {
      const bench = new PairBench(BOTH);
      bench.says({ effectivePriority: 100, ...saying }, null);
      bench.start(-10 * SECOND);
      bench.pass(0);

      const effects = bench.hear('lan', { priority: 250 }, 50_000);

      assert.deepEqual(moves(effects), [
        'lan Active -> Backup preempted',
        'wan Active -> Backup group-moved',
      ]);
    });
  }

  it('a stranger takes the first: the others stay until it takes them too', () => {
    const bench = activeBench({ routers: BOTH });
    const source = address('192.0.2.77');

    const lost = bench.hear('lan', { priority: 250, source }, 50_000);
    const later = bench.pass(SECOND);
    const both = bench.hear('wan', { priority: 250, source }, SECOND);

    assert.deepEqual(moves(lost), ['lan Active -> Backup preempted']);
    assert.deepEqual(moves(later), []);
    assert.deepEqual(moves(both), ['wan Active -> Backup preempted']);
  });

  it('it speaks but is not healthy yet: its advertisement and its word are enough', () => {
    const bench = new PairBench(BOTH, {}, [THERE]);
    bench.cut();
    bench.start(-10 * SECOND);
    bench.pass(0);
    bench.says({ effectivePriority: 100 }, 40_000, { on: HA });

    const effects = bench.hear('lan', { priority: 250 }, 50_000);

    assert.equal(bench.peer().state, 'unhealthy');
    assert.deepEqual(moves(effects), ['lan Active -> Backup preempted']);
    assert.equal(bench.router('wan').releasing, 'group-moved');
  });

  it('the peer has other virtual routers: given up at once', () => {
    const bench = activeBench({ routers: BOTH });
    const { digests } = bench.voice().report;
    bench.says({ digests: { ...digests, virtualRouters: 1 } }, 40_000);

    const effects = bench.hear('lan', { priority: 250 }, 50_000);

    assert.ok(moves(effects).includes('wan Active -> Backup group-moved'));
  });
});
