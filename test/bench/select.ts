// Looks results up by what was measured. No arithmetic beyond that, no rendering.
import type {
  BenchFault,
  CostCell,
  FailoverCell,
  FailoverRun,
  Results,
  Software,
} from './results.js';
import { median, ratio } from './statistics.js';

/** The runs of one cell; none when it was not measured or none came to its end. */
export function runsOf(
  results: Results,
  software: Software,
  fault: BenchFault,
  intervalMs: number,
): readonly FailoverRun[] {
  return cellOf(results, software, fault, intervalMs)?.runs ?? [];
}

export const cellOf = (
  { failover }: Results,
  software: Software,
  fault: BenchFault,
  intervalMs: number,
): FailoverCell | undefined =>
  failover.find(
    (cell) => cell.software === software && cell.fault === fault && cell.intervalMs === intervalMs,
  );

export const costOf = (
  { cost }: Results,
  software: Software,
  routers: number,
  intervalMs: number,
): CostCell | undefined =>
  cost.find(
    (cell) =>
      cell.software === software && cell.routers === routers && cell.intervalMs === intervalMs,
  );

/** understudy's median outage in keepalived's; null without both, or when neither had one. */
export function outageRatio(
  results: Results,
  fault: BenchFault,
  intervalMs: number,
): number | null {
  const [own, beside] = (['understudy', 'keepalived'] as const).map((software) =>
    runsOf(results, software, fault, intervalMs).map((run) => run.outageMs),
  );
  if (own === undefined || beside === undefined || own.length === 0 || beside.length === 0) {
    return null;
  }
  return ratio(median(own), median(beside));
}

/** Different values, in order of size. */
export const distinct = (values: readonly number[]): number[] =>
  [...new Set(values)].sort((left, right) => left - right);
