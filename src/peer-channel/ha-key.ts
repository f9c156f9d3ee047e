// A key of the HA port in use: what signs and verifies, and the digest by which people and peers know it.
// No files, no choice between keys.
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { openMessageKey, type MessageKey } from '../kernel/message-key.js';

/** In bytes, at the end of every message. */
const MAC_LENGTH = 32;

export interface HaKey {
  readonly secret: KeyObject;
  /** 32 bits that tell keys apart and nothing of the key. */
  readonly digest: number;
  /** For whoever verifies without us; null when the addon has none. */
  readonly addonKey: MessageKey['addonKey'];
  /** Writes the HMAC of `bytes`, up to `end`, at `end`. */
  sign(bytes: Uint8Array, end: number): void;
  /** Whether the HMAC at `end` is that of `bytes` from `start`, compared in constant time. */
  verify(bytes: Uint8Array, start: number, end: number): boolean;
}

/**
 * A key that signs in the addon, which costs a sixth of what an Hmac object of Node costs for each message. Where the
 * addon's first HMAC is not the one that Node makes, Hmac objects are used.
 * @param secret at least 32 bytes, see peer-key.ts.
 */
export function haKey(secret: Uint8Array): HaKey {
  const key = createSecretKey(secret);
  const right = hmac(key, DIGEST_OF);
  const made = proven(openMessageKey(secret), right) ?? objects(key);
  return {
    secret: key,
    digest: right.readUInt32BE(),
    addonKey: made.addonKey,
    sign(bytes, end) {
      if (!made.sign(bytes, end)) bytes.set(hmac(key, bytes.subarray(0, end)), end);
    },
    verify: (bytes, start, end) => made.verify(bytes, start, end),
  };
}

/** As people read it: eight hexadecimal digits. */
export const formatDigest = (digest: number): string => digest.toString(16).padStart(8, '0');

/** The first of the keys under which the HMAC at `end` is right; null when none is. */
export function verifiedBy(
  keys: Iterable<HaKey>,
  bytes: Uint8Array,
  start: number,
  end: number,
): HaKey | null {
  for (const key of keys) {
    if (key.verify(bytes, start, end)) return key;
  }
  return null;
}

const DIGEST_OF = new TextEncoder().encode('understudy: digest of a key');

const hmac = (key: KeyObject, text: Uint8Array): Buffer =>
  createHmac('sha256', key).update(text).digest();

/** null where it does not give what Node gives. */
function proven(key: MessageKey | null, right: Uint8Array): MessageKey | null {
  if (key === null) return null;
  const message = new Uint8Array(DIGEST_OF.length + MAC_LENGTH);
  message.set(DIGEST_OF);
  const signed = key.sign(message, DIGEST_OF.length);
  return signed && Buffer.compare(message.subarray(DIGEST_OF.length), right) === 0 ? key : null;
}

const objects = (key: KeyObject): MessageKey => ({
  addonKey: null,
  sign: (bytes, end) => {
    bytes.set(hmac(key, bytes.subarray(0, end)), end);
    return true;
  },
  verify: (bytes, start, end) =>
    timingSafeEqual(hmac(key, bytes.subarray(start, end)), bytes.subarray(end, end + MAC_LENGTH)),
});
