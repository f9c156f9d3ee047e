// The transition hook: the user's script, told of every transition. Nothing waits for it, and nothing
// that it does changes a role.
import { randomUUID } from 'node:crypto';
import type { Executor } from '../executor/executor.js';
import type { TransitionReason, VirtualRouterState } from '../model/reasons.js';
import type { EventFields, EventRecord } from '../model/status.js';
import { milliseconds, type Milliseconds } from '../model/units.js';
import { tellHook } from './hook-call.js';
import type { Severity } from '../journal/journal.js';
import { later as realLater, type Later } from '../timers/later.js';
import { createLimiter } from '../journal/limiter.js';

/** After this the hook's process group is killed. */
export const TRANSITION_DEADLINE = milliseconds(30_000);
/** Transitions of one virtual router that wait for their turn; the oldest goes when one more comes. */
export const WAITING_LIMIT = 8;
/** Hooks at a time, whatever the number of virtual routers: the netlink scripts need room too. */
export const RUNNING_LIMIT = 4;

/** keepalived's words for a state, which existing scripts know. */
export type KeepalivedState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP';

/** A transition, as the hook is told. */
export interface HookTransition {
  readonly virtualRouter: string;
  readonly to: VirtualRouterState;
  readonly reason: TransitionReason;
  /** 0..255. */
  readonly effectivePriority: number;
  /** Flaps within the window. */
  readonly flaps: number;
  /** The event in the journal: what the hook reads on stdin. */
  readonly record: EventRecord;
}

export interface TransitionHookOptions {
  readonly executor: Executor;
  /** The hook, an absolute path; null when there is none. */
  readonly program: string | null;
  /** The name of this appliance, for the hook's environment. */
  readonly name: string;
  readonly onEvent: (severity: Severity, fields: EventFields) => void;
  /** What `problem` says has changed. */
  readonly onProblem?: (problem: string | null) => void;
  /** Milliseconds of a monotonic clock, for the rate limit of events. */
  readonly now: () => number;
  /** Defaults: the process's timers, a random UUID, TRANSITION_DEADLINE. */
  readonly later?: Later;
  readonly newEventId?: () => string;
  readonly deadline?: Milliseconds;
}

export interface TransitionHook {
  /** Queues a run: in order for each virtual router, the newest kept when there are too many. */
  notify(transition: HookTransition): void;
  /** Another hook from now on, or none; what waits goes to it. */
  configure(program: string | null): void;
  /** For health: what is wrong with the latest runs. */
  problem(): string | null;
  /** Resolves when all that was notified is done, or after `within`, whichever comes first. */
  idle(within: Milliseconds): Promise<void>;
}

/** Initialize is a stop when somebody asked for it, and a fault otherwise. */
export function keepalivedState(to: VirtualRouterState, reason: TransitionReason): KeepalivedState {
  if (to === 'Active') return 'MASTER'; // keepalived's word for Active
  if (to === 'Backup') return 'BACKUP';
  return reason === 'shutdown' || reason === 'mode-off' || reason === 'settings-changed'
    ? 'STOP'
    : 'FAULT';
}

export function createTransitionHook(options: TransitionHookOptions): TransitionHook {
  const queue = new Queue(options);
  return {
    notify: (transition) => queue.notify(transition),
    configure: (program) => queue.configure(program),
    problem: () => queue.problem(),
    idle: (within) => queue.idle(within),
  };
}

class Queue {
  readonly #options: TransitionHookOptions;
  readonly #limiter = createLimiter();
  /** By virtual router, the one that has waited longest for its turn first. Never an empty list. */
  readonly #waiting = new Map<string, HookTransition[]>();
  readonly #running = new Set<string>();
  /** What went wrong with the last run, by virtual router. */
  readonly #problems = new Map<string, string>();
  #program: string | null;
  #watchers: (() => void)[] = [];

  constructor(options: TransitionHookOptions) {
    this.#options = options;
    this.#program = options.program;
  }

  notify(transition: HookTransition): void {
    if (this.#program === null) return;
    const { virtualRouter } = transition;
    const waiting = this.#waiting.get(virtualRouter) ?? [];
    this.#waiting.set(virtualRouter, waiting);
    waiting.push(transition);
    if (waiting.length > WAITING_LIMIT) {
      waiting.shift();
      this.#report(virtualRouter, {
        reason: 'overrun',
        detail: `more than ${WAITING_LIMIT} transitions wait for the hook: the oldest is not told`,
      });
    }
    this.#fill();
  }

  configure(program: string | null): void {
    if (program === this.#program) return;
    this.#program = program;
    this.#problems.clear();
    this.#options.onProblem?.(null);
    if (program === null) this.#waiting.clear();
    this.#wakeWatchers();
  }

  problem(): string | null {
    const [first] = this.#problems.values();
    if (first === undefined) return null;
    const others = this.#problems.size - 1;
    return others === 0 ? first : `${first} (and ${others} more)`;
  }

  async idle(within: Milliseconds): Promise<void> {
    if (this.#done()) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        this.#watchers = this.#watchers.filter((watcher) => watcher !== end);
        resolve();
      };
      const cancel = (this.#options.later ?? realLater)(within, end);
      this.#watchers.push(end);
    });
  }

  #done(): boolean {
    return this.#waiting.size === 0 && this.#running.size === 0;
  }

  #wakeWatchers(): void {
    if (!this.#done()) return;
    for (const watcher of this.#watchers) watcher();
  }

  #fill(): void {
    for (const [virtualRouter, waiting] of this.#waiting) {
      if (this.#running.size >= RUNNING_LIMIT) return;
      if (this.#running.has(virtualRouter)) continue;
      const next = waiting.shift();
      // Behind the others, so that one busy virtual router does not keep them waiting.
      this.#waiting.delete(virtualRouter);
      if (waiting.length > 0) this.#waiting.set(virtualRouter, waiting);
      if (next !== undefined && this.#program !== null) void this.#run(this.#program, next);
    }
  }

  async #run(program: string, transition: HookTransition): Promise<void> {
    const { executor, name, deadline = TRANSITION_DEADLINE } = this.#options;
    const { virtualRouter, to, reason, effectivePriority, flaps, record } = transition;
    const state = keepalivedState(to, reason);
    const eventId = (this.#options.newEventId ?? randomUUID)();
    this.#running.add(virtualRouter);
    const failure = await tellHook(
      { executor, hook: program, occasion: { name, reason, eventId, flaps }, deadline },
      { words: ['INSTANCE', virtualRouter, state, String(effectivePriority)], event: record },
    );
    this.#running.delete(virtualRouter);
    if (program === this.#program) {
      this.#judge(virtualRouter, failure === null ? null : `${state}: ${failure}`, eventId);
    }
    this.#fill();
    this.#wakeWatchers();
  }

  #judge(virtualRouter: string, failure: string | null, eventId: string): void {
    const before = this.problem();
    this.#problems.delete(virtualRouter);
    if (failure !== null) {
      this.#problems.set(virtualRouter, `transition hook, ${virtualRouter} ${failure}`);
      this.#report(virtualRouter, { reason: 'failed', detail: failure, eventId });
    }
    const problem = this.problem();
    if (problem !== before) this.#options.onProblem?.(problem);
  }

  /** A script that fails does so at every transition: the first of its kind, then one a minute. */
  #report(virtualRouter: string, fields: { reason: string; detail: string; eventId?: string }) {
    const suppressed = this.#limiter.admit(
      `${virtualRouter} ${fields.reason}`,
      this.#options.now(),
    );
    if (suppressed === null) return;
    this.#options.onEvent('warn', {
      event: 'transition-hook',
      virtualRouter,
      ...fields,
      ...(suppressed === 0 ? {} : { suppressed }),
    });
  }
}
