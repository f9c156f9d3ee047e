// The decision table with both drivers in virtual time: what the Backup, or both, do when something between
// them is lost. What only the wire can show is test/net/pair-arbitration.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { centiseconds } from '../../../src/model/units.js';
import { address } from '../../support/fake-kernel.js';
import { routerSettings } from '../rig.js';
import type { Appliance } from './appliance.js';
import { inPlace, makePair, rests, started, type Pair, type Wanted } from './pair.js';
import { ALL_TRAFFIC, HA_TRAFFIC, LAN_TRAFFIC, VIRTUAL } from './world.js';

const gateway = (appliance: Appliance, state: 'ok' | 'failed' | 'unknown'): void =>
  appliance.monitor({ name: 'gateway', state, detail: '', weight: 'soft' });

/** Longer than Active_Down_Interval of the Backup at 1000 ms. */
const ELECTION = 5_000;

/** At 1000 ms, checked every 100 ms; both see the gateway. */
async function start(wanted: Wanted = {}): Promise<Pair> {
  const pair = makePair({ intervalMs: 1_000, checkMs: 100, ...wanted });
  gateway(pair.a, 'ok');
  gateway(pair.b, 'ok');
  await pair.a.start();
  await pair.world.until('a holds', () => pair.world.holders().join() === 'a');
  await pair.b.start();
  await inPlace(pair);
  return pair;
}

/** Nobody moves for a good while. */
async function still({ world }: Pair, act: () => unknown): Promise<void> {
  const from = world.story.end;
  act();
  await world.run(ELECTION);
  assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
}

describe('what is lost between the two', () => {
  it('multicast filtered: unicast instead, and back when it is heard again', async () => {
    const pair = await start();
    const { world, b } = pair;
    let heal = (): void => undefined;
    const from = world.story.end;
    const toB = () => world.story.of('advertisement', from).filter(({ to }) => to === '10.99.0.2');
    await still(pair, () => (heal = world.cut(['multicast'], 'a')));
    assert.equal(b.events('adverts-lost').length, 1);
    assert.ok(toB().length >= 2, 'advertised to the peer itself');
    assert.equal(b.events('adverts-back').length, 0);
    await still(pair, () => heal());
    assert.equal(b.events('adverts-back').length, 1);
    const before = toB().length;
    await world.run(ELECTION);
    assert.equal(toB().length, before, 'no unicast any more');
  });

  it('multicast filtered where the HA port speaks IPv6 on the LAN: IPv4 unicast all the same', async () => {
    const pair = makePair({ intervalMs: 100, pathFamily: 'ipv6' });
    const { world, a, b } = pair;
    a.addOwn('2001:db8::1/64');
    b.addOwn('2001:db8::2/64');
    await started(pair);
    const from = world.story.end;
    await still(pair, () => world.cut(['multicast']));
    assert.equal(b.events('adverts-lost').length, 1);
    const toB = world.story.of('advertisement', from).filter(({ to }) => to === '10.99.0.2');
    assert.ok(toB.length >= 2, 'advertised to the address that the peer advertises from');
    assert.deepEqual(b.driver.reception.byRouter.countsOf('lan'), {}, 'and heard there');
  });

  for (const dead of [false, true]) {
    it(`multicast of IPv6 filtered${dead ? ', and then the Active dies' : ''}: unicast between link-local addresses`, async () => {
      const virtual = 'fe80::100/64';
      const pair = makePair({
        intervalMs: 100,
        routers: (side) => [
          routerSettings({
            family: 'ipv6',
            priority: side === 'a' ? 200 : 100,
            advertisementInterval: centiseconds(10),
            addresses: [{ address: address('fe80::100'), prefixLength: 64 }],
          }),
        ],
      });
      const { world, a, b } = pair;
      a.addOwn('fe80::a/64');
      b.addOwn('fe80::b/64');
      await a.start();
      await world.until('a holds', () => world.holders(virtual).join() === 'a');
      await b.start();
      await world.until('b knows a', () => b.knowsPeer && a.knowsPeer);
      const from = world.story.end;
      await still(pair, () => world.cut(['multicast']));
      assert.equal(b.events('adverts-lost').length, 1);
      const byUnicast = world.story.of('advertisement', from).filter(({ to }) => to === 'fe80::b');
      assert.ok(byUnicast.length >= 2, 'advertised to the peer itself');
      assert.deepEqual(b.driver.reception.byRouter.countsOf('lan'), {}, 'and heard there');
      if (!dead) return;
      a.executor.kill('power');
      a.kill();
      await world.until('b takes over', () => world.holders(virtual).includes('b'));
    });
  }

  it('multicast filtered, and then the Active dies: the other one takes over all the same', async () => {
    const pair = await start();
    const { world, a } = pair;
    world.cut(['multicast'], 'a');
    await world.run(ELECTION);
    a.executor.kill('power');
    a.kill();
    await world.until('b takes over', () => world.holders().includes('b'));
    await rests(pair, 'b');
  });

  describe('LAN split, HA link alive', () => {
    const split = async (says: readonly ['ok' | 'failed', 'ok' | 'failed']): Promise<Pair> => {
      const pair = await start();
      // The Backup loses it first: that the Active yields to it for a moment is another test's matter.
      gateway(pair.b, says[1]);
      await pair.world.run(200);
      gateway(pair.a, says[0]);
      await pair.world.run(200);
      return pair;
    };

    for (const [what, says] of [
      ['by both', ['ok', 'ok']],
      ['by none', ['failed', 'failed']],
      ['by the Active only', ['ok', 'failed']],
    ] as const) {
      it(`gateway seen ${what}: no move`, async () => {
        const pair = await split(says);
        await still(pair, () => pair.world.cut(LAN_TRAFFIC));
        assert.equal(pair.b.events('lan-split').length, 1);
      });
    }

    it('gateway seen by the Backup only: the Active yields', async () => {
      const pair = await start();
      const { world, a } = pair;
      const from = world.story.end;
      const held = world.watch();
      world.cut(LAN_TRAFFIC);
      gateway(a, 'failed');
      await rests(pair, 'b');
      assert.equal(held().nobody, 0, 'the other one has it first');
      assert.deepEqual(world.story.moves('a', from), ['Active → Backup, soft-fault']);
      assert.deepEqual(world.story.lines(from, 'address'), [
        `b has ${VIRTUAL}`,
        `a has no ${VIRTUAL}`,
      ]);
    });
  });

  for (const intervalMs of [100, 1_000]) {
    it(`LAN silent on one side at ${intervalMs} ms: both ask the gateway before a path counts as lost`, async () => {
      const pair = await start({ intervalMs });
      const { world, a, b } = pair;
      const asked = (): number[] => [a.askedGateway, b.askedGateway];
      assert.deepEqual(asked(), [0, 0], 'nobody asks out of turn while nothing is wrong');
      const from = world.story.end;
      const held = world.watch();
      world.cut(LAN_TRAFFIC);
      await world.until('both have asked', () => asked().every((times) => times > 0));
      assert.deepEqual(
        [a, b].map((one) => one.events('path-lost').length),
        [0, 0],
      );
      gateway(a, 'failed');
      await rests(pair, 'b');
      assert.equal(held().nobody, 0, 'the other one has it first');
      assert.deepEqual(world.story.moves('a', from), ['Active → Backup, soft-fault']);
    });
  }

  it('HA link lost: no move', async () => {
    const pair = await start();
    await still(pair, () => pair.world.cut(['ha-link']));
    assert.equal(pair.b.events('peer-unhealthy').length, 0, 'the LAN is a path too');
  });

  it('HA port unreachable on both links, LAN alive: the Active stays', async () => {
    const pair = await start();
    const { world, a, b } = pair;
    const records = [a, b].map((one) => ({ one, before: one.records.length }));
    await still(pair, () => world.cut(HA_TRAFFIC));
    for (const { one, before } of records) {
      assert.equal(one.events('peer-unhealthy', before).length, 1);
    }
    // At 1000 ms it looks like a power cut until the next advertisement is due: the Active was asked.
    assert.equal(b.events('ha-path-lost').length, 1);
    await rests(pair, 'a');
  });

  it('at 100 ms, both HA paths lost while advertisements arrive: ha-path-lost, no move', async () => {
    const pair = await start({ intervalMs: 100 });
    await still(pair, () => pair.world.cut(HA_TRAFFIC));
    assert.equal(pair.b.events('ha-path-lost').length, 1);
  });

  it('one direction of everything, whichever: never nobody, and one holder once it is mended', async () => {
    for (const from of ['a', 'b'] as const) {
      const pair = await start();
      const { world } = pair;
      const held = world.watch();
      const heal = world.cut(ALL_TRAFFIC, from);
      await world.run(ELECTION);
      heal();
      await world.run(ELECTION);
      await rests(pair, 'a');
      assert.equal(held().nobody, 0, `what ${from} sends is lost`);
    }
  });

  it('total partition, then HA paths heal: exactly one Active, and the winner announces again', async () => {
    const pair = await start();
    const { world, a, b } = pair;
    const heal = world.cut(HA_TRAFFIC);
    // Advertisements would settle it too, but only when the next one is due.
    world.cut(LAN_TRAFFIC);
    await world.until('both hold', () => world.holders().join() === 'a,b');
    await world.run(400);
    const from = world.story.end;
    heal();
    await world.until('one holds', () => world.holders().join() === 'a');
    await world.run(1_000);
    assert.deepEqual(world.story.moves('b', from), ['Active → Backup, dual-active']);
    assert.deepEqual(world.story.moves('a', from), []);
    assert.ok(world.story.of('announcement', from, 'a').length > 0, 'the winner announced again');
    assert.ok(a.events('dual-active').length + b.events('dual-active').length > 0);
  });

  it('the loser gives way before the winner hears it: the winner announces again all the same', async () => {
    const pair = await start();
    const { world, a, b } = pair;
    const heal = world.cut(HA_TRAFFIC);
    const hear = world.cut(LAN_TRAFFIC, 'a');
    world.cut(LAN_TRAFFIC, 'b');
    await world.until('both hold', () => world.holders().join() === 'a,b');
    const from = world.story.end;
    hear();
    await world.until('one holds', () => world.holders().join() === 'a');
    assert.deepEqual(world.story.of('announcement', from, 'a'), [], 'it knows of nothing yet');
    heal();
    await world.run(1_000);
    assert.ok(
      world.story.of('announcement', from, 'a').length > 0,
      'the last word is the holder’s',
    );
    assert.deepEqual(
      [a, b].flatMap((one) => one.events('dual-active')),
      [],
    );
  });

  it('a partition that heals as a whole: the same, whichever of the paths is first', async () => {
    for (const first of [LAN_TRAFFIC, ['ha-link']] as const) {
      const pair = await start();
      const { world } = pair;
      const held = world.watch();
      const heals = [LAN_TRAFFIC, ['ha-link'] as const].map((traffic) => ({
        traffic,
        heal: world.cut(traffic),
      }));
      await world.until('both hold', () => world.holders().join() === 'a,b');
      for (const { heal } of heals.sort((one) => (one.traffic === first ? -1 : 1))) {
        heal();
        await world.run(50);
      }
      await world.run(ELECTION);
      await rests(pair, 'a');
      assert.equal(held().nobody, 0);
    }
  });

  it('power cut, every path silent at once: the peer check finds it', async () => {
    const pair = await start();
    const { world, a } = pair;
    const from = world.story.end;
    world.cut(ALL_TRAFFIC, 'a');
    a.executor.kill('power');
    a.kill();
    a.takeAway();
    const took = await world.until('b holds', () => world.holders().join() === 'b');
    assert.deepEqual(world.story.moves('b', from), ['Backup → Active, peer-dead']);
    assert.ok(took < 1_000, `the check, before any timer of VRRP: ${took} ms`);
    await rests(pair, 'b');
    const move = pair.b.events('move').at(-1);
    assert.deepEqual(move?.['peerSaw'], [], 'a dead peer says nothing');
    assert.equal(move['orderedBy'], undefined, 'nobody ordered it');
    assert.equal(move['nobodyHeldAtMostMs'], pair.b.status().virtualRouters[0]?.nobodyHeldAtMostMs);
  });

  it('cable pulled: the peer is told, and told when it is plugged in again', async () => {
    const pair = await start();
    const { world, a } = pair;
    const from = world.story.end;
    const between = world.watch();
    const plug = world.unplug('a');
    await rests(pair, 'b');
    assert.deepEqual(world.story.moves('a', from), ['Active → Initialize, no-carrier']);
    assert.deepEqual(world.story.moves('b', from), ['Backup → Active, peer-released']);
    const told = Number(pair.b.events('taken-over').at(-1)?.['nobodyHeldAtMostMs']);
    const nobody = between().nobody / 1_000;
    assert.ok(nobody > 0 && nobody <= told, `nobody for ${nobody} ms, told: at most ${told} ms`);
    const held = world.watch();
    plug();
    await rests(pair, 'a');
    assert.equal(held().nobody, 0, 'the primary takes its role back: nothing lost');
    assert.equal(a.router().state, 'Active');
  });
});
