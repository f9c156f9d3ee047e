// Processor time and memory of a daemon's processes, from /proc. No judgement.
import { readdirSync, readFileSync } from 'node:fs';
import type { Appliance } from '../../scripts/lab/appliance.js';
import { now } from '../../scripts/lab/clock.js';
import type { ProcessUsage, SideUsage } from './results.js';

/** Processor time so far, and when that was. */
export interface UsageMark {
  readonly at: number;
  readonly cpuMs: ReadonlyMap<number, number>;
}

export function markUsage(appliance: Appliance): UsageMark {
  const pids = appliance.processes;
  return { at: now(), cpuMs: new Map(pids.flatMap((pid) => ifThere(() => [pid, cpuMs(pid)]))) };
}

/** What each process has used since the mark, and the memory it has now. */
export function usageSince(appliance: Appliance, mark: UsageMark): SideUsage {
  const elapsedMs = now() - mark.at;
  const processes = appliance.processes.flatMap((pid) =>
    ifThere((): ProcessUsage => {
      const used = cpuMs(pid) - (mark.cpuMs.get(pid) ?? 0);
      return {
        name: pid === appliance.pid ? mainName(appliance) : processName(pid),
        cpuPercent: (100 * used) / elapsedMs,
        rssKib: kib(`/proc/${pid}/status`, 'VmRSS') ?? 0,
        pssKib: kib(`/proc/${pid}/smaps_rollup`, 'Pss'),
      };
    }),
  );
  const total = (of: (one: ProcessUsage) => number): number =>
    processes.reduce((sum, one) => sum + of(one), 0);
  return {
    cpuPercent: total((one) => one.cpuPercent),
    rssKib: total((one) => one.rssKib),
    processes,
  };
}

/** Nothing of a process that has ended since it was listed: scripts come and go. */
function ifThere<T>(look: () => T): [T] | [] {
  try {
    return [look()];
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

const mainName = ({ software }: Appliance): string =>
  software === 'understudy' ? 'agent' : 'keepalived parent';

function processName(pid: number): string {
  const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  if (line.includes('understudy-prober')) return 'prober';
  if (/Release\/executor/.test(line)) return 'executor';
  return line.startsWith('keepalived') ? 'keepalived vrrp' : (line.split('\0')[0] ?? '');
}

/** Clock ticks of /proc/PID/stat: 100 a second, whatever the kernel's own. */
const TICK_MS = 10;

/**
 * User and system time of a process's threads, and of its children that have ended. The scheduler's
 * own count (nanoseconds) where there is one, the ticks of utime and stime else.
 */
export function cpuMs(pid: number): number {
  // Behind the name, which may hold blanks: field 3 of proc(5) comes first.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = (field: number): number => Number(fields[field - 3] ?? 0) * TICK_MS;
  const ended = ticks(16) + ticks(17);
  return ended + (scheduledMs(pid) ?? ticks(14) + ticks(15));
}

function scheduledMs(pid: number): number | null {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const times = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    );
    return times.reduce((sum, time) => sum + time, 0) / 1e6;
  } catch {
    return null;
  }
}

function kib(path: string, name: string): number | null {
  try {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'));
    return match === null ? null : Number(match[1]);
  } catch {
    return null;
  }
}
