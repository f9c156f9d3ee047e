// IP addresses as canonical text. No sockets, no resolution, no interface.

declare const canonical: unique symbol;

export type Family = 'ipv4' | 'ipv6';

/** An IPv4 or IPv6 address in canonical text (dotted quad; RFC 5952). Equal text is equal address. */
export type IpAddress = string & { readonly [canonical]: 'IpAddress' };

/** An address with its prefix length, `10.99.0.100/24`, as it stands on an interface. */
export interface AddressWithPrefix {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

export const familyOf = (address: IpAddress): Family => (address.includes(':') ? 'ipv6' : 'ipv4');

/** Bytes of one address of the family: 4 or 16. */
export const addressLength = (family: Family): 4 | 16 => (family === 'ipv4' ? 4 : 16);

/** The address in network byte order, 4 or 16 bytes. */
export function addressBytes(address: IpAddress): Uint8Array {
  return familyOf(address) === 'ipv4'
    ? Uint8Array.from(address.split('.'), Number)
    : bytesOfGroups(groupsOf(address));
}

/**
 * Reads an address from `bytes` at `offset`.
 * @throws RangeError when fewer bytes than one address remain.
 */
export function addressFromBytes(bytes: Uint8Array, offset: number, family: Family): IpAddress {
  const length = addressLength(family);
  if (offset + length > bytes.length) {
    throw new RangeError(`${length} address bytes expected at ${offset}, ${bytes.length} in all`);
  }
  const slice = bytes.subarray(offset, offset + length);
  return (family === 'ipv4' ? slice.join('.') : formatGroups(slice)) as IpAddress;
}

/** Parses an address in any accepted spelling; `null` when the text is not an IP address. */
export function parseAddress(text: string): IpAddress | null {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  if (bytes === null) return null;
  return addressFromBytes(bytes, 0, bytes.length === 4 ? 'ipv4' : 'ipv6');
}

/** Parses `address/prefix`; `null` when either half is missing or out of range. */
export function parseAddressWithPrefix(text: string): AddressWithPrefix | null {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  if (match === null) return null;
  const address = parseAddress(match[1] ?? '');
  if (address === null) return null;
  const prefixLength = Number(match[2]);
  return prefixLength <= addressLength(familyOf(address)) * 8 ? { address, prefixLength } : null;
}

export const formatAddressWithPrefix = (value: AddressWithPrefix): string =>
  `${value.address}/${value.prefixLength}`;

/**
 * Unsigned comparison in network byte order, the tie-break of RFC 9568 §6.4.3.
 * Negative when `a` is lower, positive when higher, 0 when equal. Both of one family.
 */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  if (a === b) return 0;
  const left = addressBytes(a);
  const right = addressBytes(b);
  for (let index = 0; index < left.length; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Whether the address lies in the network of `network`. Other families never do. */
export function isWithin(address: IpAddress, network: AddressWithPrefix): boolean {
  if (familyOf(address) !== familyOf(network.address)) return false;
  const left = addressBytes(address);
  const right = addressBytes(network.address);
  return left.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, network.prefixLength - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((right[index] ?? 0) & mask);
  });
}

/** fe80::/10, the scope of an IPv6 router's own address (RFC 9568 §5.1.2.1). */
export const isLinkLocal = (address: IpAddress): boolean => /^fe[89ab][0-9a-f]:/.test(address);

/** 0.0.0.0 or ::, which no router sends from. */
export const isUnspecified = (address: IpAddress): boolean =>
  address === '0.0.0.0' || address === '::';

/** 224.0.0.0/4 or ff00::/8. */
export const isMulticast = (address: IpAddress): boolean =>
  familyOf(address) === 'ipv6' ? /^ff[0-9a-f]{2}:/.test(address) : /^2(2[4-9]|3\d)\./.test(address);

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes[index] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  const expanded = expandEmbeddedIpv4(text);
  if (expanded === null) return null;
  const halves = expanded.split('::');
  if (halves.length > 2) return null;
  const head = splitGroups(halves[0] ?? '');
  const tail = splitGroups(halves[1] ?? '');
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array.from<string>({ length: missing }).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return bytesOfGroups(groups);
}

/** `::ffff:192.0.2.1` to `::ffff:c000:201`; `null` when the embedded part is not an address. */
function expandEmbeddedIpv4(text: string): string | null {
  if (!text.includes('.')) return text;
  const cut = text.lastIndexOf(':') + 1;
  const bytes = parseIpv4(text.slice(cut));
  if (bytes === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return `${text.slice(0, cut)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

const splitGroups = (text: string): string[] => (text === '' ? [] : text.split(':'));

function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const first = splitGroups(head);
  if (tail === undefined) return first;
  const last = splitGroups(tail);
  return [
    ...first,
    ...Array.from<string>({ length: 8 - first.length - last.length }).fill('0'),
    ...last,
  ];
}

function bytesOfGroups(groups: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(16);
  for (const [index, group] of groups.entries()) {
    const value = Number.parseInt(group, 16);
    bytes[index * 2] = value >> 8;
    bytes[index * 2 + 1] = value & 0xff;
  }
  return bytes;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatGroups(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] ?? 0) << 8) | (bytes[i * 2 + 1] ?? 0)).toString(16),
  );
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (const [index, group] of groups.entries()) {
    run = group === '0' ? run + 1 : 0;
    if (run > best.length) best = { start: index - run + 1, length: run };
  }
  return best;
}
