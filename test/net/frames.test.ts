// Every frame understudy puts on the wire, judged by tshark. No timing.
import assert from 'node:assert/strict';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import { describe, it } from '../support/test.js';
import { awaitFrames, decode, type DecodedFrame } from '../../scripts/lab/capture.js';
import type { Lab } from '../../scripts/lab/lab.js';
import { STATIONS } from '../../scripts/lab/network.js';
import { understudy, understudySettings } from '../../scripts/lab/program.js';
import { enterSandbox, mappedUser } from '../../scripts/lab/sandbox.js';
import { withLab } from './pair.js';

const refusal = await enterSandbox();
const skip = refusal ?? (mappedUser() ? 'tcpdump needs root, not a mapped user' : false);

const ROUTERS = [
  { name: 'lan', vrid: 51, addresses: ['10.99.0.100/24', '10.99.0.101/24'] },
  { name: 'lan6', vrid: 61, addresses: ['fe80::64/64', '2001:db8:99::100/64'] },
];

const MAC = STATIONS.a.mac;

/** What tshark marks as wrong; nothing may be. Notes and warnings on style are not in it. */
const WRONG = '_ws.malformed || _ws.expert.severity == error';

/** RFC 9568 §5.2.8: the IPv4 checksum covers the message only, as in version 2. */
const RFC9568 = ['vrrp.v3_checksum_as_in_v2:TRUE'];

/** Announced in the first round and, 1 s later, in the second. */
const TWICE = [
  'arp and src host 10.99.0.101',
  'icmp6 and src host 2001:db8:99::100 and dst host ff02::1',
];

/** A whole life of an Active, alone: election, advertisements, two rounds of announcements, stop. */
async function record(lab: Lab): Promise<string> {
  const capture = await lab.capture({ port: 'port-a', direction: 'in' });
  const seen = TWICE.map((filter) =>
    awaitFrames(lab.network, {
      port: 'port-a',
      direction: 'in',
      filter,
      count: 2,
      deadlineMs: WAIT_LIMIT_MS,
    }),
  );
  const spec = { name: 'a', priority: 200, advertisementIntervalMs: 100, routers: ROUTERS };
  const appliance = lab.appliance('a');
  appliance.start(understudy(understudySettings(spec)));
  await Promise.all(seen);
  await appliance.stop();
  await capture.stop();
  return capture.file;
}

const LINK = ['eth.src', 'eth.dst'];
const MESSAGE = ['vrrp.version', 'vrrp.type', 'vrrp.virt_rtr_id', 'vrrp.prio', 'vrrp.addr_count'];
const REST = ['vrrp.short_adver_int', 'vrrp.checksum.status'];

/** Asserts that every frame has these values. */
function everyFrame(
  frames: readonly DecodedFrame[],
  expected: Readonly<Record<string, readonly string[]>>,
): void {
  assert.ok(frames.length > 0, 'no such frame was captured');
  for (const [index, frame] of frames.entries()) {
    for (const [field, values] of Object.entries(expected)) {
      assert.deepEqual(frame[field], values, `frame ${index}: ${field}: ${JSON.stringify(frame)}`);
    }
  }
}

function priorities(frames: readonly DecodedFrame[]): string[] {
  return frames.map((frame) => frame['vrrp.prio']?.[0] ?? '');
}

async function judgeIpv4(file: string): Promise<void> {
  const header = ['ip.src', 'ip.dst', 'ip.ttl', 'ip.dsfield', 'ip.checksum.status'];
  const fields = [...LINK, ...header, ...MESSAGE, ...REST, 'vrrp.ip_addr'];
  const frames = await decode(file, 'vrrp && ip', fields, [...RFC9568, 'ip.check_checksum:TRUE']);
  everyFrame(frames, {
    'eth.src': [MAC],
    'eth.dst': ['01:00:5e:00:00:12'],
    'ip.src': [STATIONS.a.ipv4],
    'ip.dst': ['224.0.0.18'],
    'ip.ttl': ['255'],
    'ip.dsfield': ['0xc0'],
    'ip.checksum.status': ['1'],
    'vrrp.version': ['3'],
    'vrrp.type': ['1'],
    'vrrp.virt_rtr_id': ['51'],
    'vrrp.addr_count': ['2'],
    'vrrp.short_adver_int': ['10'],
    'vrrp.checksum.status': ['1'],
    'vrrp.ip_addr': ['10.99.0.100', '10.99.0.101'],
  });
  assert.deepEqual(new Set(priorities(frames).slice(0, -1)), new Set(['200']));
  assert.equal(priorities(frames).at(-1), '0', 'the last advertisement gives the role up');
}

async function judgeIpv6(file: string): Promise<void> {
  const header = ['ipv6.src', 'ipv6.dst', 'ipv6.hlim', 'ipv6.tclass'];
  const fields = [...LINK, ...header, ...MESSAGE, ...REST, 'vrrp.ipv6_addr'];
  const frames = await decode(file, 'vrrp && ipv6', fields, RFC9568);
  everyFrame(frames, {
    'eth.src': [MAC],
    'eth.dst': ['33:33:00:00:00:12'],
    'ipv6.src': [STATIONS.a.linkLocal],
    'ipv6.dst': ['ff02::12'],
    'ipv6.hlim': ['255'],
    'ipv6.tclass': ['0x000000c0'],
    'vrrp.version': ['3'],
    'vrrp.type': ['1'],
    'vrrp.virt_rtr_id': ['61'],
    'vrrp.addr_count': ['2'],
    'vrrp.short_adver_int': ['10'],
    'vrrp.checksum.status': ['1'],
    'vrrp.ipv6_addr': ['fe80::64', '2001:db8:99::100'],
  });
  assert.deepEqual(new Set(priorities(frames).slice(0, -1)), new Set(['200']));
  assert.equal(priorities(frames).at(-1), '0', 'the last advertisement gives the role up');
}

async function judgeArp(file: string): Promise<void> {
  const hardware = ['arp.opcode', 'arp.src.hw_mac', 'arp.dst.hw_mac'];
  const fields = [...LINK, ...hardware, 'arp.src.proto_ipv4', 'arp.dst.proto_ipv4'];
  for (const address of ['10.99.0.100', '10.99.0.101']) {
    const frames = await decode(file, `arp.src.proto_ipv4 == ${address}`, fields);
    assert.ok(frames.length >= 2, `two rounds expected for ${address}, found ${frames.length}`);
    everyFrame(frames, {
      'eth.src': [MAC],
      'eth.dst': ['ff:ff:ff:ff:ff:ff'],
      'arp.opcode': ['1'],
      'arp.src.hw_mac': [MAC],
      'arp.src.proto_ipv4': [address],
      'arp.dst.hw_mac': [MAC],
      'arp.dst.proto_ipv4': [address],
    });
  }
}

async function judgeNeighborAdvertisements(file: string): Promise<void> {
  const flags = ['r', 's', 'o'].map((flag) => `icmpv6.nd.na.flag.${flag}`);
  const message = ['icmpv6.checksum.status', 'icmpv6.opt.type', 'icmpv6.opt.linkaddr'];
  const fields = [...LINK, 'ipv6.src', 'ipv6.dst', 'ipv6.hlim', ...flags, ...message];
  for (const address of ['fe80::64', '2001:db8:99::100']) {
    const filter = `icmpv6.type == 136 && icmpv6.nd.na.target_address == ${address}`;
    const frames = await decode(file, `${filter} && ipv6.dst == ff02::1`, fields);
    assert.ok(frames.length >= 2, `two rounds expected for ${address}, found ${frames.length}`);
    everyFrame(frames, {
      'eth.src': [MAC],
      'eth.dst': ['33:33:00:00:00:01'],
      'ipv6.src': [address],
      'ipv6.hlim': ['255'],
      'icmpv6.nd.na.flag.r': ['1'],
      'icmpv6.nd.na.flag.s': ['0'],
      'icmpv6.nd.na.flag.o': ['1'],
      'icmpv6.checksum.status': ['1'],
      'icmpv6.opt.type': ['2'],
      'icmpv6.opt.linkaddr': [MAC],
    });
  }
}

/** RFC 9568 §8.1.2: nothing is announced before the first advertisement of the new Active. */
async function judgeOrder(file: string): Promise<void> {
  const filter =
    'vrrp || arp.src.proto_ipv4 == 10.99.0.100 || icmpv6.nd.na.target_address == fe80::64';
  const frames = await decode(file, filter, ['vrrp.type', 'arp.opcode', 'ipv6.src']);
  const kinds = frames.map((frame) =>
    (frame['vrrp.type']?.length ?? 0) > 0 ? 'advertisement' : 'announcement',
  );
  assert.equal(kinds[0], 'advertisement');
}

describe('the frames of an Active', { skip }, () => {
  it('are what RFC 9568 says, from the first advertisement to the last', (t) =>
    withLab(t, async (lab) => {
      const file = await record(lab);
      assert.deepEqual(
        await decode(file, WRONG, ['frame.number', '_ws.expert.message'], RFC9568),
        [],
      );
      await judgeIpv4(file);
      await judgeIpv6(file);
      await judgeArp(file);
      await judgeNeighborAdvertisements(file);
      await judgeOrder(file);
    }));
});
