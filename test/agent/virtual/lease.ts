// The memory that agent and executor share (native/lease_words.h), in virtual time. No policy.
import type { Lease } from '../../../src/kernel/kernel.js';
import { milliseconds } from '../../../src/model/units.js';

export class VirtualLease implements Lease {
  readonly fd = -1;
  /** Microseconds of the holder's last sign of life; not held, or revoked. */
  word: number | 'not held' | 'revoked' = 'not held';
  /** Microseconds of the last step of a wake-up that takes long. */
  steppedAt = 0;
  /** Microseconds since when the executor does nothing; null while it lives. */
  executorSilentSince: number | null = null;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  renew(): boolean {
    if (typeof this.word === 'number') {
      this.word = this.#now();
      return true;
    }
    this.word = 'not held';
    return false;
  }

  take(): void {
    this.word = this.#now();
  }

  step(): void {
    this.steppedAt = this.#now();
  }

  /** The executor's compare-and-swap: only in place of the time that it has seen. */
  revoke(seen: number | null): boolean {
    if (seen === null || this.word !== seen) return false;
    this.word = 'revoked';
    return true;
  }

  executorSilence(): ReturnType<Lease['executorSilence']> {
    const since = this.executorSilentSince;
    return milliseconds(since === null ? 0 : (this.#now() - since) / 1_000);
  }

  close(): void {
    this.word = 'not held';
  }
}
