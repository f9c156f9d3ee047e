// The signature of an advertisement: bytes to value and back, as draft-cassen-vrrp-auth-hmac has it and keepalived from
// 2.4.2 on sends it. No keys, no cryptography, no memory of what was heard: src/agent/signing.ts has those.
import { addressBytes, addressLength, type Family, type IpAddress } from '../model/address.js';
import { assert } from '../model/assert.js';
import { fullChecksum, HEADER_LENGTH, VRRP_CHECKSUM_AT, writeUint16 } from './advertisement.js';

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |     Kind      |    Key Id     |           Reserved            |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                Seconds since the Unix epoch                   |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |      Fraction of a Second     |            Counter            |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |        HMAC-SHA-256, its first 16 bytes ...                   |
//  It stands behind the last address. The IPv4 checksum does not cover it; the IPv6 checksum does.

/** Bytes behind the last address of a signed advertisement. */
export const TRAILER_LENGTH = 28;
/** Bytes of HMAC-SHA-256 that are sent. */
const SIGNATURE_LENGTH = 16;

const KIND_HMAC_SHA256 = 1;
const STAMP_LENGTH = TRAILER_LENGTH - SIGNATURE_LENGTH;

/** What a trailer says besides its signature. */
export interface Stamp {
  /** 1..255: which key it was signed with. */
  readonly keyId: number;
  /** 64 bits: seconds, 1/65536 seconds and counter. It rises from each advertisement of a sender to the next. */
  readonly sequence: bigint;
}

/** HMAC-SHA-256 under a key, whole. */
export type Hmac = (bytes: Uint8Array) => Uint8Array;

/** The sequence of an instant, in milliseconds since the epoch, with the counter at 0. */
export function sequenceAt(wallClock: number): bigint {
  const fraction = Math.floor(((wallClock % 1_000) * 0x1_0000) / 1_000);
  return (BigInt(Math.floor(wallClock / 1_000)) << 32n) | (BigInt(fraction) << 16n);
}

/** Whether `a` comes after `b`, by serial number arithmetic (RFC 1982): seconds begin again after 136 years. */
export const isLater = (a: bigint, b: bigint): boolean => BigInt.asIntN(64, a - b) > 0n;

/** By how many whole seconds the one is after the other; negative when before. */
export const secondsBetween = (a: bigint, b: bigint): number =>
  Number(BigInt.asIntN(32, (b >> 32n) - (a >> 32n)));

/** Whether the message has the length of an advertisement with a trailer: no padding comes to that. */
export const hasTrailer = (message: Uint8Array, family: Family): boolean =>
  message.length === HEADER_LENGTH + (message[3] ?? 0) * addressLength(family) + TRAILER_LENGTH;

/** What the trailer says; null when it is of another kind, or its reserved field is not 0. */
export function stampOf(message: Uint8Array): Stamp | null {
  const at = message.length - TRAILER_LENGTH;
  const view = new DataView(message.buffer, message.byteOffset + at, TRAILER_LENGTH);
  if (view.getUint8(0) !== KIND_HMAC_SHA256 || view.getUint16(2) !== 0) return null;
  return { keyId: view.getUint8(1), sequence: view.getBigUint64(4) };
}

/** The signature that the message carries. */
export const signatureOf = (message: Uint8Array): Uint8Array =>
  message.subarray(message.length - SIGNATURE_LENGTH);

/** The signature that the message from `source` must carry. */
export const signatureFor = (message: Uint8Array, source: IpAddress, hmac: Hmac): Uint8Array =>
  hmac(signedBytes(message, source)).subarray(0, SIGNATURE_LENGTH);

//  family, 4 or 6 (1) | VRRP version (1) | VRID (1) | zero (1) | source address, zeros behind one of IPv4 (16)
const PSEUDO_LENGTH = 20;

/**
 * What is signed: who sends, then the message with its trailer, checksum and signature read as 0. The destination is
 * not in it.
 */
function signedBytes(message: Uint8Array, source: IpAddress): Uint8Array {
  const bytes = new Uint8Array(PSEUDO_LENGTH + message.length);
  const address = addressBytes(source);
  bytes[0] = address.length === 4 ? 4 : 6;
  bytes[1] = (message[0] ?? 0) >> 4;
  bytes[2] = message[1] ?? 0;
  bytes.set(address, 4);
  bytes.set(message, PSEUDO_LENGTH);
  bytes.fill(0, PSEUDO_LENGTH + VRRP_CHECKSUM_AT, PSEUDO_LENGTH + VRRP_CHECKSUM_AT + 2);
  bytes.fill(0, bytes.length - SIGNATURE_LENGTH);
  return bytes;
}

/** The message of an advertisement with its trailer; the checksum of an IPv6 one is made anew, since it covers that. */
export function signMessage(
  message: Uint8Array,
  { source, destination }: { readonly source: IpAddress; readonly destination: IpAddress },
  { keyId, sequence }: Stamp,
  hmac: Hmac,
): Uint8Array {
  assert(keyId >= 1 && keyId <= 255, `key id ${keyId} is not in 1..255`);
  const signed = new Uint8Array(message.length + TRAILER_LENGTH);
  signed.set(message);
  const view = new DataView(signed.buffer, message.length, STAMP_LENGTH);
  view.setUint8(0, KIND_HMAC_SHA256);
  view.setUint8(1, keyId);
  view.setBigUint64(4, sequence);
  signed.set(signatureFor(signed, source, hmac), message.length + STAMP_LENGTH);
  if (addressBytes(source).length === 4) return signed;
  writeUint16(signed, VRRP_CHECKSUM_AT, 0);
  writeUint16(signed, VRRP_CHECKSUM_AT, fullChecksum({ source, destination }, signed));
  return signed;
}
