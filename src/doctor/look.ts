// Gathers what the doctor judges. Each reader is thin: where a fact stands, and nothing of what it means.
import { basename } from 'node:path';
import type { Settings } from '../config/settings.js';
import { formatAddressWithPrefix, parseAddressWithPrefix } from '../model/address.js';
import type { Status } from '../model/status.js';
import { caretakersOf } from './caretakers.js';
import { aheadIn } from './clocks.js';
import type { Eyes } from './eyes.js';
import type { AgentFacts, DoctorFacts, InterfaceFacts } from './facts.js';
import { blockedBy, chainsOfIptables, chainsOfNft, type Packet } from './firewall.js';
import { CLOCK_SOURCE } from './witness.js';

type Looked = Omit<DoctorFacts, 'known' | 'version' | 'heard' | 'notListened'>;

export async function lookAt(
  settings: Settings,
  status: Status | null,
  eyes: Eyes,
): Promise<Looked> {
  const names = [...new Set(settings.virtualRouters.map((router) => router.interface))];
  const links = await linksOf(eyes);
  const ways = await waysOf(settings, eyes);
  const all = new Set([...links.keys(), ...names, ...ways.map(({ device }) => device)]);
  const virtual = new Set(
    settings.virtualRouters.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
  );
  return {
    settings,
    sysctls: sysctlsOf(names, eyes),
    sysctlsReadOnly: isReadOnly('/proc/sys', eyes),
    interfaces: [...all].map((name) => interfaceOf(name, links.get(name), virtual, eyes)),
    caretakers: caretakersOf(names, (name) => links.get(name)?.ifindex ?? null, eyes),
    ...(await firewallOf(settings, eyes)),
    ways,
    clocks: await clocksOf(settings, eyes),
    witness: await eyes.witness(settings),
    clockSource: eyes.text(CLOCK_SOURCE)?.trim() ?? null,
    sources: await sourcesOf(virtual, eyes),
    agent: status === null ? null : agentOf(status, eyes),
    leftovers: status === null ? leftoversOf(settings, links, eyes) : [],
    keepalived: keepalivedHere(eyes),
    swap: (eyes.text('/proc/swaps') ?? '')
      .split('\n')
      .slice(1)
      .filter((line) => line !== ''),
    disk: await diskOf(settings.stateDirectory, eyes),
    needsDaemonReload:
      (await eyes.run('systemctl', 'show', 'understudy', '--property=NeedDaemonReload'))?.trim() ===
      'NeedDaemonReload=yes',
  };
}

interface IpAddress {
  readonly local?: string;
  readonly prefixlen?: number;
  readonly tentative?: boolean;
  readonly dadfailed?: boolean;
}

interface IpLink {
  readonly ifname?: string;
  readonly ifindex?: number;
  readonly addr_info?: readonly IpAddress[];
}

async function linksOf(eyes: Eyes): Promise<Map<string, IpLink>> {
  const links = listed(await eyes.run('ip', '-json', 'address', 'show')) as readonly IpLink[];
  return new Map(links.map((link) => [link.ifname ?? '', link]));
}

function parsed(json: string | null): unknown {
  try {
    return json === null ? null : JSON.parse(json);
  } catch {
    return null;
  }
}

/** The items of a JSON list; none of anything else. */
function listed(json: string | null): readonly unknown[] {
  const value = parsed(json);
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

const textOf = ({ local = '', prefixlen = 0 }: IpAddress): string => `${local}/${prefixlen}`;

function interfaceOf(
  name: string,
  { ifindex, addr_info: addresses = [] }: IpLink = {},
  virtual: ReadonlySet<string> = new Set(),
  eyes: Eyes,
): InterfaceFacts {
  return {
    name,
    index: ifindex ?? null,
    own: addresses.flatMap((one) => {
      const value = parseAddressWithPrefix(textOf(one));
      return value === null || virtual.has(value.address) ? [] : [value];
    }),
    tentative: addresses
      .filter(
        ({ tentative, dadfailed, local = '' }) =>
          (tentative ?? dadfailed) === true && !virtual.has(local),
      )
      .map(textOf),
    wires: wiresOf(name, eyes, 0),
    bridge: bridgeOf(name, eyes),
  };
}

const DEEPEST_LINK = 8;

/** What it stands on: `lower_eth0` of a VLAN, of a bond, of a bridge. */
function wiresOf(name: string, eyes: Eyes, depth: number): readonly string[] {
  const lower = eyes
    .names(`/sys/class/net/${name}`)
    .flatMap((entry) => (entry.startsWith('lower_') ? entry.slice('lower_'.length) : []));
  if (lower.length === 0 || depth >= DEEPEST_LINK) return [name];
  return [...new Set(lower.flatMap((one) => wiresOf(one, eyes, depth + 1)))];
}

function bridgeOf(name: string, eyes: Eyes): InterfaceFacts['bridge'] {
  const isBridge = eyes.names(`/sys/class/net/${name}/bridge`).length > 0;
  const upper = eyes.link(`/sys/class/net/${name}/master`); // ip link set … master
  const bridge = isBridge ? name : upper === null ? null : basename(upper);
  if (bridge === null) return null;
  const flag = (what: string): boolean | null => {
    const text = eyes.text(`/sys/class/net/${bridge}/bridge/${what}`);
    return text === null ? null : text.trim() === '1';
  };
  const snooping = flag('multicast_snooping');
  return snooping === null
    ? null
    : { name: bridge, snooping, querier: flag('multicast_querier') ?? false };
}

const SYSCTLS: Readonly<Record<string, readonly string[]>> = {
  ipv4: ['rp_filter', 'arp_ignore', 'arp_filter', 'arp_announce', 'promote_secondaries'],
  ipv6: ['accept_dad'],
};

function sysctlsOf(names: readonly string[], eyes: Eyes): Map<string, string> {
  const paths = Object.entries(SYSCTLS).flatMap(([family, keys]) =>
    ['all', ...names].flatMap((name) => keys.map((key) => `net/${family}/conf/${name}/${key}`)),
  );
  return new Map(
    paths.flatMap((path) => {
      const text = eyes.text(`/proc/sys/${path}`);
      return text === null ? [] : [[path, text.trim()] as const];
    }),
  );
}

/** The last mount on the way to a path decides. */
function isReadOnly(path: string, eyes: Eyes): boolean {
  const mounts = (eyes.text('/proc/self/mountinfo') ?? '')
    .split('\n')
    .map((line) => line.split(' '));
  const over = mounts.filter(
    ([, , , , at = '-']) => path === at || path.startsWith(at === '/' ? '/' : `${at}/`),
  );
  const last = over.reduce<readonly string[]>(
    (best, one) => ((one[4] ?? '').length >= (best[4] ?? '').length ? one : best),
    [],
  );
  return (last[5] ?? '').split(',').includes('ro');
}

async function firewallOf(
  settings: Settings,
  eyes: Eyes,
): Promise<Pick<DoctorFacts, 'blocked' | 'firewallUnread'>> {
  const nft = await eyes.run('nft', '--json', 'list', 'ruleset');
  const legacy = await Promise.all(
    (['ip', 'ip6'] as const).map(async (family) => {
      const command = family === 'ip' ? 'iptables-legacy-save' : 'ip6tables-legacy-save';
      const save = await eyes.run(command);
      return save === null ? null : chainsOfIptables(save, family);
    }),
  );
  const readable = parsed(nft) !== null;
  if (!readable && legacy.every((chains) => chains === null)) {
    return { blocked: [], firewallUnread: 'nft printed none' };
  }
  const chains = [
    ...(readable ? chainsOfNft(nft ?? '') : []),
    ...legacy.flatMap((one) => one ?? []),
  ];
  return { blocked: blockedBy(chains, packetsOf(settings)), firewallUnread: null };
}

function packetsOf({ virtualRouters, ha }: Settings): Packet[] {
  const adverts = virtualRouters.flatMap((router) =>
    (['input', 'output'] as const).map((hook): Packet => {
      const [family, group] =
        router.family === 'ipv4' ? (['ip', '224.0.0.18'] as const) : (['ip6', 'ff02::12'] as const);
      return {
        what: `${router.family === 'ipv4' ? 'IPv4' : 'IPv6'} advertisements (protocol 112) ${hook === 'input' ? 'that come in' : 'that go out'} on ${router.interface}`,
        hook,
        family,
        device: router.interface,
        protocol: 112,
        destination: router.unicastPeers.length > 0 ? null : group,
        port: null,
      };
    }),
  );
  const [first] = virtualRouters;
  const port: Packet[] =
    ha.peers.length === 0 || first === undefined
      ? []
      : PROTOCOLS.filter(([protocol]) => protocol === UDP || ha.sync !== 'off').map(
          ([protocol, what]) => ({
            what: `${what} ${ha.port})`,
            hook: 'input',
            family: ha.peers.some(({ addresses }) => addresses.some((one) => !one.includes(':')))
              ? 'ip'
              : 'ip6',
            device: first.interface,
            protocol,
            destination: null,
            port: ha.port,
          }),
        );
  return [...new Map([...adverts, ...port].map((packet) => [packet.what, packet])).values()];
}

const UDP = 17;
const TCP = 6;
const PROTOCOLS = [
  [UDP, 'the HA port (UDP'],
  [TCP, 'shared settings (the HA port, TCP'],
] as const;

interface IpRoute {
  readonly dst?: string;
  readonly dev?: string;
  readonly prefsrc?: string;
  readonly protocol?: string;
  readonly type?: string;
  readonly gateway?: string;
}

async function waysOf({ ha }: Settings, eyes: Eyes): Promise<DoctorFacts['ways'][number][]> {
  const all = ha.peers.flatMap(({ name, addresses }) =>
    addresses.map(async (address) => {
      const json = await eyes.run('ip', '-json', 'route', 'get', address);
      const [route] = listed(json) as readonly IpRoute[];
      const device = route?.dev;
      return device === undefined ? [] : [{ peer: name, address, device }];
    }),
  );
  return (await Promise.all(all)).flat();
}

/** IPv6 has no such option. */
async function clocksOf({ ha }: Settings, eyes: Eyes): Promise<DoctorFacts['clocks']> {
  const all = ha.peers.flatMap(({ name, addresses }) =>
    addresses
      .filter((address) => !address.includes(':'))
      .map(async (address) => {
        const said = await eyes.run('ping', '-n', '-c', '1', '-W', '1', '-T', 'tsonly', address);
        const aheadMs = aheadIn(said ?? '');
        return aheadMs === null ? [] : [{ peer: name, address, aheadMs }];
      }),
  );
  return (await Promise.all(all)).flat();
}

/** What the kernel makes of an address by itself is not meant: it goes with the address. */
async function sourcesOf(virtual: ReadonlySet<string>, eyes: Eyes): Promise<string[]> {
  const families = await Promise.all(
    ['-4', '-6'].map((family) => eyes.run('ip', family, '-json', 'route', 'show', 'table', 'all')),
  );
  return families
    .flatMap((json) => listed(json) as readonly IpRoute[])
    .filter(({ prefsrc = '', protocol }) => virtual.has(prefsrc) && protocol !== 'kernel')
    .map(({ dst = '', gateway, dev = '', prefsrc = '' }) => {
      const via = gateway === undefined ? '' : ` via ${gateway}`;
      return `${dst}${via} dev ${dev} src ${prefsrc}`;
    });
}

/** Bits of linux/capability.h. */
const NEEDED = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13 } as const;

function agentOf(status: Status, eyes: Eyes): AgentFacts {
  const at = `/proc/${status.pid}`;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(eyes.text(`${at}/status`) ?? '')?.[1];
  const group = /^0::(.*)$/m.exec(eyes.text(`${at}/cgroup`) ?? '')?.[1];
  const maps = (eyes.text(`${at}/maps`) ?? '').split('\n');
  const replaced = maps.flatMap(
    (line) => /(\/\S*(?:node|\.so|\.node)\S*) \(deleted\)$/.exec(line)?.[1] ?? [],
  );
  return {
    status,
    missingCapabilities:
      effective === undefined
        ? null
        : Object.entries(NEEDED).flatMap(([name, bit]) =>
            (BigInt(`0x${effective}`) >> BigInt(bit)) & 1n ? [] : [name],
          ),
    confinement: confinementOf(at, eyes),
    replaced: [...new Set(replaced)],
    swapLimit:
      group === undefined
        ? null
        : (eyes.text(`/sys/fs/cgroup${group}/memory.swap.max`)?.trim() ?? null),
  };
}

/** `unconfined` and its likes are none. */
function confinementOf(at: string, eyes: Eyes): string | null {
  const label = (eyes.text(`${at}/attr/current`) ?? '').replace(/\0/g, '').trim();
  if (/\((?:enforce|complain)\)$/.test(label)) return label.endsWith('(enforce)') ? label : null;
  const enforcing = eyes.text('/sys/fs/selinux/enforce')?.trim() === '1';
  return enforcing && label !== '' && !/unconfined|initrc_t/.test(label) ? label : null;
}

interface Recorded {
  readonly addresses?: readonly { readonly interface?: string; readonly address?: string }[];
}

function leftoversOf(
  { stateDirectory }: Settings,
  links: ReadonlyMap<string, IpLink>,
  eyes: Eyes,
): string[] {
  const state = parsed(eyes.text(`${stateDirectory}/state.json`)) as Recorded | null;
  const standing = new Set(
    [...links].flatMap(([name, { addr_info: all = [] }]) =>
      all.flatMap((one) => {
        const value = parseAddressWithPrefix(textOf(one));
        return value === null ? [] : [`${formatAddressWithPrefix(value)} on ${name}`];
      }),
    ),
  );
  return (state?.addresses ?? [])
    .map(({ interface: name = '', address = '' }) => `${address} on ${name}`)
    .filter((one) => standing.has(one));
}

/** Its VRRP process, in this network namespace; one that only balances load is welcome. */
function keepalivedHere(eyes: Eyes): string[] {
  const here = eyes.link('/proc/self/ns/net');
  return eyes.names('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || !(eyes.text(`/proc/${pid}/comm`) ?? '').startsWith('keepalived'))
      return [];
    if (eyes.link(`/proc/${pid}/ns/net`) !== here) return [];
    const command = (eyes.text(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim();
    return /(?:^|\s)(?:-C|--check)(?:\s|$)/.test(command) ? [] : [`process ${pid}: ${command}`];
  });
}

async function diskOf(path: string, eyes: Eyes): Promise<DoctorFacts['disk']> {
  const room = await eyes.disk(path);
  return room === null ? null : { path, ...room, readOnly: isReadOnly(path, eyes) };
}
