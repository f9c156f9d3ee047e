// The executor in use, replaced when it dies. It runs nothing itself and chooses no script.
import { setTimeout as pause } from 'node:timers/promises';
import type { Executor, LastWill, RunRequest, RunResult } from '../executor/executor.js';
import { startExecutor, type ExecutorProcess } from '../executor/process.js';

export interface ExecutorSlotOptions {
  readonly path: string;
  /** The executor died and another one is being started. */
  readonly onLost: (message: string) => void;
  /** No other one could be started: until `onRunning` the agent cannot move an address. */
  readonly onHopeless: (message: string) => void;
  /** Another one runs, and knows the will. */
  readonly onRunning: () => void;
}

/** Between two starts, but for the first replacement: one that dies at once must not keep us busy. */
const PAUSE_MS = 1_000;

/**
 * Starts an executor and keeps one running. A script that was under way when its executor died runs
 * again on the next: netlink scripts are repeatable.
 * @throws Error when the first one cannot be started.
 */
export async function openExecutorSlot(options: ExecutorSlotOptions): Promise<Executor> {
  let will: LastWill | null = null;
  let current: ExecutorProcess;
  let replacing: Promise<void> = Promise.resolve();
  let replacedAt = -Infinity;
  let finished = false;

  const start = (): Promise<ExecutorProcess> =>
    startExecutor({
      path: options.path,
      onExit: ({ expected, message }) => {
        if (!expected) replacing = replace(message);
      },
    });
  const replace = async (message: string): Promise<void> => {
    options.onLost(message);
    const since = performance.now() - replacedAt;
    if (since < PAUSE_MS) await pause(PAUSE_MS - since);
    const failure = await attempt();
    if (failure === null) return;
    options.onHopeless(failure);
    // Scripts fail meanwhile, and say so: nobody waits for what may never come.
    void keepTrying();
  };
  const attempt = async (): Promise<string | null> => {
    replacedAt = performance.now();
    try {
      current = await start();
    } catch (error) {
      return (error as Error).message;
    }
    current.setWill(will);
    options.onRunning();
    return null;
  };
  const keepTrying = async (): Promise<void> => {
    await pause(PAUSE_MS);
    if (finished || (await attempt()) === null) return;
    await keepTrying();
  };

  current = await start();
  return {
    run: async (request: RunRequest): Promise<RunResult> => {
      const used = current;
      const result = await used.run(request);
      await replacing;
      if (result.outcome.kind !== 'failed' || used === current) return result;
      return current.run(request);
    },
    setWill: (next) => {
      will = next;
      current.setWill(next);
    },
    finish: async (how) => {
      await replacing;
      finished = true;
      await current.finish(how);
    },
  };
}
