// The transition hook: the user's script, told of every transition. Nothing waits for it, and nothing
// that it does changes a role.
import { randomUUID } from 'node:crypto';
import type { Executor } from '../executor/executor.js';
import type { TransitionReason, VirtualRouterState } from '../model/reasons.js';
import type { EventFields, EventRecord } from '../model/status.js';
import { milliseconds, type Milliseconds } from '../model/units.js';
import { Complaints } from './complaints.js';
import { tellHook } from './hook-call.js';
import { HookRunner } from './runner.js';
import type { Severity } from '../journal/journal.js';
import { later as realLater, type Later } from '../timers/later.js';

/** After this the hook's process group is killed. */
const TRANSITION_DEADLINE = milliseconds(30_000);
/** Transitions of one virtual router that wait for their turn; the oldest goes when one more comes. */
export const WAITING_LIMIT = 8;
/** Hooks at a time, whatever the number of virtual routers: the netlink scripts need room too. */
export const RUNNING_LIMIT = 4;

/** keepalived's words for a state, which existing scripts know. */
type KeepalivedState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP';

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

/** Initialize is a stop when somebody asked for it, and a fault otherwise. */
export function keepalivedState(to: VirtualRouterState, reason: TransitionReason): KeepalivedState {
  if (to === 'Active') return 'MASTER'; // keepalived's word for Active
  if (to === 'Backup') return 'BACKUP';
  return reason === 'shutdown' || reason === 'mode-off' || reason === 'settings-changed'
    ? 'STOP'
    : 'FAULT';
}

export class TransitionHook {
  readonly #options: TransitionHookOptions;
  readonly #complaints: Complaints;
  readonly #runner: HookRunner;
  /** By virtual router, oldest first. Never an empty list. */
  readonly #waiting = new Map<string, HookTransition[]>();
  #program: string | null;

  constructor(options: TransitionHookOptions) {
    const { onEvent, onProblem = () => undefined, now, later = realLater } = options;
    this.#options = options;
    this.#program = options.program;
    this.#complaints = new Complaints({ event: 'transition-hook', onEvent, onProblem, now });
    const next = (virtualRouter: string) => this.#next(virtualRouter);
    this.#runner = new HookRunner({ next, atATime: RUNNING_LIMIT, later });
  }

  /** Queues a run: in order for each virtual router, the newest kept when there are too many. */
  notify(transition: HookTransition): void {
    if (this.#program === null) return;
    const { virtualRouter } = transition;
    const waiting = this.#waiting.get(virtualRouter) ?? [];
    this.#waiting.set(virtualRouter, waiting);
    waiting.push(transition);
    if (waiting.length > WAITING_LIMIT) {
      waiting.shift();
      this.#complaints.report(`${virtualRouter} overrun`, {
        virtualRouter,
        reason: 'overrun',
        detail: `more than ${WAITING_LIMIT} transitions wait for the hook: the oldest is not told`,
      });
    }
    this.#runner.stir(virtualRouter);
  }

  /** Another hook from now on, or none; what waits goes to it. */
  configure(program: string | null): void {
    if (program === this.#program) return;
    this.#program = program;
    this.#complaints.clear();
    if (program === null) this.#waiting.clear();
    this.#runner.look();
  }

  /** For health: what is wrong with the latest runs. */
  problem(): string | null {
    return this.#complaints.problem();
  }

  /** Resolves when all that was notified is done, or after `within`, whichever comes first. */
  idle(within: Milliseconds): Promise<void> {
    return this.#runner.idleWithin(within);
  }

  #next(virtualRouter: string): (() => Promise<void>) | null {
    const program = this.#program;
    const [transition, ...waiting] = this.#waiting.get(virtualRouter) ?? [];
    if (waiting.length > 0) this.#waiting.set(virtualRouter, waiting);
    else this.#waiting.delete(virtualRouter);
    if (transition === undefined || program === null) return null;
    return () => this.#run(program, transition);
  }

  async #run(program: string, transition: HookTransition): Promise<void> {
    const { executor, name, deadline = TRANSITION_DEADLINE } = this.#options;
    const { virtualRouter, to, reason, effectivePriority, flaps, record } = transition;
    const state = keepalivedState(to, reason);
    const eventId = (this.#options.newEventId ?? randomUUID)();
    const failure = await tellHook(
      { executor, hook: program, occasion: { name, reason, eventId, flaps }, deadline },
      { words: ['INSTANCE', virtualRouter, state, String(effectivePriority)], event: record },
    );
    if (program !== this.#program) return;
    if (failure === null) return this.#complaints.judge(virtualRouter, null);
    const detail = `${state}: ${failure}`;
    this.#complaints.judge(virtualRouter, `transition hook, ${virtualRouter} ${detail}`);
    // A script that fails does so at every transition: the first of its kind, then one a minute.
    this.#complaints.report(`${virtualRouter} failed`, {
      virtualRouter,
      reason: 'failed',
      detail,
      eventId,
    });
  }
}
