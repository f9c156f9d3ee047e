// The stress part: every core busy, nothing asked of anybody, and a count of those who moved all the
// same. With and without real time, both pairs under the same load.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../../scripts/lab/clock.js';
import { ended } from '../../scripts/lab/command.js';
import { mappedUser } from '../../scripts/lab/sandbox.js';
import { BenchPair } from './pair.js';
import { knowsRealtime, manyRouters, plainPrograms } from './programs.js';
import {
  SOFTWARES,
  type BenchOptions,
  type FailedStress,
  type Software,
  type StressCell,
} from './results.js';

export const STRESS_INTERVAL_MS = 10;

export interface StressResults {
  readonly cells: readonly StressCell[];
  readonly failed: readonly FailedStress[];
}

export interface StressPart {
  readonly options: BenchOptions;
  readonly say: (text: string) => void;
  readonly onProgress: (results: StressResults) => void;
}

export async function measureStress(part: StressPart): Promise<StressResults> {
  const cells: StressCell[] = [];
  const failed: FailedStress[] = [];
  for (const realtime of [true, false]) {
    const fail = (reason: string): void => {
      part.say(`stress ${realtime ? 'with' : 'without'} real time FAILED: ${reason}`);
      for (const software of SOFTWARES) failed.push({ software, realtime, reason });
    };
    if (realtime && mappedUser()) fail('real time needs root, not a mapped user');
    else {
      try {
        cells.push(...(await underLoad(part, realtime)));
      } catch (error) {
        fail((error as Error).message);
      }
    }
    part.onProgress({ cells, failed });
  }
  return { cells, failed };
}

async function underLoad(part: StressPart, realtime: boolean): Promise<StressCell[]> {
  const opened = await Promise.all(SOFTWARES.map((software) => open(software, realtime)));
  try {
    await Promise.all(opened.map((pair) => pair.ready()));
    const from = now();
    await burn(part.options.minutes * 60);
    const to = now();
    return opened.map((pair) => {
      const cell = count(pair, realtime, from, to);
      const half = realtime ? 'with' : 'without';
      const { software, transitions, takeOvers } = cell;
      part.say(
        `stress ${half} real time, ${software}: ${transitions} transitions, ${takeOvers} take-overs`,
      );
      return cell;
    });
  } finally {
    await Promise.all(opened.map((pair) => pair.close()));
  }
}

function open(software: Software, realtime: boolean): Promise<BenchPair> {
  const own = software === 'keepalived' || knowsRealtime();
  const wish = realtime ? 'on' : 'off';
  const programs = plainPrograms(software, STRESS_INTERVAL_MS, 1, own ? wish : 'default');
  return BenchPair.open({
    software,
    intervalMs: STRESS_INTERVAL_MS,
    programs,
    addresses: manyRouters(1).map(({ address }) => address),
    realtime: realtime && !own,
    probed: [],
  });
}

/** Keeps every core busy; resolves when the time is over. @throws Error when it ends otherwise. */
async function burn(seconds: number): Promise<void> {
  const cores = String(availableParallelism());
  const child = spawn('stress-ng', ['--quiet', '--cpu', cores], { stdio: 'ignore' });
  const over = new AbortController();
  const failing = new Promise<never>((_, reject) => {
    child.once('error', (error) => reject(new Error(`stress-ng: ${error.message}`)));
    child.once('exit', (code) => reject(new Error(`stress-ng ended before its time (${code})`)));
  });
  try {
    await Promise.race([sleep(seconds * 1000, undefined, { signal: over.signal }), failing]);
  } finally {
    over.abort();
    failing.catch(() => {});
    child.kill('SIGTERM');
    if (child.pid !== undefined) await ended(child);
  }
}

function count(pair: BenchPair, realtime: boolean, from: number, to: number): StressCell {
  const { lab, plan } = pair;
  const [address = ''] = plan.addresses;
  // The kernel announces an address again when its lifetime is renewed: only a gain counts.
  const gains = lab.changes(address, from).filter((change) => {
    const heldBefore = lab.holding(address, change.at - 0.001).includes('b');
    return change.appliance === 'b' && change.present && !heldBefore;
  });
  return {
    software: plan.software,
    realtime,
    minutes: (to - from) / 60_000,
    intervalMs: plan.intervalMs,
    transitions: pair.transitions('a', from) + pair.transitions('b', from),
    takeOvers: gains.length,
    ...lab.heldTimes(address, from, to),
  };
}
