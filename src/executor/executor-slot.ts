// The executor in use, replaced when it dies. It runs nothing itself and chooses no script.
import type { Executor, LastWill, Program, RunRequest, RunResult } from './executor.js';
import { startExecutor, type ExecutorProcess } from './process.js';
import type { Microseconds } from '../model/units.js';
import { later } from '../timers/later.js';

interface ExecutorSlotOptions {
  readonly path: string;
  /** Shared with every executor in turn; without one nobody notices that it hangs. */
  readonly lease?: { readonly fd: number; executorSilence(): number };
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
  /** `startExecutor` unless given. */
  readonly start?: typeof startExecutor;
  /** The process's own unless given. */
  readonly clock?: SlotClock;
}

export interface SlotClock {
  /** Milliseconds; only differences count. */
  now(): number;
  pause(ms: number): Promise<void>;
  /** Does `task` every `ms` milliseconds until the returned function is called; keeps no process alive. */
  every(ms: number, task: () => void): () => void;
}

const PROCESS_CLOCK: SlotClock = {
  now: () => performance.now(),
  pause: (ms) => new Promise((resolve) => void later(ms, resolve)),
  every: (ms, task) => {
    const timer = setInterval(task, ms).unref();
    return () => clearInterval(timer);
  },
};

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
  let until: Microseconds | null = null;
  let current: ExecutorProcess;
  let replacing: Promise<void> = Promise.resolve();
  let replacedAt = -Infinity;
  let finished = false;
  const { start: startProcess = startExecutor, clock = PROCESS_CLOCK } = options;

  const start = async (): Promise<ExecutorProcess> => {
    const executor = await startProcess({
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
    const since = clock.now() - replacedAt;
    if (since < PAUSE_MS) await clock.pause(PAUSE_MS - since);
    const failure = await attempt();
    if (failure === null) return;
    options.onHopeless(failure);
    // Scripts fail meanwhile, and say so: nobody waits for what may never come.
    void keepTrying();
  };
  const attempt = async (): Promise<string | null> => {
    replacedAt = clock.now();
    try {
      current = await start();
    } catch (error) {
      return (error as Error).message;
    }
    current.holdUntil(until);
    current.setWill(will);
    current.setStandby(standby);
    watch.begin(current);
    options.onRunning();
    return null;
  };
  const keepTrying = async (): Promise<void> => {
    await clock.pause(PAUSE_MS);
    if (finished || (await attempt()) === null) return;
    await keepTrying();
  };
  const watch = watchExecutor(options.lease, clock);

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
    holdUntil: (next) => {
      until = next;
      current.holdUntil(next);
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
function watchExecutor(lease: ExecutorSlotOptions['lease'], clock: SlotClock) {
  let stop: (() => void) | null = null;
  const rest = (): void => {
    stop?.();
    stop = null;
  };
  const begin = (executor: ExecutorProcess): void => {
    rest();
    if (lease === undefined) return;
    let silentFor = 0;
    let lookedAt = clock.now();
    stop = clock.every(LOOK_MS, () => {
      const passed = clock.now() - lookedAt;
      lookedAt += passed;
      const silent = lease.executorSilence() > LOOK_MS * 2 && passed < LOOK_MS * 2;
      silentFor = silent ? silentFor + passed : 0;
      if (silentFor < LONGEST_SILENCE - LOOK_MS * 2) return;
      rest();
      executor.kill(`the executor did nothing for ${LONGEST_SILENCE} ms and was killed`);
    });
  };
  return { begin, rest };
}
