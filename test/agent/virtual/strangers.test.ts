// Whose advertisements count, with both drivers in virtual time: a router that is none of the peers speaks on the
// VRID. What the core knows of the peers' addresses is test/core/peers/peers.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { centiseconds } from '../../../src/model/units.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../../src/wire/advertisement.js';
import { address } from '../../support/fake-kernel.js';
import type { Appliance } from './appliance.js';
import { makePair, started, startPair, type Pair } from './pair.js';
import { HA_TRAFFIC } from './world.js';

const STRANGER = '10.99.0.66';
/** Times at which a minute costs little. */
const SLOW = { intervalMs: 1_000, checkMs: 500 } as const;
const PEERS = { ...SLOW, router: { sources: 'peers' } } as const;

/** What `source` sends to the group. */
function message(priority: number, source = STRANGER) {
  const pair = { source: address(source), destination: VRRP_GROUP.ipv4 };
  const advertisement = {
    vrid: 51,
    priority,
    maxAdvertiseInterval: centiseconds(100),
    addresses: [address('10.99.0.100')],
  };
  return { ...pair, message: encodeAdvertisement(advertisement, { ...pair, dialect: 'rfc9568' }) };
}

/** It speaks once a second for so many of them, and both hear it. */
async function speak({ world, a, b }: Pair, priority: number, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    for (const one of [a, b]) one.receive('ipv4', message(priority));
    await world.run(1_000);
  }
}

const moves = ({ world }: Pair, from: number): string[] =>
  world.story.lines(from, 'address', 'transition');

const refused = ({ driver }: Appliance): number =>
  driver.reception.byRouter.countsOf('lan').stranger ?? 0;

describe('advertisements of a stranger', () => {
  for (const priority of [255, 150, 0]) {
    it(`with priority ${priority} and sources: peers move nothing; they are counted and told`, async () => {
      const pair = await startPair(PEERS);
      const from = pair.world.story.end;
      await speak(pair, priority, 60);
      assert.deepEqual(moves(pair, from), []);
      for (const one of [pair.a, pair.b]) {
        assert.equal(refused(one), 60);
        const { reasons } = one.status().health;
        const told = reasons.filter((reason) => reason.includes(STRANGER));
        assert.match(told.join(), /10\.99\.0\.66 sends on VRID 51 and is not heard \(stranger\): /);
        assert.ok(one.events('packet-discarded').some(({ reason }) => reason === 'stranger'));
      }
    });
  }

  it('with sources: any depose the Active, as RFC 9568 has it', async () => {
    const pair = await startPair(SLOW);
    await speak(pair, 255, 2);
    assert.deepEqual([pair.a.router().state, refused(pair.a)], ['Backup', 0]);
  });

  it('count as long as the peer has never been heard: it may be the peer', async () => {
    const pair = makePair(PEERS);
    const { world, a } = pair;
    world.cut(HA_TRAFFIC);
    await a.start();
    await world.until('a holds', () => world.holders().join() === 'a');
    await speak(pair, 255, 2);
    assert.deepEqual([a.router().state, refused(a)], ['Backup', 0]);
  });

  it('move nothing when the peer that was heard is dead', async () => {
    const pair = await startPair(PEERS);
    pair.b.kill();
    await pair.world.run(10_000);
    const from = pair.world.story.end;
    await speak(pair, 255, 10);
    assert.deepEqual(moves(pair, from), []);
    assert.equal(refused(pair.a), 10);
  });

  it('count when unicastPeers names it, though the peer has been heard', async () => {
    const router = {
      sources: 'peers',
      unicastPeers: ['10.99.0.1', '10.99.0.2', STRANGER].map(address),
    } as const;
    const { world, a } = await started(makePair({ ...SLOW, router }));
    a.receive('ipv4', { ...message(255, '10.99.0.67'), destination: address('10.99.0.1') });
    await world.run(10);
    assert.deepEqual([a.router().state, refused(a)], ['Active', 1], 'who is not named');
    a.receive('ipv4', { ...message(255), destination: address('10.99.0.1') });
    await world.run(10);
    assert.deepEqual([a.router().state, refused(a)], ['Backup', 1]);
  });

  it('the peer itself is none, by any of its addresses: a handover goes on', async () => {
    const pair = await started(makePair(PEERS));
    assert.equal(pair.a.operate('failover'), null);
    await pair.world.until('b holds', () => pair.world.holders().join() === 'b');
    assert.deepEqual([refused(pair.a), refused(pair.b)], [0, 0]);
  });
});
