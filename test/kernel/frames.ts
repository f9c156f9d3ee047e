// Frames built by hand, also such as no honest router sends. No sockets.
import { addressBytes, type IpAddress } from '../../src/model/address.js';

const PEER_MAC = [0x02, 0, 0, 0, 0, 0x02];

const big16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

/** RFC 1071, over an even number of bytes. */
function internetChecksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

export interface Ipv4Packet {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly message: Uint8Array;
  readonly ttl?: number;
  /** Whole words of IP options. */
  readonly options?: readonly number[];
}

/** An IPv4 packet of protocol 112 in an Ethernet frame; `mac` is the destination. */
export function ipv4Frame(mac: readonly number[], packet: Ipv4Packet): Uint8Array {
  const options = packet.options ?? [];
  const words = 5 + options.length / 4;
  const identificationAndFlags = [0, 0, 0, 0];
  const checksumPlace = [0, 0];
  const header = [
    0x40 | words,
    0xc0,
    ...big16(words * 4 + packet.message.length),
    ...identificationAndFlags,
    packet.ttl ?? 255,
    112,
    ...checksumPlace,
    ...addressBytes(packet.source),
    ...addressBytes(packet.destination),
    ...options,
  ];
  header.splice(10, 2, ...big16(internetChecksum(header)));
  return Uint8Array.from([...mac, ...PEER_MAC, 0x08, 0x00, ...header, ...packet.message]);
}

/** An IPv6 packet of next header 112 in an Ethernet frame; `mac` is the destination. */
export function ipv6Frame(mac: readonly number[], packet: Omit<Ipv4Packet, 'options'>): Uint8Array {
  const ethernet = [...mac, ...PEER_MAC, 0x86, 0xdd];
  const versionClassLabel = [0x6c, 0, 0, 0];
  return Uint8Array.from([
    ...ethernet,
    ...versionClassLabel,
    ...big16(packet.message.length),
    112,
    packet.ttl ?? 255,
    ...addressBytes(packet.source),
    ...addressBytes(packet.destination),
    ...packet.message,
  ]);
}
