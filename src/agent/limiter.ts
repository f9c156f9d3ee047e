// A rate limit per key for messages that strangers can cause. No clock of its own.

const PERIOD_MS = 60_000;
/** Keys contain source addresses, which anyone can invent: the table is bounded. */
const MAXIMUM_KEYS = 1_024;

export interface Limiter {
  /**
   * Whether a message of this key may pass at `now` (milliseconds): null when not, else the number
   * that were held back since the last one that passed.
   */
  admit(key: string, now: number): number | null;
}

export function createLimiter(): Limiter {
  const entries = new Map<string, { passedAt: number; suppressed: number }>();
  return {
    admit: (key, now) => {
      const entry = entries.get(key);
      if (entry !== undefined && now >= entry.passedAt && now - entry.passedAt < PERIOD_MS) {
        entry.suppressed += 1;
        return null;
      }
      if (entry === undefined && entries.size >= MAXIMUM_KEYS) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) entries.delete(oldest);
      }
      entries.delete(key);
      entries.set(key, { passedAt: now, suppressed: 0 });
      return entry?.suppressed ?? 0;
    },
  };
}
