// An advertisement of either version as the doctor tells of it: what it says, whoever would discard it. The agent's
// own decoder is wire's; this one believes everything. RFC 3768 §5.1 (version 2), RFC 9568 §5.2 (version 3).
import { addressFromBytes, addressLength, type Family } from '../model/address.js';

export interface Said {
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  readonly authentication: number;
}

const HEADER = 8;
const ADVERTISEMENT = 1;

/** Null for what is no advertisement of version 2 or 3. */
export function saidBy(message: Uint8Array, family: Family): Said | null {
  const [first = 0, vrid = 0, priority = 0, count = 0, fourth = 0, fifth = 0] = message;
  const version = first >> 4;
  if (message.length < HEADER || (first & 0x0f) !== ADVERTISEMENT) return null;
  if (version !== 2 && version !== 3) return null;
  const size = addressLength(family);
  const fitting = Math.min(count, Math.floor((message.length - HEADER) / size));
  return {
    version,
    vrid,
    priority,
    // Seconds in version 2, centiseconds in twelve bits in version 3.
    intervalMs: version === 2 ? fifth * 1000 : (((fourth & 0x0f) << 8) | fifth) * 10,
    addresses: Array.from({ length: fitting }, (_, index) =>
      addressFromBytes(message, HEADER + index * size, family),
    ),
    authentication: version === 2 ? fourth : 0,
  };
}
