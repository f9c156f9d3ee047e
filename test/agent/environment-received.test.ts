// Conformance cases about packets, on a real cable: what becomes of those that no honest router sends.
import assert from 'node:assert/strict';
import { after, before, describe, it } from '../support/test.js';
import type { Status } from '../../src/model/status.js';
import { ipv4Frame, ipv6Frame } from '../kernel/frames.js';
import { Peer } from '../kernel/peer.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { address, advertisementOfPeer, OWN, PEER, router, settings, type Said } from './lan.js';

const skip = enterNamespace(import.meta.url);
const MAC = {
  ours: [2, 0, 0, 0, 0, 1],
  vrrp4: [0x01, 0, 0x5e, 0, 0, 0x12],
  vrrp6: [0x33, 0x33, 0, 0, 0, 0x12],
  all4: [0x01, 0, 0x5e, 0, 0, 0x01],
  all6: [0x33, 0x33, 0, 0, 0, 0x01],
} as const;
const SIX = ['fe80::51', '2001:db8::51'];

const both = settings(
  router(),
  router({ name: 'six', addresses: ['fe80::51/64', '2001:db8::51/64'] }),
  router({ name: 'wan', interface: 'wan', vrid: 52, addresses: ['198.51.100.100/24'] }),
);

/** A second cable, on which VRID 52 is known. */
function layWan(): void {
  ip('link add wan type veth peer name wanpeer');
  ip('address add 198.51.100.1/24 dev wan');
  ip('link set wanpeer up');
  ip('link set wan up');
}

interface Tally {
  readonly received: number;
  /** Discards by reason, of virtual routers and interfaces together. */
  readonly discarded: Readonly<Record<string, number>>;
}

function tallyOf({ virtualRouters, interfaces }: Status): Tally {
  const discarded: Record<string, number> = {};
  const tables = [
    ...virtualRouters.map(({ counters }) => counters.errors),
    ...interfaces.map((one) => one.discarded),
  ];
  for (const [reason, count] of tables.flatMap((table) => Object.entries(table))) {
    discarded[reason] = (discarded[reason] ?? 0) + count;
  }
  const received = virtualRouters.reduce(
    (sum, { counters }) => sum + counters.advertisementsReceived,
    0,
  );
  return { received, discarded };
}

describe('packets that no honest router sends', { skip }, () => {
  let agent: AgentProcess;
  let peer: Peer;
  before(async () => {
    joinPeer();
    layWan();
    peer = await Peer.start();
    agent = new AgentProcess(new AgentHome('receives', both));
    await agent.transition('Active');
    await agent.transition('Active', 0, 'six');
    await agent.transition('Active', 0, 'wan');
  });
  after(async () => {
    await agent.end('SIGTERM');
    await peer.stop();
  });

  const message = (priority: number, said: Partial<Said> = {}): Uint8Array =>
    advertisementOfPeer(priority, said).message;
  const four = (bytes: Uint8Array, change: Partial<Parameters<typeof ipv4Frame>[1]> = {}) =>
    ipv4Frame(MAC.vrrp4, {
      source: PEER.ipv4,
      destination: address('224.0.0.18'),
      message: bytes,
      ...change,
    });
  const six = (bytes: Uint8Array, change: Partial<Parameters<typeof ipv6Frame>[1]> = {}) =>
    ipv6Frame(MAC.vrrp6, {
      source: PEER.ipv6,
      destination: address('ff02::12'),
      message: bytes,
      ...change,
    });
  const v6 = { family: 'ipv6', addresses: SIX } as const;
  const nothing = new Uint8Array(0);

  /** Sends frames, then one of a strange version: when that is counted, all before it are. */
  async function tallyAfter(...frames: readonly Uint8Array[]): Promise<[Tally, Tally]> {
    const earlier = tallyOf(await agent.status());
    const mark = message(100);
    mark[0] = 0x41;
    await peer.sendFrames(...frames, four(mark), six(mark));
    const versions = (earlier.discarded['version'] ?? 0) + 2;
    const later = tallyOf(
      await agent.until((status) => (tallyOf(status).discarded['version'] ?? 0) >= versions),
    );
    return [earlier, { ...later, discarded: { ...later.discarded, version: versions - 2 } }];
  }

  async function expectDiscards(
    frames: readonly Uint8Array[],
    expected: Readonly<Record<string, number>>,
  ): Promise<void> {
    const unmoved = (await agent.status()).virtualRouters.map(({ state, since }) => [state, since]);
    const [earlier, later] = await tallyAfter(...frames);
    const more: Record<string, number> = {};
    for (const [reason, count] of Object.entries(later.discarded)) {
      const difference = count - (earlier.discarded[reason] ?? 0);
      if (difference !== 0) more[reason] = difference;
    }
    assert.deepEqual(more, expected);
    assert.equal(later.received, earlier.received);
    const now = (await agent.status()).virtualRouters.map(({ state, since }) => [state, since]);
    assert.deepEqual(now, unmoved);
  }

  it('case 15: no byte at all, IPv4 and IPv6: length, and the sockets stay open', async () => {
    await expectDiscards([four(nothing), six(nothing)], { length: 2 });
    await expectDiscards([four(nothing), six(nothing)], { length: 2 });
  });

  it('case 16: a header that promises two addresses: length', async () => {
    const bytes = message(250, { addresses: ['192.0.2.100', '192.0.2.101'] }).slice(0, 8);
    await expectDiscards([four(bytes)], { length: 1 });
  });

  it('case 26: a VRID that is known on another interface only: vrid', async () => {
    await expectDiscards([four(message(250, { vrid: 52 }))], { vrid: 1 });
  });

  it('case 33: protocol 112 to us, or to all nodes: not for us, whoever says so', async () => {
    const to4 = (destination: string, mac: readonly number[]): Uint8Array =>
      ipv4Frame(mac, {
        source: PEER.ipv4,
        destination: address(destination),
        message: message(250, { destination: address(destination) }),
      });
    const to6 = (destination: string, mac: readonly number[]): Uint8Array =>
      ipv6Frame(mac, {
        source: PEER.ipv6,
        destination: address(destination),
        message: message(250, { ...v6, destination: address(destination) }),
      });
    const frames = [
      to4('192.0.2.1', MAC.ours),
      to4('224.0.0.1', MAC.all4),
      to6('fe80::1', MAC.ours),
      to6('ff02::1', MAC.all6),
    ];
    // Those to all nodes may not even reach the socket: that is bound to the interface, not joined.
    const [earlier, later] = await tallyAfter(...frames);
    const { notForUs = 0, ...others } = later.discarded;
    const { notForUs: notForUsBefore = 0, ...othersBefore } = earlier.discarded;
    assert.deepEqual([others, later.received], [othersBefore, earlier.received]);
    assert.ok(notForUs - notForUsBefore <= frames.length);
    assert.equal((await agent.router()).state, 'Active');
    assert.equal((await agent.router('six')).state, 'Active');
  });

  it('case 35: our own advertisement, looped back: no answer, no change', async () => {
    const mine = message(200, { ...v6, source: OWN.ipv6 });
    await expectDiscards([six(mine, { source: OWN.ipv6 })], { ownPacket: 1 });
    // The kernel takes the IPv4 one for a martian: it never arrives.
    const four4 = message(200, { source: OWN.ipv4 });
    await expectDiscards([four(four4, { source: OWN.ipv4 })], {});
  });

  it('case 36: our own source with a higher priority, IPv6: stays Active', async () => {
    const stolen = message(250, { ...v6, source: OWN.ipv6 });
    await expectDiscards([six(stolen, { source: OWN.ipv6 })], { ownPacket: 1 });
  });

  it('case 43: IPv4 options: accepted', async () => {
    const [earlier, later] = await tallyAfter(four(message(50), { options: [1, 1, 1, 1] }));
    assert.equal(later.received, earlier.received + 1);
  });

  it('case 44: an advertisement in two fragments: accepted', async () => {
    const [earlier, later] = await tallyAfter(...fragments(four(message(50))));
    assert.equal(later.received, earlier.received + 1);
  });

  it('case 45: a frame padded to 60 bytes: accepted', async () => {
    const frame = four(message(50));
    const padded = new Uint8Array(60);
    padded.set(frame);
    assert.ok(frame.length < 60);
    const [earlier, later] = await tallyAfter(padded);
    assert.equal(later.received, earlier.received + 1);
    assert.equal(later.discarded['length'], earlier.discarded['length']);
  });
});

/** An IPv4 frame without options cut after the first 8 bytes of its payload. */
function fragments(frame: Uint8Array): Uint8Array[] {
  const [ethernet, header] = [frame.slice(0, 14), frame.slice(14, 34)];
  const payload = frame.slice(34);
  const piece = (bytes: Uint8Array, offset: number, more: boolean): Uint8Array => {
    const words = Buffer.from(header);
    words.writeUInt16BE(20 + bytes.length, 2);
    words.writeUInt16BE(0x4711, 4);
    words.writeUInt16BE((more ? 0x2000 : 0) | (offset / 8), 6);
    words.writeUInt16BE(0, 10);
    let sum = 0;
    for (let at = 0; at < 20; at += 2) sum += words.readUInt16BE(at);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    words.writeUInt16BE(~sum & 0xffff, 10);
    return Uint8Array.from([...ethernet, ...words, ...bytes]);
  };
  return [piece(payload.slice(0, 8), 0, true), piece(payload.slice(8), 8, false)];
}
