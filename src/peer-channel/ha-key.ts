// A key of the HA port in use: what signs and verifies, and the digest by which people and peers know it.
// No files, no choice between keys.
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';

export interface HaKey {
  readonly secret: KeyObject;
  /** 32 bits that tell keys apart and nothing of the key. */
  readonly digest: number;
}

/** @param secret at least 32 bytes, see peer-key.ts. */
export function haKey(secret: Uint8Array): HaKey {
  const key = createSecretKey(secret);
  return { secret: key, digest: hmac(key, DIGEST_OF).readUInt32BE() };
}

/** As people read it: eight hexadecimal digits. */
export const formatDigest = (digest: number): string => digest.toString(16).padStart(8, '0');

/** @returns 32 bytes. */
export const sign = ({ secret }: HaKey, signed: Uint8Array): Uint8Array => hmac(secret, signed);

/** The first of the keys under which the HMAC is right, compared in constant time; null when none is. */
export function verifiedBy(
  keys: Iterable<HaKey>,
  signed: Uint8Array,
  mac: Uint8Array,
): HaKey | null {
  for (const key of keys) {
    if (timingSafeEqual(sign(key, signed), mac)) return key;
  }
  return null;
}

const DIGEST_OF = new TextEncoder().encode('understudy: digest of a key');

const hmac = (key: KeyObject, text: Uint8Array): Buffer =>
  createHmac('sha256', key).update(text).digest();
