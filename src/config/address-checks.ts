// What must hold for the addresses of one virtual router, and for one address anywhere. Nothing between virtual
// routers: see validate.ts.
import {
  addressBytes,
  addressLength,
  familyOf,
  isLinkLocal,
  isMulticast,
  isUnspecified,
  parseAddress,
  type AddressWithPrefix,
  type IpAddress,
} from '../model/address.js';
import { formatPath, type Finding } from './errors.js';
import { fault } from './faults.js';
import { quote } from './found.js';
import { hostsAt, type PlacedAddress, type PlacedHost, type PlacedRouter } from './placed.js';
import { MAXIMUM_IPV6_ADDRESSES, MAXIMUM_SIGNED_IPV6_ADDRESSES } from './schema.js';

const FAMILY_NAME = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

/** The first twelve bytes of ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
const IPV4_MAPPED = '0,0,0,0,0,0,0,0,0,0,255,255';

/** Each virtual address by itself, then the list: one family, IPv6 link-local first, not too many. */
export const checkAddresses = (router: PlacedRouter): Finding[] => [
  ...router.addresses.flatMap(checkAddress),
  ...checkFamilies(router),
  ...checkFirst(router),
  ...checkCount(router),
];

function checkAddress({ at, text, value }: PlacedAddress): Finding[] {
  if (value !== null) {
    const reason = unfitReason(value.address) ?? subnetReason(value);
    return reason === null ? [] : [fault('unfitAddress', at, `${text}, ${reason}`)];
  }
  const bare = parseAddress(text);
  if (bare === null) return [fault('noAddress', at, quote(text), { remedy: prefixRemedy(text) })];
  const prefix = familyOf(bare) === 'ipv4' ? 24 : 64;
  return [fault('noPrefix', at, `${text}, without prefix length`, { address: text, prefix })];
}

function prefixRemedy(text: string): string {
  if (isTwo(text)) return COMMA;
  const [address = '', prefix] = text.split('/');
  const known = parseAddress(address);
  if (known === null) return 'correct the address';
  const longest = addressLength(familyOf(known)) * 8;
  if (prefix !== undefined && prefix.includes('.')) {
    return 'write the prefix length as a number of bits, such as /24 for 255.255.255.0';
  }
  return `correct the prefix length: ${FAMILY_NAME[familyOf(known)]} has 1 to ${longest} bits`;
}

/** Two addresses that are one text have lost their comma. */
const isTwo = (text: string): boolean => /\S\s+\S/.test(text);
const COMMA = 'write a comma between two addresses';

/** Why no interface can carry the address, or null. */
function unfitReason(address: IpAddress): string | null {
  if (isUnspecified(address)) return 'which is the unspecified address';
  if (isMulticast(address)) return 'which is a multicast address';
  const bytes = addressBytes(address);
  if (familyOf(address) === 'ipv6') {
    if (address === '::1') return 'which is the loopback address';
    const prefix = bytes.subarray(0, 12).join(',');
    return prefix === IPV4_MAPPED ? 'which is an IPv4 address written as IPv6' : null;
  }
  const [first = 0] = bytes;
  if (first === 127) return 'which is a loopback address';
  if (first === 0) return 'which is an address of "this network" (0.0.0.0/8)';
  return first >= 240 ? 'which is reserved or the broadcast address' : null;
}

/** Why the address cannot be a host of its own subnet, or null. */
function subnetReason({ address, prefixLength }: AddressWithPrefix): string | null {
  if (prefixLength === 0) return 'whose prefix length 0 would make every host a neighbor';
  if (familyOf(address) === 'ipv6' || prefixLength > 30) return null;
  const [a = 0, b = 0, c = 0, d = 0] = addressBytes(address);
  const hosts = 2 ** (32 - prefixLength);
  const host = (a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d) % hosts;
  if (host === 0) return `which is the network address of its /${prefixLength}`;
  return host === hosts - 1 ? `which is the broadcast address of its /${prefixLength}` : null;
}

/** A virtual router has one family (RFC 9568 §6). The first readable address decides which. */
function checkFamilies({ family, addresses }: PlacedRouter): Finding[] {
  if (family === null) return [];
  return addresses.flatMap(({ at, text, value }) => {
    if (value === null || familyOf(value.address) === family) return [];
    const found = `${text}, ${FAMILY_NAME[familyOf(value.address)]}`;
    return [fault('otherFamily', at, found, { family: FAMILY_NAME[family] })];
  });
}

/** An IPv6 list begins with the virtual router's link-local address (RFC 9568 §5.2.9). */
function checkFirst({ family, addresses: [first, ...others], file }: PlacedRouter): Finding[] {
  const isOwn = ({ value }: PlacedAddress): boolean => value !== null && isLinkLocal(value.address);
  if (family !== 'ipv6' || !first?.value || isOwn(first)) return [];
  if (familyOf(first.value.address) !== 'ipv6') return [];
  const own = others.find(isOwn);
  const words =
    own === undefined
      ? {
          which: 'a link-local address',
          where: `, such as fe80::${(file.vrid ?? 1).toString(16)}/64, the same on all routers of the group`,
        }
      : { which: own.text, where: '' };
  return [fault('linkLocalFirst', first.at, first.text, words)];
}

function checkCount({ at, family, file, addresses: { length } }: PlacedRouter): Finding[] {
  const plain = file.signed === undefined || file.signed === 'off';
  const room = plain ? MAXIMUM_IPV6_ADDRESSES : MAXIMUM_SIGNED_IPV6_ADDRESSES;
  if (family !== 'ipv6' || length <= room) return [];
  const most = { most: room };
  return [fault('manyAddresses', [...at, 'addresses'], `${length} addresses`, most)];
}

/** Where each virtual address stands in the file. */
export type VirtualAddresses = ReadonlyMap<IpAddress | undefined, string>;

export const virtualAddresses = (routers: readonly PlacedRouter[]): VirtualAddresses =>
  new Map(
    routers.flatMap(({ addresses }) =>
      addresses.map(({ at, value }) => [value?.address, formatPath(at)]),
    ),
  );

/** What is wrong, and what to do about it. */
export type Complaint = readonly [found: string, remedy: string];

/** What is wrong with an address without prefix length by itself. `whose`: "the gateway". */
export function hostComplaint({ text, value }: PlacedHost, whose: string): Complaint | null {
  if (value === null) {
    const bare = parseAddress(text.split(/[/%]/)[0] ?? '');
    if (isTwo(text)) return [quote(text), COMMA];
    return [quote(text), bare === null ? 'correct the address' : `write ${bare}`];
  }
  const reason = unfitReason(value);
  return reason === null ? null : [`${text}, ${reason}`, `write ${whose}`];
}

/** Peers of the router's family, unicast, none of them a virtual address. */
export function checkUnicastPeers(router: PlacedRouter, virtual: VirtualAddresses): Finding[] {
  const { at, file, family } = router;
  const seen = new Set<IpAddress>();
  return hostsAt(file.unicastPeers, [...at, 'unicastPeers']).flatMap((peer) => {
    const complaint = peerComplaint(peer, router, virtual, seen);
    if (peer.value !== null) seen.add(peer.value);
    if (complaint === null) return [];
    const [found, remedy] = complaint;
    const name = family === null ? '' : `${FAMILY_NAME[family]} `;
    return [fault('unicastPeer', peer.at, found, { family: name, remedy })];
  });
}

function peerComplaint(
  peer: PlacedHost,
  { family }: PlacedRouter,
  virtual: VirtualAddresses,
  seen: ReadonlySet<IpAddress>,
): Complaint | null {
  const { text, value } = peer;
  const alone = hostComplaint(peer, 'the address of the other router');
  if (alone !== null || value === null) return alone;
  if (family !== null && familyOf(value) !== family) {
    const found = `${text}, ${FAMILY_NAME[familyOf(value)]}`;
    return [found, 'write the address of the family that is advertised'];
  }
  const place = virtual.get(value);
  if (place !== undefined) {
    const remedy = "write the other router's own address, which it keeps in every state";
    return [`${text}, the virtual address at ${place}`, remedy];
  }
  if (seen.has(value)) return [`${text} a second time`, 'remove one of the two'];
  const first = [...seen].find((one) => familyOf(one) === familyOf(value)) ?? value;
  if (isLinkLocal(first) === isLinkLocal(value)) return null;
  // Advertisements to all of them have one source, which is of one reach.
  return [
    `${text}, which is ${isLinkLocal(value) ? '' : 'not '}link-local, beside ${first}`,
    'list all other routers by link-local addresses, or none of them',
  ];
}
