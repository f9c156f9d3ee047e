// What an operator ordered stays until it is asked back or needed, and is nobody's flap: where the role was forced upon an
// appliance, and where one was sent away.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import type { PeerCause } from '../../src/model/peer-report.js';
import { byRoot, hard, router } from './instance-bench.js';
import {
  LAN_THIRD,
  PairBench,
  SECOND,
  TAKEN,
  THERE,
  THIRD,
  activeBench,
  backupBench,
  cause,
  gateway,
  moves,
  type Saying,
} from './pair-bench.js';
import { address } from './machine/virtual-router-bench.js';

const flaps = (lines: readonly string[]): string[] =>
  lines.filter((text) => text.includes('report flap'));

describe('forced upon one with a failed check, it stays, and is nobody’s flap', () => {
  const FORCED: PeerCause = cause({ reason: 'failover', detail: 'root', forced: true });

  /** We have a fault, and an operator forces the role upon us. */
  function given(order: PeerCause, routers = [router()]): PairBench {
    const bench = backupBench({ routers });
    bench.take(gateway('failed'), 10_000);
    bench.says({ releasing: true, cause: order }, 50_000);
    bench.pass(60_000);
    bench.says(
      {
        state: 'Backup',
        addressesPresent: false,
        releasing: false,
        standsBack: true,
        cause: order,
      },
      60_000,
    );
    return bench;
  }

  it('the sound one that was sent away does not get it back', () => {
    const bench = given(FORCED);

    const effects = bench.pass(30 * SECOND);

    assert.equal(bench.router('lan').state, 'Active');
    assert.deepEqual(moves(effects), []);
    assert.deepEqual(flaps(effects), []);
    assert.ok(!effects.join().includes('releasing'), 'it is not even offered back');
  });

  it('a fault that was over once counts again', () => {
    const bench = given(FORCED);
    bench.take(gateway('ok'), 10 * SECOND);
    const again = bench.take(gateway('failed'), 11 * SECOND);

    assert.deepEqual(again, ['tell fit: Active 100 present releasing']);
  });

  it('of two faults the other one stays excused', () => {
    const bench = backupBench();
    const upcheck = (state: 'ok' | 'failed'): InstanceEvent => ({
      kind: 'monitor',
      status: { name: 'upcheck', state, detail: '', weight: 'soft' },
    });
    bench.take(gateway('failed'), 10_000);
    bench.take(upcheck('failed'), 10_000);
    bench.says({ releasing: true, cause: FORCED }, 50_000);
    bench.pass(60_000);
    bench.says({ state: 'Backup', addressesPresent: false, releasing: false }, 60_000);
    bench.take(upcheck('ok'), 2 * SECOND);

    assert.equal(bench.router('lan').releasing, null);
    bench.take(upcheck('failed'), 3 * SECOND);
    assert.equal(bench.router('lan').releasing, 'soft-fault');
  });

  it('not forced, it goes back to a sound one: it is needed there', () => {
    const bench = given(cause({ reason: 'failover', detail: 'root' }));

    assert.equal(bench.router('lan', SECOND).state, 'Active');
    bench.pass(SECOND);
    assert.equal(bench.router('lan').releasing, null, 'nobody took it yet: it is kept');
    assert.deepEqual(
      flaps(bench.says({ ...TAKEN, releasing: false }, 7 * SECOND)),
      [],
      'settled by then, so that it counts nothing',
    );
  });

  it('forced maintenance excuses nothing: its end takes the role back', () => {
    const bench = given(cause({ reason: 'maintenance', detail: 'root', forced: true }));

    const effects = bench.pass(SECOND);

    assert.ok(effects.join().includes('releasing'), effects.join('\n'));
  });

  it('the addresses could not be added: no flap, since an operator ordered it', () => {
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
    for (const [reason, count] of [
      ['failover', 0],
      ['maintenance', 0],
      ['soft-fault', 1],
    ] as const) {
      const bench = backupBench();
      bench.scripts = false;
      bench.says({ releasing: true, cause: cause({ reason }) }, 50_000);

      const effects = bench.take(failed, 60_000);

      assert.deepEqual(moves(effects), ['lan Active -> Backup address-failed']);
      assert.equal(flaps(effects).length, count, reason);
    }
  });

  it('what is lost once the addresses stand counts as ever', () => {
    const bench = backupBench();
    bench.says({ releasing: true, cause: cause({ reason: 'failover' }) }, 50_000);
    bench.pass(60_000);

    assert.equal(flaps(bench.take(hard('no-carrier', 'eth0'), SECOND)).length, 1);
  });

  it('one that has just failed to add the addresses takes them when it is forced to', () => {
    for (const [forced, state] of [
      [false, 'Backup'],
      [true, 'Active'],
    ] as const) {
      const bench = backupBench();
      bench.scripts = false;
      const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
      bench.says({ releasing: true }, 50_000);
      bench.take(failed, 60_000);

      bench.says({ releasing: true, cause: { ...FORCED, forced } }, 70_000);

      assert.equal(bench.router('lan').state, state);
    }
  });

  it('it fails: not tried again for this order, as long as the other one repeats it; but for the next one', () => {
    const bench = backupBench();
    bench.scripts = false;
    const failed = { kind: 'addresses-failed', virtualRouter: 'lan', detail: 'EINVAL' } as const;
    const order: Saying = { releasing: true, cause: FORCED };
    bench.says(order, 50_000);
    bench.take(failed, 60_000);

    const repeated = bench.says(order, 70_000);
    const left = bench.says({ state: 'Backup', addressesPresent: false }, 80_000);
    bench.says({ ...TAKEN, releasing: false }, 90_000);
    const next = bench.says(order, 2 * SECOND);

    assert.deepEqual(moves(repeated), []);
    assert.deepEqual(moves(left), [], 'nor when it has left');
    assert.deepEqual(moves(next), ['lan Backup -> Active peer-released']);
  });
});

describe('who was sent away stands back, whoever else there is', () => {
  const both = { peers: [THERE, THIRD] };

  /** `there` was sent away and stands back; `third` holds the role with 50; we could preempt. */
  function kept(source = LAN_THIRD): PairBench {
    const bench = new PairBench([router()], {}, [THERE, THIRD]);
    bench.says({ effectivePriority: 200, standsBack: true }, null);
    bench.says({ ...TAKEN, effectivePriority: 50 }, null, { peer: 'third' });
    bench.start(-3 * SECOND);
    bench.hear('lan', { priority: 50, source }, -2 * SECOND);
    return bench;
  }

  const hearing = (bench: PairBench, from: number, source = LAN_THIRD): string[] => {
    const lines: string[] = [];
    for (let at = from; at < 10 * SECOND; at += SECOND) {
      lines.push(...bench.pass(at), ...bench.hear('lan', { priority: 50, source }, at));
    }
    return moves(lines);
  };

  it('nobody preempts the successor meanwhile', () => {
    assert.deepEqual(hearing(kept(), -SECOND), []);
  });

  it('the holder stands back itself, from another one: preempted as ever', () => {
    const bench = kept();
    bench.says({ standsBack: false }, -1_500_000);
    bench.says({ standsBack: true }, -1_500_000, { peer: 'third' });

    assert.match(hearing(bench, -SECOND).join(), /lan Backup -> Active priority/);
  });

  it('it does not stand back any longer: preempted as ever', () => {
    const bench = kept();
    bench.says({ standsBack: false }, -1_500_000);

    assert.match(hearing(bench, -SECOND).join(), /lan Backup -> Active priority/);
  });

  it('a stranger is preempted as ever: no operator has put the role there', () => {
    const source = address('192.0.2.77');
    const bench = kept(source);
    bench.says({ state: 'Backup', addressesPresent: false }, -1_900_000, { peer: 'third' });

    assert.match(hearing(bench, -SECOND, source).join(), /lan Backup -> Active priority/);
  });

  /** We were sent away with 200; `third` holds the role; `there` could have it too. */
  function away(): PairBench {
    const bench = activeBench(both);
    bench.take(byRoot('failover'), 10_000);
    bench.says({ ...TAKEN, effectivePriority: 150 }, 20_000, { peer: 'third' });
    bench.hear('lan', { priority: 150, source: LAN_THIRD }, 20_000);
    bench.pass(SECOND);
    return bench;
  }

  it('the holder dies: the other one takes it, whatever the priorities', () => {
    const bench = away();
    bench.cut(undefined, 'third');

    const effects = bench.pass(SECOND + 500_000);

    assert.deepEqual(moves(effects), []);
  });

  it('the holder says nothing more, and nobody else has taken it in time: needed', () => {
    const bench = away();
    bench.says({ state: 'Backup', addressesPresent: false }, 1_100_000, { peer: 'third' });

    const effects = bench.pass(10 * SECOND);

    // Active_Down_Interval, then the Skew_Time of the last resort.
    assert.deepEqual(moves(effects), [
      `${20_000 + 3_218_750 + 996_093} lan Backup -> Active no-response`,
    ]);
  });

  it('the holder gives it up for a fault: the other one goes first, and has taken it', () => {
    const bench = away();
    const why = cause({ reason: 'no-carrier' });
    bench.says({ releasing: true, cause: why }, 1_100_000, { peer: 'third' });
    bench.says({ ...TAKEN, effectivePriority: 100 }, 1_150_000);

    assert.deepEqual(moves(bench.pass(1_900_000)), []);
  });

  it('the holder is ordered to hand it over: asked back', () => {
    const bench = away();
    const why = cause({ reason: 'failover', detail: 'root' });

    const effects = bench.says({ releasing: true, cause: why }, 1_100_000, { peer: 'third' });

    assert.deepEqual(moves(effects), ['lan Backup -> Active peer-released']);
  });
});
