// Median, worst, ratio: arithmetic on what was measured. No rendering.

/** @throws RangeError without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('a median needs values, none given');
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export interface Spread {
  readonly median: number;
  readonly worst: number;
}

/** Null without values. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { median: median(values), worst: Math.max(...values) };
}

/** Times that may never have come to an end: null is longer than any number. */
export interface OpenSpread {
  readonly median: number | null;
  readonly worst: number | null;
}

/** Null without values. */
export function openSpread(values: readonly (number | null)[]): OpenSpread | null {
  const found = spread(values.map((value) => value ?? Number.POSITIVE_INFINITY));
  if (found === null) return null;
  const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { median: finite(found.median), worst: finite(found.worst) };
}

/** How many times `beside` the first is; null when both are zero: there is nothing to compare. */
export function ratio(own: number, beside: number): number | null {
  if (own === 0 && beside === 0) return null;
  return own / beside;
}

/**
 * Growth of a cost with the number of virtual routers: the cost of one more, at the lower end and at
 * the upper end, and how much dearer it becomes. Null with fewer than three different numbers.
 */
export function growth(
  points: readonly { readonly routers: number; readonly cost: number }[],
): { readonly lower: number; readonly upper: number; readonly bend: number } | null {
  const [low, middle, high] = [...points].sort((left, right) => left.routers - right.routers);
  if (low === undefined || middle === undefined || high === undefined) return null;
  const slope = (from: typeof low, to: typeof low): number =>
    (to.cost - from.cost) / (to.routers - from.routers);
  const lower = slope(low, middle);
  const upper = slope(middle, high);
  return { lower, upper, bend: upper / lower };
}
