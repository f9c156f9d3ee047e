// A part of a deployment that fails or is worked on: what is expected, and what a client noticed, summed up
// over all that it asked for. Judged by who served and by what ended it. Pure: nothing is broken here.
import type { ApplianceName } from '../../scripts/lab/network.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';
import {
  judgeMoves,
  movesText,
  takenBeforeDeath,
  takenFromStill,
  type LastWord,
  type Mechanism,
  type Moves,
} from './ending.js';
import type { Outcome } from './report.js';
import type { Word } from './words.js';

/** Who gives no more requests to a back end: the hook marks it as down, or nginx finds it by itself. */
export type LeftOutBy = 'hook' | 'nginx';

export interface Part {
  readonly part: string;
  readonly kind: Outcome['kind'];
  /** Who holds the virtual addresses in the end: one for all, or one each in the order of the plan. */
  readonly heir: ApplianceName | readonly ApplianceName[];
  /** Longest gap at best, by the decision table and nginx; null when no request may fail. */
  readonly aimMs: number | null;
  /** What has to end it, where the role moves. */
  readonly by?: Mechanism;
  /** Neither of the two can serve for a while: the role may move meanwhile. */
  readonly mayMove?: boolean;
  /** What has to end it, where a back end is left out. */
  readonly leftOutBy?: LeftOutBy;
  /** Some requests fail while others are good: the aim is for the time from first to last. */
  readonly patchy?: boolean;
  /** Nothing can be served in the end. */
  readonly dark?: boolean;
  /** Targets whose requests nginx must not repeat: those under way may fail. */
  readonly exposed?: readonly string[];
  /** Which instances must answer in the end. */
  readonly answering?: readonly string[];
}

/** What the site saw of a part, besides its client. */
export interface Seen {
  /** Who held the virtual addresses, in words. */
  readonly holdersBefore: string;
  readonly holdersAfter: string;
  /** Who held each before; null: nobody, or both. */
  readonly before: readonly (ApplianceName | null)[];
  /** Who was to hold each in the end. */
  readonly heirs: readonly ApplianceName[];
  readonly moves: Moves;
  /** What the two appliances said. */
  readonly words: readonly Word[];
  /** What the executor said of an agent that was killed; undefined where none was. */
  readonly lastWord?: LastWord;
  /** When the heir's kernel had the last address; null where none moved. */
  readonly movedAfterMs: number | null;
  /** Whether the hook changed what is marked as down. */
  readonly marked: boolean;
  /** How often nginx wrote that a back end had failed. */
  readonly nginxErrors: number;
  /** Who answered what was asked in the end; null: the last answers of the part say it. */
  readonly answeredLast: readonly string[] | null;
  readonly complaints: readonly string[];
}

/**
 * Milliseconds: the shortest time limit of the pages. On a machine that has its client wait so long for the processor others
 * miss theirs, too: a back end does not answer in time, and whoever asks it rightly leaves it out or gives its role up.
 */
const SHORTEST_LIMIT_MS = 1_000;

/** The instances that have answered, in the end. */
export const answerersIn = (byTarget: Readonly<Record<string, ProbeReport>>): string[] =>
  [...new Set(Object.values(byTarget).flatMap(({ answeredLast }) => answeredLast))].sort();

/** What the client noticed of a part, by target, and what is not as it must be. */
export function summed(
  part: Part,
  byTarget: Readonly<Record<string, ProbeReport>>,
  seen: Seen,
): Outcome {
  const reports = Object.values(byTarget);
  const total = (count: (report: ProbeReport) => number): number =>
    reports.reduce((sum, report) => sum + count(report), 0);
  const most = (of: (report: ProbeReport) => number): number => Math.max(0, ...reports.map(of));
  const names = (of: (report: ProbeReport) => readonly string[]): string[] =>
    [...new Set(reports.flatMap(of))].sort();
  const served = (holder: string, instances: readonly string[]): string =>
    instances.length === 0 ? holder : `${holder}: ${instances.join(', ')}`;
  const last = seen.answeredLast ?? answerersIn(byTarget);
  const clientLateMs = most(({ scheduleLatenessMs }) => scheduleLatenessMs);
  const isStill = clientLateMs >= SHORTEST_LIMIT_MS;
  return {
    part: part.part,
    kind: part.kind,
    sent: total(({ sent }) => sent),
    failed: total(({ lost }) => lost),
    reasons: reasonsOf(reports),
    longestGapMs: most(({ longestGapMs }) => longestGapMs),
    ...(part.patchy === true ? { patchyMs: longestSpell(reports) } : {}),
    aimMs: part.aimMs,
    movedAfterMs: seen.movedAfterMs,
    clientLateMs,
    exposed: part.exposed ?? [],
    endedBy: endedBy(part, seen, isStill),
    before: served(
      seen.holdersBefore,
      names((report) => report.answeredFirst),
    ),
    after: served(seen.holdersAfter, last),
    complaints: [
      ...seen.complaints,
      ...judgeRequests(part, byTarget, last, isStill || isTakenFromStill(seen)),
      ...judgeCause(isStill ? { ...part, mayMove: true } : part, seen),
    ],
  };
}

function reasonsOf(reports: readonly ProbeReport[]): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const report of reports) {
    for (const [reason, count] of Object.entries(report.reasons)) {
      reasons[reason] = (reasons[reason] ?? 0) + count;
    }
  }
  return reasons;
}

/** Who was served, and that nobody was turned away who may not be, but by a machine that stood still. */
function judgeRequests(
  { aimMs, exposed = [], dark, answering }: Part,
  byTarget: Readonly<Record<string, ProbeReport>>,
  answeredLast: readonly string[],
  stoodStill: boolean,
): string[] {
  const all = Object.entries(byTarget);
  const complaints = all
    .filter(([, { sent }]) => sent === 0)
    .map(([name]) => `requests for ${name} expected, found none`);
  const spared = all.filter(([name]) => !exposed.includes(name));
  if (aimMs === null && !stoodStill && spared.some(([, { lost }]) => lost > 0)) {
    const but = exposed.length === 0 ? '' : ` but of ${exposed.join(', ')}`;
    complaints.push(`no failed request${but} expected`);
  }
  const bad = all.some(([, { lost, goodAgainAt }]) => lost > 0 && goodAgainAt === null);
  if (bad && dark !== true) complaints.push('good answers expected in the end');
  if (answering !== undefined && answering.join() !== answeredLast.join()) {
    complaints.push(
      `answers of ${answering.join(', ')} expected in the end, found ${answeredLast.join(', ')}`,
    );
  }
  return complaints;
}

/** What ended it, and that nothing slower had to. */
function judgeCause({ by, mayMove, leftOutBy }: Part, seen: Seen): string[] {
  const { moves, heirs, before } = seen;
  const complaints = mayMove === true ? [] : judgeMoves(moves, heirs, before, by, seen);
  if (leftOutBy === undefined) return complaints;
  const found = leavers(seen);
  if (leftOutBy === 'hook' && !found.includes('hook')) {
    complaints.push(`left out by hook expected, found ${found.join(', ') || 'nothing'}`);
  }
  if (leftOutBy === 'nginx' && found.join() !== 'nginx') {
    complaints.push(`left out by nginx expected, found ${found.join(', ') || 'nothing'}`);
  }
  return complaints;
}

const leavers = ({ marked, nginxErrors }: Seen): LeftOutBy[] => [
  ...(nginxErrors > 0 ? ['nginx' as const] : []),
  ...(marked ? ['hook' as const] : []),
];

const isTakenFromStill = ({ moves, words }: Seen): boolean => takenFromStill(moves, words) !== null;

/** What a busy machine brought about is named: such a part shows nothing of what else would have ended it. */
function endedBy({ by }: Part, seen: Seen, isStill: boolean): string {
  const moved = movesText(seen.moves);
  if (moved === '-') return leavers(seen).join(', ') || '-';
  if (isStill || isTakenFromStill(seen)) return `${moved}, in a standstill`;
  return takenBeforeDeath(seen.moves, by, seen) ? `${moved}, before its death was seen` : moved;
}

const longestSpell = (reports: readonly ProbeReport[]): number =>
  Math.max(
    ...reports.map(({ firstLostAt, goodAgainAt }) => (goodAgainAt ?? 0) - (firstLostAt ?? 0)),
  );
