// The decision table of DESIGN §5: what is heard on the link alone. The HA port is lost while advertisements arrive; and
// routers that are no peers. Effects in exact order.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { centiseconds } from '../../../src/model/units.js';
import { PEER, router } from '../instance-bench.js';
import {
  ACTIVE_DOWN,
  HA,
  SECOND,
  SILENCE,
  activeBench,
  backupBench,
  moves,
} from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

describe('Backup: the HA port is lost, advertisements arrive', () => {
  it('no move; ha-path-lost', () => {
    const bench = backupBench({
      routers: [router({ advertisementInterval: centiseconds(10) })],
      overrides: {},
    });
    bench.cut();

    const effects = bench.pass(5 * SECOND);

    const dead = bench.lastHeardAt() + SILENCE;
    assert.deepEqual(effects, [
      `${dead} instance report peer-unhealthy: there`,
      `${dead} lan report ha-path-lost: there`,
    ]);
  });

  it('they went on after its silence began: one that is late proves nothing', () => {
    const bench = backupBench();
    bench.cut();
    bench.pass(1_050_000);
    bench.advertise(false);
    bench.pass(2_050_000);
    bench.advertise(2_700_000);

    const effects = bench.pass(8 * SECOND);

    assert.deepEqual(moves(effects), []);
  });

  it('they end as well: Active_Down_Interval is the proof, and nothing less', () => {
    const bench = backupBench({ routers: [router({ advertisementInterval: centiseconds(10) })] });
    bench.cut();
    bench.pass(SECOND);
    bench.advertise(false);

    const effects = bench.pass(2 * SECOND);

    const down = SECOND + ACTIVE_DOWN / 10;
    assert.deepEqual(moves(effects), [`${Math.floor(down)} lan Backup -> Active no-response`]);
  });

  it('the HA link alone: the peer is healthy on the LAN; that it is lost, and back, is said', () => {
    const bench = backupBench();
    bench.cut([HA]);

    const lost = bench.pass(5 * SECOND);

    assert.deepEqual(lost, ['240200 instance report path-lost: there at 10.98.0.2']);
    assert.deepEqual(
      bench.peer().paths.map(({ state }) => state),
      ['unhealthy', 'healthy'],
    );
    bench.mend([HA]);
    const back = bench.pass(6 * SECOND);
    assert.match(back.join(), /^\d+ instance report path-back: there at 10\.98\.0\.2$/);
  });

  it('the peer answers again: healthy after five answers, with one path', () => {
    const bench = backupBench();
    bench.advertise(300_000);
    bench.cut();
    bench.pass(900_000);
    bench.mend([PEER]);

    const effects = bench.pass(2 * SECOND);

    assert.deepEqual(effects, ['1400200 instance report peer-healthy: there']);
  });
});

describe('who is on the link besides the pair', () => {
  const STRANGER = address('192.0.2.66');

  it('a stranger of higher priority takes the role: named, and for as long as it is the Active', () => {
    const bench = activeBench();

    const effects = bench.hear('lan', { priority: 255, source: STRANGER }, 10_000);
    const during = bench.router('lan').strangerActive;
    bench.hear('lan', { priority: 200 }, 20_000);

    assert.ok(effects.includes('lan report stranger-active: 192.0.2.66 with priority 255'));
    assert.deepEqual([during, bench.router('lan').strangerActive], [true, false]);
  });

  it('a peer is none, and without peers nobody is', () => {
    const bench = activeBench();
    const alone = activeBench({ peers: [] });

    const effects = [
      ...bench.hear('lan', { priority: 250 }, 10_000),
      ...alone.hear('lan', { priority: 250 }, 10_000),
    ];

    assert.ok(!effects.some((text) => text.includes('stranger-active')), effects.join('\n'));
    assert.deepEqual(
      [bench, alone].map((one) => one.router('lan').strangerActive),
      [false, false],
    );
  });

  it('a lesser one that goes on advertising beside us, the Active: until it is heard no more', () => {
    const bench = activeBench();
    const before = bench.router('lan', 0).rivalAddress;

    bench.hear('lan', { priority: 50, source: STRANGER }, 10_000);

    const lasts = 10_000 + 4 * SECOND;
    assert.equal(before, null);
    assert.equal(bench.router('lan', lasts).rivalAddress, STRANGER);
    assert.equal(bench.router('lan', lasts + 1).rivalAddress, null);
  });

  it('the Active is not heard: said for as long as it lasts', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.pass(4 * SECOND);
    const during = bench.router('lan').unheard;

    bench.hear('lan', { priority: 200 }, 4 * SECOND);

    assert.deepEqual([during, bench.router('lan').unheard], ['adverts-lost', null]);
  });
});
