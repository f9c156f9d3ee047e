// The tables of what a pair costs: in which nothing happens, and its memory. Pure text.
import { mebibytes, percent, table, times, type Column } from './markdown.js';
import type { CostCell, IdleCell, Results, SideUsage } from './results.js';
import { ratio } from './statistics.js';

/** Of one core, whichever side needs more. */
export const idlePercent = ({ active, backup }: IdleCell): number =>
  Math.max(active.cpuPercent, backup.cpuPercent);

const right = (title: string): Column => ({ title, right: true });

/** Nothing happens: with and without a peer, by how often it is asked. */
export function idle({ idle: cells }: Results): string {
  const rows = cells.map((cell) => {
    const { software, checksMs, monitors, active, backup } = cell;
    const against = cells.find(
      (one) => one.software === 'keepalived' && one !== cell && one.monitors === monitors,
    );
    return [
      software,
      checksMs === null ? 'no peer' : `${checksMs} ms`,
      monitors ? 'yes' : 'no',
      percent(active.cpuPercent),
      percent(backup.cpuPercent),
      against === undefined ? '-' : times(ratio(idlePercent(cell), idlePercent(against))),
      summed(active),
      summed(backup),
    ];
  });
  const columns = [
    { title: 'software' },
    right('checks every'),
    { title: 'monitors' },
    right('Active CPU %'),
    right('Backup CPU %'),
    right('ratio'),
    right('Active PSS MiB'),
    right('Backup PSS MiB'),
  ];
  const window = Math.max(...cells.map(({ windowMs }) => windowMs));
  return `### Idle

One virtual router at 1000 ms, nothing happens: processor time of all processes over ${window / 1000} s, in percent of one
core, and the ratio of the side that needs more to keepalived's; memory of all processes together (PSS). The
peer is asked over HA link and LAN. Monitors: a script every second on both; understudy asks a gateway too, as often
as its peer.

${table(columns, rows)}`;
}

/** Of each side all processes together. */
export function memory({ cost }: Results): string {
  const intervalMs = Math.max(...cost.map((cell) => cell.intervalMs));
  const rows = cost
    .filter((cell) => cell.intervalMs === intervalMs)
    .flatMap((cell) =>
      (['active', 'backup'] as const).map((side) => memoryRow(cell, side, cell[side])),
    );
  const columns = [
    { title: 'software' },
    right('routers'),
    { title: 'side' },
    { title: 'processes' },
    right('RSS MiB, largest'),
    right('PSS MiB, all'),
  ];
  return `### Memory, at ${intervalMs} ms

PSS counts what processes share in part, so that it can be added up.

${table(columns, rows)}`;
}

function memoryRow(
  { software, routers }: CostCell,
  side: 'active' | 'backup',
  usage: SideUsage,
): string[] {
  const { processes } = usage;
  return [
    software,
    String(routers),
    side === 'active' ? 'Active' : 'Backup',
    counted(processes.map(({ name }) => name)),
    mebibytes(Math.max(0, ...processes.map(({ rssKib }) => rssKib))),
    summed(usage),
  ];
}

/** Of all processes of a side together; null where the kernel does not say. */
export const pssKibOf = ({ processes }: SideUsage): number | null =>
  processes.reduce<number | null>(
    (all, { pssKib }) => (all === null || pssKib === null ? null : all + pssKib),
    0,
  );

function summed(usage: SideUsage): string {
  const sum = pssKibOf(usage);
  return sum === null ? 'n/a' : mebibytes(sum);
}

/** `agent, executor, 3 /bin/sh`. */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} ${name}`)).join(', ');
}
