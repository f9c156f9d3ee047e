// What the demo prints: introduction, table, colours. Pure text; nothing is measured here.
import process from 'node:process';
import type { Fault, Measurement } from './lab/fault.js';

export interface DemoResult {
  readonly software: string;
  readonly intervalMs: number;
  readonly fault: Fault;
  /** From the fault until the other appliance served. */
  readonly failure: Measurement;
  /** From the repair until the appliance had its role back. */
  readonly comeback: Measurement;
}

const COLOURS = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 } as const;

/** Colours the text, on a terminal only (and never with NO_COLOR set). */
export function paint(colour: keyof typeof COLOURS, text: string): string {
  const coloured = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  return coloured ? `\u001B[${COLOURS[colour]}m${text}\u001B[0m` : text;
}

interface Setting {
  readonly software: string;
  /** Whether the two talk over the HA link too. */
  readonly peers: boolean;
}

export const introduction = ({ software, peers }: Setting): string => `
Two appliances running ${software}, a switch and a client, in network namespaces of their own:

    a  10.99.0.1  priority 200 ──┐
    ${(peers ? '│ HA link' : '').padEnd(29)}├── switch ── c  probes 10.99.0.100 and 2001:db8:99::100,
    b  10.99.0.2  priority 100 ──┘             1000 times a second each

Nothing of this machine's own network is touched; when the demo ends, nothing is left.
`;

interface Column {
  readonly title: string;
  readonly left?: boolean;
}

const COLUMNS: readonly Column[] = [
  { title: 'interval' },
  { title: 'fault', left: true },
  { title: 'family', left: true },
  { title: 'lost' },
  { title: 'outage ms' },
  { title: 'held by', left: true },
  { title: 'both ms' },
  { title: 'nobody ms' },
  { title: 'left behind', left: true },
  { title: 'lost on return' },
];

/** One line per interval, fault and family. */
export function resultTable(results: readonly DemoResult[]): string {
  const rows = results.flatMap(resultRows);
  const titles = COLUMNS.map((column) => column.title);
  const widths = titles.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return COLUMNS[index]?.left === true ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width));
  const body = rows.map((row) => {
    const text = line(row);
    return row.includes('YES') || row.some((cell) => cell.includes('!'))
      ? paint('red', text)
      : text;
  });
  return `\n${[paint('bold', line(titles)), line(rule), ...body].join('\n')}\n\n${legend(results)}`;
}

function resultRows(result: DemoResult): string[][] {
  return result.failure.addresses.map((measured, index) => {
    const { probes, held } = measured;
    const back = result.comeback.addresses[index]?.probes.lost;
    const route = `${measured.holdersBefore.join('+') || '-'} → ${measured.holdersAfter.join('+') || '-'}`;
    return [
      index === 0 ? `${result.intervalMs} ms` : '',
      index === 0 ? result.fault : '',
      measured.address.includes(':') ? 'IPv6' : 'IPv4',
      String(probes.lost),
      probes.longestOutageMs.toFixed(1),
      measured.recovered ? route : `${route} !`,
      held.bothHeldMs.toFixed(1),
      held.nobodyHeldMs.toFixed(1),
      measured.leftBehind ? 'YES' : 'no',
      String(back ?? '-'),
    ];
  });
}

function legend(results: readonly DemoResult[]): string {
  const late = results
    .flatMap(({ failure }) => failure.addresses)
    .map(({ probes }) => probes.scheduleLatenessMs);
  const failed = results.filter((result) => !result.failure.addresses.every((m) => m.recovered));
  const verdict =
    failed.length === 0
      ? 'Every fault recovered.'
      : `Not recovered (!): ${failed.map((result) => `${result.fault} at ${result.intervalMs} ms`).join(', ')}.`;
  return `lost: probes never answered, 1 a millisecond. both, nobody: how long both kernels, or none, had the address.
The probing client itself was late by ${Math.max(0, ...late).toFixed(1)} ms at worst.
${verdict}
`;
}
