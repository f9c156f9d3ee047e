// A peer message with something in every field, and the bytes of single TLVs. No test cases.
import type { PeerReport, PeerRouter } from '../../src/model/peer-report.js';
import {
  encodePeerMessage,
  encodePeerReport,
  type PeerHeader,
} from '../../src/wire/peer-message.js';
import { address } from '../support/address.js';

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
