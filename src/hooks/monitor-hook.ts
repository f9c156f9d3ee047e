// The monitor hook: the user's program, told what the monitors say. Desired state, no queue: one call at
// a time, and the next one has the newest states. Nothing waits for it, and nothing that it does changes
// a role.
import { randomUUID } from 'node:crypto';
import type { Executor } from '../executor/executor.js';
import type { EventFields } from '../model/status.js';
import { milliseconds, type Milliseconds } from '../model/units.js';
import { Complaints } from './complaints.js';
import { tellHook } from './hook-call.js';
import { HookRunner } from './runner.js';
import type { Severity } from '../journal/journal.js';
import { later as realLater, type Later } from '../timers/later.js';
import type { MonitorVerdict } from './monitor-states.js';

/** After this the hook's process group is killed. */
const MONITOR_DEADLINE = milliseconds(30_000);
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

/** What a call says, the same in all its tries. */
interface Order {
  /** The monitor that changed; of several, one that failed. */
  readonly subject: MonitorVerdict;
  readonly eventId: string;
}

/** All monitors are one subject of the runner: each call tells of all. */
const ALL = 'monitors';

/** Calls nothing before it is configured and a monitor has a result. */
export class MonitorHook {
  readonly #options: MonitorHookOptions;
  readonly #later: Later;
  readonly #complaints: Complaints;
  readonly #runner: HookRunner;
  /** Undefined before the settings, and with them the monitors, are known. */
  #program: string | null | undefined = undefined;
  #monitors: readonly MonitorVerdict[] = [];
  /** The first results are in, or were waited for long enough. */
  #opened = false;
  #cancelOpening: (() => void) | null = null;
  /** What the hook was called with last, whether it succeeded or not, and why. */
  #told: readonly MonitorVerdict[] = [];
  #order: Order | null = null;
  #closed = false;

  constructor(options: MonitorHookOptions) {
    const { onEvent, onProblem, now, later = realLater } = options;
    this.#options = options;
    this.#later = later;
    this.#complaints = new Complaints({ event: 'monitor-hook', onEvent, onProblem, now });
    this.#runner = new HookRunner({ next: () => this.#next(), later });
  }

  /** All monitors as they are now; what has changed for the hook is told. */
  tell(monitors: readonly MonitorVerdict[]): void {
    this.#monitors = monitors;
    this.#consider();
  }

  /** The hook from now on, an absolute path, which is told the present states; null: none. */
  configure(program: string | null): void {
    if (program === this.#program) return;
    this.#program = program;
    this.#order = null;
    this.#told = [];
    this.#complaints.clear();
    this.#runner.interrupt(ALL);
    this.#consider();
  }

  /** No further call; resolves when the one under way has ended, or after `within`. */
  close(within: Milliseconds): Promise<void> {
    this.#closed = true;
    this.#cancelOpening?.();
    this.#runner.close();
    return this.#runner.idleWithin(within);
  }

  /** Has a call begin when one is due: for news at once, else when the wait after a failure is over. */
  #consider(): void {
    if (this.#closed || this.#program === undefined || !this.#mayOpen()) return;
    if (this.#news() !== null) this.#runner.interrupt(ALL);
    this.#runner.stir(ALL);
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

  #news(): MonitorVerdict | null {
    return changeBetween(this.#told, this.#monitors);
  }

  #next(): (() => Promise<void>) | null {
    const program = this.#program;
    const subject = this.#news();
    if (program === null || program === undefined || subject === null) return null;
    const order = { subject, eventId: (this.#options.newEventId ?? randomUUID)() };
    this.#order = order;
    return () => this.#carryOut(program, order);
  }

  async #carryOut(program: string, order: Order): Promise<void> {
    await this.#runner.persist(ALL, () => this.#call(program, order), {
      isWorthAnother: (failure) => failure !== null,
      isWanted: () => order === this.#order && this.#news() === null && !this.#closed,
      firstWait: FIRST_RETRY,
      longestWait: LONGEST_RETRY,
    });
  }

  /** @returns what went wrong; null when it succeeded. */
  async #call(program: string, order: Order): Promise<string | null> {
    const { executor, name, deadline = MONITOR_DEADLINE } = this.#options;
    const { subject, eventId } = order;
    this.#told = this.#monitors;
    const occasion = { name, reason: subject.detail, eventId, flaps: this.#options.flaps() };
    const failure = await tellHook(
      { executor, hook: program, occasion, deadline },
      {
        words: ['MONITOR', subject.name, subject.state],
        event: this.#event(),
        environment: namesByState(this.#told),
      },
    );
    if (order === this.#order) this.#judge(order, failure);
    return failure;
  }

  #event(): object {
    const time = new Date(this.#options.wallClock()).toISOString();
    return { time, event: 'monitors', monitors: this.#told };
  }

  #judge({ subject, eventId }: Order, failure: string | null): void {
    if (failure === null) return this.#complaints.judge(ALL, null);
    const detail = `${subject.name} ${subject.state}: ${failure}`;
    this.#complaints.judge(ALL, `monitor hook, ${detail}`);
    this.#complaints.report('failed', { reason: 'failed', detail, eventId });
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
