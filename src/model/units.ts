// Units, as branded numbers. No arithmetic beyond conversion, no clock: time is an input elsewhere.

declare const unit: unique symbol;
type Branded<Name extends string> = number & { readonly [unit]: Name };

/** A duration in milliseconds, as settings state it. */
export type Milliseconds = Branded<'Milliseconds'>;
/** A duration in centiseconds, as an advertisement carries it (RFC 9568 §5.2.7). */
export type Centiseconds = Branded<'Centiseconds'>;
/** A duration in microseconds: the exact unit of every protocol timer. */
export type Microseconds = Branded<'Microseconds'>;
/** A point of the monotonic clock (CLOCK_MONOTONIC), in microseconds. Never wall time. */
export type Instant = Branded<'Instant'>;

export const milliseconds = (value: number): Milliseconds => value as Milliseconds;
export const centiseconds = (value: number): Centiseconds => value as Centiseconds;
export const microseconds = (value: number): Microseconds => value as Microseconds;
export const instant = (value: number): Instant => value as Instant;

/** Milliseconds to the exact number of microseconds. */
export const millisecondsToMicroseconds = (value: Milliseconds): Microseconds =>
  microseconds(value * 1_000);

/** Centiseconds to the exact number of microseconds. */
export const centisecondsToMicroseconds = (value: Centiseconds): Microseconds =>
  microseconds(value * 10_000);

/** Whole centiseconds of a setting in milliseconds; the schema has refused anything else. */
export const millisecondsToCentiseconds = (value: Milliseconds): Centiseconds =>
  centiseconds(value / 10);

/** The instant `duration` after `start`. */
export const after = (start: Instant, duration: Microseconds): Instant => instant(start + duration);

/** The duration from `start` to `end`; negative when `end` lies before `start`. */
export const between = (start: Instant, end: Instant): Microseconds => microseconds(end - start);

/** The earlier of two instants, either of which may be missing. */
export const earlier = (a: Instant | null, b: Instant | null): Instant | null => {
  if (a === null) return b;
  if (b === null) return a;
  return a < b ? a : b;
};
