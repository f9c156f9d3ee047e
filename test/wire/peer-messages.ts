// A peer message with something in every field, and the bytes of single TLVs. No test cases.
import type { PeerReport, PeerRouter } from '../../src/model/peer-report.js';
import {
  encodePeerReport,
  MAC_LENGTH,
  PeerMessageDraft,
  type EncodedReport,
  type PeerHeader,
} from '../../src/wire/peer-message.js';
import { address } from '../support/address.js';

interface UnsignedPeerMessage {
  /** The whole datagram, with room for the HMAC at its end. */
  readonly datagram: Uint8Array;
  /** What the HMAC is over: a view of the datagram. */
  readonly signed: Uint8Array;
  /** Where the HMAC goes: a view of the datagram. */
  readonly mac: Uint8Array;
}

/** One message in a place of its own; the caller signs it. */
export function encodePeerMessage(
  { kind, session, sequence, nonce, echo }: PeerHeader,
  report: EncodedReport,
): UnsignedPeerMessage {
  const draft = new PeerMessageDraft();
  draft.lay(report, kind, session, sequence);
  draft.give(nonce, 0);
  draft.echo(echo, 0);
  return { datagram: draft.bytes, ...splitSigned(draft.bytes) };
}

/** What the HMAC of a datagram is over, and the HMAC. */
export function splitSigned(datagram: Uint8Array): { signed: Uint8Array; mac: Uint8Array } {
  const cut = datagram.length - MAC_LENGTH;
  return { signed: datagram.subarray(0, cut), mac: datagram.subarray(cut) };
}

export const header: PeerHeader = {
  kind: 'push',
  session: 0x0102_0304_0506_0708n,
  sequence: 2 ** 40 + 5,
  nonce: new Uint8Array(16).fill(0xaa),
  echo: new Uint8Array(16).fill(0xbb),
};

export const active: PeerRouter = {
  state: 'Active',
  effectivePriority: 200,
  addressesPresent: true,
  wantsUnicast: false,
  releasing: true,
  evidence: 9,
};
export const backup: PeerRouter = {
  state: 'Backup',
  effectivePriority: 100,
  addressesPresent: false,
  wantsUnicast: true,
  releasing: false,
  evidence: 0,
};

export const report: PeerReport = {
  name: 'zürich-1',
  mode: 'active-active',
  primary: true,
  fit: false,
  sound: true,
  gateway: 'unreachable',
  bandwidthLow: true,
  digests: {
    virtualRouters: 0x11,
    addresses: 0xffff_ffff,
    intervals: 0,
    thresholds: 0x8000_0000,
    primaries: 0x22,
    rules: null,
  },
  primaryAddresses: [address('10.99.0.1'), address('fe80::1')],
  routers: [active, active, backup],
};

export const datagramOf = (message = header, what = report): Uint8Array =>
  encodePeerMessage(message, encodePeerReport(what)).datagram;

/** A datagram with these TLVs, HMAC left zero: this decoder does not look at it. */
export const withTlvs = (...tlvs: readonly (readonly number[])[]): Uint8Array =>
  encodePeerMessage(header, { bytes: Uint8Array.from(tlvs.flat()), truncated: false }).datagram;

export const NAME = [1, 0, 1, 0x62];
export const INSTANCE = [2, 0, 18, 1, 0, ...Array.from({ length: 16 }, () => 0)];
export const ADDRESSES = [3, 0, 0];
export const ROUTERS = [4, 0, 0];
