// A part of a deployment that fails or is worked on: what is expected, and what a client noticed, summed up
// over all that it asked for. Pure: nothing is broken here.
import type { ApplianceName } from '../lab/network.js';
import type { ProbeReport } from '../lab/probe-record.js';
import type { Outcome } from './report.js';

export interface Part {
  readonly part: string;
  readonly kind: Outcome['kind'];
  /** Who holds the virtual addresses in the end: one for all, or one each in the order of the plan. */
  readonly heir: ApplianceName | readonly ApplianceName[];
  /** Longest gap that the decision table and nginx allow; null when nothing may be noticed. */
  readonly boundMs: number | null;
  /** The next slower mechanism would take this long: the outage must have ended before. */
  readonly limitMs?: number;
  /** Some requests fail while others are good: the bound is for the time from first to last. */
  readonly patchy?: boolean;
  /** Nothing can be served in the end. */
  readonly dark?: boolean;
  /** Targets whose requests nginx must not repeat: those under way may fail. */
  readonly exposed?: readonly string[];
  /** Which instances must answer in the end. */
  readonly answering?: readonly string[];
}

/** What the client noticed of a part, by target, and what is not as it must be. */
export function summed(
  part: Part,
  byTarget: Readonly<Record<string, ProbeReport>>,
  holderBefore: string,
  holderAfter: string,
  complaints: readonly string[],
): Outcome {
  const reports = Object.values(byTarget);
  const exposed = part.exposed ?? [];
  const spared = Object.entries(byTarget).filter(([name]) => !exposed.includes(name));
  const total = (count: (report: ProbeReport) => number): number =>
    reports.reduce((sum, report) => sum + count(report), 0);
  const names = (of: (report: ProbeReport) => readonly string[]): string[] =>
    [...new Set(reports.flatMap(of))].sort();
  const served = (holder: string, instances: readonly string[]): string =>
    instances.length === 0 ? holder : `${holder}: ${instances.join(', ')}`;
  const reasons: Record<string, number> = {};
  for (const report of reports) {
    for (const [reason, count] of Object.entries(report.reasons)) {
      reasons[reason] = (reasons[reason] ?? 0) + count;
    }
  }
  const failed = total(({ lost }) => lost);
  const longestGapMs = Math.max(...reports.map((report) => report.longestGapMs));
  const last = names((report) => report.answeredLast);
  const unasked = Object.entries(byTarget).flatMap(([name, { sent }]) => (sent > 0 ? [] : [name]));
  const all = [
    ...complaints,
    ...unasked.map((name) => `requests for ${name} expected, found none`),
  ];
  if (part.boundMs === null && spared.some(([, { lost }]) => lost > 0)) {
    const but = exposed.length === 0 ? '' : ` but of ${exposed.join(', ')}`;
    all.push(`no failed request${but} expected`);
  }
  if (part.limitMs !== undefined && longestGapMs > part.limitMs) {
    all.push(`a gap below ${part.limitMs} ms expected: something slower ended it`);
  }
  const bad = reports.some(({ lost, goodAgainAt }) => lost > 0 && goodAgainAt === null);
  if (bad && part.dark !== true) {
    all.push('good answers expected in the end');
  }
  if (part.answering !== undefined && part.answering.join() !== last.join()) {
    all.push(
      `answers of ${part.answering.join(', ')} expected in the end, found ${last.join(', ')}`,
    );
  }
  return {
    part: part.part,
    kind: part.kind,
    sent: total(({ sent }) => sent),
    failed,
    reasons,
    longestGapMs,
    ...(part.patchy === true ? { patchyMs: longestSpell(reports) } : {}),
    boundMs: part.boundMs,
    exposed,
    before: served(
      holderBefore,
      names((report) => report.answeredFirst),
    ),
    after: served(holderAfter, last),
    complaints: all,
  };
}

const longestSpell = (reports: readonly ProbeReport[]): number =>
  Math.max(
    ...reports.map(({ firstLostAt, goodAgainAt }) => (goodAgainAt ?? 0) - (firstLostAt ?? 0)),
  );
