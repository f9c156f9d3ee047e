// The virtual MAC address on a real kernel, judged by another host on the cable: who answers for the virtual address
// and with which MAC address, and what is left when everything was killed. Waits for answers, never for time: that
// nothing answers is known from the answer to a later question.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { IN_CI } from '../support/in-ci.js';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { Peer } from '../kernel/peer.js';
import { noTcpdump } from '../kernel/capture.js';
import { AgentHome, AgentProcess, MAIN } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { until } from '../support/limits.js';
import { ethernetFrame, ipHeader } from '../../src/wire/ethernet.js';
import { Capture, type Frame } from './capture.js';
import { address, OWN, PEER, router, settings } from './lan.js';
import {
  arpRequest,
  answersFor,
  BROADCAST,
  OWN_MAC,
  PEER_MAC,
  ping,
  VIRTUAL_MAC,
} from './virtual-mac-wire.js';

const skip = enterNamespace(import.meta.url) || noTcpdump();

const VIRTUAL = address('192.0.2.100');
const VIRTUAL_MAC6 = '00:00:5e:00:02:33';
/** With this interval a Backup that hears nobody stays one for two minutes. */
const PATIENT = { advertisementIntervalMs: 40_950 };
const FLAPS = process.env['CI'] === 'true' ? 100 : 15;

/** An IPv4 packet to a host behind us, to this MAC address. */
const toBeForwarded = (destination: string): Uint8Array => {
  const header = ipHeader({
    source: PEER.ipv4,
    destination: address('203.0.113.9'),
    protocol: 253,
    hopLimit: 64,
    trafficClass: 0,
    payloadLength: 20,
  });
  return ethernetFrame(
    { destination, source: PEER_MAC, etherType: header.etherType },
    header.bytes,
    new Uint8Array(20),
  );
};

const forwarded = (): number => {
  const lines = readFileSync('/proc/net/snmp', 'utf8').split('\n');
  const [names = '', values = ''] = lines.filter((line) => line.startsWith('Ip: '));
  return Number(values.split(' ')[names.split(' ').indexOf('ForwDatagrams')]);
};

const sysctl = (name: string): string => readFileSync(`/proc/sys/net/${name}`, 'utf8').trim();

const macvlans = (): string[] =>
  [...ip('-o link show').matchAll(/us\d+v[46]/g)].map(([name]) => name);

/** What of ours is on this host. */
const left = (): object => ({
  links: macvlans(),
  addresses: [...ip('-o address show').matchAll(/192\.0\.2\.100\S*|fe80::100\S*/g)].map(
    ([one]) => one,
  ),
  arpIgnore: sysctl('ipv4/conf/lan/arp_ignore'),
  arpAnnounce: sysctl('ipv4/conf/lan/arp_announce'),
});
const NOTHING = { links: [], addresses: [], arpIgnore: '0', arpAnnounce: '0' };

describe('the virtual MAC address', { skip }, () => {
  let peer: Peer;
  let capture: Capture;
  let home: AgentHome;
  let homes = 0;
  let agent: AgentProcess;
  before(async () => {
    joinPeer();
    peer = await Peer.start();
    capture = await Capture.start('arp or icmp6 or proto 112');
  });
  after(async () => {
    await peer.stop();
    await capture.stop();
  });
  const stop = async (): Promise<void> => {
    if (agent.running) await agent.end('SIGTERM');
  };
  afterEach(async () => {
    await stop();
    assert.deepEqual(left(), NOTHING, 'a stop leaves nothing');
  });

  const start = (change: object = {}): void => {
    homes += 1;
    home = new AgentHome(`home-${homes}`, settings(router({ virtualMac: true, ...change })));
    agent = new AgentProcess(home);
  };
  const state = async (wanted: 'Active' | 'Backup', link = 'us51v4'): Promise<void> => {
    await agent.transition(wanted);
    if (wanted === 'Active') await agent.takenOver();
    const flags = wanted === 'Active' ? /[<,]UP[,>]/ : /<BROADCAST,MULTICAST>/;
    await until(
      `${link}, as ${wanted}`,
      () => ip('-o link show'),
      (text) => text.split('\n').some((line) => line.includes(link) && flags.test(line)),
    );
  };
  /** Asks, and waits for `count` more answers. */
  const ask = async (target: string, count: number): Promise<void> => {
    const known = answersFor(capture.frames(), target).length;
    await peer.sendFrames(arpRequest(target));
    await capture.until((frames) => answersFor(frames, target).length >= known + count);
  };

  /** Asks for the virtual address and for our own until the own one is answered: until the carrier is back nothing arrives. */
  const askBoth = async (): Promise<void> => {
    const known = answersFor(capture.frames(), OWN.ipv4).length;
    await until(
      'an answer for the own address',
      async () => {
        await peer.sendFrames(arpRequest(VIRTUAL));
        await peer.sendFrames(arpRequest(OWN.ipv4));
        return capture.frames().slice(-5);
      },
      () => answersFor(capture.frames(), OWN.ipv4).length > known,
    );
  };

  it('75: a Backup answers no ARP for the virtual address; its own address it answers for', async () => {
    const known = answersFor(capture.frames(), VIRTUAL).length;
    start(PATIENT);
    await state('Backup');
    await peer.sendFrames(arpRequest(VIRTUAL));
    await ask(OWN.ipv4, 1);
    assert.equal(answersFor(capture.frames(), VIRTUAL).length, known);
  });

  it('75: an Active answers once, with the virtual MAC address; its own address keeps the own one', async () => {
    start();
    await state('Active');
    const from = capture.frames().length;
    await ask(VIRTUAL, 1);
    await ask(OWN.ipv4, 1);
    // The macvlan takes broadcasts in their order: by the second answer it has seen the question for the other.
    await ask(VIRTUAL, 1);
    const frames = capture.frames().slice(from);
    assert.deepEqual(answersFor(frames, VIRTUAL), [VIRTUAL_MAC, VIRTUAL_MAC]);
    assert.deepEqual(answersFor(frames, OWN.ipv4), [OWN_MAC]);
    assert.equal(ping(VIRTUAL), 1);
  });

  it('6, 79: what an Active with addresses sends comes from the virtual MAC address, with its own IP address', async () => {
    const from = capture.frames().length;
    start();
    await state('Active');
    // Before the addresses stand nothing is announced, and what is sent comes from the interface's own address.
    const claimsOf = (ours: readonly Frame[]): readonly Frame[] => {
      const told = ours.findIndex(
        ({ kind, sourceMac }) => kind === 'arp' && sourceMac === VIRTUAL_MAC,
      );
      return (told < 0 ? [] : ours.slice(told)).filter(
        ({ kind, packet }) => kind === 'vrrp4' && packet[22] === 200,
      );
    };
    const frames = await capture.until((all) => claimsOf(all.slice(from)).length > 3);
    const ours = frames.slice(from);
    const claims = claimsOf(ours);
    for (const { sourceMac, packet } of claims) {
      assert.deepEqual([sourceMac, packet.subarray(12, 16).join('.')], [VIRTUAL_MAC, OWN.ipv4]);
    }
    const announced = ours.filter(
      ({ kind, packet }) => kind === 'arp' && packet.subarray(14, 18).join('.') === VIRTUAL,
    );
    assert.ok(announced.length > 0);
    for (const { sourceMac, destinationMac, packet } of announced) {
      assert.deepEqual([sourceMac, destinationMac], [VIRTUAL_MAC, BROADCAST]);
      assert.equal(packet.subarray(8, 14).toString('hex'), VIRTUAL_MAC.replaceAll(':', ''));
    }
  });

  it('76: an Active answers a neighbor solicitation with R = 1 and the virtual MAC address, a Backup none', async () => {
    const virtual = 'fe80::100';
    const advertised = (frames: readonly Frame[]): Frame[] =>
      frames.filter(
        ({ kind, packet }) =>
          kind === 'icmp6' &&
          packet[40] === 136 &&
          packet.subarray(48, 64).toString('hex') === 'fe800000000000000000000000000100',
      );
    start({ addresses: [`${virtual}/64`], ...PATIENT });
    await state('Backup', 'us51v6');
    const known = advertised(capture.frames()).length;
    ip('-n peer neighbor flush dev lan');
    assert.equal(ping('fe80::1'), 1, 'its own address');
    await stop();
    assert.equal(advertised(capture.frames()).length, known);
    start({ addresses: [`${virtual}/64`] });
    await state('Active', 'us51v6');
    ip('-n peer neighbor flush dev lan');
    assert.equal(ping(virtual), 1);
    const frames = await capture.until((all) =>
      advertised(all)
        .slice(known)
        .some(({ packet }) => ((packet[44] ?? 0) & 0x40) !== 0),
    );
    for (const { sourceMac, packet } of advertised(frames).slice(known)) {
      const solicited = (packet[44] ?? 0) & 0x40;
      assert.deepEqual(
        [sourceMac, (packet[44] ?? 0) & 0x80, packet.subarray(66, 72).toString('hex')],
        [VIRTUAL_MAC6, 0x80, VIRTUAL_MAC6.replaceAll(':', '')],
        solicited === 0 ? 'an announcement' : 'an answer',
      );
    }
  });

  it('77: a Backup neither accepts nor forwards a frame to the virtual MAC address', async () => {
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    ip('route replace 203.0.113.0/24 via 192.0.2.2');
    start(PATIENT);
    await state('Backup');
    const none = forwarded();
    for (let count = 0; count < 5; count += 1) await peer.sendFrames(toBeForwarded(VIRTUAL_MAC));
    await ask(OWN.ipv4, 1);
    assert.equal(forwarded(), none);
    await peer.sendFrames(toBeForwarded(OWN_MAC));
    await until(
      'the router forwards what is sent to itself',
      forwarded,
      (count) => count === none + 1,
    );
    await stop();
    start();
    await state('Active');
    const since = forwarded();
    await peer.sendFrames(toBeForwarded(VIRTUAL_MAC));
    await until('an Active forwards it', forwarded, (count) => count > since);
    ip('route del 203.0.113.0/24');
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '0');
  });

  it('75: the carrier of a Backup flaps: not one ARP answer from it', async () => {
    const known = answersFor(capture.frames(), VIRTUAL).length;
    start(PATIENT);
    await state('Backup');
    for (let flap = 0; flap < FLAPS; flap += 1) {
      ip('-n peer link set lan down');
      ip('-n peer link set lan up');
      await askBoth();
    }
    await askBoth();
    assert.equal(answersFor(capture.frames(), VIRTUAL).length, known);
    ip('-n peer address replace fe80::2/64 dev lan nodad');
  });

  it('an agent that is killed leaves nothing: its executor takes all away', async () => {
    start();
    await state('Active');
    await agent.end('SIGKILL');
    await until(
      'nothing of ours',
      left,
      (found) => JSON.stringify(found) === JSON.stringify(NOTHING),
    );
  });

  it(
    'when everything is killed the address ends with its lifetime, and the rest with a release',
    { skip: IN_CI },
    async () => {
      start();
      await state('Active');
      await agent.annihilate();
      const rest = { links: ['us51v4'], addresses: [], arpIgnore: '1', arpAnnounce: '2' };
      await until('no address', left, (found) => JSON.stringify(found) === JSON.stringify(rest));
      const said = execFileSync(
        process.execPath,
        [MAIN, 'release', '--config', home.settingsFile],
        {
          encoding: 'utf8',
        },
      );
      assert.match(said, /^removed the interface us51v4$/m);
      assert.match(said, /^put back net\.ipv4\.conf\.lan\.arp_ignore = 0$/m);
      assert.deepEqual(left(), NOTHING);
    },
  );

  it('when everything is killed the next agent goes on with what it finds, and knows what it was before', async () => {
    start();
    await state('Active');
    await agent.annihilate();
    agent = new AgentProcess(home);
    await state('Active');
    assert.equal(sysctl('ipv4/conf/lan/arp_ignore'), '1');
  });
});
