// An advertisement of either version as the doctor tells of it: what it says, whoever would discard it. The agent's
// own decoder is wire's; this one believes everything. RFC 3768 §5.1 (version 2), RFC 9568 §5.2 (version 3).
import { addressFromBytes, addressLength, type Family, type IpAddress } from '../model/address.js';
import type { ChecksumDialect } from '../model/advertisement.js';
import { VRRP_PROTOCOL } from '../wire/advertisement.js';
import { internetChecksum, pseudoHeader } from '../wire/checksum.js';
import { hasTrailer, TRAILER_LENGTH } from '../wire/signature.js';

export interface Said {
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  readonly authentication: number;
  /** Version 3: it has a signature behind its addresses, good or not. */
  readonly signed: boolean;
}

const HEADER = 8;
const ADVERTISEMENT = 1;

/** Null for what is no advertisement of version 2 or 3. */
export function saidBy(message: Uint8Array, family: Family): Said | null {
  const [first = 0, vrid = 0, priority = 0, count = 0, fourth = 0, fifth = 0] = message;
  const version = first >> 4;
  if (message.length < HEADER || (first & 0x0f) !== ADVERTISEMENT) return null;
  if (version !== 2 && version !== 3) return null;
  const size = addressLength(family);
  const fitting = Math.min(count, Math.floor((message.length - HEADER) / size));
  return {
    version,
    vrid,
    priority,
    // Seconds in version 2, centiseconds in twelve bits in version 3.
    intervalMs: version === 2 ? fifth * 1000 : (((fourth & 0x0f) << 8) | fifth) * 10,
    addresses: Array.from({ length: fitting }, (_, index) =>
      addressFromBytes(message, HEADER + index * size, family),
    ),
    authentication: version === 2 ? fourth : 0,
    signed: version === 3 && hasTrailer(message, family),
  };
}

/**
 * Which form of the IPv4 checksum an advertisement of version 3 has: without the pseudo-header (RFC 9568 §5.2.8), with it
 * (RFC 5798), or neither. Null where there is but one form: version 2, IPv6.
 */
export function dialectOf(
  whole: Uint8Array,
  { source, destination, family }: { source: IpAddress; destination: IpAddress; family: Family },
): ChecksumDialect | 'neither' | null {
  if ((whole[0] ?? 0) >> 4 !== 3 || family !== 'ipv4') return null;
  // It does not cover a signature.
  const message = hasTrailer(whole, family) ? whole.subarray(0, -TRAILER_LENGTH) : whole;
  if (internetChecksum(message) === 0) return 'rfc9568';
  const header = pseudoHeader(source, destination, VRRP_PROTOCOL, message.length);
  return internetChecksum(header, message) === 0 ? 'rfc5798' : 'neither';
}
