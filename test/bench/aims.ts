// The aims of the project and whether what was measured meets them. No measuring, no rendering.
import {
  PARTED_MS,
  SOFTWARES,
  TUNED_MS,
  type BenchFault,
  type CostCell,
  type FailoverRun,
  type Results,
  type Software,
} from './results.js';
import { idlePercent, pssKibOf } from './idle-report.js';
import { milliseconds, percent, times } from './markdown.js';
import { costOf, distinct, outageRatio, runsOf } from './select.js';
import { growth, median, ratio } from './statistics.js';

export interface Verdict {
  readonly aim: string;
  /** What was measured, in words. */
  readonly measured: string;
  readonly verdict: 'met' | 'NOT met' | 'not measured';
}

/** One measured value with its limit. */
interface Point {
  readonly at: string;
  readonly text: string;
  readonly met: boolean;
}

/** Met when every point is; the points as they are, in words. */
function judge(aim: string, points: readonly Point[]): Verdict {
  if (points.length === 0) return { aim, measured: '-', verdict: 'not measured' };
  const measured = points.map(({ at, text }) => (at === '' ? text : `${text} at ${at}`)).join(', ');
  return { aim, measured, verdict: points.every(({ met }) => met) ? 'met' : 'NOT met' };
}

/** `vip.leaseSeconds` as it is by default: what is left of a dead pair of processes ends with it. */
const LEASE_MS = 3000;

/** Active_Down_Interval of the Backup (RFC 9568 §6.1): 3 × interval + Skew_Time at priority 100. */
export const activeDownIntervalMs = (intervalMs: number): number =>
  3 * intervalMs + ((256 - 100) * intervalMs) / 256;

export function judgeAims(results: Results): Verdict[] {
  return [
    ...(['stop', 'handover', 'kill', 'hang'] as const).map((fault) => lossless(results, fault, 1)),
    alone(results, 'kill', 'one advertisement interval', (intervalMs) => intervalMs),
    alone(
      results,
      'hang',
      'Active_Down_Interval and 100 ms',
      (intervalMs) => activeDownIntervalMs(intervalMs) + 100,
    ),
    lossless(results, 'kill-all', 5),
    alone(results, 'kill-all', 'lease and 1 s', () => LEASE_MS + 1000),
    ...(['unplug', 'power-cut', 'silent-lan'] as const).flatMap((fault) => [
      besideKeepalived(results, fault, [1000, 100], 0.2),
      besideKeepalived(results, fault, [10], 1),
    ]),
    within(results, 'unplug', 'median', 10),
    within(results, 'unplug', 'worst', 20),
    ...tunedAims(results),
    idleAim(results, 100, 0.6),
    idleAim(results, 10, 3),
    memoryTogether(results, false, 30),
    memoryTogether(results, true, 60),
    ...costAims(results),
    stressAim(results),
    ...startAims(results),
  ];
}

const intervalsOf = ({ failover }: Results): number[] =>
  distinct(failover.map(({ intervalMs }) => intervalMs)).reverse();

/** A point for every interval at which understudy was measured. */
function byInterval(
  results: Results,
  fault: BenchFault,
  point: (runs: readonly FailoverRun[], intervalMs: number) => Omit<Point, 'at'>,
): Point[] {
  return intervalsOf(results).flatMap((intervalMs) => {
    const runs = runsOf(results, 'understudy', fault, intervalMs);
    return runs.length === 0 ? [] : [{ at: `${intervalMs} ms`, ...point(runs, intervalMs) }];
  });
}

function lossless(results: Results, fault: BenchFault, limit: number): Verdict {
  const points = byInterval(results, fault, (runs) => {
    const worst = Math.max(...runs.map(({ lost }) => lost));
    return { text: String(worst), met: worst <= limit };
  });
  return judge(`${fault}: at most ${limit} lost in any run`, points);
}

function alone(
  results: Results,
  fault: BenchFault,
  words: string,
  limitMs: (intervalMs: number) => number,
): Verdict {
  const points = byInterval(results, fault, (runs, intervalMs) => {
    const worst = Math.max(...runs.map((run) => run.aloneAfterMs ?? Number.POSITIVE_INFINITY));
    const text = Number.isFinite(worst) ? `${milliseconds(worst)} ms` : 'never';
    return { text, met: worst <= limitMs(intervalMs) };
  });
  return judge(`${fault}: address on one node only after ${words}`, points);
}

function besideKeepalived(
  results: Results,
  fault: BenchFault,
  intervals: readonly number[],
  limit: number,
): Verdict {
  const points = intervals.flatMap((intervalMs): Point[] => {
    const both = SOFTWARES.every(
      (software) => runsOf(results, software, fault, intervalMs).length > 0,
    );
    if (!both) return [];
    // Neither lost anything: nothing is above nothing.
    const found = outageRatio(results, fault, intervalMs) ?? 0;
    return [{ at: `${intervalMs} ms`, text: times(found), met: found <= limit }];
  });
  const where = intervals.map((intervalMs) => `${intervalMs}`).join(' and ');
  return judge(`${fault} at ${where} ms: at most ${limit} of keepalived's outage`, points);
}

/** Of a client's outage, whatever the interval. */
function within(
  results: Results,
  fault: BenchFault,
  of: 'median' | 'worst',
  limitMs: number,
): Verdict {
  const points = byInterval(results, fault, (runs) => {
    const outages = runs.map(({ outageMs }) => outageMs);
    const found = of === 'median' ? median(outages) : Math.max(...outages);
    return { text: `${milliseconds(found)} ms`, met: found <= limitMs };
  });
  return judge(`${fault}: ${of} outage at most ${limitMs} ms`, points);
}

/** From the last word on any path to the client's answer: what a silence takes to be found, and a moment. */
const POWER_CUT_MS = 3 * TUNED_MS + 20;

/** Peer and gateway asked every TUNED_MS. */
function tunedAims(all: Results): Verdict[] {
  const results = { ...all, failover: all.tuned };
  const tuned = (verdict: Verdict): Verdict => ({ ...verdict, aim: `tuned, ${verdict.aim}` });
  return [
    within(results, 'power-cut', 'worst', POWER_CUT_MS),
    // The host is dead when its last path is.
    ...(['parted-5', 'parted-20', 'parted-50'] as const).map((fault) =>
      within(results, fault, 'worst', PARTED_MS[fault] + POWER_CUT_MS),
    ),
    besideKeepalived(results, 'power-cut', [10], 1.1),
    besideKeepalived(results, 'silent-lan', [10], 1.5),
    alone(results, 'silent-lan', '1 s', () => 1000),
  ].map(tuned);
}

/** With one peer, asked over two paths. */
function idleAim({ idle }: Results, checksMs: number, limit: number): Verdict {
  const found = idle.find(
    (cell) => cell.software === 'understudy' && cell.checksMs === checksMs && !cell.monitors,
  );
  const aim = `idle, a peer asked every ${checksMs} ms: at most ${limit} % of a core`;
  if (found === undefined) return judge(aim, []);
  const used = idlePercent(found);
  return judge(aim, [{ at: '', text: `${percent(used)} %`, met: used <= limit }]);
}

/** All processes of the side that needs more, with a peer at the default interval. */
function memoryTogether({ idle }: Results, monitors: boolean, limitMib: number): Verdict {
  const found = idle.find(
    (cell) => cell.software === 'understudy' && cell.checksMs === 100 && cell.monitors === monitors,
  );
  const aim = `all processes ${monitors ? 'with' : 'without'} monitors: at most ${limitMib} MiB (PSS)`;
  const sums = found === undefined ? [] : [pssKibOf(found.active), pssKibOf(found.backup)];
  const known = sums.filter((sum) => sum !== null);
  if (known.length === 0) return judge(aim, []);
  const mib = Math.max(...known) / 1024;
  return judge(aim, [{ at: '', text: `${mib.toFixed(1)} MiB`, met: mib <= limitMib }]);
}

const MANY = { routers: 250, intervalMs: 100 } as const;

function costAims(results: Results): Verdict[] {
  const [own, beside] = SOFTWARES.map((software) =>
    costOf(results, software, MANY.routers, MANY.intervalMs),
  );
  const compared = (aim: string, limit: number, of: (cell: CostCell) => number): Verdict => {
    if (own === undefined || beside === undefined) return judge(aim, []);
    const found = ratio(of(own), of(beside)) ?? 0;
    return judge(aim, [{ at: '', text: times(found), met: found <= limit }]);
  };
  const where = `${MANY.routers} virtual routers at ${MANY.intervalMs} ms`;
  return [
    compared(`${where}: Active at most 1 of keepalived's CPU`, 1, (c) => c.active.cpuPercent),
    compared(`${where}: Backup at most 1 of keepalived's CPU`, 1, (c) => c.backup.cpuPercent),
    compared(`${where}: take-over at most keepalived's`, 1, (cell) => cell.takeOverMs),
    memory(results, 1, 'agent', 45),
    memory(results, MANY.routers, 'agent', 55),
    memory(results, MANY.routers, 'executor', 2),
    linear(results),
  ];
}

function memory(results: Results, routers: number, process: string, limitMib: number): Verdict {
  const cell = costOf(results, 'understudy', routers, MANY.intervalMs);
  const processes = [...(cell?.active.processes ?? []), ...(cell?.backup.processes ?? [])];
  const found = processes.filter(({ name }) => name === process).map(({ rssKib }) => rssKib / 1024);
  const worst = Math.max(...found);
  const points = [{ at: '', text: `${worst.toFixed(1)} MiB`, met: worst <= limitMib }];
  const aim = `${routers} virtual ${routers === 1 ? 'router' : 'routers'}: ${process} at most ${limitMib} MiB (RSS)`;
  return judge(aim, found.length === 0 ? [] : points);
}

/** One more virtual router may cost this much more at the upper end than at the lower. */
const BEND_LIMIT = 1.25;

export const costPoints = (
  { cost }: Results,
  software: Software,
  intervalMs: number,
  side: 'active' | 'backup',
): { readonly routers: number; readonly cost: number }[] =>
  cost
    .filter((cell) => cell.software === software && cell.intervalMs === intervalMs)
    .map((cell) => ({ routers: cell.routers, cost: cell[side].cpuPercent }));

function linear(results: Results): Verdict {
  const points = (['active', 'backup'] as const).flatMap((side): Point[] => {
    const found = growth(costPoints(results, 'understudy', MANY.intervalMs, side));
    if (found === null) return [];
    const at = side === 'active' ? 'the Active' : 'the Backup';
    return [{ at, text: times(found.bend), met: found.bend <= BEND_LIMIT }];
  });
  const aim = `growth linear: the last router at ${MANY.intervalMs} ms at most ${BEND_LIMIT} of the first's CPU`;
  return judge(aim, points);
}

function stressAim({ stress }: Results): Verdict {
  const points = stress
    .filter(({ software, realtime }) => software === 'understudy' && realtime)
    .map(({ transitions, takeOvers, minutes }) => ({
      at: '',
      text: `${transitions} transitions, ${takeOvers} take-overs in ${minutes.toFixed(1)} minutes`,
      met: transitions === 0 && takeOvers === 0,
    }));
  return judge('every core busy, real time on: no false failover', points);
}

function startAims({ start }: Results): Verdict[] {
  const first = start?.firstAdvertisementMs.understudy ?? [];
  const worst = Math.max(...first);
  const advertisement = [{ at: '', text: `${milliseconds(worst)} ms`, met: worst <= 250 }];
  const nodes = start?.nodeMs ?? [];
  const besideNode = (what: string, taken: readonly number[], limit: number): Verdict => {
    const aim = `${what} at most ${limit} of bare Node's start`;
    if (taken.length === 0 || nodes.length === 0) return judge(aim, []);
    const found = median(taken) / median(nodes);
    return judge(aim, [{ at: '', text: times(found), met: found <= limit }]);
  };
  return [
    besideNode('status', start?.statusMs ?? [], 1.25),
    besideNode('check', start?.checkMs ?? [], 1.5),
    besideNode('exec to first advertisement', first, 1.8),
    judge('first advertisement within 250 ms, worst run', first.length === 0 ? [] : advertisement),
  ];
}
