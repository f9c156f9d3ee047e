// How long a test and a wait may take. Only to end a hang: nothing is judged by these.
import { once, type EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import { Stream, type Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds from the start of an agent to its first answer where the limits below were chosen. */
const REFERENCE_BOOT_MS = 500;

/** How much slower this machine is: at least 1, and 1 where nobody has measured (`scripts/test` does). */
const slowness = Math.max(1, Number(process.env['UNDERSTUDY_BOOT_MS'] ?? 0) / REFERENCE_BOOT_MS);

/** Milliseconds that are `ms` on a quick machine: for a deadline before which something must have begun. */
export const scaled = (ms: number): number => Math.round(ms * slowness);

/** Milliseconds that an agent takes longer to start here than where the limits were chosen. */
export const LATER_BOOT_MS = Math.round(REFERENCE_BOOT_MS * (slowness - 1));

/** Milliseconds after which a wait says what it expected and what it saw last. */
export const WAIT_LIMIT_MS = scaled(Number(process.env['UNDERSTUDY_WAIT_LIMIT_MS'] ?? 60_000));

/** Milliseconds after which a test is ended that has not ended by itself: two waits and more. */
export const TEST_LIMIT_MS = Math.round(2.5 * WAIT_LIMIT_MS);

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
 * @param pausing milliseconds between two looks (0: one turn of the event loop), or how to wait for news.
 * @returns what fitted.
 * @throws Error as `notSeen` makes it.
 */
export async function until<T>(
  expected: string,
  look: () => T | Promise<T>,
  fits: (seen: T) => boolean = Boolean,
  pausing: number | (() => Promise<unknown>) = 10,
): Promise<T> {
  const endsAt = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    const seen = await look();
    if (fits(seen)) return seen;
    if (performance.now() > endsAt) throw notSeen(expected, seen);
    await (typeof pausing === 'number' ? pauseFor(pausing) : pausing());
  }
}

/** The same without giving way to anything: for what the kernel does, and only for a moment. */
export function untilAtOnce<T>(
  expected: string,
  look: () => T,
  fits: (seen: T) => boolean = Boolean,
): T {
  const endsAt = performance.now() + WAIT_LIMIT_MS;
  for (;;) {
    const seen = look();
    if (fits(seen)) return seen;
    if (performance.now() > endsAt) throw notSeen(expected, seen);
  }
}

/** Acts again and again, for what cannot be seen to be ready, until `done` has settled. */
export async function repeatUntil<T>(
  expected: string,
  done: Promise<T>,
  act: () => unknown,
): Promise<T> {
  let over = false;
  const end = (): boolean => (over = true);
  void done.then(end, end);
  let times = 0;
  const again = async (): Promise<string> => {
    await act();
    times += 1;
    return over ? 'over' : `nothing after ${times} times`;
  };
  await until(expected, again, (seen) => seen === 'over', 0);
  return done;
}

const pauseFor = (ms: number): Promise<void> => (ms === 0 ? turn() : pause(ms));

/** For what must not happen meanwhile, or for an age that something must have: at least so long. */
export const atLeast = (ms: number): Promise<void> => pause(ms);

/** One turn of the event loop: what was enqueued before happens. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A child process by its command, anything else by its class. */
function nameOf(emitter: EventEmitter): string {
  const { spawnargs } = emitter as { spawnargs?: unknown };
  return Array.isArray(spawnargs) ? spawnargs.join(' ') : emitter.constructor.name;
}

/** What comes after all else, of a stream and of a child process. */
const ENDS = { stream: ['end', 'close'], process: ['exit', 'close'] } as const;

/** The event after which nothing else comes, of what has an end. */
function endOf(emitter: EventEmitter, awaited: string): string | null {
  const kind = emitter instanceof Stream ? 'stream' : 'process';
  if (kind === 'process' && !('spawnargs' in emitter)) return null;
  const [, last] = ENDS[kind];
  return ENDS[kind].some((end) => end === awaited) ? null : last;
}

/**
 * The arguments of the emitter's next event of that name.
 * @throws Error as `notSeen` makes it, the emitter's, or that a stream or a child process has ended without it.
 */
export async function eventOf(
  emitter: EventEmitter,
  event: string,
  expected = `'${event}' of ${nameOf(emitter)}`,
  lastSeen?: () => unknown,
): Promise<unknown[]> {
  const over = new AbortController();
  const come = once(emitter, event, { signal: over.signal });
  const end = endOf(emitter, event);
  const ended = async (last: string): Promise<never> => {
    const how = await once(emitter, last, { signal: over.signal });
    throw new Error(
      `expected ${expected}; found: it ended without (${how.map(String).join() || last})`,
    );
  };
  const either = end === null ? come : Promise.race([come, ended(end)]);
  try {
    return await within(expected, either, lastSeen);
  } finally {
    over.abort();
  }
}

/**
 * The lines of a stream, one for each call.
 * @param of whose lines they are, for the message when none comes.
 * @throws Error at the limit, or when the stream has ended, with the line before.
 */
export function linesOf(stream: Readable, of: string): (expected?: string) => Promise<string> {
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]();
  let last = 'no line yet';
  return async (expected = 'a line') => {
    const { value, done } = await within(`${expected} of ${of}`, lines.next(), () => last);
    if (done === true)
      throw new Error(`expected ${expected} of ${of}; found its end after: ${last}`);
    return (last = value);
  };
}
