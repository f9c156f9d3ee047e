// What running tests with a fault planted came to, and the report of all. Pure: values in, text out.
import type { Fault } from './fault.js';

/** What one test file said. */
export type Outcome =
  | { readonly kind: 'passed'; readonly tests: number; readonly ms: number }
  /** The first test that failed, and why. */
  | { readonly kind: 'failed'; readonly test: string; readonly why: string; readonly ms: number }
  /** A test that did not end; that the file failed by it is no judgement. */
  | { readonly kind: 'hung'; readonly test: string; readonly ms: number };

export interface FileOutcome {
  readonly file: string;
  readonly outcome: Outcome;
}

export type Verdict =
  | { readonly kind: 'caught'; readonly file: string; readonly test: string; readonly ms: number }
  /** A hang is all that anybody noticed: as good as nothing, since nobody learns what is wrong. */
  | { readonly kind: 'hang'; readonly file: string; readonly test: string; readonly ms: number }
  | { readonly kind: 'survived'; readonly ms: number }
  /** The diff does not fit the sources any more, or what it makes of them does not compile. */
  | { readonly kind: 'stale'; readonly why: string }
  /** Some test file that should notice fails, or runs nothing, without any fault. */
  | { readonly kind: 'unjudged'; readonly why: string };

export interface Judged {
  readonly fault: Pick<Fault, 'name' | 'breaks' | 'promise' | 'notice' | 'argued'>;
  readonly verdict: Verdict;
}

/** The verdict on a fault of which these files were asked, in this order, until one failed. */
export function judge(outcomes: readonly FileOutcome[]): Verdict {
  const ms = outcomes.reduce((sum, { outcome }) => sum + outcome.ms, 0);
  for (const { file, outcome } of outcomes) {
    if (outcome.kind === 'failed') return { kind: 'caught', file, test: outcome.test, ms };
  }
  for (const { file, outcome } of outcomes) {
    if (outcome.kind === 'hung') return { kind: 'hang', file, test: outcome.test, ms };
  }
  return { kind: 'survived', ms };
}

/** What is wrong with a test file that was run without any fault; null when it can judge. */
export function unfitness({ file, outcome }: FileOutcome): string | null {
  switch (outcome.kind) {
    case 'passed':
      return outcome.tests > 0 ? null : `${file} runs no test here`;
    case 'failed':
      return `${file} fails without any fault: ${outcome.test}: ${outcome.why}`;
    case 'hung':
      return `${file} does not end without any fault: ${outcome.test}`;
  }
}

/** How long a test may be silent, in ms, before it hangs: by what its whole file took without a fault. */
export const silenceLimit = (unplantedMs: number): number => 20_000 + 4 * unplantedMs;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** One line for a fault that was judged. */
export function lineOf({ fault, verdict }: Judged): string {
  const { name, argued } = fault;
  switch (verdict.kind) {
    case 'caught': {
      const stale = argued === null ? '' : ' (argued, and caught nevertheless)';
      return `caught    ${name}${stale}: ${verdict.file}: ${verdict.test}, ${seconds(verdict.ms)}`;
    }
    case 'hang':
      return `HANG      ${name}: noticed only by a hang of ${verdict.file}: ${verdict.test}`;
    case 'survived':
      return `${argued === null ? 'SURVIVED ' : 'argued   '} ${name}: ${argued ?? fault.breaks}`;
    case 'stale':
      return `STALE     ${name}: ${verdict.why}`;
    case 'unjudged':
      return `UNJUDGED  ${name}: ${verdict.why}`;
  }
}

/** Whether nothing is left to be done about it. */
export const isSettled = ({ fault, verdict }: Judged): boolean =>
  verdict.kind === 'caught' || (verdict.kind === 'survived' && fault.argued !== null);

/** The end of the report: what is left to be done, who caught how many, totals. */
export function summaryOf(all: readonly Judged[]): string {
  const sorted = all.toSorted((a, b) => (a.fault.name < b.fault.name ? -1 : 1));
  const open = sorted.filter((one) => !isSettled(one)).flatMap(openLines);
  const caught = sorted.flatMap(({ verdict }) => (verdict.kind === 'caught' ? [verdict] : []));
  const nevertheless = sorted.filter(
    ({ fault, verdict }) => fault.argued !== null && verdict.kind === 'caught',
  );
  return [
    ...(open.length === 0 ? [] : ['', 'To be done:', ...open]),
    ...nevertheless.flatMap(({ fault: { name } }) => [
      '',
      `${name} is argued, and caught: take "argued:" out of test/mutants/${name}.patch`,
    ]),
    '',
    'Caught by:',
    ...byFile(caught.map(({ file }) => file)),
    '',
    totals(all, caught),
  ].join('\n');
}

function openLines({ fault, verdict }: Judged): string[] {
  const { name, breaks, promise, notice } = fault;
  const where = `  test/mutants/${name}.patch`;
  if (verdict.kind === 'stale') return [where, `    ${verdict.why}`];
  if (verdict.kind === 'unjudged') return [where, `    ${verdict.why}`];
  const found = verdict.kind === 'hang' ? `a hang of "${verdict.test}"` : 'all pass';
  return [
    where,
    `    breaks: ${breaks} (${promise})`,
    `    expected a failed test in ${notice.join(', ')}; found: ${found}`,
    '    write the test that fails with it, or say under "argued:" why none is needed',
  ];
}

function byFile(files: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(file, (counts.get(file) ?? 0) + 1);
  return [...counts]
    .toSorted(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
    .map(([file, count]) => `${String(count).padStart(5)}  ${file}`);
}

function totals(all: readonly Judged[], caught: readonly { readonly ms: number }[]): string {
  const count = (kind: Verdict['kind']): number =>
    all.filter(({ verdict }) => verdict.kind === kind).length;
  const argued = all.filter(
    ({ fault, verdict }) => fault.argued !== null && verdict.kind === 'survived',
  ).length;
  const rest = [
    `${argued} argued`,
    `${count('survived') - argued} survived`,
    `${count('hang')} noticed only by a hang`,
    `${count('stale')} stale`,
    `${count('unjudged')} not judged`,
  ];
  return `${caught.length} of ${all.length} caught, ${rest.join(', ')}; median ${seconds(medianOf(caught.map(({ ms }) => ms)))}`;
}

/** 0 of none. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
