// Whether a process runs, is stopped or is gone, as /proc has it, and waits for each. No signals.
import { existsSync, readFileSync } from 'node:fs';
import { until } from './limits.js';

/** A zombie has no program any more. */
export const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);

export async function gone(pid: number): Promise<void> {
  await until(`the end of process ${pid}`, () => !isRunning(pid), Boolean, 20);
}

/** `T` while stopped by a signal. */
export async function stopped(pid: number): Promise<void> {
  const state = () => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  await until(`process ${pid} stopped (T)`, state, (seen) => seen === 'T');
}
