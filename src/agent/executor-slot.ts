// The executor in use, replaced when it dies. It runs nothing itself and chooses no script.
import type { Executor, LastWill, RunRequest, RunResult } from '../executor/executor.js';
import { startExecutor, type ExecutorProcess } from '../executor/process.js';

export interface ExecutorSlotOptions {
  readonly path: string;
  /** The executor died and another one is being started. */
  readonly onLost: (message: string) => void;
  /** No other one could be started: the agent cannot move an address any longer. */
  readonly onHopeless: (message: string) => void;
}

/**
 * Starts an executor and keeps one running. A script that was under way when its executor died runs
 * again on the next: netlink scripts are repeatable.
 * @throws Error when the first one cannot be started.
 */
export async function openExecutorSlot(options: ExecutorSlotOptions): Promise<Executor> {
  let will: LastWill | null = null;
  let current: ExecutorProcess;
  let replacing: Promise<void> = Promise.resolve();

  const start = (): Promise<ExecutorProcess> =>
    startExecutor({
      path: options.path,
      onExit: ({ expected, message }) => {
        if (!expected) replacing = replace(message);
      },
    });
  const replace = async (message: string): Promise<void> => {
    options.onLost(message);
    try {
      current = await start();
      current.setWill(will);
    } catch (error) {
      options.onHopeless((error as Error).message);
    }
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
      await current.finish(how);
    },
  };
}
