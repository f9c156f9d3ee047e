// The tables of the benchmark, from its results. Pure text: every number was measured or computed from
// what was measured.
import { costPoints, judgeAims } from './aims.js';
import { idle, memory } from './idle-report.js';
import { milliseconds, pairOf, percent, seconds, table, times, type Column } from './markdown.js';
import { plannedReport } from './planned-report.js';
import {
  FAULTS,
  SOFTWARES,
  TUNED_MS,
  type BenchFault,
  type CostCell,
  type FailoverRun,
  type Results,
  type Software,
} from './results.js';
import { cellOf, costOf, distinct, outageRatio, runsOf } from './select.js';
import { growth, median, openSpread, ratio, spread } from './statistics.js';

const right = (title: string): Column => ({ title, right: true });

/** Everything there is, as Markdown. */
export function report(results: Results): string {
  const { planned, options } = results;
  const sections = [
    shape(results),
    ...(options.parts.some((part) => part !== 'planned') ? [aims(results)] : []),
    ...(results.failover.length > 0 ? [lost(results), held(results)] : []),
    ...(results.tuned.length > 0 ? [tuned(results)] : []),
    ...(results.idle.length > 0 ? [idle(results)] : []),
    ...(results.cost.length > 0 ? [cost(results), memory(results), perRouter(results)] : []),
    ...(results.start === null ? [] : [start(results)]),
    ...(results.stress.length > 0 ? [stress(results)] : []),
    ...(planned.length > 0 ? [plannedReport(planned, options.times)] : []),
    ...failures(results),
  ];
  return `${sections.join('\n\n')}\n`;
}

function shape({ date, machine, options, tookSeconds, scheduling }: Results): string {
  const { processor, cores, memoryMib, kernel, node, understudy, keepalived } = machine;
  const minutes = (tookSeconds / 60).toFixed(tookSeconds < 600 ? 1 : 0);
  const short = options.quick ? ', the short version' : '';
  return [
    `- Measured ${date.slice(0, 16).replace('T', ' ')} UTC, in ${minutes} minutes${short};`,
    `  ${howOften(options)}.`,
    `- Machine: ${cores} cores of ${processor}, ${(memoryMib / 1024).toFixed(0)} GiB, Linux ${kernel}.`,
    `- understudy ${understudy} on Node ${node.replace(/^v/, '')}, keepalived ${keepalived.replace(/^v/, '')}.`,
    `- Failover: daemons and client under ${scheduling}.`,
  ].join('\n');
}

/** How often what was done. */
function howOften({ parts, ...options }: Results['options']): string {
  const beside = parts.some((part) => part !== 'planned');
  const faults = beside ? [`each fault ${often(options.runs)}`] : [];
  const planned = parts.includes('planned') ? [`planned work ${often(options.times)}`] : [];
  return [...faults, ...planned].join(', ');
}

const often = (count: number): string => (count === 1 ? 'once' : `${count} times`);

function aims(results: Results): string {
  const rows = judgeAims(results).map(({ aim, measured, verdict }) => [aim, measured, verdict]);
  const columns = [{ title: 'aim' }, { title: 'measured' }, { title: 'verdict' }];
  return `### Aims\n\n${table(columns, rows)}`;
}

const NAMES: Readonly<Record<BenchFault, string>> = {
  stop: 'stop (SIGTERM)',
  handover: 'planned handover',
  kill: 'kill (SIGKILL)',
  hang: 'hang (SIGSTOP)',
  'kill-all': 'kill of every process',
  unplug: 'cable pull',
  'silent-lan': 'silent LAN loss',
  'power-cut': 'power cut',
  check: 'failed check',
  'parted-5': 'power cut, 5 ms apart',
  'parted-20': 'power cut, 20 ms apart',
  'parted-50': 'power cut, 50 ms apart',
};

/** The cells of a row for every fault and interval that was measured. */
function faultRows(
  results: Results,
  cells: (fault: BenchFault, intervalMs: number) => readonly string[],
): string[][] {
  const intervals = distinct(results.failover.map(({ intervalMs }) => intervalMs)).reverse();
  return FAULTS.flatMap((fault) =>
    intervals
      .filter((intervalMs) => cellOf(results, 'understudy', fault, intervalMs) !== undefined)
      .map((intervalMs) => [NAMES[fault], `${intervalMs} ms`, ...cells(fault, intervalMs)]),
  );
}

function lost(results: Results): string {
  return `### What a client lost

Probes lost of 1000 a second and the longest outage, median / worst of the runs; ratio of the median
outages, understudy to keepalived (0: none at all, -: neither had one). On return: while the primary took
its role back.

${lostTable(results)}`;
}

/** The same pairs, but understudy asks its peer and the gateway as often as keepalived advertises at its best. */
function tuned(results: Results): string {
  const cells = { ...results, failover: results.tuned };
  return `### Tuned alike

understudy asks its peer and the gateway every ${TUNED_MS} ms, three times each. A power cut that is some milliseconds apart
silences the LAN first and the HA link so much later.

${lostTable(cells)}

${heldTable(cells)}`;
}

function lostTable(results: Results): string {
  const both = (
    fault: BenchFault,
    intervalMs: number,
    of: (run: FailoverRun) => number,
    render: (value: number) => string,
  ): string[] =>
    SOFTWARES.map((software) =>
      pairOf(spread(runsOf(results, software, fault, intervalMs).map(of)), render),
    );
  const rows = faultRows(results, (fault, intervalMs) => [
    ...both(fault, intervalMs, (run) => run.lost, whole),
    ...both(fault, intervalMs, (run) => run.outageMs, milliseconds),
    times(outageRatio(results, fault, intervalMs)),
    ...both(fault, intervalMs, (run) => run.back.lost, whole),
  ]);
  const columns = [
    { title: 'fault' },
    right('interval'),
    right('lost'),
    right('keepalived'),
    right('outage ms'),
    right('keepalived'),
    right('ratio'),
    right('lost on return'),
    right('keepalived'),
  ];
  return table(columns, rows);
}

/** The median, or its half between two; a number of probes. */
const whole = (value: number): string => String(Math.round(value * 2) / 2);

function held(results: Results): string {
  const watched = results.failover.flatMap(({ runs }) =>
    runs.filter((run) => run.aloneAfterMs === null).map((run) => run.watchedMs),
  );
  const good =
    watched.length === 0
      ? ''
      : ` For good: still on both when the run ended, ${seconds(Math.min(...watched))} or more after the fault.`;
  return `### Who held the address

From the fault until the Backup alone held it, and how long both kernels, or none, had it; median /
worst.${good}

${heldTable(results)}`;
}

function heldTable(results: Results): string {
  const rows = faultRows(results, (fault, intervalMs) => {
    const of = (software: Software): readonly FailoverRun[] =>
      runsOf(results, software, fault, intervalMs);
    return [
      ...SOFTWARES.map((software) => pairOf(openSpread(of(software).map(aloneAfter)), openMs)),
      ...SOFTWARES.map((software) => pairOf(openSpread(of(software).map(bothHeld)), openMs)),
      ...SOFTWARES.map((software) =>
        pairOf(spread(of(software).map((run) => run.nobodyHeldMs)), milliseconds),
      ),
    ];
  });
  const columns = [
    { title: 'fault' },
    right('interval'),
    right('one holder after ms'),
    right('keepalived'),
    right('both held ms'),
    right('keepalived'),
    right('nobody ms'),
    right('keepalived'),
  ];
  return table(columns, rows);
}

const aloneAfter = (run: FailoverRun): number | null => run.aloneAfterMs;
/** What had not ended when the run did has no length. */
const bothHeld = (run: FailoverRun): number | null =>
  run.aloneAfterMs === null ? null : run.bothHeldMs;
const openMs = (ms: number | null): string => (ms === null ? 'for good' : milliseconds(ms));

/** A row for every number of virtual routers and interval that was measured on either side. */
function costRows(
  results: Results,
  cells: (own: CostCell | undefined, beside: CostCell | undefined) => readonly string[],
): string[][] {
  const intervals = distinct(results.cost.map(({ intervalMs }) => intervalMs)).reverse();
  return distinct(results.cost.map(({ routers }) => routers)).flatMap((routers) =>
    intervals.map((intervalMs) => [
      String(routers),
      `${intervalMs} ms`,
      ...cells(
        costOf(results, 'understudy', routers, intervalMs),
        costOf(results, 'keepalived', routers, intervalMs),
      ),
    ]),
  );
}

function compared(
  own: CostCell | undefined,
  beside: CostCell | undefined,
  of: (cell: CostCell) => number,
  render: (value: number) => string,
): string[] {
  const cell = (one: CostCell | undefined): string => (one === undefined ? 'n/a' : render(of(one)));
  const both = own !== undefined && beside !== undefined;
  return [cell(own), cell(beside), both ? times(ratio(of(own), of(beside))) : 'n/a'];
}

function cost(results: Results): string {
  const rows = costRows(results, (own, beside) => [
    ...compared(own, beside, (cell) => cell.active.cpuPercent, percent),
    ...compared(own, beside, (cell) => cell.backup.cpuPercent, percent),
    ...compared(own, beside, (cell) => cell.takeOverMs, milliseconds),
    ...compared(own, beside, (cell) => cell.transitions, String).slice(0, 2),
  ]);
  const columns = [
    right('routers'),
    right('interval'),
    right('Active CPU %'),
    right('keepalived'),
    right('ratio'),
    right('Backup CPU %'),
    right('keepalived'),
    right('ratio'),
    right('take-over ms'),
    right('keepalived'),
    right('ratio'),
    right('false moves'),
    right('keepalived'),
  ];
  const window = Math.max(...results.cost.map(({ windowMs }) => windowMs));
  return `### Cost

Processor time of all the daemon's processes over ${window / 1000} s, in percent of one core, and the time from
SIGTERM at the Active until the Backup held every address. No client, each scheduled as it
comes. False moves: transitions in that time, of which none was asked for.

${table(columns, rows)}`;
}

function perRouter(results: Results): string {
  const intervals = distinct(results.cost.map(({ intervalMs }) => intervalMs)).reverse();
  const rows = intervals.flatMap((intervalMs) =>
    SOFTWARES.flatMap((software) =>
      (['active', 'backup'] as const).flatMap((side) => {
        const found = growth(costPoints(results, software, intervalMs, side));
        if (found === null) return [];
        const { lower, upper, bend } = found;
        const name = side === 'active' ? 'Active' : 'Backup';
        const numbers = [lower.toFixed(4), upper.toFixed(4), times(bend)];
        return [[`${intervalMs} ms`, software, name, ...numbers]];
      }),
    ),
  );
  const columns = [
    right('interval'),
    { title: 'software' },
    { title: 'side' },
    right('% a router, few'),
    right('% a router, many'),
    right('ratio'),
  ];
  const counts = distinct(results.cost.map(({ routers }) => routers)).join(', ');
  if (rows.length === 0) {
    return `### Growth\n\nn/a: three numbers of virtual routers are needed, measured were ${counts}.`;
  }
  return `### Growth

What one more virtual router costs, at the lower and the upper end of ${counts}: linear where the ratio is 1.

${table(columns, rows)}`;
}

function start({ start: measured }: Results): string {
  if (measured === null) return '';
  const advertisement = (software: Software): string =>
    pairOf(spread(measured.firstAdvertisementMs[software]), milliseconds);
  const [own, beside] = SOFTWARES.map((software) => measured.firstAdvertisementMs[software]);
  const both = own !== undefined && beside !== undefined && own.length > 0 && beside.length > 0;
  const rows = [
    [
      'exec to first advertisement (address owner)',
      advertisement('understudy'),
      `keepalived ${advertisement('keepalived')}`,
      both ? times(median(own) / median(beside)) : 'n/a',
    ],
    [
      '`understudy status`',
      pairOf(spread(measured.statusMs), milliseconds),
      `\`node -e 0\` ${pairOf(spread(measured.nodeMs), milliseconds)}`,
      times(median(measured.statusMs) / median(measured.nodeMs)),
    ],
    [
      '`understudy check`',
      pairOf(spread(measured.checkMs), milliseconds),
      `\`node -e 0\` ${pairOf(spread(measured.nodeMs), milliseconds)}`,
      times(median(measured.checkMs) / median(measured.nodeMs)),
    ],
  ];
  const columns = [{ title: 'start' }, right('ms'), right('beside, ms'), right('ratio')];
  return `### Start

Median / worst.

${table(columns, rows)}`;
}

function stress({ stress: cells }: Results): string {
  const rows = cells.map((cell) => [
    cell.realtime ? 'on' : 'off',
    cell.software,
    String(cell.transitions),
    String(cell.takeOvers),
    milliseconds(cell.bothHeldMs),
    milliseconds(cell.nobodyHeldMs),
  ]);
  const columns = [
    { title: 'real time' },
    { title: 'software' },
    right('transitions'),
    right('take-overs'),
    right('both held ms'),
    right('nobody ms'),
  ];
  const [first] = cells;
  return `### Every core busy

${first?.minutes.toFixed(1) ?? '0'} minutes each at ${first?.intervalMs ?? 0} ms advertisements, \`stress-ng --cpu\` on every core; nothing was asked of anybody, so every
transition is a false one.

${table(columns, rows)}`;
}

/** What could not be measured, or only the second time, and why. */
function failures(results: Results): string[] {
  const lines = [
    ...[...results.failover, ...results.tuned].flatMap(
      ({ software, fault, intervalMs, failed, runs }) =>
        failed.map(({ run, attempt, reason }) => {
          const done = runs.some((one) => one.run === run) ? 'measured the second time' : 'n/a';
          return `${software}, ${NAMES[fault]} at ${intervalMs} ms, run ${run}, attempt ${attempt} (${done}): ${reason}`;
        }),
    ),
    ...results.costFailed.map(
      ({ software, routers, intervalMs, reason }) =>
        `${software}, ${routers} virtual routers at ${intervalMs} ms (n/a): ${reason}`,
    ),
    ...(results.start?.unavailable ?? []),
    ...results.stressFailed.map(
      ({ software, realtime, reason }) =>
        `${software}, every core busy, real time ${realtime ? 'on' : 'off'} (n/a): ${reason}`,
    ),
  ];
  if (lines.length === 0) return [];
  return [
    `### What could not be measured at once\n\n${lines.map((line) => `- ${line}`).join('\n')}`,
  ];
}
