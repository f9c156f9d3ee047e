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
  /** What the decision table and nginx's settings aim at; null when no request may fail. */
  readonly aimMs: number | null;
  /** From the beginning of what was done until the heir's kernel had the addresses; null where none moved. */
  readonly movedAfterMs: number | null;
  /** The worst lateness of the client itself: what the machine, not the deployment, added. */
  readonly clientLateMs: number;
  /** Targets whose requests nginx must not repeat: those under way may fail. */
  readonly exposed?: readonly string[];
  /** `soft-fault (nginx) → peer-released`: why the role was given up and taken; or who left out a back end. */
  readonly endedBy: string;
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
  /** How long an agent takes here from its start to its first answer: the measure of the machine. */
  readonly agentStartMs?: number;
  /** What ended it before its end. */
  readonly troubles?: readonly string[];
  /** All that was said there, when anything is not as it must be. */
  readonly said?: string;
}

/** Everything that is not as it must be. */
export const complaintsOf = ({ outcomes, settings = [], troubles = [] }: Section): string[] => [
  ...outcomes.flatMap(({ part, complaints }) => complaints.map((text) => `${part}: ${text}`)),
  ...settings.flatMap(({ setting, complaints }) => complaints.map((text) => `${setting}: ${text}`)),
  ...troubles,
];

/** Its tables, and beside the milliseconds how fast the machine is. */
export const tablesOf = ({ outcomes, settings = [], agentStartMs }: Section): string =>
  [
    ...(outcomes.length === 0 || agentStartMs === undefined ? [] : [machine(agentStartMs)]),
    ...(outcomes.length > 0 ? [outcomeTable(outcomes)] : []),
    ...(settings.length > 0 ? [settingTable(settings)] : []),
  ].join('\n\n');

/** The title, the tables, and below them every complaint; above all what was said, where there is one. */
export const sectionText = (section: Section): string => {
  const { title, said } = section;
  const texts = [said ?? '', `### ${title}`, tablesOf(section), ...complaintsOf(section)];
  return texts.filter(Boolean).join('\n\n');
};

/** Sections of one title as one, in the order of the first of each. */
export function merged(sections: readonly Section[]): Section[] {
  const byTitle = new Map<string, Section>();
  for (const section of sections) {
    const before = byTitle.get(section.title);
    byTitle.set(section.title, before === undefined ? section : joined(before, section));
  }
  return [...byTitle.values()];
}

const joined = (one: Section, other: Section): Section => ({
  ...one,
  outcomes: [...one.outcomes, ...other.outcomes],
  settings: [...(one.settings ?? []), ...(other.settings ?? [])],
  troubles: [...(one.troubles ?? []), ...(other.troubles ?? [])],
  said: [one.said ?? '', other.said ?? ''].filter(Boolean).join('\n\n'),
});

const machine = (agentStartMs: number): string =>
  `On this machine an agent answers ${agentStartMs.toFixed(0)} ms after its start.`;

const HEAD = [
  'part',
  'kind',
  'requests',
  'failed',
  'longest gap',
  'aim',
  'moved after',
  'client late',
  'ended by',
  'before',
  'after',
];

const cells = (outcome: Outcome): string[] => [
  outcome.part,
  outcome.kind,
  String(outcome.sent),
  failedOf(outcome),
  `${outcome.longestGapMs.toFixed(0)} ms`,
  aimOf(outcome),
  outcome.movedAfterMs === null ? '-' : `${outcome.movedAfterMs.toFixed(0)} ms`,
  `${outcome.clientLateMs.toFixed(0)} ms`,
  outcome.endedBy,
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

function aimOf({ aimMs, exposed = [] }: Outcome): string {
  if (aimMs === null) return ['0 failed', ...exposed].join(' but of ');
  return aimMs === Number.POSITIVE_INFINITY ? 'until mended' : `${aimMs} ms`;
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
