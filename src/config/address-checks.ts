// What must hold for the addresses of one virtual router. Nothing between virtual routers: see
// validate.ts.
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
import type { DraftAddress, DraftPeer, DraftRouter } from './draft.js';
import { formatPath, type Finding } from './errors.js';
import { quote } from './found.js';
import { MAXIMUM_IPV6_ADDRESSES } from './schema.js';

const FAMILY_NAME = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

/** The first twelve bytes of ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
const IPV4_MAPPED = '0,0,0,0,0,0,0,0,0,0,255,255';

/** Each virtual address by itself, then the list: one family, IPv6 link-local first, not too many. */
export function checkAddresses(router: DraftRouter): Finding[] {
  return [
    ...router.addresses.flatMap((address) => checkAddress(address)),
    ...checkFamilies(router),
    ...checkFirst(router),
    ...checkCount(router),
  ];
}

function checkAddress({ at, text, value }: DraftAddress): Finding[] {
  if (value === null) return [unreadableAddress({ at, text, value })];
  const reason = unfitReason(value.address) ?? subnetReason(value);
  if (reason === null) return [];
  return [
    {
      at,
      code: 'invalid-address',
      expected: 'a unicast address that an interface can carry, with its prefix length',
      found: `${text}, ${reason}`,
      remedy: 'write the address that clients use',
    },
  ];
}

function unreadableAddress({ at, text }: DraftAddress): Finding {
  const bare = parseAddress(text);
  if (bare !== null) {
    const example = familyOf(bare) === 'ipv4' ? 24 : 64;
    return {
      at,
      code: 'missing-prefix',
      expected: 'an address with the prefix length of its subnet',
      found: `${text}, without prefix length`,
      remedy: `write ${text}/${example}, if the subnet is a /${example}`,
    };
  }
  return {
    at,
    code: 'invalid-address',
    expected: 'an address with prefix length, such as 10.99.0.100/24 or 2001:db8::100/64',
    found: quote(text),
    remedy: prefixRemedy(text),
  };
}

function prefixRemedy(text: string): string {
  const [address = '', prefix] = text.split('/');
  const known = parseAddress(address);
  if (known === null) return 'correct the address';
  const longest = addressLength(familyOf(known)) * 8;
  if (prefix !== undefined && prefix.includes('.')) {
    return 'write the prefix length as a number of bits, such as /24 for 255.255.255.0';
  }
  return `correct the prefix length: ${FAMILY_NAME[familyOf(known)]} has 1 to ${longest} bits`;
}

/** Why no interface can carry the address, or null. */
export function unfitReason(address: IpAddress): string | null {
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
function checkFamilies(router: DraftRouter): Finding[] {
  const { family } = router;
  if (family === null) return [];
  return router.addresses.flatMap(({ at, text, value }) =>
    value === null || familyOf(value.address) === family
      ? []
      : [
          {
            at,
            code: 'mixed-families' as const,
            expected: `an ${FAMILY_NAME[family]} address, as the first one of this virtual router is`,
            found: `${text}, ${FAMILY_NAME[familyOf(value.address)]}`,
            remedy: `move it to a virtual router of its own; the two families may share interface and VRID`,
          },
        ],
  );
}

/** An IPv6 list begins with the virtual router's link-local address (RFC 9568 §5.2.9). */
function checkFirst(router: DraftRouter): Finding[] {
  const first = router.addresses[0];
  if (router.family !== 'ipv6' || !first?.value || isLinkLocal(first.value.address)) return [];
  if (familyOf(first.value.address) !== 'ipv6') return [];
  const own = router.addresses.find(({ value }) => value !== null && isLinkLocal(value.address));
  return [
    {
      at: first.at,
      code: 'link-local-first',
      expected: 'a link-local address (fe80::/10) as the first of an IPv6 virtual router',
      found: first.text,
      remedy:
        own === undefined
          ? `put a link-local address first, such as fe80::${(router.vrid ?? 1).toString(16)}/64, the same on all routers of the group`
          : `put ${own.text} first`,
    },
  ];
}

function checkCount(router: DraftRouter): Finding[] {
  const count = router.addresses.length;
  if (router.family !== 'ipv6' || count <= MAXIMUM_IPV6_ADDRESSES) return [];
  return [
    {
      at: [...router.at, 'addresses'],
      code: 'too-many-addresses',
      expected: `at most ${MAXIMUM_IPV6_ADDRESSES} IPv6 addresses: no more fit into one advertisement at an MTU of 1500 bytes`,
      found: `${count} addresses`,
      remedy: 'move some to another virtual router with a VRID of its own',
    },
  ];
}

/** Where each virtual address stands in the file. */
export const virtualAddresses = (
  routers: readonly DraftRouter[],
): ReadonlyMap<IpAddress | undefined, string> =>
  new Map(
    routers.flatMap(({ addresses }) =>
      addresses.map(({ at, value }) => [value?.address, formatPath(at)]),
    ),
  );

/** Peers of the router's family, unicast, none of them a virtual address. */
export function checkUnicastPeers(
  router: DraftRouter,
  virtual: ReturnType<typeof virtualAddresses>,
): Finding[] {
  const seen = new Set<IpAddress>();
  return router.unicastPeers.flatMap((peer) => {
    const finding = checkPeer(peer, router, virtual, seen);
    if (peer.value !== null) seen.add(peer.value);
    return finding === null ? [] : [finding];
  });
}

function checkPeer(
  { at, text, value }: DraftPeer,
  router: DraftRouter,
  virtual: ReturnType<typeof virtualAddresses>,
  seen: ReadonlySet<IpAddress>,
): Finding | null {
  const wrong = (found: string, remedy: string): Finding => ({
    at,
    code: 'invalid-peer',
    expected: `the ${router.family === null ? '' : `${FAMILY_NAME[router.family]} `}unicast address of another router, without prefix length`,
    found,
    remedy,
  });
  if (value === null) {
    const bare = parseAddress(text.split('/')[0] ?? '');
    return wrong(quote(text), bare === null ? 'correct the address' : `write ${bare}`);
  }
  const reason = unfitReason(value);
  if (reason !== null) return wrong(`${text}, ${reason}`, 'write the address of the other router');
  if (router.family !== null && familyOf(value) !== router.family) {
    const family = FAMILY_NAME[familyOf(value)];
    return wrong(`${text}, ${family}`, 'write the address of the family that is advertised');
  }
  const place = virtual.get(value);
  if (place !== undefined) {
    return wrong(
      `${text}, the virtual address at ${place}`,
      "write the other router's own address, which it keeps in every state",
    );
  }
  if (seen.has(value)) return wrong(`${text} a second time`, 'remove one of the two');
  const first = [...seen].find((one) => familyOf(one) === familyOf(value)) ?? value;
  if (isLinkLocal(first) === isLinkLocal(value)) return null;
  // Advertisements to all of them have one source, which is of one reach.
  return wrong(
    `${text}, which is ${isLinkLocal(value) ? '' : 'not '}link-local, beside ${first}`,
    'list all other routers by link-local addresses, or none of them',
  );
}
