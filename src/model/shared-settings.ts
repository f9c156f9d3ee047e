// What crosses rooms of the settings that a group shares: a value, what differs between two appliances, and the answer
// to whoever asks. No comparison: see sync.
import type { SyncStatus } from './status.js';

/** A value as JSON has it; never undefined or null. */
export type SharedValue =
  string | number | boolean | readonly SharedValue[] | { readonly [key: string]: SharedValue };

/** One setting that is not the same on both. A value is absent where a setting is not set. */
export interface Difference {
  /** As people call it: `peer-check-interval`, `virtualRouters[lan].vrid`. */
  readonly setting: string;
  /** In the last version that both had; absent too when none is known. */
  readonly base?: SharedValue;
  readonly mine?: SharedValue;
  readonly theirs?: SharedValue;
  /** Who changed it since; `unknown` without a version that both had. */
  readonly changed: 'here' | 'there' | 'both' | 'unknown';
}

/** What differs from one peer. */
export interface PeerDifferences {
  readonly name: string;
  /** Absent while its document is not known. */
  readonly differences?: readonly Difference[];
}

/** The answer to `GET /v1/sync`. */
export interface SyncView {
  readonly sync: SyncStatus;
  readonly peers: readonly PeerDifferences[];
}

/** A value as a person reads it, as `understudy get` has it; of mappings, which may hold secrets, the keys. */
export function valueText(value: SharedValue | undefined): string {
  if (value === undefined) return '-';
  if (Array.isArray(value)) {
    const items = value as readonly SharedValue[];
    return items.map((one) => (Array.isArray(one) ? one.join('+') : valueText(one))).join(' ');
  }
  return typeof value === 'object' ? Object.keys(value).join(' ') : String(value);
}
