// Sums up storms by fault, as text. No judgement: judge.ts.
import type { Storm } from './storm.js';
import type { Verdict } from './judge.js';

export interface Outcome {
  readonly storm: Storm;
  /** Of the pair that it befell. */
  readonly kinds: readonly string[];
  readonly verdict: Verdict;
  /** The most of all addresses. */
  readonly lostProbes: number;
  /** Faults that did not befall anybody, and why: another one had been there before. */
  readonly voided: readonly string[];
  /** What the capture says beside the rest. */
  readonly notes: readonly string[];
  /** Where a failed storm is kept; null when it passed. */
  readonly kept: string | null;
}

export const failed = ({ verdict }: Outcome): boolean => verdict.complaints.length > 0;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? 0;
  return (low + (sorted[Math.floor(middle)] ?? low)) / 2;
}

type Measure = (outcome: Outcome) => number;

const MEASURES: readonly (readonly [heading: string, measure: Measure])[] = [
  ['nobody', ({ verdict }) => verdict.nobodyHeldMs],
  ['both', ({ verdict }) => verdict.bothHeldMs],
  ['lost', ({ lostProbes }) => lostProbes],
  ['settled', ({ verdict }) => verdict.settledAfterMs ?? Number.POSITIVE_INFINITY],
];

const whole = (value: number): string => (Number.isFinite(value) ? value.toFixed(0) : 'never');

/** Count, failures, and median and worst of each measure. */
const cells = (outcomes: readonly Outcome[]): string[] => [
  String(outcomes.length),
  String(outcomes.filter(failed).length),
  ...MEASURES.map(([, measure]) => {
    if (outcomes.length === 0) return '-';
    const values = outcomes.map(measure);
    return `${whole(median(values))} / ${whole(Math.max(...values))}`;
  }),
];

/** One line for each fault that came alone, one for each as one of two, and one for all storms. */
export function table(outcomes: readonly Outcome[], names: readonly string[]): string {
  const rows = names.flatMap((name) => {
    const having = outcomes.filter(({ storm }) =>
      storm.faults.some((fault) => fault.name === name),
    );
    const alone = having.filter(({ storm }) => storm.faults.length === 1);
    const both = having.filter(({ storm }) => storm.faults.length > 1);
    // What was not drawn stands below the table.
    if (having.length === 0) return [];
    return [
      [name, ...cells(alone)],
      ...(both.length > 0 ? [['  and another', ...cells(both)]] : []),
    ];
  });
  return aligned([headings('fault'), ...rows, ['all', ...cells(outcomes)]]);
}

const headings = (first: string): string[] => [
  first,
  'storms',
  'failed',
  ...MEASURES.map(([heading]) => heading),
];

/** One line for each kind of pair that storms have befallen. */
export function kindTable(outcomes: readonly Outcome[]): string {
  const kinds = [...new Set(outcomes.flatMap((outcome) => outcome.kinds))].sort();
  const rows = kinds.map((kind) => [
    kind,
    ...cells(outcomes.filter((outcome) => outcome.kinds.includes(kind))),
  ]);
  return aligned([headings('pair'), ...rows]);
}

const drawn = (outcomes: readonly Outcome[]): Set<string> =>
  new Set(outcomes.flatMap(({ storm }) => storm.faults.map(({ name }) => name)));

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** `void`: nothing failed, and nothing was broken either. */
function word(outcome: Outcome): string {
  if (failed(outcome)) return 'FAILED';
  return outcome.voided.length === outcome.storm.faults.length ? 'void  ' : 'ok    ';
}

/** One line about a storm when it is over. */
export function stormText(outcome: Outcome, what: string): string {
  const { storm, verdict, lostProbes } = outcome;
  const settled = verdict.settledAfterMs === null ? 'never' : `${whole(verdict.settledAfterMs)} ms`;
  const text =
    `${String(storm.index).padStart(4)}  ${word(outcome)}  ${what}: ` +
    `nobody ${whole(verdict.nobodyHeldMs)} ms, both ${whole(verdict.bothHeldMs)} ms, ` +
    `${lostProbes} probes lost, settled after ${settled}\n`;
  const more = [
    ...verdict.complaints,
    ...outcome.voided.map((reason) => `did not happen: ${reason}`),
    ...outcome.notes,
    ...(outcome.kept === null ? [] : [`kept in ${outcome.kept}`]),
  ];
  return text + more.map((entry) => `              ${entry}\n`).join('');
}

/** The end of a run: the table, what failed and how to repeat it. */
export function summary(
  outcomes: readonly Outcome[],
  names: readonly string[],
  repeat: (storm: number) => string,
): string {
  const bad = outcomes.filter(failed);
  const voided = outcomes.flatMap((outcome) => outcome.voided).length;
  const missing = names.filter((name) => !drawn(outcomes).has(name));
  return [
    '\nmilliseconds, or probes lost: median / worst. nobody, both: so many held an address, of the whole\n',
    'storm; settled: from the mending to one holder each\n\n',
    table(outcomes, names),
    missing.length === 0 ? '' : `not drawn: ${missing.join('; ')}\n`,
    `\n${kindTable(outcomes)}`,
    `\n${outcomes.length} storms, ${bad.length} failed, ${voided} faults that could not strike\n`,
    ...bad.map(({ storm }) => `again: ${repeat(storm.index)}\n`),
  ].join('');
}
