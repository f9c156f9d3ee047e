// The VRRP advertisement as a value, and what can be wrong with one. No bytes: those are wire's.
import type { IpAddress } from './address.js';
import type { Centiseconds } from './units.js';

/** Virtual Router Identifier, 1..255 (RFC 9568 §5.2.3). */
type Vrid = number;

/**
 * How the IPv4 checksum was, or is to be, computed. `rfc9568`: over the VRRP message only (§5.2.8).
 * `rfc5798`: with a pseudo-header, as deployed peers do. IPv6 has one form, with the pseudo-header
 * of RFC 8200 §8.1, and reports `rfc9568`.
 */
export type ChecksumDialect = 'rfc9568' | 'rfc5798';

/** One VRRPv3 advertisement (RFC 9568 §5.2). */
export interface Advertisement {
  /** Virtual Rtr ID, 1..255. */
  readonly vrid: Vrid;
  /** 255 address owner, 1..254 backup, 0 the Active is giving up. */
  readonly priority: number;
  /** Max Advertise Interval, 1..4095 cs. */
  readonly maxAdvertiseInterval: Centiseconds;
  /** The virtual addresses, in the order sent; IPv6: the first is link-local. */
  readonly addresses: readonly IpAddress[];
}

/** The reasons for which a received packet is discarded (RFC 9568 §7.1; RFC 6527 and 8347 counters). */
export const DISCARD_REASONS = {
  notForUs: 'destination, source or interface is not one of ours',
  ownPacket: 'our own advertisement came back: a loop, or a duplicate of our address',
  length: 'the packet is shorter or longer than its fields say',
  hopLimit: 'TTL or hop limit is not 255: the packet crossed a router',
  version: 'VRRP version is not 3',
  type: 'type is not 1 (ADVERTISEMENT)',
  checksum: 'the checksum is wrong',
  vrid: 'the VRID is not configured on this interface for this address family',
  addressList: 'no address, or the first IPv6 address is not link-local',
  interval: 'Max Advertise Interval is 0',
  stranger: 'the source is no address of a peer, and sources: peers lets peers alone move the role',
  unsigned: 'there is no signature, and signed: require asks for one',
  trailer: 'what stands behind the addresses is no signature that we know',
  signingKey: 'it is signed with a key that signing.keyFile does not have',
  signature: 'the signature is wrong: another key of that number, or a forgery',
  stale: 'it was signed at another time than now: a recording, or clocks that differ',
  replayed: 'an advertisement with this number, or a later one, was heard from its sender before',
} as const;
export type DiscardReason = keyof typeof DISCARD_REASONS;

/** What is remarkable about an advertisement that is nevertheless accepted (RFC 9568 §7.1). */
export const REMARKS = {
  intervalMismatch: 'the sender advertises at another interval than ours',
  addressMismatch: 'the sender lists other virtual addresses than ours',
  ownerConflict: 'another router also claims to own the addresses (priority 255)',
} as const;
export type Remark = keyof typeof REMARKS;
