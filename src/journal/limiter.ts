// A rate limit for messages that repeat themselves or that strangers can cause: per key, and for all keys
// together. No clock of its own.

const PERIOD_MS = 60_000;
/** Keys contain source addresses, which anyone can invent: the table is bounded, */
const MAXIMUM_KEYS = 1_024;
/** and so is what passes in a period, whatever the number of keys. */
const PASSES_PER_PERIOD = 100;
/** Of one key, whose news is another each time. */
const CHANGES_PER_PERIOD = 10;

interface Limiter {
  /**
   * Whether a message of this key may pass at `now` (milliseconds): null when not, else the number
   * that were held back since the last one that passed.
   * @param news what the message says, where a key has more to say than one thing: a repetition is held
   *   back, a change is not, but for one that changes all the time.
   */
  admit(key: string, now: number, news?: string): number | null;
}

interface Entry {
  readonly passedAt: number;
  readonly news: string;
  /** Since when its changes are counted, and how many have passed. */
  readonly changes: { readonly from: number; readonly passed: number };
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
    admit: (key, now, news = '') => {
      const entry = entries.get(key);
      const changes =
        entry === undefined || isOver(entry.changes.from, now)
          ? { from: now, passed: 0 }
          : entry.changes;
      const due =
        entry === undefined ||
        isOver(entry.passedAt, now) ||
        (news !== entry.news && changes.passed < CHANGES_PER_PERIOD);
      if (!due || !mayPass(now)) {
        if (entry !== undefined) entry.suppressed += 1;
        return null;
      }
      if (entry === undefined && entries.size >= MAXIMUM_KEYS) {
        const [oldest] = entries.keys();
        if (oldest !== undefined) entries.delete(oldest);
      }
      entries.delete(key);
      entries.set(key, {
        passedAt: now,
        news,
        changes: { ...changes, passed: changes.passed + 1 },
        suppressed: 0,
      });
      return entry?.suppressed ?? 0;
    },
  };
}

/** A clock that was set back silences nobody. */
const isOver = (from: number, now: number): boolean => now < from || now - from >= PERIOD_MS;
