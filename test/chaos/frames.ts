// What the switch saw: advertisements, ARP and neighbor advertisements of a capture, one line each, and
// who was the last to announce an address. No files: frames are arguments.
import { STATIONS } from '../../scripts/lab/network.js';
import type { CapturedFrame } from '../support/pcap.js';

/** For tcpdump: what is kept of a storm. */
export const CAPTURE_FILTER =
  'vrrp or ip6 proto 112 or arp or (icmp6 and ip6[40] >= 135 and ip6[40] <= 136)';

export interface Sighting {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `a`, `b`, `c`, or the MAC address of a stranger. */
  readonly from: string;
  readonly what:
    | {
        readonly kind: 'advertisement';
        readonly family: 4 | 6;
        readonly vrid: number;
        readonly priority: number;
      }
    /** Says where the address is: ARP with it as the sender's, or a neighbor advertisement. */
    | { readonly kind: 'announcement'; readonly address: string };
}

const ETHERNET = 14;
const IPV6 = ETHERNET + 40;
const TYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
const VRRP = 112;
const ICMPV6 = 58;
const NEIGHBOR_ADVERTISEMENT = 136;

/** What of the frames concerns who is Active, in their order. Frames that are cut or of no interest are left out. */
export const sightings = (frames: readonly CapturedFrame[]): Sighting[] =>
  frames.flatMap(({ capturedAt, bytes }) => {
    const what = dissect(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (what === null) return [];
    // The client asks all the time, and says its own address with it.
    if (what.kind === 'announcement' && what.address === STATIONS.c.ipv4) return [];
    const mac = [...bytes.subarray(6, 12)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join(':');
    return [{ at: capturedAt / 1000, from: NAMES.get(mac) ?? mac, what }];
  });

const NAMES = new Map(Object.entries(STATIONS).map(([name, { mac }]) => [mac, name]));

function dissect(frame: Buffer): Sighting['what'] | null {
  if (frame.length < ETHERNET + 28) return null;
  switch (frame.readUInt16BE(12)) {
    case TYPE.arp:
      return { kind: 'announcement', address: [...frame.subarray(28, 32)].join('.') };
    case TYPE.ipv4: {
      const header = ETHERNET + (frame.readUInt8(ETHERNET) & 0x0f) * 4;
      return frame.readUInt8(ETHERNET + 9) === VRRP ? advertisement(frame, header, 4) : null;
    }
    case TYPE.ipv6: {
      if (frame.length < IPV6 + 8) return null;
      const next = frame.readUInt8(ETHERNET + 6);
      if (next === VRRP) return advertisement(frame, IPV6, 6);
      if (next !== ICMPV6 || frame.readUInt8(IPV6) !== NEIGHBOR_ADVERTISEMENT) return null;
      if (frame.length < IPV6 + 24) return null;
      return { kind: 'announcement', address: ipv6(frame.subarray(IPV6 + 8, IPV6 + 24)) };
    }
    default:
      return null;
  }
}

function advertisement(frame: Buffer, at: number, family: 4 | 6): Sighting['what'] | null {
  if (frame.length < at + 8) return null;
  const vrid = frame.readUInt8(at + 1);
  return { kind: 'advertisement', family, vrid, priority: frame.readUInt8(at + 2) };
}

/** The shortest form (RFC 5952), as the kernel and the settings have it. */
function ipv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** One line for each. `origin`: milliseconds since the epoch that count as 0. */
export const describeSightings = (all: readonly Sighting[], origin: number): string =>
  all
    .map(({ at, from, what }) => {
      const text =
        what.kind === 'announcement'
          ? `says that it has ${what.address}`
          : `advertises VRID ${what.vrid}, IPv${what.family}, priority ${what.priority}`;
      return `${((at - origin) / 1000).toFixed(3).padStart(9)} s  ${from} ${text}\n`;
    })
    .join('');

/** Who was the last appliance to say that it has the address; null when none did. */
export const lastAnnouncer = (all: readonly Sighting[], address: string): string | null =>
  all.findLast(
    ({ from, what }) =>
      (from === 'a' || from === 'b') && what.kind === 'announcement' && what.address === address,
  )?.from ?? null;

/** Who has advertised as Active since `from`, by `IPv4 51`: more than one is one too many. */
export function advertisers(all: readonly Sighting[], from: number): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { at, from: sender, what } of all) {
    if (at < from || what.kind !== 'advertisement' || what.priority === 0) continue;
    const key = `IPv${what.family} ${what.vrid}`;
    const senders = found.get(key) ?? [];
    if (!senders.includes(sender)) found.set(key, [...senders, sender].sort());
  }
  return found;
}
