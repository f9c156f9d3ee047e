// `failover` (DESIGN §5), make before break: the old Active asks, keeps the addresses until the new one has them, then
// lets go. Whom it is refused for: orders-refused.test.ts. Both sides together: testdata/pair-*.txt.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { microseconds } from '../../../src/model/units.js';
import { activeInstance, forced, operator, router, wan } from '../instance-bench.js';
import {
  HA,
  HANDOVER,
  SECOND,
  TAKEN,
  TAKING,
  activeBench,
  backupBench,
  cause,
  moves,
} from '../pair-bench.js';

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
