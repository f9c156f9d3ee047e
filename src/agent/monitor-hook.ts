// The monitor hook: the user's program, told what the monitors say. Desired state, no queue: one call at
// a time, and the next one has the newest states. Nothing waits for it, and nothing that it does changes
// a role.
import { randomUUID } from 'node:crypto';
import type { Executor } from '../executor/executor.js';
import type { EventFields } from '../model/status.js';
import { milliseconds, type Milliseconds } from '../model/units.js';
import { tellHook } from './hook-call.js';
import type { Severity } from '../journal/journal.js';
import { later as realLater, type Later } from '../timers/later.js';
import { createLimiter } from '../journal/limiter.js';
import type { MonitorVerdict } from './monitor-states.js';

/** After this the hook's process group is killed. */
export const MONITOR_DEADLINE = milliseconds(30_000);
/** The first wait before a call that failed is repeated; doubled each time. */
export const FIRST_RETRY = milliseconds(1_000);
export const LONGEST_RETRY = milliseconds(30_000);
/**
 * After the start the first call waits so long for monitors that have no result yet, unless one has
 * failed: what was done before the start should not be undone for want of knowledge.
 */
export const FIRST_RESULTS = milliseconds(10_000);

export interface MonitorHookOptions {
  readonly executor: Executor;
  /** The name of this appliance, for the hook's environment. */
  readonly name: string;
  /** Flaps within the window. */
  readonly flaps: () => number;
  readonly onEvent: (severity: Severity, fields: EventFields) => void;
  /** What is wrong has changed: for health; null when nothing is. */
  readonly onProblem: (problem: string | null) => void;
  /** Milliseconds of a monotonic clock, for the rate limit of events. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Defaults: the process's timers, a random UUID, MONITOR_DEADLINE. */
  readonly later?: Later;
  readonly newEventId?: () => string;
  readonly deadline?: Milliseconds;
}

export interface MonitorHook {
  /** All monitors as they are now; what has changed for the hook is told. */
  tell(monitors: readonly MonitorVerdict[]): void;
  /** The hook from now on, an absolute path, which is told the present states; null: none. */
  configure(program: string | null): void;
  /** No further call; resolves when the one under way has ended, or after `within`. */
  close(within: Milliseconds): Promise<void>;
}

/** Calls nothing before it is configured and a monitor has a result. */
export function createMonitorHook(options: MonitorHookOptions): MonitorHook {
  const teller = new Teller(options);
  return {
    tell: (monitors) => teller.tell(monitors),
    configure: (program) => teller.configure(program),
    close: (within) => teller.close(within),
  };
}

/** What a call says, the same in all its tries. */
interface Order {
  readonly monitors: readonly MonitorVerdict[];
  /** The one that changed; of several, one that failed. */
  readonly subject: MonitorVerdict;
  readonly eventId: string;
}

class Teller {
  readonly #options: MonitorHookOptions;
  readonly #later: Later;
  readonly #limiter = createLimiter();
  /** Undefined before the settings, and with them the monitors, are known. */
  #program: string | null | undefined = undefined;
  #monitors: readonly MonitorVerdict[] = [];
  /** The first results are in, or were waited for long enough. */
  #opened = false;
  #cancelOpening: (() => void) | null = null;
  /** What the hook was called with last, whether it succeeded or not. */
  #order: Order | null = null;
  /** Tries of that order that have failed; 0 when it has succeeded. */
  #failures = 0;
  #cancelRetry: (() => void) | null = null;
  #running: Promise<void> | null = null;
  #problem: string | null = null;
  #closed = false;

  constructor(options: MonitorHookOptions) {
    this.#options = options;
    this.#later = options.later ?? realLater;
  }

  tell(monitors: readonly MonitorVerdict[]): void {
    this.#monitors = monitors;
    this.#consider();
  }

  configure(program: string | null): void {
    if (program === this.#program) return;
    this.#program = program;
    this.#order = null;
    this.#cancelRetry?.();
    this.#report(null);
    this.#consider();
  }

  async close(within: Milliseconds): Promise<void> {
    this.#closed = true;
    this.#cancelOpening?.();
    this.#cancelRetry?.();
    const running = this.#running;
    if (running === null) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#later(within, resolve);
      void running.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Starts a call when one is due: for news at once, else when the wait after a failure is over. */
  #consider(): void {
    if (this.#closed || this.#program === undefined || !this.#mayOpen()) return;
    if (this.#program === null || this.#running !== null) return;
    const subject = changeBetween(this.#order?.monitors ?? [], this.#monitors);
    if (subject === null) return;
    this.#cancelRetry?.();
    this.#failures = 0;
    const eventId = (this.#options.newEventId ?? randomUUID)();
    this.#call(this.#program, { monitors: this.#monitors, subject, eventId });
  }

  #mayOpen(): boolean {
    if (this.#opened) return true;
    const states = this.#monitors.map(({ state }) => state);
    if (states.length === 0) return false;
    if (states.includes('failed') || !states.includes('unknown')) this.#open();
    else this.#cancelOpening ??= this.#later(FIRST_RESULTS, () => this.#openAnyway());
    return this.#opened;
  }

  #open(): void {
    this.#opened = true;
    this.#cancelOpening?.();
  }

  #openAnyway(): void {
    this.#open();
    this.#consider();
  }

  #call(program: string, order: Order): void {
    this.#order = order;
    this.#running = this.#run(program, order);
  }

  async #run(program: string, order: Order): Promise<void> {
    const { executor, name, deadline = MONITOR_DEADLINE } = this.#options;
    const { subject, eventId } = order;
    const occasion = { name, reason: subject.detail, eventId, flaps: this.#options.flaps() };
    const failure = await tellHook(
      { executor, hook: program, occasion, deadline },
      {
        words: ['MONITOR', subject.name, subject.state],
        event: this.#eventOf(order),
        environment: namesByState(order.monitors),
      },
    );
    this.#running = null;
    if (order === this.#order) this.#judge(program, order, failure);
    this.#consider();
  }

  #eventOf({ monitors }: Order): object {
    const time = new Date(this.#options.wallClock()).toISOString();
    return { time, event: 'monitors', monitors };
  }

  #judge(program: string, order: Order, failure: string | null): void {
    if (failure === null) {
      this.#failures = 0;
      this.#report(null);
      return;
    }
    const { subject, eventId } = order;
    const detail = `${subject.name} ${subject.state}: ${failure}`;
    this.#report(`monitor hook, ${detail}`);
    const suppressed = this.#limiter.admit('failed', this.#options.now());
    if (suppressed !== null) {
      this.#options.onEvent('warn', {
        event: 'monitor-hook',
        reason: 'failed',
        detail,
        eventId,
        ...(suppressed === 0 ? {} : { suppressed }),
      });
    }
    if (this.#closed) return;
    const wait = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.#failures);
    this.#failures += 1;
    this.#cancelRetry = this.#later(wait, () =>
      this.#call(program, { ...order, monitors: this.#monitors }),
    );
  }

  #report(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }
}

/** A monitor whose state is not as it was; of several the first that failed, else the first. */
function changeBetween(
  before: readonly MonitorVerdict[],
  now: readonly MonitorVerdict[],
): MonitorVerdict | null {
  const was = new Map(before.map(({ name, state }) => [name, state]));
  const names = new Set(now.map(({ name }) => name));
  const changed = now.filter(({ name, state }) => (was.get(name) ?? 'unknown') !== state);
  const gone = before
    .filter(({ name, state }) => state !== 'unknown' && !names.has(name))
    .map((verdict): MonitorVerdict => ({
      ...verdict,
      state: 'unknown',
      detail: 'not among the settings any longer',
    }));
  const all = [...changed, ...gone];
  return all.find(({ state }) => state === 'failed') ?? all[0] ?? null;
}

/** Names hold no line end, so that a shell can take them apart. */
function namesByState(monitors: readonly MonitorVerdict[]): Record<string, string> {
  const those = (wanted: MonitorVerdict['state']): string =>
    monitors
      .filter(({ state }) => state === wanted)
      .map(({ name }) => name)
      .join('\n');
  return {
    UNDERSTUDY_FAILED: those('failed'),
    UNDERSTUDY_OK: those('ok'),
    UNDERSTUDY_UNKNOWN: those('unknown'),
  };
}
