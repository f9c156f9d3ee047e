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

/** What changing one line of the page's files comes to. */
export interface SettingRow {
  readonly setting: string;
  /** Its value on the page, and the other one. */
  readonly page: string;
  readonly other: string;
  readonly done: string;
  /** What came of it with either value. */
  readonly outcome: string;
  readonly otherOutcome: string;
  /** What is not as it must be; empty when all is well. */
  readonly complaints: readonly string[];
}

/** A deployment, or one way to run it. */
export interface Section {
  readonly title: string;
  readonly outcomes: readonly Outcome[];
  /** Which of its settings were tried out. */
  readonly settings?: readonly SettingRow[];
  /** What ended it before its end. */
  readonly troubles?: readonly string[];
}

/** Everything that is not as it must be. */
export const complaintsOf = ({ outcomes, settings = [], troubles = [] }: Section): string[] => [
  ...outcomes.flatMap(({ part, complaints }) => complaints.map((text) => `${part}: ${text}`)),
  ...settings.flatMap(({ setting, complaints }) => complaints.map((text) => `${setting}: ${text}`)),
  ...troubles,
];

/** Its tables. */
export const tablesOf = ({ outcomes, settings = [] }: Section): string =>
  [
    ...(outcomes.length > 0 ? [outcomeTable(outcomes)] : []),
    ...(settings.length > 0 ? [settingTable(settings)] : []),
  ].join('\n\n');

/** The title, the tables, and below them every complaint. */
export const sectionText = (section: Section): string =>
  [`### ${section.title}`, tablesOf(section), ...complaintsOf(section)].join('\n\n');

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

/** A Markdown table, its columns aligned. */
export const outcomeTable = (outcomes: readonly Outcome[]): string =>
  table([HEAD, ...outcomes.map(cells)]);

const SETTING_HEAD = ['setting', 'page', 'other', 'what was done', 'outcome', 'with the other'];

const settingTable = (rows: readonly SettingRow[]): string =>
  table([
    SETTING_HEAD,
    ...rows.map(({ setting, page, other, done, outcome, otherOutcome }) => [
      setting,
      page,
      other,
      done,
      outcome,
      otherOutcome,
    ]),
  ]);

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...body.map(line)].join('\n');
}
