// The keys of the HA port that are in force: those of the file, and those that the file had before it was
// replaced, until every peer speaks under the new one. No files, no messages.
import type { KeyStatus } from '../model/status.js';
import { formatDigest, haKey, type HaKey } from './ha-key.js';
import type { KeyFile } from '../host/peer-key.js';

/** Keys of replaced files that are kept; of more, the latest. */
const KEPT_MAXIMUM = 2;

/**
 * A file that shares no key with the one before it would part us from every peer that still has the old one.
 * So the keys that were in force are kept, in memory only, and asked for last. A file that shares one was
 * made by a rotation: what it no longer has is refused from now on, which is what it was written for.
 */
export class KeyRing {
  #file: readonly HaKey[] = [];
  #kept: readonly HaKey[] = [];

  /** All that are accepted, the one that is preferred first; empty before the first file. */
  get keys(): readonly HaKey[] {
    return [...this.#file, ...this.#kept];
  }

  get kept(): readonly HaKey[] {
    return this.#kept;
  }

  /** Takes what the file has now. @returns whether anything differs. */
  take({ key, former }: KeyFile): boolean {
    const before = this.keys;
    const file = [key, ...(former === null ? [] : [former])].map(haKey);
    const shared = file.some((one) => isIn(one, this.#file));
    const old = shared ? this.#kept : before;
    this.#file = file;
    this.#kept = old.filter((one) => !isIn(one, file)).slice(0, KEPT_MAXIMUM);
    const { keys } = this;
    return keys.length !== before.length || keys.some((one, index) => !same(one, before[index]));
  }

  /** Refuses what no file has any longer. */
  letGo(): void {
    this.#kept = [];
  }

  clear(): void {
    this.#file = [];
    this.#kept = [];
  }

  /** As the status shows them. */
  statuses(): KeyStatus[] {
    return [
      ...this.#file.map((one, index) => statusOf(one, index === 0 ? 'key' : 'former')),
      ...this.#kept.map((one) => statusOf(one, 'memory')),
    ];
  }
}

const statusOf = ({ digest }: HaKey, place: KeyStatus['place']): KeyStatus => ({
  digest: formatDigest(digest),
  place,
});

const same = (one: HaKey, other: HaKey | undefined): boolean =>
  other !== undefined && one.secret.equals(other.secret);

const isIn = (one: HaKey, keys: readonly HaKey[]): boolean => keys.some((key) => same(one, key));
