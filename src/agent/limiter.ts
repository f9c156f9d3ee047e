// A rate limit for messages that strangers can cause: per key, and for all keys together. No clock of
// its own.

const PERIOD_MS = 60_000;
/** Keys contain source addresses, which anyone can invent: the table is bounded, */
const MAXIMUM_KEYS = 1_024;
/** and so is what passes in a period, whatever the number of keys. */
const PASSES_PER_PERIOD = 100;

export interface Limiter {
  /**
   * Whether a message of this key may pass at `now` (milliseconds): null when not, else the number
   * that were held back since the last one that passed.
   */
  admit(key: string, now: number): number | null;
}

interface Entry {
  readonly passedAt: number;
  suppressed: number;
}

/** @param onExhausted too many keys have passed: no other does until the period is over. */
export function createLimiter(onExhausted: () => void = () => undefined): Limiter {
  const entries = new Map<string, Entry>();
  let periodFrom = -Infinity;
  let passes = 0;

  const mayPass = (now: number): boolean => {
    if (isOver(periodFrom, now)) {
      periodFrom = now;
      passes = 0;
    }
    passes += 1;
    if (passes === PASSES_PER_PERIOD + 1) onExhausted();
    return passes <= PASSES_PER_PERIOD;
  };

  return {
    admit: (key, now) => {
      const entry = entries.get(key);
      const due = entry === undefined || isOver(entry.passedAt, now);
      if (!due || !mayPass(now)) {
        if (entry !== undefined) entry.suppressed += 1;
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

/** A clock that was set back silences nobody. */
const isOver = (from: number, now: number): boolean => now < from || now - from >= PERIOD_MS;
