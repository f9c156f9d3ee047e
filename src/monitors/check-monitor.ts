// One probe on its schedule, counted against its thresholds. What is probed is the probe's; what a
// failure means is core's.
import type { MonitorStatus } from '../model/monitor.js';
import {
  assertTimerMs,
  explain,
  monotonicMs,
  oneLine,
  unavailable,
  type Probe,
  type ProbeResult,
} from './probe.js';
import type { Thresholds } from './settings.js';
import { count, inDoubt, margin, reading, UNTRIED, type Tally } from './threshold.js';

/** A monitor of the prober. */
export interface Monitor {
  status(): MonitorStatus;
  /**
   * Tries now, and again as soon as an attempt has failed, until the verdict is `failed` or an attempt
   * succeeds. A failed monitor does not hurry: recovery takes its time.
   */
  hurry?(): void;
  /** Ends what is under way. The monitor tells nothing any more. */
  close(): void;
}

interface CheckMonitorOptions {
  readonly name: string;
  readonly weight: 'soft' | number;
  readonly limits: Thresholds;
  /** From the start of one attempt to that of the next. An attempt that takes longer delays it. */
  readonly intervalMs: number;
  readonly probe: Probe;
  /** The state, or the doubt about it, has changed; not the detail alone. */
  readonly onChange: () => void;
}

/** Starts with an attempt at once. */
export function startCheckMonitor(options: CheckMonitorOptions): Monitor {
  const { name, weight, limits, intervalMs, probe } = options;
  assertTimerMs(intervalMs, `interval of ${name}`);
  const closing = new AbortController();
  let tally: Tally = UNTRIED;
  let measured = 'waiting for the first result';
  let timer: NodeJS.Timeout | null = null;
  let hasty = false;

  const run = async (): Promise<void> => {
    timer = null;
    const startedAt = monotonicMs();
    const result = await tryOnce(probe, closing.signal, hasty);
    if (closing.signal.aborted) return;
    const before = tally;
    tally = count(tally, result.outcome, limits);
    measured = result.measured;
    hasty &&= result.outcome === 'failure' && tally.state !== 'failed';
    const nextAt = hasty ? startedAt : startedAt + intervalMs;
    timer = setTimeout(() => void run(), Math.max(0, nextAt - monotonicMs()));
    if (tally.state !== before.state || inDoubt(tally) !== inDoubt(before)) options.onChange();
  };
  void run();

  return {
    status: () => ({
      name,
      weight,
      state: tally.state,
      // The probe could not be tried, or was not yet: there is no margin to speak of.
      detail: tally.failures + tally.successes === 0 ? measured : withMargin(measured, tally),
      ...(inDoubt(tally) ? { doubtful: true } : {}),
      ...(tally.failures + tally.successes === 0 ? {} : { reading: reading(tally, limits) }),
    }),
    hurry: () => {
      if (tally.state === 'failed' || closing.signal.aborted) return;
      hasty = true;
      if (timer === null) {
        probe.hurry?.();
        return;
      }
      clearTimeout(timer);
      void run();
    },
    close: () => {
      closing.abort();
      if (timer !== null) clearTimeout(timer);
      probe.close();
    },
  };

  function withMargin(text: string, counted: Tally): string {
    return `${text}; ${margin(counted, limits)}`;
  }
}

/** A probe that throws is a fault of ours, and says nothing about what it probes. */
async function tryOnce(probe: Probe, signal: AbortSignal, hasty: boolean): Promise<ProbeResult> {
  try {
    const result = await probe.run(signal, hasty);
    return { ...result, measured: oneLine(result.measured) };
  } catch (error) {
    return unavailable(oneLine(`the probe itself failed: ${explain(error)}`));
  }
}
