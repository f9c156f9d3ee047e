// Addresses that are closed (acceptMode: false) stay closed: whoever loads other rules of nftables usually flushes all of
// them, ours too. An executor in front of the real one; which addresses are closed it learns from the scripts.
import { PACKAGE_ACCEPT_MODE } from '../config/defaults.js';
import type { Executor, RunRequest, RunResult } from '../executor/executor.js';
import { describeResult } from '../executor/script-outcome.js';
import { milliseconds } from '../model/units.js';

/** The rules are this host's alone. */
const TIMEOUT = milliseconds(5_000);
/** As long as an address may stand open after a flush, in milliseconds. */
const LOOK_MS = 5_000;

interface ClosedWatchOptions {
  readonly executor: Executor;
  /** What is wrong with the rules; null when nothing is. */
  readonly onProblem: (problem: string | null) => void;
  /** Does `task` every `ms` milliseconds; the process's own unless given, and keeps no process alive. */
  readonly every?: (ms: number, task: () => void) => unknown;
}

/** The same executor; what its scripts have closed is closed again every five seconds. */
export function keepClosed({ executor, onProblem, every = often }: ClosedWatchOptions): Executor {
  let line = '';
  let running = 0;
  /** A script must not find an older wish carried out after its own. */
  let closing: Promise<unknown> | null = null;
  const closeAgain = async (): Promise<void> => {
    const result = await executor.run({
      argv: [PACKAGE_ACCEPT_MODE, '/bin/true'],
      input: `${line}\n`,
      timeout: TIMEOUT,
    });
    closing = null;
    const holds = result.outcome.kind === 'exited' && result.outcome.code === 0;
    onProblem(
      holds ? null : `addresses may be open (acceptMode: false): ${describeResult(result)}`,
    );
  };
  every(LOOK_MS, () => {
    if (running > 0 || closing !== null || namesNothing(line)) return;
    closing = closeAgain();
  });
  const run = async (request: RunRequest): Promise<RunResult> => {
    if (request.argv[0] !== PACKAGE_ACCEPT_MODE) return executor.run(request);
    running += 1;
    if (closing !== null) await closing;
    line = lineOf(request.input);
    const result = await executor.run(request);
    running -= 1;
    return result;
  };
  return {
    run,
    setWill: (will) => executor.setWill(will),
    setStandby: (program) => executor.setStandby(program),
    holdUntil: (until) => executor.holdUntil(until),
    finish: (how) => {
      line = '';
      return executor.finish(how);
    },
  };
}

/** What is closed, without what that script has opened. */
const lineOf = (input: string): string => (input.split('\n', 1)[0] ?? '').replace(/ true:.*$/, '');

/** `#accept-mode false:` alone. */
const namesNothing = (line: string): boolean => line === '' || line.endsWith(':');

function often(ms: number, task: () => void): void {
  setInterval(task, ms).unref();
}
