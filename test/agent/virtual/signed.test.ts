// Signed advertisements between two drivers in virtual time: what is forged on the link, from a peer's own address too,
// moves nothing; a handover, a crash and a stop are heard. How a signature is judged is test/agent/signing.test.ts.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '../../support/test.js';
import type { VirtualRouterSettings } from '../../../src/config/settings.js';
import { centiseconds } from '../../../src/model/units.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../../src/wire/advertisement.js';
import { sequenceAt, signMessage, stampOf, TRAILER_LENGTH } from '../../../src/wire/signature.js';
import { address } from '../../support/fake-kernel.js';
import type { Appliance } from './appliance.js';
import { folderOfThisProcess, makePair, started, type Pair, type Wanted } from './pair.js';
import { ALL_TRAFFIC, HA_TRAFFIC } from './world.js';

const SECRET = '3c'.repeat(32);
const KEY_FILE = join(folderOfThisProcess(), 'vrrp.keys');
writeFileSync(KEY_FILE, `1 ${SECRET}\n`, { mode: 0o600 });

const SLOW = { intervalMs: 1_000, checkMs: 500 } as const;
const LAN = { a: '10.99.0.1', b: '10.99.0.2' } as const;

type Mode = VirtualRouterSettings['signed'];

function signedPair(a: Mode, b: Mode = a, wanted: Wanted = SLOW): Pair {
  const pair = makePair(wanted);
  for (const [one, signed] of [
    [pair.a, a],
    [pair.b, b],
  ] as const) {
    const virtualRouters = one.settings.virtualRouters.map((router) => ({ ...router, signed }));
    one.settings = {
      ...one.settings,
      virtualRouters,
      signing: { keyFile: KEY_FILE, windowSeconds: 5 },
    };
  }
  return pair;
}

/** What `source` sends to the group; with `secret` it is signed at this time, in milliseconds. */
function message(source: string, priority: number, secret?: string, at = 0) {
  const envelope = { source: address(source), destination: VRRP_GROUP.ipv4 };
  const advertisement = {
    vrid: 51,
    priority,
    maxAdvertiseInterval: centiseconds(100),
    addresses: [address('10.99.0.100')],
  };
  const plain = encodeAdvertisement(advertisement, { ...envelope, dialect: 'rfc9568' });
  if (secret === undefined) return { ...envelope, message: plain };
  const hmac = (bytes: Uint8Array): Uint8Array =>
    createHmac('sha256', Buffer.from(secret, 'hex')).update(bytes).digest();
  const stamp = { keyId: 1, sequence: sequenceAt(at) };
  return { ...envelope, message: signMessage(plain, envelope, stamp, hmac) };
}

const counted = ({ driver }: Appliance, reason: string): number =>
  (driver.reception.byRouter.countsOf('lan') as Record<string, number>)[reason] ?? 0;

/** What was sent to the group, as the other one hears it. */
function recorded({ world }: Pair, from: Appliance): ReturnType<typeof message>[] {
  const heard: ReturnType<typeof message>[] = [];
  world.recorder = (side, sent) => {
    if (side === from.side) heard.push(sent);
  };
  return heard;
}

describe('two that ask for signatures', () => {
  for (const priority of [255, 0]) {
    it(`unsigned ones of priority ${priority} from the peer's own address move nothing; they are counted and told`, async () => {
      const pair = await started(signedPair('require'));
      const from = pair.world.story.end;
      for (let second = 0; second < 20; second += 1) {
        pair.a.receive('ipv4', message(LAN.b, priority));
        pair.b.receive('ipv4', message(LAN.a, priority));
        await pair.world.run(1_000);
      }
      assert.deepEqual(pair.world.story.lines(from, 'address', 'transition'), []);
      for (const [one, other] of [
        [pair.a, LAN.b],
        [pair.b, LAN.a],
      ] as const) {
        assert.equal(counted(one, 'unsigned'), 20);
        const told = one.status().health.reasons.join();
        assert.ok(told.includes(`${other} sends on VRID 51 and is not heard (unsigned): `), told);
        assert.ok(one.events('packet-discarded').some(({ reason }) => reason === 'unsigned'));
      }
    });
  }

  it('each kind of bad signature is counted as what it is, and moves nothing', async () => {
    const pair = await started(signedPair('require'));
    const from = pair.world.story.end;
    const now = pair.world.now / 1_000;
    const other = message(LAN.b, 255, SECRET, now);
    other.message[other.message.length - TRAILER_LENGTH] = 9;
    const cut = message(LAN.b, 255, SECRET, now);
    const bad = {
      signature: message(LAN.b, 255, '4d'.repeat(32), now),
      stale: message(LAN.b, 255, SECRET, now + 7_000),
      trailer: other,
      length: { ...cut, message: cut.message.subarray(0, -1) },
    };
    for (const one of Object.values(bad)) pair.a.receive('ipv4', one);
    await pair.world.run(10);
    for (const reason of Object.keys(bad)) assert.equal(counted(pair.a, reason), 1, reason);
    assert.deepEqual(pair.world.story.lines(from, 'address', 'transition'), []);
  });

  it('recordings of the Active, played on after its death, do not keep the Backup from the role', async () => {
    const pair = signedPair('require', 'require', { ...SLOW, lone: true });
    const { world, a, b } = pair;
    const heard = recorded(pair, a);
    await a.start();
    await world.until('a holds', () => world.holders().join() === 'a');
    await b.start();
    await world.run(5_000);
    world.cut(ALL_TRAFFIC, 'a');
    const last = heard.slice(-3);
    for (let second = 0; second < 6; second += 1) {
      for (const one of last) b.receive('ipv4', one);
      await world.run(1_000);
    }
    assert.equal(b.router().state, 'Active');
    assert.ok(counted(b, 'replayed') > 0);
    assert.equal(counted(b, 'replayed') + counted(b, 'stale'), 6 * last.length);
  });

  it('hand the role over, and nobody is refused', async () => {
    const pair = await started(signedPair('require'));
    assert.equal(pair.a.operate('failover'), null);
    await pair.world.until('b holds', () => pair.world.holders().join() === 'b');
    await pair.world.run(5_000);
    for (const one of [pair.a, pair.b]) {
      assert.deepEqual(one.driver.reception.byRouter.countsOf('lan'), {});
    }
  });

  it('the farewell that an executor sends for a dead agent is signed, later than all before, and believed', async () => {
    const pair = signedPair('require', 'require', { ...SLOW, lone: true });
    const { world, a, b } = pair;
    const heard = recorded(pair, a);
    await a.start();
    await world.until('a holds', () => world.holders().join() === 'a');
    await b.start();
    await world.run(10_000);
    a.kill();
    await world.until('b holds', () => b.router().state === 'Active');
    const sequences = heard.map((one) => stampOf(one.message)?.sequence ?? 0n);
    assert.deepEqual(
      sequences,
      [...sequences].sort((x, y) => (x < y ? -1 : 1)),
    );
    assert.equal(heard.at(-1)?.message[2], 0, 'the last word is the farewell');
    assert.deepEqual(b.driver.reception.byRouter.countsOf('lan'), {});
    assert.equal(b.status().virtualRouters[0]?.counters.priorityZeroReceived, 1);
  });
});

describe('one step at a time', () => {
  const steps: readonly (readonly [Mode, Mode])[] = [
    ['off', 'receive'],
    ['receive', 'receive'],
    ['receive', 'send'],
    ['send', 'receive'],
    ['send', 'send'],
    ['send', 'require'],
    ['require', 'send'],
  ];
  for (const [a, b] of steps) {
    it(`a ${a}, b ${b}: each is heard, without an HA port too`, async () => {
      const pair = signedPair(a, b, { ...SLOW, lone: true });
      const { world } = pair;
      world.cut(HA_TRAFFIC);
      await pair.a.start();
      await world.until('a holds', () => world.holders().join() === 'a');
      await pair.b.start();
      await world.run(8_000);
      assert.deepEqual(world.holders(), ['a']);
      for (const one of [pair.a, pair.b]) {
        assert.deepEqual(one.driver.reception.byRouter.countsOf('lan'), {});
      }
    });
  }

  it('two steps at once: what is signed is as long as no advertisement for who does not look at signatures', async () => {
    const pair = await started(signedPair('send', 'off'));
    const from = pair.world.story.end;
    await pair.world.run(5_000);
    assert.ok(counted(pair.b, 'length') > 0);
    assert.deepEqual(
      pair.world.story.lines(from, 'address', 'transition'),
      [],
      'the HA port holds',
    );
  });
});
