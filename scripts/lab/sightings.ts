// What crossed a wire that concerns who has an address: advertisements, announcements (ARP, neighbor
// advertisements), reports of the HA port, a client's echo requests and their answers. No files: frames are
// arguments. No verdicts.
import type { VirtualRouterState } from '../../src/model/reasons.js';
import { decodePeerMessage } from '../../src/wire/peer-message.js';
import { FURTHER, STATIONS } from './network.js';
import type { CapturedFrame } from './pcap.js';

/** A pcap filter for all of it but echoes. IPv6 has the HA port as UDP's destination, too. */
export const ROLE_FILTER =
  'vrrp or ip6 proto 112 or arp or (icmp6 and ip6[40] >= 135 and ip6[40] <= 136) or udp dst port 7112';

/** How the sender of a report has a virtual router, in the order of the report. */
export interface ReportedRouter {
  readonly state: VirtualRouterState;
  readonly addressesPresent: boolean;
}

export type What =
  | {
      readonly kind: 'advertisement';
      readonly family: 4 | 6;
      readonly vrid: number;
      readonly priority: number;
    }
  /** Says where the address is: ARP with it as the sender's, or a neighbor advertisement. */
  | { readonly kind: 'announcement'; readonly address: string }
  /** Of the HA port; its HMAC is not looked at. */
  | { readonly kind: 'report'; readonly routers: readonly ReportedRouter[] }
  /** An echo request to the address, or the answer from it. */
  | {
      readonly kind: 'echo';
      readonly asks: boolean;
      readonly address: string;
      /** Identifier and sequence number: the same in request and answer. */
      readonly id: number;
    };

export interface Sighting {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** A station's name (`a`, `b`, `c`, `host-d`), or the MAC address of a stranger. */
  readonly from: string;
  readonly what: What;
}

const ETHERNET = 14;
const IPV6 = ETHERNET + 40;
const TYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
const PROTOCOL = { icmp: 1, udp: 17, icmpv6: 58, vrrp: 112 } as const;
const HA_PORT = 7112;
const UDP_HEADER = 8;
const ICMP = { echoReply: 0, echoRequest: 8 } as const;
const ICMPV6 = { echoRequest: 128, echoReply: 129, neighborAdvertisement: 136 } as const;

/** Of the HA link: the LAN's are STATIONS'. */
const HA_LINK = [
  ['02:00:00:62:00:01', 'a'],
  ['02:00:00:62:00:02', 'b'],
] as const;

const NAMES = new Map<string, string>([
  ...Object.entries({ ...STATIONS, ...FURTHER }).map(([name, { mac }]) => [mac, name] as const),
  ...HA_LINK,
]);

/** What of the frames is of this kind, in their order. Frames that are cut or of no interest are left out. */
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

function dissect(frame: Buffer): What | null {
  if (frame.length < ETHERNET + 28) return null;
  switch (frame.readUInt16BE(12)) {
    case TYPE.arp:
      return { kind: 'announcement', address: ipv4(frame, 28) };
    case TYPE.ipv4:
      return dissectIpv4(frame);
    case TYPE.ipv6:
      return frame.length < IPV6 + 8 ? null : dissectIpv6(frame);
    default:
      return null;
  }
}

function dissectIpv4(frame: Buffer): What | null {
  const payload = ETHERNET + (frame.readUInt8(ETHERNET) & 0x0f) * 4;
  if (frame.length < payload + 8) return null;
  switch (frame.readUInt8(ETHERNET + 9)) {
    case PROTOCOL.vrrp:
      return advertisement(frame, payload, 4);
    case PROTOCOL.udp:
      return report(frame, payload);
    case PROTOCOL.icmp: {
      const type = frame.readUInt8(payload);
      const id = frame.readUInt32BE(payload + 4);
      if (type === ICMP.echoRequest) return echo(true, ipv4(frame, ETHERNET + 16), id);
      return type === ICMP.echoReply ? echo(false, ipv4(frame, ETHERNET + 12), id) : null;
    }
    default:
      return null;
  }
}

function dissectIpv6(frame: Buffer): What | null {
  switch (frame.readUInt8(ETHERNET + 6)) {
    case PROTOCOL.vrrp:
      return advertisement(frame, IPV6, 6);
    case PROTOCOL.udp:
      return report(frame, IPV6);
    case PROTOCOL.icmpv6: {
      const type = frame.readUInt8(IPV6);
      const id = frame.readUInt32BE(IPV6 + 4);
      if (type === ICMPV6.echoRequest) return echo(true, ipv6(frame, ETHERNET + 24), id);
      if (type === ICMPV6.echoReply) return echo(false, ipv6(frame, ETHERNET + 8), id);
      if (type !== ICMPV6.neighborAdvertisement || frame.length < IPV6 + 24) return null;
      return { kind: 'announcement', address: ipv6(frame, IPV6 + 8) };
    }
    default:
      return null;
  }
}

const echo = (asks: boolean, address: string, id: number): What => ({
  kind: 'echo',
  asks,
  address,
  id,
});

function advertisement(frame: Buffer, at: number, family: 4 | 6): What {
  const vrid = frame.readUInt8(at + 1);
  return { kind: 'advertisement', family, vrid, priority: frame.readUInt8(at + 2) };
}

function report(frame: Buffer, at: number): What | null {
  if (frame.readUInt16BE(at + 2) !== HA_PORT) return null;
  const message = decodePeerMessage(
    frame.subarray(at + UDP_HEADER, at + frame.readUInt16BE(at + 4)),
  );
  if (!message.ok) return null;
  const routers = message.report.routers.map(({ state, addressesPresent }) => ({
    state,
    addressesPresent,
  }));
  return { kind: 'report', routers };
}

const ipv4 = (frame: Buffer, at: number): string => [...frame.subarray(at, at + 4)].join('.');

/** The shortest form (RFC 5952), as the kernel and the settings have it. */
function ipv6(frame: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    frame.readUInt16BE(at + 2 * index).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/**
 * One line for each; of reports those that differ from the sender's last one, and no echoes.
 * @param origin milliseconds since the epoch that count as 0.
 */
export function describeSightings(all: readonly Sighting[], origin: number): string {
  const reported = new Map<string, string>();
  return all
    .flatMap(({ at, from, what }) => {
      const text = describeWhat(what);
      if (text === null) return [];
      if (what.kind === 'report') {
        if (reported.get(from) === text) return [];
        reported.set(from, text);
      }
      return [`${((at - origin) / 1000).toFixed(3).padStart(9)} s  ${from} ${text}\n`];
    })
    .join('');
}

function describeWhat(what: What): string | null {
  switch (what.kind) {
    case 'announcement':
      return `says that it has ${what.address}`;
    case 'advertisement':
      return `advertises VRID ${what.vrid}, IPv${what.family}, priority ${what.priority}`;
    case 'report':
      return `reports ${what.routers.map(describeRouter).join(', ')}`;
    case 'echo':
      return null;
  }
}

const describeRouter = ({ state, addressesPresent }: ReportedRouter): string =>
  `${state} ${addressesPresent ? 'with' : 'without'} its addresses`;
