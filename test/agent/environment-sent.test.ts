// Conformance cases about packets, on a real cable: what an agent sends, as tcpdump sees it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from '../support/test.js';
import { addressBytes } from '../../src/model/address.js';
import { noTcpdump } from '../kernel/capture.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { Capture, type Frame } from './capture.js';
import { address, router, settings } from './lan.js';

const skip = enterNamespace(import.meta.url);
const OUR_MAC = '02:00:00:00:00:01';
const SIX = ['fe80::51', '2001:db8::51'];

const FOUR = ['192.0.2.100', '192.0.2.101'];

const both = settings(
  router({ addresses: FOUR.map((one) => `${one}/24`) }),
  router({ name: 'six', addresses: ['fe80::51/64', '2001:db8::51/64'] }),
);

const hex = (text: string): string => Buffer.from(addressBytes(address(text))).toString('hex');

describe('what an agent sends', { skip: skip || noTcpdump() }, () => {
  let capture: Capture;
  let agent: AgentProcess;
  before(async () => {
    joinPeer();
    capture = await Capture.start('ip proto 112 or ip6 proto 112 or arp or icmp6');
    agent = new AgentProcess(new AgentHome('sends', both));
    await agent.transition('Active', 0, 'six');
  });
  after(async () => {
    await agent.end('SIGTERM');
    await capture.stop();
  });

  it('case 6, IPv4: TTL 255, TOS 0xC0, to the group, from the primary address', async () => {
    const frames = await capture.until((all) => all.some(({ kind }) => kind === 'vrrp4'));
    const frame = frames.find(({ kind }) => kind === 'vrrp4');
    assert.ok(frame !== undefined);
    assert.equal(frame.destinationMac, '01:00:5e:00:00:12');
    assert.equal(frame.sourceMac, OUR_MAC, 'without virtualMac');
    assert.deepEqual([frame.packet[0], frame.packet[1], frame.packet[8]], [0x45, 0xc0, 255]);
    assert.equal(frame.packet.toString('hex', 12, 20), hex('192.0.2.1') + hex('224.0.0.18'));
  });

  it('case 6, IPv6: hop limit 255, class 0xC0, to the group, from the link-local address', async () => {
    const frames = await capture.until((all) => all.some(({ kind }) => kind === 'vrrp6'));
    const frame = frames.find(({ kind }) => kind === 'vrrp6');
    assert.ok(frame !== undefined);
    assert.equal(frame.destinationMac, '33:33:00:00:00:12');
    assert.equal(frame.sourceMac, OUR_MAC);
    assert.equal((frame.packet.readUInt16BE(0) >> 4) & 0xff, 0xc0);
    assert.equal(frame.packet[7], 255);
    assert.equal(frame.packet.toString('hex', 8, 40), hex('fe80::1') + hex('ff02::12'));
  });

  it('case 79, IPv4: a gratuitous ARP request per address, after the first advertisement', async () => {
    const announced = (all: readonly Frame[]): Frame[] => all.filter(isGratuitous);
    const frames = await capture.until((all) => announced(all).length >= FOUR.length);
    const claim = frames.findIndex(({ kind }) => kind === 'vrrp4');
    const announcements = announced(frames).slice(0, FOUR.length);
    for (const [index, arp] of announcements.entries()) {
      const said = hex(FOUR[index] ?? '');
      assert.ok(claim >= 0 && claim < frames.indexOf(arp));
      assert.equal(arp.destinationMac, 'ff:ff:ff:ff:ff:ff');
      assert.equal(arp.sourceMac, OUR_MAC);
      assert.equal(arp.packet.toString('hex', 0, 8), '0001080006040001');
      assert.equal(arp.packet.toString('hex', 8, 18), OUR_MAC.replaceAll(':', '') + said);
      assert.equal(arp.packet.toString('hex', 24, 28), said);
    }
  });

  it('case 79, IPv6: a neighbor advertisement per address: R1 S0 O1, target link-layer', async () => {
    const ofVirtual = (all: readonly Frame[]): Buffer[] =>
      all
        .filter(({ kind, packet }) => kind === 'icmp6' && packet[40] === 136)
        .map(({ packet }) => packet)
        .filter((packet) => SIX.some((one) => packet.toString('hex', 48, 64) === hex(one)));
    const frames = await capture.until((all) => ofVirtual(all).length >= 2);
    const targets = ofVirtual(frames).slice(0, 2);
    assert.deepEqual(
      targets.map((packet) => packet.toString('hex', 48, 64)),
      SIX.map(hex),
    );
    for (const packet of targets) {
      assert.equal(packet[7], 255, 'hop limit');
      assert.equal(packet.toString('hex', 24, 40), hex('ff02::1'));
      assert.equal(packet.readUInt32BE(44) >>> 24, 0xa0, 'Router and Override, not Solicited');
      assert.equal(packet.toString('hex', 64, 72), `0201${OUR_MAC.replaceAll(':', '')}`);
    }
  });
});

const isGratuitous = ({ kind, packet }: Frame): boolean =>
  kind === 'arp' && FOUR.some((one) => packet.toString('hex', 14, 18) === hex(one));
