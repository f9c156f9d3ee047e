// The cost part: processor time and memory of both sides with many virtual routers, and how long it
// takes to take them all over after a stop. No client.
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../../scripts/lab/clock.js';
import { BenchPair } from './pair.js';
import { manyRouters, plainPrograms } from './programs.js';
import {
  SOFTWARES,
  type BenchOptions,
  type CostCell,
  type FailedCost,
  type Software,
} from './results.js';
import { markUsage, usageSince } from './usage.js';

const FULL = { routers: [1, 50, 250], windowMs: 10_000 } as const;
const QUICK = { routers: [1, 50], windowMs: 2000 } as const;

/** After the start: what a daemon does once is not what it costs. */
const SETTLING_MS = 1000;

export interface CostResults {
  readonly cells: readonly CostCell[];
  readonly failed: readonly FailedCost[];
}

export interface CostPart {
  readonly options: BenchOptions;
  readonly say: (text: string) => void;
  readonly onProgress: (results: CostResults) => void;
}

/** Every number of virtual routers at every interval, the two one after the other. */
export async function measureCost({ options, say, onProgress }: CostPart): Promise<CostResults> {
  const { routers, windowMs } = options.quick ? QUICK : FULL;
  const cells: CostCell[] = [];
  const failed: FailedCost[] = [];
  for (const intervalMs of options.intervals) {
    for (const count of routers) {
      for (const software of SOFTWARES) {
        const where = `cost of ${count} at ${intervalMs} ms, ${software}`;
        const outcome = await attempt(software, intervalMs, count, windowMs, (reason) =>
          say(`${where}: FAILED: ${reason}`),
        );
        if (typeof outcome === 'string') {
          failed.push({ software, routers: count, intervalMs, reason: outcome });
        } else {
          cells.push(outcome);
          say(`${where}: ${describe(outcome)}`);
        }
        onProgress({ cells, failed });
      }
    }
  }
  return { cells, failed };
}

const describe = ({ active, backup, transitions, takeOverMs }: CostCell): string =>
  `Active ${active.cpuPercent.toFixed(2)} %, Backup ${backup.cpuPercent.toFixed(2)} %, ` +
  `${transitions} transitions unasked, take-over ${takeOverMs.toFixed(0)} ms`;

/** Twice at most; the answer is the reason when neither came to its end. */
async function attempt(
  software: Software,
  intervalMs: number,
  routers: number,
  windowMs: number,
  complain: (reason: string) => void,
): Promise<CostCell | string> {
  let reason = '';
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      return await measureOne(software, intervalMs, routers, windowMs);
    } catch (error) {
      reason = (error as Error).message;
      complain(reason);
    }
  }
  return reason;
}

async function measureOne(
  software: Software,
  intervalMs: number,
  routers: number,
  windowMs: number,
): Promise<CostCell> {
  const addresses = manyRouters(routers).map(({ address }) => address);
  const programs = plainPrograms(software, intervalMs, routers);
  const plan = { software, intervalMs, programs, addresses, realtime: false, probed: [] };
  const pair = await BenchPair.open(plan);
  try {
    await pair.ready();
    await sleep(SETTLING_MS);
    const [a, b] = [pair.appliance('a'), pair.appliance('b')];
    const from = now();
    const marks = { active: markUsage(a), backup: markUsage(b) };
    await sleep(windowMs);
    const active = usageSince(a, marks.active);
    const backup = usageSince(b, marks.backup);
    const transitions = pair.transitions('a', from) + pair.transitions('b', from);
    // Whoever moved unasked is to be in its place again before it is stopped.
    if (transitions > 0) await pair.ready();
    const takeOverMs = await stopAndWait(pair);
    return { software, routers, intervalMs, windowMs, active, backup, transitions, takeOverMs };
  } finally {
    await pair.close();
  }
}

/** From SIGTERM at the Active until the Backup has every address, by the kernel's notices. */
async function stopAndWait(pair: BenchPair): Promise<number> {
  const { lab, plan } = pair;
  const deadlineMs = 5 * plan.intervalMs + 15_000;
  const from = now();
  await Promise.all([
    pair.appliance('a').stop(),
    pair.waitFor('b alone holds every address', () => pair.holds('b'), deadlineMs),
  ]);
  const taken = plan.addresses.map((address) => lab.takeOver(address, 'b', from).takenAt ?? from);
  return Math.max(...taken) - from;
}
