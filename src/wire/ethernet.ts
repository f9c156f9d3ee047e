// Ethernet frames and the IP headers inside them, as far as frames we send ourselves need them. No
// receiving side: the kernel takes these headers off.
import { addressBytes, familyOf, type IpAddress } from '../model/address.js';
import { assert } from '../model/assert.js';
import { internetChecksum } from './checksum.js';

const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
const ETHERTYPE_IPV6 = 0x86dd;

export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';

/** The six bytes of `02:00:00:00:00:01`, the form in which the kernel reports a link's address. */
export function macBytes(mac: string): Uint8Array {
  assert(isMac(mac), `"${mac}" is not a MAC address`);
  return Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16));
}

/** Whether an interface with this link-layer address carries Ethernet frames: tun, WireGuard and PPP have none. */
export const isMac = (text: string): boolean => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text);

/** Six bytes as `02:00:00:00:00:01`. */
export const formatMac = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');

/**
 * A frame without padding and check sequence: drivers pad a short frame to 60 bytes themselves
 * (eth_skb_pad or the hardware), so padding here would only lengthen it on links that need none.
 */
export function ethernetFrame(
  header: { readonly destination: string; readonly source: string; readonly etherType: number },
  ...payload: readonly Uint8Array[]
): Uint8Array {
  const length = payload.reduce((sum, part) => sum + part.length, 14);
  const frame = new Uint8Array(length);
  frame.set(macBytes(header.destination), 0);
  frame.set(macBytes(header.source), 6);
  new DataView(frame.buffer).setUint16(12, header.etherType);
  let offset = 14;
  for (const part of payload) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

interface IpHeader {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** Protocol or next header. */
  readonly protocol: number;
  /** TTL or hop limit. */
  readonly hopLimit: number;
  /** TOS or traffic class, the whole byte. */
  readonly trafficClass: number;
  /** Bytes that follow the header. */
  readonly payloadLength: number;
  /** IPv4 identification; IPv6 has none. */
  readonly identification?: number;
}

/** The header in the form of its addresses' family, and the EtherType that announces it. */
export function ipHeader(header: IpHeader): { etherType: number; bytes: Uint8Array } {
  assert(
    familyOf(header.source) === familyOf(header.destination),
    `${header.source} to ${header.destination}: two families`,
  );
  return familyOf(header.source) === 'ipv4'
    ? { etherType: ETHERTYPE_IPV4, bytes: ipv4Header(header) }
    : { etherType: ETHERTYPE_IPV6, bytes: ipv6Header(header) };
}

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-------+-------+---------------+-------------------------------+
//  |Version|  IHL  |Type of Service|          Total Length         |
//  +-------+-------+---------------+-----+-------------------------+
//  |         Identification        |Flags|      Fragment Offset    |
//  +---------------+---------------+-----+-------------------------+
//  |  Time to Live |    Protocol   |         Header Checksum       |
//  +---------------+---------------+-------------------------------+
//  |                         Source Address                        |
//  |                      Destination Address                      |
//  +---------------------------------------------------------------+
//  RFC 791 §3.1, without options; all flags clear.
function ipv4Header(header: IpHeader): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x45;
  bytes[1] = header.trafficClass;
  view.setUint16(2, 20 + header.payloadLength);
  view.setUint16(4, header.identification ?? 0);
  bytes[8] = header.hopLimit;
  bytes[9] = header.protocol;
  bytes.set(addressBytes(header.source), 12);
  bytes.set(addressBytes(header.destination), 16);
  view.setUint16(10, internetChecksum(bytes));
  return bytes;
}

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-------+---------------+---------------------------------------+
//  |Version| Traffic Class |           Flow Label                  |
//  +-------+---------------+-------+---------------+---------------+
//  |         Payload Length        |  Next Header  |   Hop Limit   |
//  +-------------------------------+---------------+---------------+
//  |                 Source Address (128 bits)                     |
//  |               Destination Address (128 bits)                  |
//  +---------------------------------------------------------------+
//  RFC 8200 §3; flow label 0.
function ipv6Header(header: IpHeader): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x6000 | (header.trafficClass << 4));
  view.setUint16(4, header.payloadLength);
  bytes[6] = header.protocol;
  bytes[7] = header.hopLimit;
  bytes.set(addressBytes(header.source), 8);
  bytes.set(addressBytes(header.destination), 24);
  return bytes;
}
