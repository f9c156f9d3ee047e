// Case 37: of a thousand bad packets a second all are counted, no advertisement is lost, and the log does not
// fill. That what is due is sent while packets are still waiting: driver-order.
import assert from 'node:assert/strict';
import { after, before, describe, it } from '../support/test.js';
import { ipv4Frame, ipv6Frame } from '../kernel/frames.js';
import { Peer } from '../kernel/peer.js';
import type { ReceivedPacket } from '../../src/kernel/kernel.js';
import type { Status } from '../../src/model/status.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { address, advertisementOfPeer, PEER, priorityOf, router, settings } from './lan.js';

const skip = enterNamespace(import.meta.url);
const INTERVAL = 100_000;
const ADVERTISEMENTS = 30;
const FLOOD = { batch: 10, everyMs: 10 };

/** Bad in as many ways as there are, from two senders. */
function badFrames(): Uint8Array[] {
  const good = advertisementOfPeer(250).message;
  const spoilt = (at: number, value: number): Uint8Array => {
    const copy = good.slice();
    copy[at] = value;
    return copy;
  };
  const messages = [
    spoilt(0, 0x21),
    spoilt(0, 0x32),
    spoilt(1, 99),
    spoilt(3, 7),
    spoilt(6, 0),
    good.slice(0, 7),
  ];
  const four = (message: Uint8Array, change = {}): Uint8Array =>
    ipv4Frame([0x01, 0, 0x5e, 0, 0, 0x12], {
      source: PEER.ipv4,
      destination: address('224.0.0.18'),
      message,
      ...change,
    });
  const six = (message: Uint8Array): Uint8Array =>
    ipv6Frame([0x33, 0x33, 0, 0, 0, 0x12], {
      source: PEER.ipv6,
      destination: address('ff02::12'),
      message,
    });
  return [
    ...messages.map((message) => four(message)),
    four(good, { ttl: 254 }),
    four(spoilt(6, 0), { source: address('192.0.2.7') }),
    six(good),
    six(good.slice(0, 3)),
  ];
}

/** Whatever was received and could not be used, wherever it is counted. */
function countedBy({ virtualRouters, interfaces }: Status): number {
  const tables = [
    ...virtualRouters.map(({ counters }) => counters.errors),
    ...interfaces.map(({ discarded }) => discarded),
  ];
  return tables.flatMap((table) => Object.values(table)).reduce((a, b) => a + b, 0);
}

describe('a flood of bad packets', { skip }, () => {
  let agent: AgentProcess;
  let peer: Peer;
  let flooder: Peer;
  before(async () => {
    joinPeer();
    peer = await Peer.start();
    flooder = await Peer.start();
    const wanted = settings(
      router({ advertisementIntervalMs: 100 }),
      router({ name: 'six', advertisementIntervalMs: 100, addresses: ['fe80::51/64'] }),
    );
    agent = new AgentProcess(new AgentHome('a', wanted));
    // Nothing but the flood is left to be told of.
    for (const name of ['lan', 'six']) await agent.takenOver(name);
  });
  after(async () => {
    await agent.end('SIGTERM');
    await peer.stop();
    await flooder.stop();
  });

  it('case 37: no advertisement is missing, all is counted, the log is bounded', async (t) => {
    const frames = badFrames();
    assert.equal(frames.length, FLOOD.batch);
    const from = agent.lines.length;
    peer.packets.takeAll();
    const sentBefore = (await agent.router()).counters.advertisementsSent;
    const countedBefore = countedBy(await agent.status());
    let flooded = 0;
    const taken: Promise<unknown>[] = [];
    const flood = setInterval(() => {
      flooded += frames.length;
      taken.push(flooder.sendFrames(...frames));
    }, FLOOD.everyMs);
    const arrivals: number[] = [];
    const ours = (packet: ReceivedPacket): boolean =>
      packet.family === 'ipv4' && priorityOf(packet) === 200;
    for (let count = 0; count <= ADVERTISEMENTS; count += 1) {
      arrivals.push((await peer.packets.takeUntil(ours, 'an advertisement')).arrivedAt);
    }
    clearInterval(flood);
    const errors = arrivals
      .slice(1)
      .map((at, index) => Math.abs(at - (arrivals[index] ?? at) - INTERVAL))
      .sort((a, b) => a - b);
    const [median, worst] = [errors[ADVERTISEMENTS >> 1], errors.at(-1)];
    t.diagnostic(
      `${flooded} bad packets; period off by ${median} µs in the median, ${worst} worst`,
    );

    await Promise.all(taken);
    const { virtualRouters } = await agent.until(
      (status) => countedBy(status) - countedBefore >= flooded,
    );
    const sent = (virtualRouters[0]?.counters.advertisementsSent ?? 0) - sentBefore;
    let heard = arrivals.length;
    for (; heard < sent; heard += 1) await peer.packets.takeUntil(ours, `${sent} advertisements`);
    assert.ok(
      virtualRouters.every(
        ({ state, counters }) => state === 'Active' && counters.transitions === 2,
      ),
    );
    const lines = agent.said(from);
    assert.ok(lines.length <= frames.length, `${lines.length} lines for ${frames.length} causes`);
    assert.ok(lines.every(({ event }) => event === 'packet-discarded'));
    assert.equal(
      new Set(lines.map(({ reason, source }) => `${reason} ${String(source)}`)).size,
      lines.length,
    );
  });
});
