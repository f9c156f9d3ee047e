// A soft fault (DESIGN §5): the role goes to a sound peer, make before break, or stays where it is. A fault that a new
// Active has found: new-role.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { check, operator, router, wan } from '../instance-bench.js';
import {
  HA,
  HANDOVER,
  PairBench,
  SECOND,
  TAKEN,
  activeBench,
  backupBench,
  gateway,
  moves,
} from '../pair-bench.js';

const BOTH = [router({ priority: 200 }), wan({ priority: 200 })];

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
