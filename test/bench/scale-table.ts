// The table of `scripts/bench scale`: what one cell says, its row, and the rows of several runs in one table. Nothing is
// measured here.
import { rowsIn, replaceGenerated, SCALE_MARKERS, seconds, table } from './markdown.js';
import { SOFTWARES, type SideUsage, type Software } from './results.js';

export interface Times {
  /** Of one virtual router, in the middle, and of the last one, in ms. */
  readonly median: number;
  readonly last: number;
  /** Those that nobody had for a while, and the longest such while. */
  readonly unheld: number;
  readonly unheldLongest: number;
}

export interface Cell {
  readonly startMs: number;
  readonly active: SideUsage;
  readonly backup: SideUsage;
  readonly stop: Times;
  readonly cut: Times;
  /** How often a kernel has dropped notices that the times are made of. */
  readonly noticesLost: number;
}

/** Which cell it is. */
export interface CellName {
  readonly instances: number;
  readonly virtualRouters: number;
  readonly software: Software;
  readonly virtualMac: boolean;
}

const WITH_VIRTUAL_MAC: Readonly<Record<Software, string>> = {
  understudy: 'understudy, virtual MAC',
  keepalived: 'keepalived, use_vmac',
};

/** As the table names it. */
export const softwareOf = (name: Pick<CellName, 'software' | 'virtualMac'>): string =>
  name.virtualMac ? WITH_VIRTUAL_MAC[name.software] : name.software;

/** In the order of the rows of a cell. */
const NAMED = [false, true].flatMap((virtualMac) =>
  SOFTWARES.map((software) => softwareOf({ software, virtualMac })),
);

const COLUMNS = [
  { title: 'instances', right: true },
  { title: 'virtual routers', right: true },
  { title: 'software' },
  { title: 'first start', right: true },
  { title: 'Active, CPU', right: true },
  { title: 'Backup, CPU', right: true },
  { title: 'Active, MB', right: true },
  { title: 'Backup, MB', right: true },
  { title: 'stop: median / last', right: true },
  { title: 'nobody had, longest', right: true },
  { title: 'power cut: median / last', right: true },
  { title: 'load', right: true },
] as const;

const memory = ({ processes }: SideUsage): string => {
  const kib = processes.reduce((sum, { pssKib, rssKib }) => sum + (pssKib ?? rssKib), 0);
  return (kib / 1024).toFixed(0);
};
const percent = ({ cpuPercent }: SideUsage): string => `${cpuPercent.toFixed(1)} %`;
const times = ({ median: middle, last }: Times): string => `${seconds(middle)} / ${seconds(last)}`;
const unheld = ({ unheld: count, unheldLongest }: Times): string =>
  count === 0 ? 'none' : `${count}, ${seconds(unheldLongest)}`;

/** `cell`: a word when nothing was measured. `load`: of the machine, processes that wanted to run. */
export function rowOf(name: CellName, cell: Cell | string, load: number): string[] {
  const head = [String(name.instances), String(name.virtualRouters), softwareOf(name)];
  const around = load.toFixed(0);
  if (typeof cell === 'string')
    return [...head, cell, ...Array.from({ length: COLUMNS.length - 5 }, () => '-'), around];
  const { startMs, active, backup, stop, cut } = cell;
  const usage = [percent(active), percent(backup), memory(active), memory(backup)];
  return [...head, seconds(startMs), ...usage, times(stop), unheld(stop), times(cut), around];
}

export const scaleTable = (rows: readonly (readonly string[])[]): string => table(COLUMNS, rows);

/**
 * The text with these rows in its table: they replace those of the same instances, virtual routers and software, and the
 * others stay, so that a table may come from several runs. A null text becomes a file of nothing else.
 * @throws Error when there is a text without the markers, or with them in the wrong order.
 */
export function withRows(text: string | null, rows: readonly (readonly string[])[]): string {
  const all = new Map([...rowsIn(text, SCALE_MARKERS), ...rows].map((row) => [keyOf(row), row]));
  const sorted = [...all.values()].sort((left, right) => rankOf(left) - rankOf(right));
  return replaceGenerated(text, scaleTable(sorted), SCALE_MARKERS);
}

const keyOf = (row: readonly string[]): string => row.slice(0, 3).join(' ');

function rankOf([instances, virtualRouters, software]: readonly string[]): number {
  const last = NAMED.findIndex((one) => one === software);
  return (Number(instances) * 10_000 + Number(virtualRouters)) * 10 + last;
}
