// A group that moves together but has been parted: two appliances hold one virtual router each. It comes
// together where the first of the group is. And whose word counts when somebody has left.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { peerLeft, type Peer } from '../../../src/core/peers/peers.js';
import type { PeerRouter } from '../../../src/model/peer-report.js';
import { instant, microseconds } from '../../../src/model/units.js';
import { OWN, PEER, router, wan } from '../instance-bench.js';
import {
  HA,
  HANDOVER,
  PairBench,
  SECOND,
  TAKEN,
  THERE,
  THIRD,
  activeBench,
  backupBench,
  gateway,
  moves,
  type Saying,
} from '../pair-bench.js';
import { address } from '../machine/virtual-router-bench.js';

const BOTH = [router({ priority: 200 }), wan({ priority: 200 })];

/**
 * We hold the wan, the second of the group; the peer has just taken the lan, the first, with a
 * priority of 250, and has not said so over the HA port yet.
 */
function parted(overrides: ConstructorParameters<typeof PairBench>[1] = {}): PairBench {
  const bench = new PairBench(BOTH, { mode: 'active-active', ...overrides });
  bench.says({ effectivePriority: 100 }, null);
  bench.start(-10 * SECOND);
  bench.pass(0);
  bench.hear('lan', { priority: 250 }, 1_000);
  bench.configure(BOTH, 2_000, { peers: [THERE], ...overrides });
  bench.hear('lan', { priority: 250 }, 3_000);
  assert.deepEqual(bench.states(), ['lan Backup', 'wan Active']);
  assert.equal(bench.router('wan').releasing, null);
  return bench;
}

const LEADS: Saying = { of: 'lan', ...TAKEN, effectivePriority: 250 };

describe('the second of a group that is parted', () => {
  it('is handed over to the one that holds the first', () => {
    const bench = parted();

    const asks = bench.says(LEADS, 10_000, { on: HA });
    const taken = bench.says({ of: 'wan', ...TAKEN }, 20_000, { on: HA });

    assert.deepEqual(asks, ['tell sound: Backup 200, Active 200 present releasing']);
    assert.deepEqual(taken, [
      'wan remove',
      'wan Active -> Backup group-moved',
      'tell sound: Backup 200, Backup 200',
    ]);
  });

  it('stays when that one does not take it, and is asked for again after 5 s', () => {
    const bench = parted();
    bench.says(LEADS, 10_000, { on: HA });

    const effects = bench.pass(10_000 + HANDOVER);
    bench.says({}, 10_000 + HANDOVER + 4_999_999, { on: HA });
    const early = bench.router('wan').releasing;
    bench.says({}, 10_000 + HANDOVER + 5_000_000, { on: HA });

    assert.deepEqual(effects.slice(1), [
      `${10_000 + HANDOVER} wan report refused: group-moved: nobody took the role over`,
      `${10_000 + HANDOVER} tell sound: Backup 200, Active 200 present`,
    ]);
    assert.equal(early, null);
    assert.equal(bench.router('wan').releasing, 'group-moved');
  });

  for (const [says, saying] of [
    ['is not Active on the first by its own word', { of: 'lan', state: 'Backup' }],
    ['is giving the first up', { of: 'lan', releasing: true }],
    ['could not take the second', { of: 'wan', state: 'Initialize' }],
    ['is unfit', { fit: false }],
    ['has virtual routers that move each alone', { mode: 'active-active' }],
    ['has a soft fault, and we have none', { sound: false }],
    ['stands back with the second', { of: 'wan', effectivePriority: 1 }],
  ] as const) {
    it(`stays when the peer ${says}`, () => {
      const bench = parted();
      bench.says(LEADS, null);

      const effects = bench.says(saying, 10_000, { on: HA });

      assert.equal(bench.router('wan').releasing, null, effects.join('\n'));
    });
  }

  it('goes to a peer with a soft fault when we have one ourselves', () => {
    const bench = parted();
    bench.says({ sound: false }, 4_000, { on: HA });
    bench.take(gateway('failed'), 5_000);
    assert.equal(bench.router('wan').releasing, null);

    bench.says(LEADS, 10_000, { on: HA });

    assert.equal(bench.router('wan').releasing, 'group-moved');
  });

  it('stays when the first is held by somebody else than the peer that says so', () => {
    const bench = parted();
    bench.hear('lan', { priority: 250, source: address('192.0.2.77') }, 5_000);

    bench.says(LEADS, 10_000, { on: HA });

    assert.equal(bench.router('wan').releasing, null);
  });

  it('stays when nobody is heard on the first', () => {
    const bench = parted();
    bench.hear('lan', { priority: 0, source: address('192.0.2.77') }, 5_000);

    bench.says(LEADS, 10_000, { on: HA });

    assert.equal(bench.router('wan').releasing, null);
  });

  it('stays when the first is about to be preempted: it comes to us', () => {
    const bench = parted();
    bench.says({ ...LEADS, effectivePriority: 100 }, null);
    bench.hear('lan', { priority: 100 }, 5_000);

    bench.says({}, 10_000, { on: HA });

    assert.equal(bench.router('wan').releasing, null);
  });

  it('goes when the first is lower but may not be preempted yet', () => {
    const delayed = { preemptDelay: microseconds(60 * SECOND) };
    const bench = parted(delayed);
    bench.says({ ...LEADS, effectivePriority: 100 }, null);
    bench.hear('lan', { priority: 100 }, 5_000);

    bench.says({}, 10_000, { on: HA });

    assert.equal(bench.router('wan').releasing, 'group-moved');
  });

  it('stays in active-active: each has its own primary', () => {
    const bench = parted({ mode: 'active-active' });

    bench.says(LEADS, 10_000, { on: HA });

    assert.equal(bench.router('wan').releasing, null);
  });

  it('the first of the group stays where it is, whoever holds the second', () => {
    const bench = activeBench({ routers: BOTH });
    bench.hear('wan', { priority: 250 }, 1_000);

    const effects = bench.says({ of: 'wan', ...TAKEN, effectivePriority: 250 }, 10_000);

    assert.deepEqual(effects, []);
    assert.equal(bench.router('lan').releasing, null);
  });
});

describe('the best candidate in a group', () => {
  const V6 = [
    router({ priority: 100 }),
    wan({ priority: 100, family: 'ipv6', addresses: ['fe80::1/64'], vrid: 51 }),
  ];

  it('ties are broken by the family of the first, for all of them', () => {
    const primaryAddresses = [address('192.0.2.99'), address('fe80::ffff')];
    for (const mode of ['active-passive', 'active-active'] as const) {
      const bench = backupBench({ routers: V6, overrides: { mode }, peers: [THERE, THIRD] });
      bench.take({ kind: 'primary-address', virtualRouter: 'wan', address: address('fe80::1') }, 0);
      bench.says({ primaryAddresses }, 10_000, { peer: 'third' });

      const effects = bench.says({ of: 'wan', releasing: true }, 20_000, { on: HA });

      assert.deepEqual(moves(effects), ['wan Backup -> Active peer-released'], mode);
    }
  });

  it('one that holds another part of the group comes first', () => {
    const routers = [router(), wan()];
    const bench = backupBench({ routers, peers: [THERE, THIRD] });
    bench.says({ of: 'wan', state: 'Backup' }, 10_000);
    bench.says({ effectivePriority: 50 }, 10_000, { peer: 'third' });
    bench.says({ of: 'wan', ...TAKEN, effectivePriority: 50 }, 10_000, { peer: 'third' });

    const effects = bench.hear('lan', { priority: 0 }, 20_000);

    assert.deepEqual(moves(effects), [], 'third has the wan');
  });

  it('not one that is giving its part up, nor in active-active', () => {
    for (const [mode, releasing] of [
      ['active-passive', true],
      ['active-active', false],
    ] as const) {
      const routers = [router(), wan()];
      const bench = backupBench({ routers, overrides: { mode }, peers: [THERE, THIRD] });
      bench.says({ mode, of: 'wan', state: 'Backup' }, 10_000);
      bench.says({ mode, effectivePriority: 50 }, null, { peer: 'third' });
      bench.says({ of: 'wan', ...TAKEN, effectivePriority: 50, releasing }, 10_000, {
        peer: 'third',
      });

      const effects = bench.hear('lan', { priority: 0 }, 20_000);

      assert.ok(moves(effects).includes('lan Backup -> Active priority-zero'), mode);
    }
  });

  it('we hold another part ourselves: that is worth more than a priority', () => {
    const routers = [router({ priority: 100 }), wan({ priority: 100 })];
    const bench = backupBench({ routers, peers: [THERE, THIRD] });
    bench.says({ effectivePriority: 150 }, 10_000, { peer: 'third' });
    bench.says({ of: 'wan', releasing: true }, null);
    bench.says({ state: 'Initialize' }, null, { peer: 'third' });
    bench.says({}, 20_000, { peer: 'third', on: HA });
    bench.says({}, 20_000, { on: HA });
    assert.deepEqual(bench.states(), ['lan Backup', 'wan Active']);
    bench.says({ state: 'Backup' }, 30_000, { peer: 'third' });

    const effects = bench.hear('lan', { priority: 0 }, 40_000);

    assert.ok(moves(effects).includes('lan Backup -> Active priority-zero'));
  });
});

describe('priority 0: the last word of the one that left is out of date', () => {
  const active: PeerRouter = {
    state: 'Active',
    effectivePriority: 200,
    addressesPresent: true,
    wantsUnicast: false,
    releasing: false,
    evidence: 4,
  };

  function peerWith(routers: readonly PeerRouter[]): Peer {
    const bench = new PairBench(BOTH);
    bench.says({}, 0, { on: HA });
    const peer = bench.peer();
    assert.ok(peer.report !== null);
    return { ...peer, report: { ...peer.report, routers } };
  }

  const placeAt = (peer: Peer, position: number) => ({
    position,
    interface: 'eth0',
    virtualRoutersDigest: peer.report?.digests.virtualRouters ?? 0,
  });
  const UNTIL = instant(100_000);
  const statesOf = ({ report }: Peer) => report?.routers.map(({ state }) => state);

  it('its virtual router is Active no longer, the others are what they were', () => {
    const peer = peerWith([active, { ...active }]);

    peerLeft([peer], PEER, placeAt(peer, 1), UNTIL, null);

    assert.deepEqual(statesOf(peer), ['Active', 'Initialize']);
    assert.equal(peer.report?.routers[1]?.addressesPresent, false);
  });

  it('also when the message told of both in one: as a run, they are one value', () => {
    const peer = peerWith([active, active]);

    peerLeft([peer], PEER, placeAt(peer, 1), UNTIL, null);

    assert.deepEqual(statesOf(peer), ['Active', 'Initialize']);
  });

  it('somebody else left, or it was not Active, or nothing is known: nothing changes', () => {
    const peer = peerWith([active, { ...active, state: 'Backup' }]);
    const before = peer.report;
    const silent = { ...peer, report: null };

    peerLeft([peer], OWN, placeAt(peer, 0), UNTIL, null);
    peerLeft([peer], PEER, placeAt(peer, 1), UNTIL, null);
    peerLeft([silent], PEER, placeAt(peer, 0), UNTIL, null);

    assert.equal(peer.report, before);
    assert.equal(silent.report, null);
  });

  it('messages on their way still say Active: not believed for one check interval', () => {
    const bench = backupBench({ peers: [THERE, THIRD] });
    bench.says({ effectivePriority: 150 }, 10_000, { peer: 'third' });
    bench.cut();
    const place = (): string | undefined => bench.peer().report?.routers[0]?.state;

    bench.hear('lan', { priority: 0 }, 50_000);
    const heard = place();
    bench.says({}, 149_999, { on: HA });
    const early = place();
    bench.says({}, 150_000, { on: HA });

    assert.deepEqual([heard, early, place()], ['Initialize', 'Initialize', 'Active']);
  });

  it('a Backup that asks whether there is an Active: what it says next is believed', () => {
    const peer = peerWith([{ ...active, state: 'Backup' }]);

    peerLeft([peer], PEER, placeAt(peer, 0), UNTIL, OWN);
    const asked = peer.left;
    peerLeft([peer], PEER, placeAt(peer, 0), UNTIL, PEER);

    assert.deepEqual(asked, []);
    assert.equal(peer.left.length, 1, 'its advertisements were heard, and its word was on its way');
  });

  it('said twice: the later one counts', () => {
    const peer = peerWith([active]);

    peerLeft([peer], PEER, placeAt(peer, 0), UNTIL, null);
    peerLeft([peer], PEER, placeAt(peer, 0), instant(200_000), null);

    assert.deepEqual(peer.left, [{ position: 0, until: 200_000 }]);
  });

  it('it is no holder any more for whom another one would be left alone', () => {
    const bench = backupBench({ peers: [THERE, THIRD] });
    bench.says({ effectivePriority: 150 }, 10_000, { peer: 'third' });
    bench.advertise(false);
    bench.cut();

    const zero = bench.hear('lan', { priority: 0 }, 50_000);
    bench.says(TAKEN, 60_000, { peer: 'third' });
    const released = bench.says({ releasing: true }, 70_000, { peer: 'third' });

    assert.equal(bench.peer().state, 'healthy');
    assert.deepEqual(zero, []);
    assert.deepEqual(moves(released), ['lan Backup -> Active peer-released']);
  });
});
