// A virtual MAC address in company, on a real kernel and judged by another host on the cable: what switches hear of
// multicast groups, what it is together with other settings, on which interfaces it stands, and what a refusal leaves.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cable } from '../../scripts/lab/cable.js';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { Peer } from '../kernel/peer.js';
import { noTcpdump } from '../kernel/capture.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { addLinkLocals, enterNamespace, inNetns, ip, joinPeer } from '../support/namespace.js';
import { eventOf, until } from '../support/limits.js';
import { Capture, type Frame } from './capture.js';
import { OWN, PEER, router, settings } from './lan.js';
import {
  arpRequest,
  answersFor,
  four,
  OWN_MAC,
  PEER_MAC,
  ping,
  VIRTUAL_MAC,
} from './virtual-mac-wire.js';

const inCi = process.env['CI'] === 'true';
const skip = inCi ? enterNamespace(import.meta.url) || noTcpdump() : 'played in CI';

const VIRTUAL = '192.0.2.100';
const PORT = 7998;

/** What switches learn groups from: IGMP, and MLD behind its hop-by-hop header. */
const isReport = ({ packet }: Frame): boolean =>
  (packet[0] ?? 0) >> 4 === 4
    ? packet[9] === 2
    : packet[6] === 0 && packet[40] === 58 && [131, 132, 143].includes(packet[48] ?? 0);

/** Who has sent reports, each once. */
const reporters = (frames: readonly Frame[]): string[] => [
  ...new Set(frames.filter(isReport).map(({ sourceMac }) => sourceMac)),
];

const set = (name: string, value: number): void =>
  writeFileSync(`/proc/sys/net/${name}`, String(value));
const sysctl = (name: string): string => readFileSync(`/proc/sys/net/${name}`, 'utf8').trim();

/** /proc/net/igmp6: the group's flags on the interface (MAF_TIMER_RUNNING 1, MAF_LAST_REPORTER 2). */
const mldFlags = (device: string, group: string): number => {
  const lines = readFileSync('/proc/net/igmp6', 'utf8').split('\n');
  const words = lines.map((line) => line.trim().split(/\s+/));
  const [, , , , flags = '0'] =
    words.find(([, name, hex]) => name === device && hex === group) ?? [];
  return Number.parseInt(flags, 16);
};
/** Sent as often as it is without being asked, by the kernel's word. */
const HAS_REPORTED = 2;
const reported = (device: string, group: string): Promise<unknown> =>
  until(
    `${device} to have reported ${group}`,
    () => readFileSync('/proc/net/igmp6', 'utf8'),
    () => (mldFlags(device, group) & 3) === HAS_REPORTED,
  );

/** /proc/net/igmp: whether this host was the last to report the group on the interface. */
function hasReported4(device: string, group: string): boolean {
  const hex = four(group)
    .toReversed()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
  let on = '';
  for (const line of readFileSync('/proc/net/igmp', 'utf8').split('\n')) {
    on = /^\d+\s+(\S+)/.exec(line)?.[1] ?? on;
    if (on === device && line.trim().startsWith(hex)) return line.trim().endsWith('1');
  }
  return false;
}

/** Why this kernel has no such interface; null when it has. Nobody is asked where nothing is played. */
const lacks = (command: string): string | null => {
  if (skip !== false) return null;
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  return status === 0 ? null : stderr.trim();
};

describe('the virtual MAC address in company', { skip }, () => {
  let peer: Peer;
  let capture: Capture;
  let agent: AgentProcess;
  let homes = 0;
  before(async () => {
    joinPeer();
    peer = await Peer.start();
    capture = await Capture.start('arp or igmp or ip6 or proto 112');
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
    assert.doesNotMatch(ip('-o link show'), /us51v[46]/);
    assert.equal(sysctl('ipv4/conf/lan/arp_ignore'), '0');
  });

  const start = (change: object = {}): void => {
    homes += 1;
    const home = new AgentHome(
      `parents-${homes}`,
      settings(router({ virtualMac: true, ...change })),
    );
    agent = new AgentProcess(home);
  };
  const active = async (change: object = {}): Promise<void> => {
    start(change);
    await agent.transition('Active');
    await agent.takenOver();
  };
  /** Who answers for the virtual address now. */
  const answered = async (): Promise<string[]> => {
    const known = answersFor(capture.frames(), VIRTUAL).length;
    await peer.sendFrames(arpRequest(VIRTUAL));
    const frames = await capture.until((all) => answersFor(all, VIRTUAL).length > known);
    return answersFor(frames, VIRTUAL).slice(known);
  };

  it('no MLD leaves from it, from its start to its end; its parent is a member of its groups instead', async () => {
    for (const device of ['default', 'lan']) {
      // So the kernel says of each group whether it has been reported.
      set(`ipv6/conf/${device}/force_mld_version`, 1);
      set(`ipv6/conf/${device}/mldv1_unsolicited_report_interval`, 100);
    }
    const from = capture.frames().length;
    await active({ addresses: ['fe80::100/64'] });
    const solicited = 'ff0200000000000000000001ff000100';
    await reported('us51v6', solicited);
    for (const group of [solicited, 'ff020000000000000000000000000012'])
      await reported('lan', group);
    assert.equal(ping('fe80::100'), 1);
    await stop();
    assert.equal(ping('fe80::1'), 1, 'what was sent before has arrived');
    const frames = await capture.until((all) => all.slice(from).some(isReport));
    assert.deepEqual(reporters(frames.slice(from)), [OWN_MAC]);
  });

  it('no IGMP leaves from it, whatever program joins a group there; from its parent it does', async () => {
    await active();
    for (const device of ['us51v4', 'lan']) set(`ipv4/conf/${device}/force_igmp_version`, 2);
    const from = capture.frames().length;
    const socket = createSocket('udp4').bind();
    await eventOf(socket, 'listening');
    socket.addMembership('239.1.2.3', VIRTUAL);
    socket.addMembership('239.1.2.4', OWN.ipv4);
    for (const [device, group] of [
      ['us51v4', '239.1.2.3'],
      ['lan', '239.1.2.4'],
    ] as const) {
      await until(
        `${device} to have reported ${group}`,
        () => readFileSync('/proc/net/igmp', 'utf8'),
        () => hasReported4(device, group),
      );
    }
    socket.dropMembership('239.1.2.3', VIRTUAL);
    assert.deepEqual(await answered(), [VIRTUAL_MAC], 'what was sent before has arrived');
    const frames = await capture.until((all) => all.slice(from).some(isReport));
    assert.deepEqual(reporters(frames.slice(from)), [OWN_MAC]);
    socket.close();
    set('ipv4/conf/lan/force_igmp_version', 0);
  });

  it('with acceptMode: false ARP and echo are answered, and nothing else', async () => {
    const server = createServer((socket) => socket.destroy()).listen(PORT, '0.0.0.0');
    await eventOf(server, 'listening');
    await active({ acceptMode: false });
    const rules = (): string =>
      execFileSync('nft', ['list', 'table', 'inet', 'understudy_accept'], { encoding: 'utf8' });
    const dropped = (): number =>
      [...rules().matchAll(/counter packets (\d+)/g)].reduce(
        (sum, [, one]) => sum + Number(one),
        0,
      );
    const connects = (target: string, seconds: number): boolean => {
      const attempt = `timeout ${seconds} bash -c '</dev/tcp/${target}/${PORT}' 2>/dev/null`;
      const [program = '', ...words] = inNetns('peer', 'bash', '-c', attempt);
      return spawnSync(program, words).status === 0;
    };
    assert.deepEqual(await answered(), [VIRTUAL_MAC]);
    assert.equal(ping(VIRTUAL), 1);
    const attempt = (): number => {
      assert.equal(connects(VIRTUAL, 1), false);
      return dropped();
    };
    await until('a packet dropped by our rule', attempt, (count) => count > 0);
    assert.equal(connects(OWN.ipv4, 60), true);
    server.close();
    await stop();
    const tables = execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' });
    assert.doesNotMatch(tables, /understudy/);
  });

  it('with unicast peers: to them from the interface itself, and the address answers with the virtual MAC', async () => {
    const from = capture.frames().length;
    await active({ unicastPeers: [PEER.ipv4] });
    const claims = (frames: readonly Frame[]): Frame[] =>
      frames.slice(from).filter(({ kind, packet }) => kind === 'vrrp4' && packet[22] === 200);
    const frames = await capture.until((all) => claims(all).length > 3);
    for (const { sourceMac, destinationMac, packet } of claims(frames)) {
      assert.deepEqual(
        [sourceMac, destinationMac, packet.subarray(16, 20).join('.')],
        [OWN_MAC, PEER_MAC, PEER.ipv4],
      );
    }
    assert.deepEqual(await answered(), [VIRTUAL_MAC]);
  });

  it('without a writable /proc/sys: a reason, and neither an address nor a change of the parent', async () => {
    const mount = (words: string): unknown => execFileSync('mount', words.split(' '));
    mount('--bind /proc/sys /proc/sys');
    mount('-o remount,ro,bind /proc/sys');
    try {
      start({ addresses: [`${VIRTUAL}/24`] });
      await agent.transition('Backup');
      const { health } = await agent.until(({ health: { reasons } }) =>
        reasons.some((reason) => /no virtual MAC address: .*EROFS/.test(reason)),
      );
      assert.notEqual(health.state, 'healthy');
      assert.doesNotMatch(ip('-o address show'), /192\.0\.2\.100/);
      assert.doesNotMatch(ip('-o link show dev us51v4'), /[<,]UP[,>]/);
      assert.equal(sysctl('ipv4/conf/lan/arp_ignore'), '0');
      await stop();
    } finally {
      execFileSync('umount', ['/proc/sys']);
    }
  });

  it('a macvlan as interface is refused with the reason, and nothing stands', async () => {
    ip('link add link lan name sub0 type macvlan mode bridge');
    ip('link set sub0 up');
    ip('address add 192.0.2.7/24 dev sub0');
    try {
      start({ interface: 'sub0' });
      await agent.transition('Backup');
      await agent.until(({ health: { reasons } }) =>
        reasons.some((reason) => reason.includes('sub0 is a macvlan itself')),
      );
      assert.doesNotMatch(ip('-o address show'), /192\.0\.2\.100/);
      await stop();
    } finally {
      ip('link del sub0');
    }
  });

  it('its interface is renamed, and deleted and made again: it stands on the one that has the name', async () => {
    const plug = (): void => {
      ip(cable({ name: 'up1' }, { name: 'far1', netns: 'peer' }));
      ip('address add 192.0.2.1/24 dev up1');
      ip('link set up1 up');
      ip('-n peer link set far1 up');
    };
    const lower = (): string => /us51v4@(\S+):/.exec(ip('-o link show'))?.[1] ?? 'nowhere';
    const isUp = (): boolean => /us51v4@\S+: <[^>]*\bUP\b/.test(ip('-o link show'));
    const standing = (): string => `${lower()} ${isUp() ? 'up' : 'down'}`;
    const becomes = (wanted: string): Promise<unknown> =>
      until(`us51v4 on ${wanted}`, standing, (found) => found === wanted, 20);
    ip('address del 192.0.2.1/24 dev lan');
    plug();
    try {
      await active({ interface: 'up1' });
      await becomes('up1 up');
      ip('link set up1 down');
      ip('link set up1 name up2');
      ip('link set up2 up');
      await becomes('up2 down');
      ip('link set up2 down');
      ip('link set up2 name up1');
      ip('link set up1 up');
      await becomes('up1 up');
      ip('link del up1');
      await becomes('nowhere down');
      plug();
      await becomes('up1 up');
      assert.deepEqual(
        [sysctl('ipv4/conf/up1/arp_ignore'), sysctl('ipv4/conf/up1/arp_announce')],
        ['1', '2'],
      );
      await stop();
      assert.equal(sysctl('ipv4/conf/up1/arp_ignore'), '0');
    } finally {
      spawnSync('ip', ['link', 'del', 'up1']);
      spawnSync('ip', ['link', 'del', 'up2']);
      ip('address add 192.0.2.1/24 dev lan');
    }
  });

  const parents = [
    {
      kind: 'bridge',
      make: 'ip link add up0 type bridge && ip link set lan master up0',
      member: true,
    },
    {
      kind: 'bond',
      make: 'ip link add up0 type bond mode active-backup && ip link set lan down && ip link set lan master up0',
      member: true,
    },
    { kind: 'vlan', make: 'ip link add link lan name up0 type vlan id 5', member: false },
  ] as const;
  const absent: string[] = [];
  for (const { kind, make, member } of parents) {
    const probe = { bridge: 'bridge', bond: 'bond', vlan: 'vlan id 5' }[kind];
    const without = lacks(
      `ip link add ${kind === 'vlan' ? 'link lo ' : ''}name probe0 type ${probe} && ip link del probe0`,
    );
    if (without !== null) {
      absent.push(`not on this kernel: ${kind} (${without})`);
      continue;
    }
    it(`on a ${kind} it answers with its MAC address, and is up only while Active`, async (t) => {
      for (const line of absent) t.diagnostic(line);
      execFileSync('sh', ['-c', make]);
      if (kind === 'vlan') {
        ip('-n peer link add link lan name lan5 type vlan id 5');
        ip('-n peer link set lan5 up');
      }
      ip('address del 192.0.2.1/24 dev lan');
      ip('link set lan up');
      ip('link set up0 up');
      ip('address add 192.0.2.1/24 dev up0');
      try {
        await active({ interface: 'up0' });
        if (kind === 'vlan') {
          ip('-n peer address del 192.0.2.2/24 dev lan');
          ip('-n peer address add 192.0.2.2/24 dev lan5');
        } else assert.deepEqual(await answered(), [VIRTUAL_MAC]);
        const device = kind === 'vlan' ? 'lan5' : 'lan';
        const [program = '', ...words] = inNetns('peer', 'ping', '-c', '1', '-W', '20', VIRTUAL);
        execFileSync(program, words);
        assert.match(ip(`-n peer neighbor show ${VIRTUAL} dev ${device}`), new RegExp(VIRTUAL_MAC));
        await stop();
      } finally {
        if (kind === 'vlan') {
          ip('-n peer link del lan5');
          ip('-n peer address add 192.0.2.2/24 dev lan');
        }
        if (member) ip('link set lan nomaster');
        ip('link del up0');
        ip('link set lan up');
        ip('address replace 192.0.2.1/24 dev lan');
        addLinkLocals();
      }
    });
  }
});
