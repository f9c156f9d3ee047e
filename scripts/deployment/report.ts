// What a part's failure cost, as a row of a table. Pure: text from numbers.

export interface Outcome {
  readonly part: string;
  /** Something an operator does, or something that breaks. */
  readonly kind: 'planned' | 'fault';
  readonly sent: number;
  readonly failed: number;
  /** Why requests failed, and how many. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Longest time between two good answers. */
  readonly longestGapMs: number;
  /** Time from the first failed request to the first good one after the last, where others were good. */
  readonly patchyMs?: number;
  /** What the decision table and nginx's settings allow; null when nothing may be noticed. */
  readonly boundMs: number | null;
  /** Targets whose requests nginx must not repeat: those under way may fail. */
  readonly exposed?: readonly string[];
  /** `orion-lb-1 → orion-1, orion-2`: who held the address, and which instances answered. */
  readonly before: string;
  readonly after: string;
  /** What is not as it must be; empty when all is well. */
  readonly complaints: readonly string[];
}

/** A deployment, or one way to run it. */
export interface Section {
  readonly title: string;
  readonly outcomes: readonly Outcome[];
}

const HEAD = ['part', 'kind', 'requests', 'failed', 'longest gap', 'bound', 'before', 'after'];

const cells = (outcome: Outcome): string[] => [
  outcome.part,
  outcome.kind,
  String(outcome.sent),
  failedOf(outcome),
  `${outcome.longestGapMs.toFixed(0)} ms`,
  boundOf(outcome),
  outcome.before,
  outcome.after,
];

function failedOf(outcome: Outcome): string {
  const { failed, patchyMs } = outcome;
  if (failed === 0) return '0';
  const during = patchyMs === undefined ? '' : ` in ${patchyMs.toFixed(0)} ms`;
  return `${failed} (${reasonsOf(outcome)})${during}`;
}

const reasonsOf = ({ reasons }: Outcome): string =>
  Object.entries(reasons)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');

function boundOf({ boundMs, longestGapMs, patchyMs = 0, exposed = [] }: Outcome): string {
  if (boundMs === null) return ['0 failed', ...exposed].join(' but of ');
  if (boundMs === Number.POSITIVE_INFINITY) return 'until mended';
  return `${boundMs} ms, ${Math.max(longestGapMs, patchyMs) <= boundMs ? 'met' : 'NOT met'}`;
}

/** A Markdown table, its columns aligned, and below it every complaint. */
export function outcomeTable(outcomes: readonly Outcome[]): string {
  const rows = [HEAD, ...outcomes.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const complaints = outcomes.flatMap(({ part, complaints: all }) =>
    all.map((complaint) => `${part}: ${complaint}`),
  );
  return [line(head), rule, ...body.map(line), ...complaints].join('\n');
}
