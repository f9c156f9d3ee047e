// active-active: every virtual router moves alone. And what more than one peer changes, in either mode.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { InstanceEvent } from '../../src/core/interface.js';
import { instant } from '../../src/model/units.js';
import { PEER, activeInstance, hard, router, wan } from './instance-bench.js';
import {
  HA,
  HANDOVER,
  HA_THIRD,
  LAN_THIRD,
  PairBench,
  SECOND,
  TAKEN,
  THERE,
  THIRD,
  activeBench,
  backupBench,
  gateway,
  moves,
} from './pair-bench.js';

const ALONE = { mode: 'active-active' } as const;
const BOTH = [router({ priority: 200 }), wan({ priority: 200 })];
const failover = { kind: 'operator', command: 'failover' } as const;

describe('active-active: each virtual router moves alone', () => {
  const bothActive = (): PairBench => activeBench({ routers: BOTH, overrides: ALONE });

  it('a fault of one leaves the other where it is', () => {
    const bench = bothActive();

    const effects = bench.take(hard('no-carrier', 'eth1'), 50_000);

    assert.deepEqual(moves(effects), ['wan Active -> Initialize no-carrier']);
    assert.deepEqual(bench.states(), ['lan Active', 'wan Initialize']);
    assert.equal(effects.at(-1), 'tell sound: Active 200 present, Initialize 200 releasing');
  });

  it('one that loses the role to a better Active takes none along', () => {
    const bench = bothActive();

    const effects = bench.hear('lan', { priority: 250 }, 50_000);

    assert.deepEqual(moves(effects), ['lan Active -> Backup preempted']);
    assert.equal(bench.router('wan').releasing, null);
  });

  it('needed for one, it does not take back another one that was handed over, until that is needed too', () => {
    const routers = [router({ priority: 200 }), wan({ priority: 100 })];
    const bench = new PairBench(routers, ALONE, [THERE]);
    bench.says({ of: 'lan', effectivePriority: 100 }, null);
    bench.says({ ...TAKEN, of: 'wan', effectivePriority: 200 }, null);
    bench.start(0);
    const lines: string[] = [];
    const hearing = (names: readonly string[], from: number, until: number): void => {
      for (let at = from; at < until; at += SECOND / 2) {
        lines.push(...bench.pass(at));
        for (const name of names) {
          lines.push(...bench.hear(name, { priority: name === 'lan' ? 100 : 200 }, at));
        }
      }
    };
    hearing(['wan'], SECOND, 6 * SECOND);
    assert.deepEqual(bench.states(), ['lan Active', 'wan Backup']);
    bench.take(failover, 6 * SECOND);
    bench.says({ ...TAKEN, of: 'lan' }, 6 * SECOND + 1);

    bench.says({ state: 'Initialize', addressesPresent: false, of: 'wan' }, 6 * SECOND + 2);
    bench.hear('wan', { priority: 0 }, 6 * SECOND + 3);
    hearing(['lan'], 6 * SECOND + 4, 30 * SECOND);

    assert.deepEqual(bench.states(), ['lan Backup', 'wan Active']);
    const { told } = bench.instance.checkpoint();
    assert.deepEqual(
      [told?.standsBack, told?.cause],
      [true, undefined],
      'the order was not for it',
    );

    bench.cut();
    const gone = moves(bench.pass(60 * SECOND)).map((text) => text.split(' ').slice(1).join(' '));
    assert.deepEqual(gone, ['lan Backup -> Active peer-dead']);
    assert.equal(bench.instance.snapshot(instant(60 * SECOND)).memory.standBack, null);
  });

  it('one preempts although the other follows a superior', () => {
    const routers = [router({ priority: 200 }), wan({ priority: 100 })];
    const bench = backupBench({ routers, overrides: ALONE });
    bench.says({ of: 'lan', effectivePriority: 100 }, 10_000);
    bench.says({ of: 'wan', effectivePriority: 200 }, 10_000);

    const effects = bench.pass(8 * SECOND);

    assert.deepEqual(
      moves(effects).map((text) => text.split(' ').slice(1).join(' ')),
      ['lan Backup -> Active priority'],
    );
  });

  it('a soft fault gives up what can be given up', () => {
    const bench = bothActive();
    bench.says({ of: 'wan', state: 'Initialize' }, 40_000);

    const asks = bench.take(gateway('failed'), 50_000);

    assert.deepEqual(asks, ['tell fit: Active 200 present releasing, Active 200 present']);
  });

  it('a failover hands over what is Active here, and nothing else', () => {
    const bench = bothActive();
    bench.hear('wan', { priority: 250 }, 10_000);

    const asks = bench.take(failover, 50_000);

    assert.deepEqual(asks, [
      'instance report failover: lan',
      'tell sound: Active 200 present releasing, Backup 200 stands-back',
    ]);
  });

  it('after a failure the survivor takes what it did not hold, and gives back what is not its own', () => {
    const routers = [router({ priority: 200 }), wan({ priority: 100 })];
    const bench = activeBench({ routers, overrides: ALONE });
    bench.take(failover, 10_000);
    bench.says({ of: 'wan', ...TAKEN, effectivePriority: 200 }, 20_000);
    bench.pass(SECOND);
    assert.deepEqual(bench.states(), ['lan Active', 'wan Backup']);
    bench.cut();

    const died = bench.pass(2 * SECOND);
    bench.mend();
    const back = bench.hear('wan', { priority: 200 }, 3 * SECOND);

    assert.deepEqual(moves(died).length, 1);
    assert.match(moves(died)[0] ?? '', /wan Backup -> Active peer-dead$/);
    assert.deepEqual(moves(back), ['wan Active -> Backup preempted']);
  });

  it('maintenance concerns all of them', () => {
    const bench = bothActive();

    bench.take({ kind: 'operator', command: 'maintenance-on' }, 50_000);

    assert.deepEqual(
      bench.routers().map(({ releasing }) => releasing),
      ['maintenance', 'maintenance'],
    );
  });

  it('set live: what is held stays held, either way', () => {
    const bench = activeInstance(BOTH);

    const alone = bench.configure(BOTH, 1, ALONE);
    const together = bench.configure(BOTH, 2);

    assert.deepEqual([...alone, ...together], []);
    assert.deepEqual(bench.states(), ['lan Active', 'wan Active']);
  });

  it('set live while one has a fault: from then on it is a fault of all', () => {
    const bench = activeInstance(BOTH);
    bench.configure(BOTH, 1, ALONE);
    bench.take(hard('no-carrier', 'eth1'), 2);

    const together = bench.configure(BOTH, 3);

    assert.deepEqual(moves(together), ['lan Active -> Initialize group-fault']);
  });
});

describe('more than one peer', () => {
  const three = { peers: [THERE, THIRD] };

  it('every peer is asked, each on its own paths', () => {
    const bench = activeBench(three);

    assert.deepEqual(
      [bench.peer('there'), bench.peer('third')].map(({ state, paths }) => [
        state,
        paths.map(({ address }) => address),
      ]),
      [
        ['healthy', [HA, PEER]],
        ['healthy', [HA_THIRD, LAN_THIRD]],
      ],
    );
  });

  it('one of them could take over: that is enough for a failover', () => {
    const bench = activeBench(three);
    bench.says({ fit: false, sound: false }, 10_000);

    const asks = bench.take(failover, 50_000);
    const taken = bench.says(TAKEN, 60_000, { peer: 'third' });

    assert.equal(asks[0], 'instance report failover: lan');
    assert.deepEqual(moves(taken), ['lan Active -> Backup failover']);
  });

  it('one of them is dead: the other one counts', () => {
    const bench = activeBench(three);
    bench.cut();
    bench.pass(SECOND);

    assert.equal(bench.take(failover, 1_050_000)[0], 'instance report failover: lan');
  });

  it('unicast goes to each that wants it, and to no other', () => {
    const bench = activeBench(three);
    bench.says({ wantsUnicast: true }, 10_000, { peer: 'third' });
    const one = bench.pass(SECOND);
    bench.says({ wantsUnicast: true }, 1_010_000);
    const both = bench.pass(2 * SECOND);

    assert.deepEqual(one, [`1000000 lan advertise 200 and to ${LAN_THIRD}`]);
    assert.deepEqual(both, [`2000000 lan advertise 200 and to ${PEER} and to ${LAN_THIRD}`]);
  });

  it('two Backups, the Active dies: the better one takes over, the other one hears it', () => {
    const bench = backupBench(three);
    bench.says({ effectivePriority: 150 }, null, { peer: 'third' });
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);
    bench.pass(500_000);
    bench.says(TAKEN, 510_000, { peer: 'third' });
    bench.hear('lan', { priority: 150, source: LAN_THIRD }, 510_000);

    const effects = bench.pass(3 * SECOND);

    assert.deepEqual(moves(effects), []);
  });

  it('the Active is known by every address that it ever advertised from', () => {
    const bench = backupBench();
    bench.says({ primaryAddresses: [] }, 10_000);
    bench.pass(50_000);
    bench.cut();
    bench.advertise(false);

    const effects = bench.pass(SECOND);

    assert.match(moves(effects)[0] ?? 'no move', /peer-dead$/);
  });

  it('nobody takes what we release because one waits for the other: priority 0 opens it to both', () => {
    const bench = activeBench(three);
    bench.take({ kind: 'operator', command: 'maintenance-on' }, 50_000);

    const effects = bench.pass(50_000 + HANDOVER);

    assert.equal(effects[0], `${50_000 + HANDOVER} lan advertise 0`);
  });
});

describe('low bandwidth', () => {
  const low = (state: 'ok' | 'failed'): InstanceEvent => ({
    kind: 'monitor',
    status: { name: 'bandwidth', state, detail: '', weight: 'soft' },
  });

  it('here only: a soft fault, handed over', () => {
    const bench = activeBench();

    assert.deepEqual(bench.take(low('failed'), 50_000), ['tell fit: Active 200 present releasing']);
  });

  it('on both: cancels out, whoever saw it first', () => {
    const before = activeBench();
    before.says({ bandwidthLow: true }, 40_000);

    const effects = before.take(low('failed'), 50_000);

    assert.deepEqual(effects, ['tell sound: Active 200 present']);
    assert.equal(before.router('lan').releasing, null);
  });

  it('the peer sees the minimum again: then it is a fault of ours', () => {
    const bench = activeBench();
    bench.says({ bandwidthLow: true }, 40_000);
    bench.take(low('failed'), 50_000);

    const effects = bench.says({ bandwidthLow: false }, 60_000);

    assert.deepEqual(effects, ['tell fit: Active 200 present releasing']);
  });

  it('we see the minimum again: no fault, whatever the peer sees', () => {
    const bench = activeBench();
    bench.says({ bandwidthLow: true }, 40_000);
    bench.take(low('failed'), 50_000);

    const own = bench.take(low('ok'), 60_000);
    const peer = bench.says({ bandwidthLow: false }, 70_000);

    assert.deepEqual(own, ['tell sound: Active 200 present']);
    assert.deepEqual(peer, []);
  });

  it('every healthy peer must see too little, not one of them', () => {
    const bench = activeBench({ peers: [THERE, THIRD] });
    bench.says({ bandwidthLow: true }, 40_000);

    assert.deepEqual(bench.take(low('failed'), 50_000), ['tell fit: Active 200 present releasing']);
  });

  it('a dead peer does not count; without any healthy one there is no comparison', () => {
    const bench = activeBench({ peers: [THERE, THIRD] });
    bench.says({ bandwidthLow: true }, 40_000);
    bench.cut(undefined, 'third');
    bench.pass(SECOND);

    const excused = bench.take(low('failed'), 1_010_000);
    bench.cut();
    const alone = bench.pass(2 * SECOND);

    assert.deepEqual(excused, ['tell sound: Active 200 present']);
    assert.ok(alone.some((text) => text.endsWith('tell fit: Active 200 present')));
    assert.deepEqual(moves(alone), [], 'it is nobody else that could take it');
  });

  it('another soft fault beside it is not excused', () => {
    const bench = activeBench();
    bench.says({ bandwidthLow: true }, 40_000);
    bench.take(low('failed'), 50_000);

    assert.deepEqual(bench.take(gateway('failed'), 60_000), [
      'tell fit: Active 200 present releasing',
    ]);
  });

  it('while both see too little, we do not preempt: the other one has what traffic there is', () => {
    const bench = new PairBench([router({ priority: 250 })]);
    bench.says({ ...TAKEN, effectivePriority: 100, bandwidthLow: true }, null);
    bench.start(0);
    bench.take(low('failed'), 10_000);
    bench.advertise(20_000);

    const effects = bench.pass(10 * SECOND);

    assert.deepEqual(moves(effects), []);
  });
});
