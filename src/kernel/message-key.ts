// HMAC-SHA-256 with one key over the addon: no object a message. No protocol, and no choice between keys.
import { loadAddon, type AddonKey } from './addon.js';

export interface MessageKey {
  /** What the addon knows it by; null when it is none of the addon's. */
  readonly addonKey: AddonKey | null;
  /** Writes the 32 bytes of the MAC of `bytes`, up to `end`, at `end`. @returns false when OpenSSL refuses. */
  sign(bytes: Uint8Array, end: number): boolean;
  /** Whether the MAC at `end` is that of `bytes` from `start` to `end`; in the same time whatever differs. */
  verify(bytes: Uint8Array, start: number, end: number): boolean;
}

/** null when this process has no OpenSSL that addons can use: the addon is built without, or Node is. */
export function openMessageKey(secret: Uint8Array): MessageKey | null {
  const addon = loadAddon();
  const copy = Uint8Array.from(secret);
  const key = addon.openKey(copy.buffer);
  copy.fill(0);
  if (key === null) return null;
  return {
    addonKey: key,
    sign: (bytes, end) => {
      const at = bytes.byteOffset;
      return addon.mac(key, bytes.buffer, at, at + end, false) === 1;
    },
    verify: (bytes, start, end) => {
      const at = bytes.byteOffset;
      return addon.mac(key, bytes.buffer, at + start, at + end, true) === 1;
    },
  };
}
