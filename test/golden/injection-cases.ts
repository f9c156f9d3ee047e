// What was injected, in order, in every *-injection capture, and what RFC 9568 with its errata makes
// of it for the router 192.0.2.10 / fe80::ff:fe00:1 with one VRID configured. No packets.
import type { DiscardReason } from '../../src/model/advertisement.js';

export type Verdict = 'accepted' | DiscardReason;
type Case = readonly [name: string, verdict: Verdict];

const COMMON: readonly Case[] = [
  ['valid, higher priority', 'accepted'],
  ['valid, lower priority', 'accepted'],
  ['equal priority, higher source', 'accepted'],
  ['equal priority, lower source', 'accepted'],
  ['equal priority, our own source', 'ownPacket'],
  ['higher priority, our own source', 'ownPacket'],
  ['priority 0', 'accepted'],
  ['priority 255', 'accepted'],
  ['TTL 254', 'hopLimit'],
  ['TTL 1', 'hopLimit'],
  ['bad checksum', 'checksum'],
  ['checksum 0', 'checksum'],
];

const HEADER: readonly Case[] = [
  ['version 2 before a v3 body', 'version'],
  ['version 4', 'version'],
  ['type 2', 'type'],
  ['type 0', 'type'],
  ['another VRID', 'vrid'],
  ['VRID 0', 'vrid'],
  ['reserved nibble 0xF', 'accepted'],
  ['count 0, no addresses', 'addressList'],
  ['count 0 before addresses', 'length'],
  ['count less than the addresses', 'length'],
  ['count more than the addresses', 'length'],
  ['count 255', 'length'],
  ['7 bytes', 'length'],
  ['header only', 'length'],
  ['last address cut', 'length'],
  ['no bytes', 'length'],
  ['4 trailing bytes in the IP length', 'length'],
  ['Ethernet padding', 'accepted'],
  ['other addresses, same count', 'accepted'],
  ['more addresses', 'accepted'],
];

const IPV4: readonly Case[] = [
  ...COMMON,
  ['checksum in the other dialect', 'accepted'],
  ...HEADER,
  ['addresses reordered', 'accepted'],
  ['twice the interval', 'accepted'],
  ['IP options', 'accepted'],
  ['to our own address', 'notForUs'],
  ['to 224.0.0.1', 'notForUs'],
  ['broadcast Ethernet address', 'accepted'],
  ['source off the subnet', 'accepted'],
  ['source 0.0.0.0', 'notForUs'],
  ['VRRPv2 without authentication', 'version'],
  ['VRRPv2 with a password', 'version'],
  ['two fragments', 'accepted'],
  ['valid, higher priority, again', 'accepted'],
  ['interval 0', 'interval'],
];

const IPV6: readonly Case[] = [
  ...COMMON,
  ['checksum without pseudo-header', 'checksum'],
  ...HEADER,
  ['addresses reordered: the first is global', 'addressList'],
  ['twice the interval', 'accepted'],
  ['global source', 'notForUs'],
  ['first address not link-local', 'addressList'],
  ['to our own link-local address', 'notForUs'],
  ['valid, higher priority, again', 'accepted'],
  ['interval 0', 'interval'],
];

/** Ten a second for four seconds. */
const FLOOD: readonly Case[] = Array.from({ length: 40 }, () => ['flood, TTL 1', 'hopLimit']);

/** The cases of a capture, in the order of injection; none where nothing was injected. */
export function injectionCases(capture: string): readonly Case[] {
  if (capture.includes('-flood')) return FLOOD;
  if (!capture.includes('-injection')) return [];
  if (capture.includes('-ipv6-')) return IPV6;
  return capture.includes('-default-') ? [...IPV4, ...FLOOD] : IPV4;
}
