// How long a test and a wait may take. Only to end a hang: nothing is judged by these.
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds from the start of an agent to its first answer where the limits below were chosen. */
const REFERENCE_BOOT_MS = 500;

/** How much slower this machine is: at least 1, and 1 where nobody has measured (`scripts/test` does). */
const slowness = Math.max(1, Number(process.env['UNDERSTUDY_BOOT_MS'] ?? 0) / REFERENCE_BOOT_MS);

/** Milliseconds after which a wait says what it expected and what it saw last. */
export const WAIT_LIMIT_MS = Number(process.env['UNDERSTUDY_WAIT_LIMIT_MS'] ?? 60_000) * slowness;

/** Milliseconds after which a test is ended that has not ended by itself: two waits and more. */
export const TEST_LIMIT_MS = 2.5 * WAIT_LIMIT_MS;

/** Milliseconds that an agent takes longer to start here than where the limits were chosen. */
export const LATER_BOOT_MS = REFERENCE_BOOT_MS * (slowness - 1);

/** The text of what a wait saw, short enough for a line or two. */
export function shown(seen: unknown): string {
  const text = typeof seen === 'string' ? seen : (JSON.stringify(seen) ?? String(seen));
  return text.length > 2_000 ? `${text.slice(0, 2_000)}…` : text;
}

/** What every wait that has come to its limit says. */
export const notSeen = (expected: string, lastSeen: unknown): Error =>
  new Error(`expected within ${WAIT_LIMIT_MS} ms: ${expected}; last seen: ${shown(lastSeen)}`);

/**
 * Settles like `promise`, or fails at the limit.
 * @param lastSeen asked only then.
 * @throws Error as `notSeen` makes it.
 */
export function within<T>(
  expected: string,
  promise: Promise<T>,
  lastSeen: () => unknown = () => 'nothing',
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(notSeen(expected, lastSeen())), WAIT_LIMIT_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Looks again and again until what is seen fits.
 * @returns what fitted.
 * @throws Error as `notSeen` makes it.
 */
export async function until<T>(
  expected: string,
  look: () => T | Promise<T>,
  fits: (seen: T) => boolean = Boolean,
  everyMs = 10,
): Promise<T> {
  const endsAt = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    const seen = await look();
    if (fits(seen)) return seen;
    if (performance.now() > endsAt) throw notSeen(expected, seen);
    await pause(everyMs);
  }
}
