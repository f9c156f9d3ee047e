// What the HA port withstands: recordings, forgeries, floods, wrong keys, names and versions.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from '../support/test.js';
import {
  decodePeerMessage,
  encodePeerReport,
  PEER_MESSAGE_MAXIMUM,
  type PeerHeader,
} from '../../src/wire/peer-message.js';
import { UNSOLICITED_PER_SECOND } from '../../src/peer-channel/ha-peer.js';
import {
  address,
  Appliance,
  bindSocket,
  freePort,
  KEY,
  Pair,
  PATHS_AT_A,
  reportOf,
  type Discarded,
  type Packet,
} from './ha-port-rig.js';
import { eventOf } from '../support/limits.js';
import { encodePeerMessage, splitSigned } from '../wire/peer-messages.js';

async function withPair(body: (pair: Pair) => Promise<void>, paths = 2): Promise<void> {
  const pair = await Pair.open(paths);
  try {
    await body(pair);
  } finally {
    await pair.close();
  }
}

/** Sends every packet again, a few at a time so that no socket buffer overflows. */
async function replay(pair: Pair, packets: readonly Packet[]): Promise<readonly Discarded[]> {
  const discarded: Discarded[] = [];
  for (let next = 0; next < packets.length; next += 50) {
    const batch = packets.slice(next, next + 50);
    for (const side of ['a', 'b'] as const) {
      const { discards } = pair[side];
      const start = discards.all.length;
      const mine = batch.filter(({ to }) => to === side);
      for (const packet of mine) pair.network.inject(packet);
      discarded.push(...(await discards.matching(() => true, mine.length, start)));
    }
  }
  return discarded;
}

function reasons(discards: readonly Discarded[]): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { reason } of discards) counted[reason] = (counted[reason] ?? 0) + 1;
  return counted;
}

/** Every kind of message both ways on every path, several checks long; all of it recorded. */
async function converse(pair: Pair): Promise<Packet[]> {
  const { a, b, network } = pair;
  const start = network.recorded.all.length;
  for (let round = 0; round < 3; round += 1) await pair.meet();
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const before = to.reports.all.length;
    from.ha.push(reportOf(from.name, { bandwidthLow: true }));
    from.ha.bye(reportOf(from.name, { fit: false }));
    await to.reports.matching(() => true, pair.pathsAtA.length * 2, before);
  }
  return network.recorded.all.slice(start);
}

const reportCount = ({ a, b }: Pair): number => a.reports.all.length + b.reports.all.length;

test('replayed in the same session: every message counts once, on whichever path', () =>
  withPair(async (pair) => {
    await pair.meet();
    const packets = await converse(pair);
    assert.ok(packets.length >= 28, `${packets.length} recorded`);
    const [before, sent] = [reportCount(pair), pair.network.recorded.all.length];
    const elsewhere = packets.map((packet) => ({ ...packet, path: 1 - packet.path }));
    const discarded = await replay(pair, [...packets, ...elsewhere]);
    assert.deepEqual(reasons(discarded), { replayed: packets.length * 2 });
    assert.equal(reportCount(pair), before);
    await pair.meet();
    // And no replay was answered: a check each way is 4 requests and 4 answers.
    assert.equal(pair.network.recorded.all.length, sent + 8);
  }));

test('replayed after a restart of the receiver: stale, before first contact and after', () =>
  withPair(async (pair) => {
    await pair.meet();
    const toB = (await converse(pair)).filter(({ to }) => to === 'b');
    await pair.b.stop();
    await pair.startB();
    const before = pair.b.reports.all.length;
    assert.deepEqual(reasons(await replay(pair, toB)), { stale: toB.length });
    assert.equal(pair.b.reports.all.length, before);
    await pair.meet();
    const after = pair.b.reports.all.length;
    const discarded = reasons(await replay(pair, toB));
    assert.equal((discarded['stale'] ?? 0) + (discarded['replayed'] ?? 0), toB.length);
    assert.equal(pair.b.reports.all.length, after);
  }));

test('replayed after a restart of the sender: stale, though it echoes nonces of a moment ago', () =>
  withPair(async (pair) => {
    await pair.meet();
    const toB = (await converse(pair)).filter(({ to }) => to === 'b');
    await pair.a.stop();
    await pair.startA();
    await pair.meet();
    const before = pair.b.reports.all.length;
    assert.deepEqual(reasons(await replay(pair, toB)), { stale: toB.length });
    assert.equal(pair.b.reports.all.length, before);
    // The sender is in touch all the while, and the recordings did not put it out.
    pair.a.ha.push(reportOf('a', { primary: true }));
    await pair.b.reports.matching(({ report }) => report.primary, 2, before);
  }));

test('kept back and delivered after a restart of the sender: nothing, the session is left', () =>
  withPair(async (pair) => {
    const { a, b, network } = pair;
    await pair.meet();
    network.passes = ({ to }) => to === 'a';
    a.ha.push(reportOf('a', { primary: true }));
    const kept = (await network.recorded.until((all) => all.length >= 10)).slice(-2);
    network.passes = () => true;
    await a.stop();
    await pair.startA();
    await pair.meet();
    assert.deepEqual(reasons(await replay(pair, kept)), { stale: 2 });
    assert.ok(b.reports.all.every(({ report }) => !report.primary));
  }));

test('recorded under another key: not authentic', () =>
  withPair(async (pair) => {
    await pair.meet();
    const toB = (await converse(pair)).filter(({ to }) => to === 'b');
    await pair.b.stop();
    await pair.startB([Buffer.alloc(32, 9)]);
    assert.deepEqual(reasons(await replay(pair, toB)), { authentic: toB.length });
  }));

test('a message for one peer is stale at another that shares the key', () =>
  withPair(async (pair) => {
    await pair.meet();
    const c = new Appliance('c', await freePort());
    await c.start([{ name: 'a', addresses: PATHS_AT_A.slice(0, 1) }]);
    const forger = await bindSocket('127.10.1.1', 0);
    try {
      const toB = (await converse(pair)).filter(({ to }) => to === 'b');
      for (const { bytes } of toB) forger.send(bytes, c.port, '127.0.0.1');
      const discarded = await c.discards.matching(() => true, toB.length);
      assert.deepEqual(reasons(discarded), { stale: toB.length });
    } finally {
      forger.close();
      await c.stop();
    }
  }));

/** A fresh message of `a` that the network kept from `b`. */
async function captureFresh(pair: Pair): Promise<Packet> {
  const start = pair.network.recorded.all.length;
  pair.network.passes = ({ to }) => to === 'a';
  pair.a.ha.push(reportOf('a', { gateway: 'reachable' }));
  const [packet] = await pair.network.recorded.matching(({ to }) => to === 'b', 1, start);
  pair.network.passes = () => true;
  assert.ok(packet !== undefined);
  return packet;
}

test('one flipped bit, whichever, and a fresh message is worthless; as it was it counts', () =>
  withPair(async (pair) => {
    await pair.meet();
    const packet = await captureFresh(pair);
    const flipped = Array.from({ length: packet.bytes.length * 8 }, (_, bit) => {
      const bytes = Buffer.from(packet.bytes);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      return { ...packet, bytes };
    });
    const before = pair.b.reports.all.length;
    assert.deepEqual(reasons(await replay(pair, flipped)), {
      magic: 32,
      version: 8,
      authentic: flipped.length - 40,
    });
    assert.equal(pair.b.reports.all.length, before);
    pair.network.inject(packet);
    await pair.b.reports.matching(({ kind }) => kind === 'push', 1, before);
  }, 1));

test('a message cut short or drawn out is refused, at every length', () =>
  withPair(async (pair) => {
    await pair.meet();
    const packet = await captureFresh(pair);
    const { length } = packet.bytes;
    const cut = Array.from({ length }, (_, size) => packet.bytes.subarray(0, size));
    const long = [length + 1, PEER_MESSAGE_MAXIMUM, PEER_MESSAGE_MAXIMUM + 1, 9000].map((size) =>
      Buffer.concat([packet.bytes], size),
    );
    const discarded = await replay(
      pair,
      [...cut, ...long].map((bytes) => ({ ...packet, bytes })),
    );
    assert.deepEqual(reasons(discarded), { length: 88 + 2, authentic: length - 88 + 2 });
  }, 1));

/** `bytes` with a wrong HMAC, everything else as it was but for the echo. */
function forge(bytes: Buffer, echo: 'copied' | 'guessed'): Buffer {
  const forged = Buffer.from(bytes);
  if (echo === 'guessed') forged.fill(0x5a, 40, 56);
  return forged.fill(0, forged.length - 32);
}

test('a flood of 10,000 forged messages: checks go on, all is counted, few are verified', () =>
  withPair(async (pair) => {
    const { a, b, network } = pair;
    await pair.meet();
    const packet = await captureFresh(pair);
    const forged = { ...packet, bytes: forge(packet.bytes, 'guessed') };
    for (let sent = 0; sent < 10_000; sent += 100) {
      const start = b.discards.all.length;
      for (let index = 0; index < 100; index += 1) network.inject(forged);
      if (sent % 1000 === 0) await pair.meet();
      await b.discards.matching(() => true, 100, start);
    }
    assert.deepEqual(b.ha.counters().discarded, {
      // The first contact of this test, one request on each path.
      stale: 2,
      authentic: UNSOLICITED_PER_SECOND - 1,
      flood: 10_000 - UNSOLICITED_PER_SECOND + 1,
    });
    assert.equal(a.ha.counters().discarded.authentic, undefined);
    const { since, lastDiscarded } = b.ha.counters();
    assert.deepEqual(Object.keys(lastDiscarded).sort(), ['authentic', 'flood', 'stale']);
    const now = b.clock.microseconds;
    assert.deepEqual([since, lastDiscarded.flood], [now, now], 'by the clock that it is given');
    // A second later the allowance is back, for a peer that restarts.
    b.clock.microseconds += 1_000_000;
    await a.stop();
    await pair.startA();
    await pair.meet();
  }));

test('a flood by somebody who reads our messages and copies the echo: verified, refused', () =>
  withPair(async (pair) => {
    const { b, network } = pair;
    await pair.meet();
    const packet = await captureFresh(pair);
    const forged = { ...packet, bytes: forge(packet.bytes, 'copied') };
    const before = b.discards.all.length;
    await replay(
      pair,
      Array.from({ length: 2_000 }, () => forged),
    );
    assert.deepEqual(reasons(b.discards.all.slice(before)), { authentic: 2_000 });
    network.inject(packet);
    await b.reports.matching(({ kind }) => kind === 'push');
    await pair.checkA();
  }, 1));

test('a stranger is not even verified', () =>
  withPair(async (pair) => {
    await pair.meet();
    const packet = await captureFresh(pair);
    const stranger = await bindSocket('127.10.3.3', 0);
    const start = pair.b.discards.all.length;
    stranger.send(packet.bytes, pair.b.port, '127.0.0.1');
    const [discarded] = await pair.b.discards.matching(() => true, 1, start);
    stranger.close();
    assert.equal(discarded?.reason, 'unknownSender');
    assert.equal(discarded.source, '127.10.3.3');
  }, 1));

test('wrong key: each side says so, and neither answers', () =>
  withPair(async (pair) => {
    const { a, b, network } = pair;
    await b.stop();
    await pair.startB([Buffer.alloc(32, 9)]);
    a.ha.check('b');
    b.ha.check('a');
    await a.discards.matching(({ reason }) => reason === 'authentic', 2);
    await b.discards.matching(({ reason }) => reason === 'authentic', 2);
    assert.deepEqual(reasons(a.discards.all), { authentic: 2 });
    assert.deepEqual(reasons(b.discards.all), { authentic: 2 });
    assert.equal(network.recorded.all.length, 4);
  }));

/** A peer written by hand: it hears one request of `a` and answers with what the test makes of it. */
async function withHandmadePeer(
  name: string,
  body: (
    a: Appliance,
    answer: (make: (header: PeerHeader) => Uint8Array) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const a = new Appliance('a', await freePort());
  const peer = await bindSocket('127.10.2.1', 0);
  const { port } = peer.address();
  await a.start([{ name, addresses: [address('127.10.2.1')], port }]);
  let sequence = 0;
  const answer = async (make: (header: PeerHeader) => Uint8Array): Promise<void> => {
    const heard = eventOf(peer, 'message', 'a request');
    a.ha.check(name);
    const request = decodePeerMessage(((await heard) as [Uint8Array])[0]);
    assert.ok(request.ok);
    sequence += 1;
    const echo = request.header.nonce;
    const nonce = Buffer.alloc(16, sequence);
    const bytes = make({ kind: 'answer', session: 77n, sequence, nonce, echo });
    peer.send(bytes, a.port, '127.0.0.1');
  };
  try {
    await body(a, answer);
  } finally {
    peer.close();
    await a.stop();
  }
}

function sign(datagram: Uint8Array, key: Uint8Array = KEY): Uint8Array {
  const { signed, mac } = splitSigned(datagram);
  mac.set(createHmac('sha256', key).update(signed).digest());
  return datagram;
}

const signedBy = (name: string, header: PeerHeader): Uint8Array =>
  sign(encodePeerMessage(header, encodePeerReport(reportOf(name))).datagram);

test('a peer with our own name, or with another than configured, is named', () =>
  withHandmadePeer('b', async (a, answer) => {
    await answer((header) => signedBy('a', header));
    await answer((header) => signedBy('bert', header));
    const discarded = await a.discards.matching(() => true, 2);
    assert.deepEqual(discarded, [
      {
        reason: 'ownName',
        source: '127.10.2.1',
        detail: 'it calls itself "a"; give one of the two another name, and its peers too',
      },
      {
        reason: 'unknownSender',
        source: '127.10.2.1',
        detail: 'calls itself "bert", configured as "b"',
      },
    ]);
    await answer((header) => signedBy('b', header));
    await a.reports.matching(({ rttMs }) => rttMs !== null);
  }));

test('another major version is refused by name; a later minor with more to say is understood', () =>
  withHandmadePeer('b', async (a, answer) => {
    await answer((header) => {
      const bytes = signedBy('b', header);
      bytes[4] = 2;
      return sign(bytes);
    });
    const [refused] = await a.discards.matching(() => true);
    assert.equal(refused?.reason, 'version');
    assert.equal(refused.detail, 'the peer speaks 2.4, we speak 1.4');
    await answer((header) => {
      const { bytes, truncated } = encodePeerReport(reportOf('b'));
      // One TLV before those we know and one after them, and a flag.
      const more = Buffer.concat([Buffer.of(200, 0, 1, 9), bytes, Buffer.of(201, 0, 0)]);
      const { datagram } = encodePeerMessage(header, { bytes: more, truncated });
      datagram[5] = 9;
      datagram[7] = 0x80;
      return sign(datagram);
    });
    const [understood] = await a.reports.matching(() => true);
    assert.deepEqual(understood?.report, reportOf('b'));
    assert.notEqual(understood.rttMs, null);
  }));

test('an authentic message that contradicts itself is malformed', () =>
  withHandmadePeer('b', async (a, answer) => {
    await answer((header) => {
      const report = { bytes: Buffer.of(1, 0, 1, 0x62), truncated: false };
      return sign(encodePeerMessage(header, report).datagram);
    });
    const [discarded] = await a.discards.matching(() => true);
    assert.equal(discarded?.reason, 'malformed');
    assert.match(discarded.detail, /without instance, primaryAddresses, routers/);
  }));

test('a clock an hour back, on either side, changes nothing', () =>
  withPair(async (pair) => {
    await pair.meet();
    pair.a.clock.microseconds -= 3_600_000_000;
    await pair.meet();
    pair.b.clock.microseconds -= 3_600_000_000;
    await pair.meet();
    await pair.b.stop();
    await pair.startB();
    await pair.meet();
    assert.deepEqual(new Set(pair.a.discards.all.map(({ reason }) => reason)), new Set(['stale']));
  }));
