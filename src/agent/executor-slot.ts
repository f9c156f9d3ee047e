// The executor in use, replaced when it dies. It runs nothing itself and chooses no script.
import { setTimeout as pause } from 'node:timers/promises';
import type { Executor, LastWill, Program, RunRequest, RunResult } from '../executor/executor.js';
import { startExecutor, type ExecutorProcess } from '../executor/process.js';
import type { Lease } from '../kernel/kernel.js';

export interface ExecutorSlotOptions {
  readonly path: string;
  /** Shared with every executor in turn; without one nobody notices that it hangs. */
  readonly lease?: Pick<Lease, 'fd' | 'executorSilence'>;
  /** An executor has been started, the first or another one. */
  readonly onStarted?: (pid: number) => void;
  /** The executor has revoked the lease. */
  readonly onRevoked?: () => void;
  /** The executor died and another one is being started. */
  readonly onLost: (message: string) => void;
  /** No other one could be started: until `onRunning` the agent cannot move an address. */
  readonly onHopeless: (message: string) => void;
  /** Another one runs, and knows the will and what is to stand by. */
  readonly onRunning: () => void;
}

/** Between two starts, but for the first replacement: one that dies at once must not keep us busy. */
const PAUSE_MS = 1_000;
/**
 * An executor that hangs is replaced after so long, in milliseconds. It says that it lives every
 * 250 ms; and what it renews every third of a lifetime of 2 s at least must not end meanwhile.
 */
const LONGEST_SILENCE = 1_000;
const LOOK_MS = 250;

/**
 * Starts an executor and keeps one running. A script that was under way when its executor died runs
 * again on the next: netlink scripts are repeatable.
 * @throws Error when the first one cannot be started.
 */
export async function openExecutorSlot(options: ExecutorSlotOptions): Promise<Executor> {
  let will: LastWill | null = null;
  let standby: Program | null = null;
  let current: ExecutorProcess;
  let replacing: Promise<void> = Promise.resolve();
  let replacedAt = -Infinity;
  let finished = false;

  const start = async (): Promise<ExecutorProcess> => {
    const executor = await startExecutor({
      path: options.path,
      ...(options.lease === undefined ? {} : { lease: options.lease }),
      ...(options.onRevoked === undefined ? {} : { onRevoked: options.onRevoked }),
      onExit: ({ expected, message }) => {
        watch.rest();
        if (!expected) replacing = replace(message);
      },
    });
    options.onStarted?.(executor.pid);
    return executor;
  };
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
    current.setStandby(standby);
    watch.begin(current);
    options.onRunning();
    return null;
  };
  const keepTrying = async (): Promise<void> => {
    await pause(PAUSE_MS);
    if (finished || (await attempt()) === null) return;
    await keepTrying();
  };
  const watch = watchExecutor(options.lease);

  current = await start();
  watch.begin(current);
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
    setStandby: (next) => {
      standby = next;
      current.setStandby(next);
    },
    finish: async (how) => {
      await replacing;
      finished = true;
      await current.finish(how);
      watch.rest();
    },
  };
}

/**
 * Kills an executor that lives and does nothing. This process may have been stopped itself, and the
 * executor with it: only looks that came in time count.
 */
function watchExecutor(lease: ExecutorSlotOptions['lease']) {
  let timer: NodeJS.Timeout | null = null;
  const rest = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  const begin = (executor: ExecutorProcess): void => {
    rest();
    if (lease === undefined) return;
    let silentFor = 0;
    let lookedAt = performance.now();
    timer = setInterval(() => {
      const passed = performance.now() - lookedAt;
      lookedAt += passed;
      const silent = lease.executorSilence() > LOOK_MS * 2 && passed < LOOK_MS * 2;
      silentFor = silent ? silentFor + passed : 0;
      if (silentFor < LONGEST_SILENCE - LOOK_MS * 2) return;
      rest();
      executor.kill(`the executor did nothing for ${LONGEST_SILENCE} ms and was killed`);
    }, LOOK_MS).unref();
  };
  return { begin, rest };
}
