// What every probe has in common: one attempt, its deadline and its result. No schedule, no counting.
import { assert } from '../model/assert.js';

export interface ProbeResult {
  readonly outcome: 'success' | 'failure' | 'unavailable';
  /** What was found, for a person. */
  readonly measured: string;
}

/** Tries one thing, again and again; never two attempts at once. */
export interface Probe {
  /**
   * One attempt. Aborting ends it at once; its result then interests nobody.
   * @param hasty judged as soon as an answer would usually have come.
   */
  run(signal: AbortSignal, hasty?: boolean): Promise<ProbeResult>;
  /** The attempt under way becomes a hasty one. */
  hurry?(): void;
  /** Called once, after the last attempt. */
  close(): void;
}

export const success = (measured: string): ProbeResult => ({ outcome: 'success', measured });
export const failure = (measured: string): ProbeResult => ({ outcome: 'failure', measured });
export const unavailable = (measured: string): ProbeResult => ({
  outcome: 'unavailable',
  measured,
});

/**
 * One attempt with a deadline, after which it has failed.
 * @param timeoutMs from now on.
 * @param begin starts the attempt, tells its result by `settle` (the first counts), and returns what
 * takes it all down again; that is called exactly once, whatever the result.
 * @param late what it says when the time is over.
 */
export function attempt(
  timeoutMs: number,
  signal: AbortSignal,
  begin: (settle: (result: ProbeResult) => void) => () => void,
  late = (): string => `no answer within ${timeoutMs} ms`,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    let settled = false;
    let takeDown: (() => void) | null = null;
    const settle = (result: ProbeResult): void => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      signal.removeEventListener('abort', abort);
      takeDown?.();
      resolve(result);
    };
    const abort = (): void => settle(unavailable('given up'));
    const deadline = setTimeout(() => {
      afterPendingInput(() => settle(failure(late())));
    }, timeoutMs);
    signal.addEventListener('abort', abort);
    if (signal.aborted) {
      abort();
      return;
    }
    takeDown = begin(settle);
    // Settled before there was anything to take down.
    if (settled) takeDown();
  });
}

/**
 * Runs `then` after the input that is waiting now has been read. libuv runs timers before it reads:
 * after a stall of this process an answer that came in time would look like none.
 */
export function afterPendingInput(then: () => void): void {
  setImmediate(then);
}

/** CLOCK_MONOTONIC, in milliseconds. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/** `0.4 ms`, `12 ms`: a duration with the digits that mean something. */
export const formatMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;

/** What an error says, with its code when the text does not have it. */
export function explain(error: unknown): string {
  if (error instanceof AggregateError) {
    // One error for each address of the host; the first is as good as any.
    const [first] = error.errors;
    if (first !== undefined) return explain(first);
  }
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return error.message.includes(code) ? error.message : `${error.message} (${code})`;
}

const MAXIMUM_TEXT = 200;

/** Text from outside as one short line without control characters. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
  return line.length > MAXIMUM_TEXT ? `${line.slice(0, MAXIMUM_TEXT - 1)}…` : line;
}

/** @throws AssertionFailure when `value` is not a duration a timer can wait for. */
export function assertTimerMs(value: number, name: string): void {
  assert(value >= 1 && value <= 0x7fff_ffff, `${name} ${value}, 1..2147483647 ms`);
}
