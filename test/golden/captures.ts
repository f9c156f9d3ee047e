// The captures beside this file, frame by frame: what the kernel would make of each before handing
// it to us. Written apart from src/wire, so that it can judge it.
import { readFileSync, readdirSync } from 'node:fs';
import type { ReceivedMessage } from '../../src/wire/advertisement.js';
import { readPcap, type CapturedFrame } from '../../scripts/lab/pcap.js';
import { address } from '../support/address.js';

// The compiled test runs in dist/test/golden; the captures stay where they are.
const FOLDER = new URL('../../../test/golden/captures/', import.meta.url);

/** The Ethernet address of the host that injected crafted packets. */
export const INJECTOR_MAC = '02:00:00:00:00:03';

export interface CapturedAdvertisement {
  readonly kind: 'vrrp';
  readonly sourceMac: string;
  readonly packet: ReceivedMessage;
  /** Several when the kernel had to reassemble it. */
  readonly frames: readonly CapturedFrame[];
  /** IPv4 identification; 0 for IPv6. */
  readonly identification: number;
}

export interface OtherFrame {
  readonly kind: 'arp' | 'igmp' | 'neighbor-discovery' | 'multicast-listener';
  readonly sourceMac: string;
  readonly frames: readonly CapturedFrame[];
}

export type Captured = CapturedAdvertisement | OtherFrame;

/** One entry of vectors.json. */
export interface Vector {
  readonly pcap: string;
  readonly frame: number;
  readonly kind: 'vrrp' | 'garp' | 'una';
  readonly frame_hex: string;
  readonly payload: string;
  readonly checksum_form: string;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly count: number;
  readonly interval_field: number;
  readonly ip_src: string;
  readonly sha: string;
  readonly spa: string;
  readonly tha: string;
  readonly target: string;
  readonly R: number;
}

export const captureNames = (): string[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.pcap'))
    .sort();

export const readVectors = (): Vector[] =>
  JSON.parse(readFileSync(new URL('vectors.json', FOLDER), 'utf8')) as Vector[];

/** Every frame of the capture, fragments put together. @throws Error on a frame of unknown kind. */
export function readCapture(name: string): Captured[] {
  const captured: Captured[] = [];
  let fragment: CapturedFrame | null = null;
  for (const frame of readPcap(new URL(name, FOLDER))) {
    const bytes = Buffer.from(frame.bytes);
    if (isFirstFragment(bytes)) {
      fragment = frame;
    } else {
      captured.push(dissect(frame, bytes, fragment));
      fragment = null;
    }
  }
  if (fragment !== null) throw new Error(`${name}: frame ${fragment.number} lacks its second half`);
  return captured;
}

const isFirstFragment = (bytes: Buffer): boolean =>
  bytes.readUInt16BE(12) === 0x0800 && (bytes.readUInt16BE(20) & 0x2000) !== 0;

function dissect(frame: CapturedFrame, bytes: Buffer, fragment: CapturedFrame | null): Captured {
  const sourceMac = bytes.toString('hex', 6, 12).replaceAll(/(..)(?!$)/g, '$1:');
  const frames = fragment === null ? [frame] : [fragment, frame];
  switch (bytes.readUInt16BE(12)) {
    case 0x0806:
      return { kind: 'arp', sourceMac, frames };
    case 0x0800:
      if (bytes[23] === 2) return { kind: 'igmp', sourceMac, frames };
      if (bytes[23] !== 112) break;
      return { kind: 'vrrp', sourceMac, frames, ...dissectIpv4(bytes, fragment) };
    case 0x86dd:
      if (bytes[20] === 112) {
        return { kind: 'vrrp', sourceMac, frames, packet: dissectIpv6(bytes), identification: 0 };
      }
      // Router and neighbor solicitations and advertisements.
      if (bytes[20] === 58 && bytes.readUInt8(54) >= 133 && bytes.readUInt8(54) <= 136) {
        return { kind: 'neighbor-discovery', sourceMac, frames };
      }
      // MLDv2 reports come behind a hop-by-hop header that holds the router alert option.
      if (bytes[20] === 0 && bytes[62] === 143) {
        return { kind: 'multicast-listener', sourceMac, frames };
      }
  }
  throw new Error(`frame ${frame.number} is of no known kind: ${bytes.toString('hex')}`);
}

function dissectIpv4(
  bytes: Buffer,
  fragment: CapturedFrame | null,
): { packet: ReceivedMessage; identification: number } {
  const headerLength = ((bytes[14] ?? 0) & 0xf) * 4;
  const body = bytes.subarray(14 + headerLength, 14 + bytes.readUInt16BE(16));
  const first = fragment === null ? [] : [fragment.bytes.subarray(34)];
  return {
    packet: {
      family: 'ipv4',
      source: address(bytes.subarray(26, 30).join('.')),
      destination: address(bytes.subarray(30, 34).join('.')),
      hopLimit: bytes.readUInt8(22),
      message: Buffer.concat([...first, body]),
    },
    identification: bytes.readUInt16BE(18),
  };
}

function dissectIpv6(bytes: Buffer): ReceivedMessage {
  return {
    family: 'ipv6',
    source: address(ipv6Text(bytes.subarray(22, 38))),
    destination: address(ipv6Text(bytes.subarray(38, 54))),
    hopLimit: bytes.readUInt8(21),
    message: bytes.subarray(54, 54 + bytes.readUInt16BE(18)),
  };
}

/** Canonical text by Node's own URL parser: an oracle that shares no code with src/model. */
export const ipv6Text = (bytes: Uint8Array): string => {
  const groups = Buffer.from(bytes)
    .toString('hex')
    .replaceAll(/(....)(?!$)/g, '$1:');
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1);
};
