// What the processes of one appliance use, from /proc, and the size of its state directory. No judgement.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Appliance } from '../../scripts/lab/appliance.js';
import type { ProcessSample, Sample } from './growth.js';

/** What scripts/vip starts, and what it waits for the next one with. */
const SCRIPT = 'script';

/** As it is now, after so many handovers. */
export function sampleOf(appliance: Appliance, transitions: number): Sample {
  const all = appliance.processes.flatMap((pid) => usageOf(pid) ?? []);
  // A second one of a name has been forked and will be a script.
  const processes = all.map((one, index) =>
    all.findIndex(({ name }) => name === one.name) === index ? one : { ...one, name: SCRIPT },
  );
  const folder = join(appliance.directory, 'state');
  // One that is being replaced has a companion for a moment.
  const files = readdirSync(folder).filter((name) => !name.includes('.tmp'));
  return {
    transitions,
    processes: processes.filter(({ name }) => name !== SCRIPT),
    scripts: processes.filter(({ name }) => name === SCRIPT).length,
    stateBytes: files.reduce((sum, name) => sum + sizeOf(join(folder, name)), 0),
    stateFiles: files.length,
  };
}

/** Null for a script that has ended meanwhile. */
function usageOf(pid: number): ProcessSample | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const value = (key: string): number =>
      Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return {
      name: nameOf(pid),
      pid,
      rssKib: value('VmRSS'),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      threads: value('Threads'),
    };
  } catch {
    return null;
  }
}

function nameOf(pid: number): string {
  const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  const [, service] = /^understudy-(\w+)/.exec(line) ?? [];
  if (service !== undefined) return service;
  if (line.includes('Release/executor')) return 'executor';
  return /main\.js\0run\b/.test(line) ? 'agent' : SCRIPT;
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
