// The tables of planned work, from its results. Pure text.
import { milliseconds, pairOf, table, type Column } from './markdown.js';
import { STEPS } from './planned-work.js';
import type { PlannedCell, PlannedRun } from './results.js';
import { spread } from './statistics.js';

const right = (title: string): Column => ({ title, right: true });

/** What was lost, who answered, in which order a handover went, and where the evidence is. */
export function plannedReport(cells: readonly PlannedCell[], times: number): string {
  const rows = cells.map((cell) => lossRow(cell, times));
  const columns = [
    { title: 'work' },
    right('interval'),
    right('times'),
    right('lost'),
    right('worst'),
    right('unanswered'),
    right('longest gap ms'),
    right('both held ms'),
    right('nobody ms'),
    { title: 'answered by' },
  ];
  const probes = cells.flatMap(({ runs }) => runs).reduce((sum, { sent }) => sum + sent, 0);
  const sections = [
    `### Planned work

Probes lost, of ${probes} in all: two addresses of two virtual routers, each asked 1000 times a second. Worst: of one
time. Unanswered: requests that the capture on the switch has no answer to
(n/a where it had no room for a frame). Both held and nobody: median / worst
of the kernels' notices. Answered by: one after the other, and how often so.

${table(columns, rows)}`,
    ...orders(cells),
    ...troubles(cells),
  ];
  return sections.join('\n\n');
}

const where = ({ work, half, intervalMs }: PlannedCell): string[] => [
  STEPS[work][half].title,
  `${intervalMs} ms`,
];

function lossRow(cell: PlannedCell, times: number): string[] {
  const { runs } = cell;
  const total = (of: (run: PlannedRun) => number): number =>
    runs.reduce((sum, run) => sum + of(run), 0);
  const captured = runs.every(({ unanswered }) => unanswered !== null);
  const most = (of: (run: PlannedRun) => number): number => Math.max(0, ...runs.map(of));
  const shown = (of: (run: PlannedRun) => number): string =>
    pairOf(spread(runs.map(of)), milliseconds);
  return [
    ...where(cell),
    runs.length === times ? String(times) : `${runs.length} of ${times}`,
    String(total(({ lost }) => lost)),
    String(most(({ lost }) => lost)),
    captured ? String(total(({ unanswered }) => unanswered ?? 0)) : 'n/a',
    milliseconds(most(({ longestGapMs }) => longestGapMs)),
    shown(({ bothHeldMs }) => bothHeldMs),
    shown(({ nobodyHeldMs }) => nobodyHeldMs),
    tally(runs.map(({ answeredBy }) => answeredBy || '-')),
  ];
}

/** `a, b` when it was so each time; `a, b (49); a, b, a (1)` when not. */
function tally(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const sorted = [...counts].sort(([, left], [, beside]) => beside - left);
  if (sorted.length <= 1) return sorted[0]?.[0] ?? '-';
  return sorted.map(([text, count]) => `${text} (${count})`).join('; ');
}

function orders(cells: readonly PlannedCell[]): string[] {
  const rows = cells.flatMap((cell) => {
    const all = cell.runs.flatMap((run) => run.orders);
    return all.length === 0 ? [] : [[...where(cell), tally(all)]];
  });
  if (rows.length === 0) return [];
  const columns = [{ title: 'work' }, right('interval'), { title: 'order' }];
  return [
    `### In which order

What the heir did for each virtual router, and when the other one's kernel let go, by the capture on the LAN and
on the HA link: all addresses announced (ARP), the first advertisement, the first word over the HA port that it
has role and addresses. How often so, where it was not always.

${table(columns, rows)}`,
  ];
}

function troubles(cells: readonly PlannedCell[]): string[] {
  const lines = cells.flatMap((cell) =>
    cell.troubles.map(
      ({ run, reason, kept }) =>
        `- ${where(cell).join(', ')}, run ${run}: ${reason}; kept in ${kept}`,
    ),
  );
  return lines.length === 0 ? [] : [`### What was lost, and where to look\n\n${lines.join('\n')}`];
}

/** Whether every work was done as often as asked, and nothing was lost. */
export const nothingLost = (cells: readonly PlannedCell[], times: number): boolean =>
  cells.every(({ runs, troubles: found }) => runs.length === times && found.length === 0);
