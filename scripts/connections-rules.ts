// What `scripts/connections` sets, as text: nftables rules, local routes and ARP settings, from the settings of
// a pair. Nothing is read and nothing is run here.
import type { Settings, VirtualRouterSettings } from '../src/config/settings.js';
import { familyOf, isLinkLocal, isWithin, type IpAddress } from '../src/model/address.js';
import { placeOfAddresses } from '../src/model/virtual-mac.js';

const TABLE = 'understudy_connections';
/** Origin of our routes, so that they are found again whatever the settings say by then. */
export const ROUTE_PROTOCOL = 112;
/** Worse than the route that the kernel makes for an address that stands on the interface. */
const METRIC = 1000;
/** A peer that was not heard for so long has no connection to finish any more: what it had is reset. */
const GRACE_MS = 1000;
/** More checks in a row than this may be lost before the peer counts as dead. */
const MISSED_CHECKS = 3;

export const FAMILIES = ['ip', 'ip6'] as const;

/** What is kept of the virtual routers of one interface and family that reach the peer at one address. */
export interface Kept {
  readonly interface: string;
  /** Interfaces of ours with a virtual MAC address, which what is sent there comes in by. */
  readonly macvlans: readonly string[];
  readonly family: (typeof FAMILIES)[number];
  readonly addresses: readonly IpAddress[];
  /** The peer's own address in the subnet of the virtual addresses. */
  readonly peer: IpAddress;
}

/** Everything that the rules need. */
export interface Plan {
  readonly kept: readonly Kept[];
  /** All addresses from which the peer's agent speaks. */
  readonly peerAddresses: readonly IpAddress[];
  /** UDP port of the HA port. */
  readonly port: number;
  /** How long a peer counts as alive after it was heard. */
  readonly graceMs: number;
}

/** The settings do not say enough. */
export class Unsuitable extends Error {}

/**
 * What is to be set for a pair with these settings.
 * @throws Unsuitable when there is not exactly one peer, or it has no address beside the virtual ones.
 */
export function planOf({ ha, virtualRouters }: Settings): Plan {
  const [peer, ...others] = ha.peers;
  if (peer === undefined || others.length > 0) {
    const remedy = 'connections can be handed over between two appliances only';
    throw new Unsuitable(
      `ha.peers: exactly one peer expected, found ${ha.peers.length}; ${remedy}`,
    );
  }
  const kept = new Map<string, Kept>();
  for (const router of virtualRouters) {
    // A link-local address is the router's own, which no service is asked at.
    const addresses = router.addresses
      .map(({ address }) => address)
      .filter((address) => !isLinkLocal(address));
    if (addresses.length === 0) continue;
    checkInterface(router);
    const near = nearAddress(router, peer);
    const key = `${router.interface} ${near}`;
    const before = kept.get(key);
    const family = router.family === 'ipv4' ? 'ip' : 'ip6';
    const all = [...(before?.addresses ?? []), ...addresses];
    const own = router.virtualMac ? [placeOfAddresses(router)] : [];
    const macvlans = [...(before?.macvlans ?? []), ...own];
    kept.set(key, { interface: router.interface, macvlans, family, addresses: all, peer: near });
  }
  return {
    kept: [...kept.values()],
    peerAddresses: peer.addresses,
    port: ha.port,
    graceMs: Math.max(GRACE_MS, MISSED_CHECKS * ha.peerCheckInterval),
  };
}

/** In nft `*` stands for any end of a name, and a quotation mark for the end of it. */
function checkInterface({ name, interface: device }: VirtualRouterSettings): void {
  if (/^[\w.@+-]+$/.test(device)) return;
  throw new Unsuitable(
    `${name}: an interface name of letters, digits, ".", "_", "@", "+" and "-" expected, found ` +
      `${JSON.stringify(device)}; rename the interface`,
  );
}

type Peer = Settings['ha']['peers'][number];

function nearAddress(router: VirtualRouterSettings, peer: Peer): IpAddress {
  const near = peer.addresses.find((address) =>
    router.addresses.some((network) => isWithin(address, network)),
  );
  if (near !== undefined) return near;
  const found = peer.addresses.join(', ');
  throw new Unsuitable(
    `ha.peers: an address of ${peer.name} in the subnet of ${router.name} expected, found ${found}; ` +
      `add its own address on ${router.interface}`,
  );
}

/** The interfaces whose ARP has to keep still. */
export const arpInterfaces = ({ kept }: Plan): string[] => [
  ...new Set(kept.filter(({ family }) => family === 'ip').map((one) => one.interface)),
];

/** Lines for `ip -batch`, without their verb: what is taken in, and answered from, while it stands elsewhere. */
export const routesOf = ({ kept }: Plan): string[] =>
  kept.flatMap(({ addresses }) => addresses.map(routeTo));

/** The route of one address, without its verb. */
export const routeTo = (address: string): string =>
  `local ${address} dev lo table local proto ${ROUTE_PROTOCOL} metric ${METRIC}`;

const setOf = (members: readonly string[]): string => `{ ${[...new Set(members)].join(', ')} }`;
const quoted = (name: string): string => `"${name}"`;

const oneOf = ([first = '', ...others]: readonly string[]): string =>
  others.length === 0 ? quoted(first) : setOf([first, ...others].map(quoted));

interface Under {
  /** A set that has a member while the peer is heard on the interface. */
  readonly set: string;
  readonly interface: string;
  readonly macvlans: readonly string[];
}

/** The interfaces that have macvlans: the peer is heard on them, whatever the packets come in by. */
const undersOf = (all: readonly Kept[]): Under[] =>
  all
    .filter(({ macvlans }) => macvlans.length > 0)
    .map((one, index) => ({ set: `under${index}`, ...one }));

/** By the protocol, which is one in each table: `iifname` is another one when a packet comes in by the macvlan. */
const KEY = 'meta protocol';

function isHeard(all: readonly Kept[]): string[] {
  const unders = undersOf(all);
  if (unders.length === 0) return ['iifname != @heard return'];
  const names = oneOf(unders.flatMap(({ macvlans }) => macvlans));
  return [
    `iifname != ${names} iifname != @heard return`,
    ...unders.map(({ set, macvlans }) => `iifname ${oneOf(macvlans)} ${KEY} != @${set} return`),
  ];
}

/** So long a connection that begins here is known by its first packet alone: until its socket is. */
const OPENING = '2s';

/** Errors that a connection must be told: its packets do not get through, or only smaller ones. */
const ICMP_ERRORS = {
  ip: 'icmp type { destination-unreachable, time-exceeded, parameter-problem }',
  ip6: 'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }',
} as const;

/**
 * The rules of one family. An appliance on which the address stands hands over what only a listening
 * socket would take, since that knows no connection. Its peer, on which the address does not stand, gives
 * back what it does not know either (SYN cookies, a translated port), and that is then left to the first.
 * So a packet is handed over once and given back once; the time to live ends what would go round.
 */
function rulesOf(family: Kept['family'], all: readonly Kept[], plan: Plan): string[] {
  const hops = family === 'ip' ? 'ip ttl' : 'ip6 hoplimit';
  const here = 'fib daddr . iif type local';
  const elsewhere = 'fib daddr . iif type != local';
  const fromPeer = 'iifname . ether saddr @peers';
  const speakers = plan.peerAddresses.filter(
    (address) => (familyOf(address) === 'ipv4') === (family === 'ip'),
  );
  const interfaces = setOf(all.map((one) => quoted(one.interface)));
  const each = (rule: string, verdict: string): string[] =>
    all.map(
      ({ interface: device, macvlans, addresses, peer }) =>
        `iifname ${oneOf([device, ...macvlans])} ${family} daddr ${setOf(addresses)} ${rule} ` +
        `dup to ${peer} device ${quoted(device)}${verdict}`,
    );
  const heard = `timeout ${plan.graceMs}ms`;
  const connection = `${family} saddr . tcp sport . ${family} daddr . tcp dport`;
  const opens = 'tcp flags & syn == syn';
  return [
    // The order is that of cost: most packets are the first rules' business.
    `udp dport ${plan.port} iifname ${interfaces} ${family} saddr ${setOf(speakers)} ` +
      `update @heard { iifname ${heard} } update @peers { iifname . ether saddr ${heard} }`,
    ...undersOf(all).map(
      ({ set, interface: device }) =>
        `udp dport ${plan.port} iifname ${quoted(device)} ${family} saddr ${setOf(speakers)} ` +
        `update @${set} { ${KEY} ${heard} }`,
    ),
    `${family} daddr != ${setOf(all.flatMap(({ addresses }) => addresses))} return`,
    // Wherever the address stands: the connection is ours.
    'tcp flags & syn == 0 socket wildcard 0 return',
    ...isHeard(all),
    // Two rules: a set that is full ends the first.
    `${opens} update @opened { ${connection} timeout ${OPENING} }`,
    `${opens} return`,
    ...each(`${ICMP_ERRORS[family]} ${here} iifname . ether saddr != @peers`, ''),
    'meta l4proto != tcp return',
    `${hops} < 2 return`,
    `${fromPeer} ${here} return`,
    `iifname . ether saddr != @peers ${elsewhere} return`,
    // What is given back arrives with 1.
    `${elsewhere} ${hops} set 2`,
    ...each('socket wildcard 1', ' drop'),
    // What is left meets what an earlier connection from the same port has left behind here (TIME_WAIT): this one
    // began elsewhere, unless it was seen to begin.
    `${here} ${connection} @opened return`,
    ...each(`${here} socket transparent 0`, ' drop'),
    `${here} return`,
    'socket transparent 0 return',
    'socket transparent 1 return',
    ...each('', ' drop').map((rule) => rule.replace('  ', ' ')),
  ];
}

/** The sets stay as they are, so that who was heard is not forgotten meanwhile. */
function tableOf(family: Kept['family'], all: readonly Kept[], plan: Plan): string[] {
  const address = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr';
  return [
    `table ${family} ${TABLE} {`,
    '  set heard { type ifname; size 256; flags dynamic,timeout; }',
    '  set peers { type ifname . ether_addr; size 256; flags dynamic,timeout; }',
    ...undersOf(all).map(
      ({ set }) => `  set ${set} { type ether_type; size 16; flags dynamic,timeout; }`,
    ),
    `  set opened { type ${address} . inet_service . ${address} . inet_service; size 65535; flags dynamic,timeout; }`,
    '  chain prerouting { type filter hook prerouting priority mangle; }',
    '}',
    `flush chain ${family} ${TABLE} prerouting`,
    `table ${family} ${TABLE} {`,
    '  chain prerouting {',
    ...rulesOf(family, all, plan).map((rule) => `    ${rule}`),
    '  }',
    '}',
  ];
}

const noTable = (family: Kept['family']): string[] => [
  `table ${family} ${TABLE} {}`,
  `delete table ${family} ${TABLE}`,
];

/** Both tables, put in place or replaced in one step, for `nft -f`. */
export const nftScript = (plan: Plan): string =>
  FAMILIES.flatMap((family) => {
    const all = plan.kept.filter((one) => one.family === family);
    return all.length === 0 ? noTable(family) : tableOf(family, all, plan);
  })
    .map((line) => `${line}\n`)
    .join('');

/** Neither table, whether they were there or not. */
export const NFT_NONE = FAMILIES.flatMap(noTable)
  .map((line) => `${line}\n`)
  .join('');
