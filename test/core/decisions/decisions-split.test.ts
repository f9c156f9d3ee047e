// The decision table of DESIGN §5, continued: a Backup's Active_Down_Timer fires although the peer is
// alive and Active. Effects in exact order.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import type { PeerConfiguration } from '../../../src/core/peers/peers.js';
import { activeDownInterval } from '../../../src/core/machine/timing.js';
import { centiseconds } from '../../../src/model/units.js';
import { PEER, router } from '../instance-bench.js';
import {
  ACTIVE_DOWN,
  HANDOVER,
  HA_ONLY,
  SECOND,
  SILENCE,
  TOLERANCE,
  SKEW,
  THERE,
  PairBench,
  activeBench,
  backupBench,
  gateway,
  moves,
} from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

/** Two that advertise every 10 ms, and check each other every 100 ms. */
describe('Backup: Active_Down_Timer fires long before the next peer check', () => {
  const FAST = { routers: [router({ advertisementInterval: centiseconds(1) })] };
  const DOWN = activeDownInterval(100, centiseconds(1));

  /** The peer's last advertisement comes just after a check. */
  function silentSince(at: number): PairBench {
    const bench = backupBench(FAST);
    bench.pass(at);
    bench.advertise(false);
    return bench;
  }

  it('the peer is dead: asked when its advertisement is overdue, it does not answer: Active', () => {
    const bench = silentSince(20_000);
    bench.cut();

    const effects = bench.pass(SECOND);

    assert.equal(bench.lastHeardAt() < 35_000, true, 'nothing came since it was overdue');
    assert.deepEqual(moves(effects), [`${20_000 + DOWN} lan Backup -> Active no-response`]);
  });

  it('the peer is alive: it answers the question, and is not taken for dead', () => {
    const bench = silentSince(20_000);

    const effects = bench.pass(SECOND);

    assert.deepEqual(effects, [
      `${20_000 + DOWN} lan report adverts-lost: eth0`,
      `${20_000 + DOWN} tell sound: Backup 100 wants-unicast`,
    ]);
  });

  it('it dies later, while nothing but its answers is heard: Active one Active_Down_Interval on', () => {
    const bench = silentSince(20_000);
    const held = 20_000 + 3 * DOWN;
    bench.pass(held);
    bench.cut();

    const effects = bench.pass(SECOND);

    assert.deepEqual(moves(effects), [`${held + DOWN} lan Backup -> Active no-response`]);
  });

  it('we were late ourselves and have not asked: asked now, and waited for', () => {
    const bench = silentSince(20_000);
    bench.cut();

    const late = bench.take({ kind: 'deadline' }, 60_000);
    const effects = bench.pass(SECOND);

    assert.deepEqual(late, []);
    assert.deepEqual(moves(effects), [`${60_000 + DOWN} lan Backup -> Active no-response`]);
  });
});

describe('Backup: Active_Down_Timer fires, and nobody is Active', () => {
  it('a better candidate of the same priority goes first; Skew_Time later it is our turn', () => {
    const bench = new PairBench([router()]);
    bench.start(0);

    const effects = bench.pass(5 * SECOND);

    assert.deepEqual(moves(effects), [`${ACTIVE_DOWN + SKEW} lan Backup -> Active no-response`]);
  });

  it('one of another priority has its own Skew_Time', () => {
    const bench = new PairBench([router({ priority: 101 })]);
    bench.says({ effectivePriority: 102 }, null);
    bench.start(0);

    const effects = bench.pass(5 * SECOND);

    assert.deepEqual(moves(effects), ['3605468 lan Backup -> Active no-response']);
  });

  it('of two equals the better one waits for nobody', () => {
    const bench = new PairBench([router()]);
    bench.says({ primaryAddresses: [address('192.0.2.1')] }, null);
    bench.start(0);

    const effects = bench.pass(5 * SECOND);

    assert.deepEqual(moves(effects), [`${ACTIVE_DOWN} lan Backup -> Active no-response`]);
  });
});

describe('Backup: Active_Down_Timer fires, the peer is alive and Active, LAN unicast works', () => {
  function lost(): { readonly bench: PairBench; readonly effects: string[] } {
    const bench = backupBench();
    bench.advertise(false);
    return { bench, effects: bench.pass(ACTIVE_DOWN) };
  }

  it('stays; adverts-lost; asks for unicast', () => {
    const { bench, effects } = lost();

    assert.deepEqual(effects, [
      `${ACTIVE_DOWN} lan report adverts-lost: eth0`,
      `${ACTIVE_DOWN} tell sound: Backup 100 wants-unicast`,
    ]);
    assert.equal(bench.router('lan').state, 'Backup');
  });

  it('the Active is the lesser one and was heard at first: it is not preempted into silence', () => {
    const bench = new PairBench([router({ priority: 200 })]);
    bench.says({ state: 'Active', effectivePriority: 100, addressesPresent: true }, null);
    bench.start(0);
    bench.hear('lan', { priority: 100 }, 500_000);

    const effects = bench.pass(4 * SECOND);

    assert.deepEqual(effects.slice(1), [
      '3218750 lan report adverts-lost: eth0',
      '3218750 tell sound: Backup 200 wants-unicast',
    ]);
  });

  it('says so once, however often the timer fires', () => {
    const { bench } = lost();

    assert.deepEqual(bench.pass(5 * ACTIVE_DOWN), []);
  });

  it('an advertisement to our own address counts, and does not end the need for it', () => {
    const { bench } = lost();

    const effects = bench.hear('lan', { priority: 200, multicast: false }, 4 * SECOND);

    assert.deepEqual(effects, []);
    assert.equal(bench.router('lan', 4 * SECOND).lastAdvertisementAge, 0);
    assert.deepEqual(bench.pass(7_600_000), []);
  });

  it('multicast is heard again: adverts-back, and no unicast is wanted any more', () => {
    const { bench } = lost();

    const effects = bench.hear('lan', { priority: 200 }, 4 * SECOND);
    const again = bench.hear('lan', { priority: 200 }, 5 * SECOND);

    assert.deepEqual(effects, ['lan report adverts-back: eth0', 'tell sound: Backup 100']);
    assert.deepEqual(again, []);
  });

  it('the peer dies after all: Active, and no unicast is wanted', () => {
    const { bench } = lost();
    bench.pass(3_650_000);
    bench.cut();

    const effects = bench.pass(5 * SECOND);

    const dead = bench.lastHeardAt() + SILENCE;
    assert.deepEqual(effects.slice(0, 6), [
      `${dead - TOLERANCE} lan advertise 0`,
      `${dead} instance report peer-unhealthy: there`,
      `${dead} lan add`,
      `${dead} lan advertise 100`,
      `${dead} lan Backup -> Active peer-dead`,
      `${dead} tell sound: Active 100`,
    ]);
  });

  it('lost again later: said again', () => {
    const { bench } = lost();
    bench.hear('lan', { priority: 200 }, 4 * SECOND);

    const effects = bench.pass(4 * SECOND + ACTIVE_DOWN);

    assert.deepEqual(effects, [
      `${4 * SECOND + ACTIVE_DOWN} lan report adverts-lost: eth0`,
      `${4 * SECOND + ACTIVE_DOWN} tell sound: Backup 100 wants-unicast`,
    ]);
  });

  it('Active: adds unicast to the peer that wants it, until it does no longer', () => {
    const bench = activeBench();

    bench.says({ wantsUnicast: true }, 50_000);
    const wanted = bench.pass(2 * SECOND);
    bench.says({ wantsUnicast: false }, 2_050_000);
    const over = bench.pass(3 * SECOND);

    assert.deepEqual(wanted, [
      `1000000 lan advertise 200 and to ${PEER}`,
      `2000000 lan advertise 200 and to ${PEER}`,
    ]);
    assert.deepEqual(over, ['3000000 lan advertise 200']);
  });

  it('Active: of IPv6, to the address that the peer advertises from, whatever the path has', () => {
    const bench = activeBench({
      routers: [router({ family: 'ipv6', priority: 200, addresses: ['2001:db8::100/64'] })],
    });

    const theirs = [PEER, address('fe80::2')];
    bench.says({ wantsUnicast: true, primaryAddresses: theirs }, 50_000);

    assert.deepEqual(bench.pass(SECOND), ['1000000 lan advertise 200 and to fe80::2']);
  });

  it('Active: not to one without a path on this link, nor to one that is dead', () => {
    const far = activeBench({ peers: [HA_ONLY] });
    far.says({ wantsUnicast: true }, 50_000);
    const dead = activeBench();
    dead.says({ wantsUnicast: true }, 50_000);
    dead.cut();

    assert.deepEqual(far.pass(SECOND), ['1000000 lan advertise 200']);
    assert.ok(dead.pass(SECOND).includes('1000000 lan advertise 200'));
  });
});

describe('Backup: it could preempt, but the link is deaf', () => {
  /** We have 200; the peer, Active with 100, is heard on the link from 0.5 s on. */
  function preempting(peers: readonly PeerConfiguration[]): PairBench {
    const bench = new PairBench([router({ priority: 200 })], {}, peers);
    bench.says({ state: 'Active', effectivePriority: 100, addressesPresent: true }, null);
    bench.start(0);
    bench.advertise(500_000);
    return bench;
  }

  it('it hears the Active, whose answers do not come over the link: stays, until they do', () => {
    const bench = preempting([THERE]);
    bench.cut([PEER]);

    const deaf = bench.pass(20 * SECOND);
    bench.mend();
    const heard = bench.pass(30 * SECOND);

    assert.deepEqual(moves(deaf), []);
    assert.match(moves(heard)[0] ?? 'no move', /lan Backup -> Active priority$/);
  });

  it('no path on the link is known: nothing can be said of it', () => {
    const bench = preempting([HA_ONLY]);

    assert.deepEqual(moves(bench.pass(4 * SECOND)), ['3218750 lan Backup -> Active priority']);
  });

  it('the peer that does not answer over the link is not the Active: preempts', () => {
    const bench = preempting([THERE]);
    bench.cut([PEER]);
    bench.pass(2_600_000);
    bench.says({ state: 'Backup', addressesPresent: false }, 2_650_000);

    assert.deepEqual(moves(bench.pass(4 * SECOND)), ['3218750 lan Backup -> Active priority']);
  });
});

describe('Active_Down_Timer fires, the peer is alive and Active, LAN unicast is dead too', () => {
  function split(): { readonly bench: PairBench; readonly effects: string[] } {
    const bench = backupBench();
    bench.cut([PEER]);
    bench.advertise(false);
    return { bench, effects: bench.pass(ACTIVE_DOWN) };
  }

  it('Backup: stays; lan-split; wants what cannot reach it, so that the Active knows', () => {
    const { bench, effects } = split();

    assert.deepEqual(effects, [
      '240200 instance report path-lost: there at 192.0.2.200',
      `${ACTIVE_DOWN} lan report lan-split: eth0`,
      `${ACTIVE_DOWN} tell sound: Backup 100 wants-unicast`,
    ]);
    assert.deepEqual(bench.pass(5 * ACTIVE_DOWN), [], 'once');
  });

  it('Backup: no path on the link is known at all: the same', () => {
    const bench = backupBench({ peers: [HA_ONLY] });
    bench.advertise(false);

    const effects = bench.pass(ACTIVE_DOWN);

    assert.equal(effects[0], `${ACTIVE_DOWN} lan report lan-split: eth0`);
  });

  it('Backup: only multicast was lost at first: the split is said when it comes', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.pass(ACTIVE_DOWN);
    bench.cut([PEER]);

    const effects = bench.pass(3 * ACTIVE_DOWN);

    assert.deepEqual(effects, [
      '3940200 instance report path-lost: there at 192.0.2.200',
      `${2 * ACTIVE_DOWN} lan report lan-split: eth0`,
    ]);
  });

  it('Backup: the Active yields: takes the role, as the better placed', () => {
    const { bench } = split();

    const effects = bench.says({ releasing: true }, 4 * SECOND);

    assert.deepEqual(effects, [
      'lan add',
      'lan Backup -> Active better-placed',
      'tell sound: Active 100',
    ]);
  });

  it('Backup: multicast lost only, and the Active leaves: that is a release like any other', () => {
    const bench = backupBench();
    bench.advertise(false);
    bench.pass(ACTIVE_DOWN);

    const effects = bench.says({ releasing: true }, 4 * SECOND);

    assert.equal(effects[1], 'lan Backup -> Active peer-released');
  });

  /** We are Active, the peer says that the link is split. */
  function splitFromActive(ours: 'ok' | 'unknown' | 'failed', evidence: number): PairBench {
    const bench = activeBench();
    bench.cut([PEER]);
    bench.take(gateway(ours), 10_000);
    bench.pass(500_000);
    bench.says({ wantsUnicast: true, evidence, sound: false }, null);
    return bench;
  }

  it('Active: the peer sees a gateway that we do not: we ask it first, and leave when it has the role', () => {
    const bench = splitFromActive('unknown', 8);

    const asks = bench.says({}, 510_000);
    const placing = bench.says({ state: 'Active', wantsUnicast: false }, 520_000);
    const taken = bench.says({ addressesPresent: true }, 530_000);

    assert.deepEqual(asks, [
      'lan report lan-split: eth0',
      'tell sound: Active 200 present releasing',
    ]);
    assert.deepEqual(placing, []);
    assert.deepEqual(taken, [
      'lan remove',
      'lan Active -> Backup lan-split',
      'instance report flap: 1 of 3: lan-split',
      'tell sound: Backup 200',
    ]);
  });

  for (const [ours, evidence, says] of [
    ['ok', 8, 'both see it'],
    ['failed', 0, 'none sees it'],
    ['unknown', 4, 'nobody watches one'],
    ['ok', 0, 'only we see it'],
    ['ok', 4, 'only we know that we see it'],
  ] as const) {
    it(`Active: ${says}: no change`, () => {
      const bench = splitFromActive(ours, evidence);

      assert.deepEqual(bench.says({}, 510_000), []);
      assert.equal(bench.router('lan').releasing, null);
    });
  }

  it('Active: the peer hears us, whatever it sees: no change', () => {
    const bench = splitFromActive('unknown', 8);
    bench.says({ wantsUnicast: false }, 510_000);

    assert.equal(bench.router('lan').releasing, null);
  });

  it('Active: unicast reaches the peer: no change', () => {
    const bench = activeBench();

    const effects = bench.says({ wantsUnicast: true, evidence: 8 }, 510_000);

    assert.deepEqual(effects, []);
  });

  it('Active: the peer is not fit, or not a Backup, or is leaving: no change', () => {
    for (const saying of [
      { fit: false },
      { state: 'Initialize' as const },
      { releasing: true },
      { state: 'Active' as const },
    ]) {
      const bench = splitFromActive('unknown', 8);

      bench.says(saying, 510_000);

      assert.equal(bench.router('lan').releasing, null, JSON.stringify(saying));
    }
  });

  it('Active: the peer does not take the role: we stay, and do not ask again for 5 s', () => {
    const bench = splitFromActive('unknown', 8);
    bench.says({}, 510_000);

    const effects = bench.pass(510_000 + HANDOVER);
    const early = bench.says({}, 510_000 + HANDOVER + 4_999_999);
    const again = bench.says({}, 510_000 + HANDOVER + 5_000_000);

    assert.deepEqual(effects, [
      `${510_000 + HANDOVER} lan report refused: lan-split: nobody took the role over`,
      `${510_000 + HANDOVER} tell sound: Active 200 present`,
    ]);
    assert.deepEqual(early, []);
    assert.equal(again[0], 'lan report lan-split: eth0');
  });
});
