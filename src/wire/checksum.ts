// The internet checksum of RFC 1071, and the pseudo-headers that go into it. No packet layouts.
import { addressBytes, familyOf, type IpAddress } from '../model/address.js';
import { assert } from '../model/assert.js';

/** More than any IP packet: keeps the running sum below 2^32, where one fold at the end is exact. */
const CHECKSUM_MAXIMUM_BYTES = 0x1_0000 + 40;

/**
 * The internet checksum (RFC 1071) of the chunks as if they stood one after another; an odd last
 * byte counts as if a zero followed. Over bytes that carry a correct checksum it is 0.
 */
export function internetChecksum(...chunks: readonly Uint8Array[]): number {
  let sum = 0;
  let length = 0;
  for (const chunk of chunks) {
    // Whether a byte is the high or the low half of its word goes on across chunks.
    for (const byte of chunk) {
      sum += length % 2 === 0 ? byte * 256 : byte;
      length += 1;
    }
  }
  assert(length <= CHECKSUM_MAXIMUM_BYTES, `${length} bytes are no IP packet`);
  const folded = (sum & 0xffff) + (sum >>> 16);
  return ~((folded & 0xffff) + (folded >>> 16)) & 0xffff;
}

/**
 * The pseudo-header of a packet of the addresses' family: RFC 793 §3.1 for IPv4, RFC 8200 §8.1 for
 * IPv6.
 * @param length bytes of the upper-layer message, its own header included.
 */
export function pseudoHeader(
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  length: number,
): Uint8Array {
  assert(familyOf(source) === familyOf(destination), `${source} to ${destination}: two families`);
  return familyOf(source) === 'ipv4'
    ? ipv4PseudoHeader(source, destination, protocol, length)
    : ipv6PseudoHeader(source, destination, protocol, length);
}

//  source address (4) | destination address (4) | zero (1) | protocol (1) | length (2)
function ipv4PseudoHeader(
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  length: number,
): Uint8Array {
  const header = new Uint8Array(12);
  header.set(addressBytes(source), 0);
  header.set(addressBytes(destination), 4);
  header[9] = protocol;
  new DataView(header.buffer).setUint16(10, length);
  return header;
}

//  source address (16) | destination address (16) | length (4) | zero (3) | next header (1)
function ipv6PseudoHeader(
  source: IpAddress,
  destination: IpAddress,
  protocol: number,
  length: number,
): Uint8Array {
  const header = new Uint8Array(40);
  header.set(addressBytes(source), 0);
  header.set(addressBytes(destination), 16);
  new DataView(header.buffer).setUint32(32, length);
  header[39] = protocol;
  return header;
}
