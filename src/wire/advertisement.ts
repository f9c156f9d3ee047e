// The VRRPv3 advertisement: bytes to value and back (RFC 9568 §5.1, §5.2), and the checks of §7.1
// that need nothing but the packet. No state, no sockets: whether the VRID is configured, and what
// an advertisement means, is for the core to say.
import {
  addressBytes,
  addressFromBytes,
  addressLength,
  familyOf,
  isLinkLocal,
  isMulticast,
  isUnspecified,
  isWithin,
  parseAddress,
  type AddressWithPrefix,
  type Family,
  type IpAddress,
} from '../model/address.js';
import type { Advertisement, ChecksumDialect, DiscardReason } from '../model/advertisement.js';
import { assert } from '../model/assert.js';
import { centiseconds } from '../model/units.js';
import { internetChecksum, pseudoHeader } from './checksum.js';
import { BROADCAST_MAC, ethernetFrame, ipHeader } from './ethernet.js';

/** IPv4 protocol and IPv6 next header (RFC 9568 §5.1.1.4, §5.1.2.4). */
export const VRRP_PROTOCOL = 112;
/** TTL and hop limit, sent and required (RFC 9568 §5.1.1.3, §5.1.2.3). */
export const VRRP_HOP_LIMIT = 255;
/** TOS and traffic class, CS6: RFC 9568 names none, deployed routers send this. */
const VRRP_TRAFFIC_CLASS = 0xc0;
/** The groups advertisements are sent to (RFC 9568 §5.1.1.2, §5.1.2.2). */
export const VRRP_GROUP: Readonly<Record<Family, IpAddress>> = {
  ipv4: constantAddress('224.0.0.18'),
  ipv6: constantAddress('ff02::12'),
};
/** The groups' Ethernet addresses (RFC 1112 §6.4, RFC 2464 §7). */
const VRRP_GROUP_MAC: Readonly<Record<Family, string>> = {
  ipv4: '01:00:5e:00:00:12',
  ipv6: '33:33:00:00:00:12',
};

const VERSION = 3;
const TYPE_ADVERTISEMENT = 1;
/** Bytes before the first address. */
export const HEADER_LENGTH = 8;
/** Where its checksum stands. */
export const VRRP_CHECKSUM_AT = 6;

/** A received message of IP protocol 112 and what its IP header said; `ReceivedPacket` fits. */
export interface ReceivedMessage {
  readonly family: Family;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly hopLimit: number;
  readonly message: Uint8Array;
}

/** Who we are on the interface of arrival, in the family of the packet. */
export interface DeliveryScope {
  /** The addresses that stand on the interface, the one we advertise from included. */
  readonly ownAddresses: Pick<ReadonlySet<IpAddress>, 'has'>;
  /**
   * Those of them that nobody else may have: not the virtual ones, from which we never send but another
   * router may (some advertise from the virtual link-local address).
   */
  readonly ownSources: ReadonlySet<IpAddress>;
  /** Routers that may send to our own address instead of the group; usually none. */
  readonly unicastPeers: ReadonlySet<IpAddress>;
  /**
   * Where a peer of ours is, whose link-local address nobody configures: whoever is in one of these may send
   * to our own address too. None where no peer is.
   */
  readonly networks: readonly AddressWithPrefix[];
}

/**
 * Whether the packet is meant for us at all: the checks that come before those of RFC 9568 §7.1.
 * The interface itself is the socket's business (SO_BINDTODEVICE); a broadcast source never gets
 * past the kernel.
 * @returns null when it is, else `notForUs` or `ownPacket`.
 */
export function checkDelivery(
  packet: Pick<ReceivedMessage, 'family' | 'source' | 'destination'>,
  scope: DeliveryScope,
): DiscardReason | null {
  const { family, source, destination } = packet;
  const multicast = destination === VRRP_GROUP[family];
  if (!multicast && !scope.ownAddresses.has(destination)) return 'notForUs';
  if (isUnspecified(source) || isMulticast(source)) return 'notForUs';
  if (multicast && family === 'ipv6' && !isLinkLocal(source)) return 'notForUs';
  if (scope.ownSources.has(source)) return 'ownPacket';
  if (multicast || scope.unicastPeers.has(source)) return null;
  return scope.networks.some((network) => isWithin(source, network)) ? null : 'notForUs';
}

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                    IPv4 Fields or IPv6 Fields                 |
//  ...                                                           ...
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |Version| Type  | Virtual Rtr ID|   Priority    |IPvX Addr Count|
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |Reserve| Max Advertise Interval|          Checksum             |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                       IPvX Address(es)                        |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  RFC 9568 §5.2. The message starts at Version; the IP header before it is the caller's.

export type DecodedAdvertisement =
  | {
      readonly ok: true;
      readonly advertisement: Advertisement;
      /** The IPv4 form that verified; `rfc9568` when both did, and always for IPv6. */
      readonly dialect: ChecksumDialect;
    }
  | DiscardedPacket;

interface DiscardedPacket {
  readonly ok: false;
  readonly reason: DiscardReason;
  /** Virtual Rtr ID, given whenever the packet had a whole header, so that it can be counted there. */
  readonly vrid?: number;
  /** What was found, for the log. */
  readonly detail?: string;
}

/**
 * Decodes and validates one message, in the order of RFC 9568 §7.1: complete header, hop limit,
 * version, type, length, checksum, then what EID 8299, 8300 and 8301 add. Both IPv4 checksum
 * dialects are accepted. The length must be exact: every deployed router rejects trailing bytes,
 * and the kernel strips Ethernet padding. The reserved nibble is ignored (§5.2.6).
 * @param trailer bytes behind the last address that were found to be a signature (signature.ts).
 */
export function decodeAdvertisement(packet: ReceivedMessage, trailer = 0): DecodedAdvertisement {
  const { family, message } = packet;
  if (message.length < HEADER_LENGTH) {
    return { ok: false, reason: 'length', detail: `${message.length} bytes, no whole header` };
  }
  const [versionAndType = 0, vrid = 0, priority = 0, count = 0] = message;
  const discard = (reason: DiscardReason, detail: string): DiscardedPacket => ({
    ok: false,
    reason,
    vrid,
    detail,
  });

  if (packet.hopLimit !== VRRP_HOP_LIMIT) return discard('hopLimit', `${packet.hopLimit}`);
  if (versionAndType >> 4 !== VERSION) return discard('version', `${versionAndType >> 4}`);
  if ((versionAndType & 0xf) !== TYPE_ADVERTISEMENT) {
    return discard('type', `${versionAndType & 0xf}`);
  }
  const expected = HEADER_LENGTH + count * addressLength(family);
  if (message.length !== expected + trailer) {
    return discard('length', `${message.length} bytes, ${expected} for ${count} addresses`);
  }
  const dialect = verifiedDialect(packet, expected);
  if (dialect === null) return discard('checksum', hex(readUint16(message, 6)));
  // No router is configured with VRID 0, so this is the core's check of the VRID come early.
  if (vrid === 0) return discard('vrid', '0');
  if (count === 0) return discard('addressList', 'no address');
  const interval = readUint16(message, 4) & 0xfff;
  if (interval === 0) return discard('interval', '0');

  const addresses = Array.from({ length: count }, (_, index) =>
    addressFromBytes(message, HEADER_LENGTH + index * addressLength(family), family),
  );
  const first = addresses[0];
  if (family === 'ipv6' && first !== undefined && !isLinkLocal(first)) {
    return discard('addressList', `the first address, ${first}, is not link-local`);
  }
  const maxAdvertiseInterval = centiseconds(interval);
  return { ok: true, advertisement: { vrid, priority, maxAdvertiseInterval, addresses }, dialect };
}

export interface AdvertisementEnvelope {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** Which checksum an IPv4 advertisement gets; IPv6 has only one. */
  readonly dialect: ChecksumDialect;
}

/**
 * Encodes the VRRP message, checksum included (RFC 9568 §5.2).
 * @throws AssertionFailure when a field is out of range, the addresses are not all of the family,
 * or the first IPv6 address is not link-local: settings refuse all of these.
 */
export function encodeAdvertisement(
  advertisement: Advertisement,
  envelope: AdvertisementEnvelope,
): Uint8Array {
  const family = familyOf(envelope.source);
  assertEncodable(advertisement, family);
  const { vrid, priority, maxAdvertiseInterval, addresses } = advertisement;
  const size = addressLength(family);
  const message = new Uint8Array(HEADER_LENGTH + addresses.length * size);
  message[0] = (VERSION << 4) | TYPE_ADVERTISEMENT;
  message[1] = vrid;
  message[2] = priority;
  message[3] = addresses.length;
  writeUint16(message, 4, maxAdvertiseInterval);
  for (const [index, address] of addresses.entries()) {
    message.set(addressBytes(address), HEADER_LENGTH + index * size);
  }
  const bare = family === 'ipv4' && envelope.dialect === 'rfc9568';
  writeUint16(message, 6, bare ? internetChecksum(message) : fullChecksum(envelope, message));
  return message;
}

/** Adds to a message what its sender adds to each: a signature. */
export type Seal = (
  message: Uint8Array,
  envelope: { readonly source: IpAddress; readonly destination: IpAddress },
) => Uint8Array;

interface FrameEnvelope extends AdvertisementEnvelope {
  /** Null, or left out: the message goes as it is. */
  readonly seal?: Seal | null;
  /** The interface's own address, `02:00:00:00:00:01`, or the virtual router's. */
  readonly sourceMac: string;
  /** IPv4 identification. Nothing reassembles an unfragmented packet, so it may stay 0. */
  readonly identification?: number;
}

/**
 * The advertisement as a whole Ethernet frame, for whoever has no advertisement socket any more
 * (the executor's farewell): hop limit 255, TOS 0xC0, DF clear, flow label 0.
 *
 * To a unicast peer, whose Ethernet address nobody here knows, the frame is broadcast: Linux
 * delivers a unicast packet from a broadcast frame to its addressee, and others ignore it.
 */
export function encodeAdvertisementFrame(
  advertisement: Advertisement,
  envelope: FrameEnvelope,
): Uint8Array {
  const { source, destination, sourceMac } = envelope;
  const plain = encodeAdvertisement(advertisement, envelope);
  const message = envelope.seal?.(plain, envelope) ?? plain;
  const family = familyOf(source);
  const header = ipHeader({
    source,
    destination,
    protocol: VRRP_PROTOCOL,
    hopLimit: VRRP_HOP_LIMIT,
    trafficClass: VRRP_TRAFFIC_CLASS,
    payloadLength: message.length,
    identification: envelope.identification ?? 0,
  });
  const toGroup = destination === VRRP_GROUP[family];
  return ethernetFrame(
    {
      destination: toGroup ? VRRP_GROUP_MAC[family] : BROADCAST_MAC,
      source: sourceMac,
      etherType: header.etherType,
    },
    header.bytes,
    message,
  );
}

/** The dialect whose checksum holds; null when none does. */
function verifiedDialect(packet: ReceivedMessage, length: number): ChecksumDialect | null {
  const { family, message: whole } = packet;
  if (family === 'ipv6') return fullChecksum(packet, whole) === 0 ? 'rfc9568' : null;
  // Of IPv4 the checksum does not cover a signature behind the message.
  const message = whole.length === length ? whole : whole.subarray(0, length);
  if (internetChecksum(message) === 0) return 'rfc9568';
  return fullChecksum(packet, message) === 0 ? 'rfc5798' : null;
}

/** The checksum with the pseudo-header: IPv6 (RFC 8200 §8.1), and IPv4 in the RFC 5798 dialect. */
export const fullChecksum = (
  { source, destination }: { readonly source: IpAddress; readonly destination: IpAddress },
  message: Uint8Array,
): number =>
  internetChecksum(pseudoHeader(source, destination, VRRP_PROTOCOL, message.length), message);

function assertEncodable(advertisement: Advertisement, family: Family): void {
  const { vrid, priority, maxAdvertiseInterval, addresses } = advertisement;
  assertVrid(vrid);
  assert(within(priority, 0, 255), `priority ${priority} is not in 0..255`);
  assert(within(maxAdvertiseInterval, 1, 4095), `interval ${maxAdvertiseInterval} cs`);
  assert(within(addresses.length, 1, 255), `${addresses.length} addresses, 1..255 can be sent`);
  assert(
    addresses.every((address) => familyOf(address) === family),
    `an address is not of family ${family}`,
  );
  const first = addresses[0];
  assert(
    family === 'ipv4' || (first !== undefined && isLinkLocal(first)),
    `the first IPv6 address, ${first}, is not link-local`,
  );
}

const assertVrid = (vrid: number): void => {
  assert(within(vrid, 1, 255), `VRID ${vrid} is not in 1..255`);
};

const within = (value: number, low: number, high: number): boolean =>
  Number.isInteger(value) && value >= low && value <= high;

const readUint16 = (bytes: Uint8Array, offset: number): number =>
  ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);

export const writeUint16 = (bytes: Uint8Array, offset: number, value: number): void => {
  bytes[offset] = value >> 8;
  bytes[offset + 1] = value & 0xff;
};

const hex = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;

function constantAddress(text: string): IpAddress {
  const address = parseAddress(text);
  assert(address !== null, `"${text}" is an address`);
  return address;
}
