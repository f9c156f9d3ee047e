// The hook before the addresses stand: what must be done by then, conntrackd's commit for one. It is waited for, so it
// has little time; when that is over it is ended, and the addresses come all the same.
import { randomUUID } from 'node:crypto';
import type { Executor } from '../executor/executor.js';
import type { Severity } from '../journal/journal.js';
import type { EventFields } from '../model/status.js';
import type { Milliseconds } from '../model/units.js';
import { later as realLater, type Later } from '../timers/later.js';
import { Complaints } from './complaints.js';
import { tellHook } from './hook-call.js';

/** An executor that does not answer is not waited for: so much later than the hook's own end, in milliseconds. */
const GRACE_MS = 100;

const SUBJECT = 'before-active';

export interface BeforeActiveSettings {
  /** An absolute path; null when there is none. */
  readonly beforeActive: string | null;
  readonly beforeActiveTimeout: Milliseconds;
}

interface BeforeActiveOptions {
  readonly executor: Pick<Executor, 'run'>;
  readonly settings: BeforeActiveSettings;
  /** The name of this appliance. */
  readonly name: string;
  /** Flaps within the window. */
  readonly flaps: () => number;
  readonly onEvent: (severity: Severity, fields: EventFields) => void;
  readonly onProblem: (problem: string | null) => void;
  /** Milliseconds of a monotonic clock, for the rate limit of events. */
  readonly now: () => number;
  /** Defaults: the process's timers, a random UUID. */
  readonly later?: Later;
  readonly newEventId?: () => string;
}

export class BeforeActiveHook {
  readonly #options: BeforeActiveOptions;
  readonly #complaints: Complaints;
  #settings: BeforeActiveSettings;

  constructor(options: BeforeActiveOptions) {
    const { settings, onEvent, onProblem, now } = options;
    this.#options = options;
    this.#settings = settings;
    this.#complaints = new Complaints({ event: 'before-active-hook', onEvent, onProblem, now });
  }

  configure(settings: BeforeActiveSettings): void {
    if (settings.beforeActive !== this.#settings.beforeActive) this.#complaints.clear();
    this.#settings = settings;
  }

  /**
   * The addresses of these virtual routers are about to come.
   * @returns null when there is no hook; else what resolves when it has ended, or its time is over. Never rejects.
   */
  call(virtualRouters: readonly string[]): Promise<void> | null {
    const { beforeActive: hook, beforeActiveTimeout: deadline } = this.#settings;
    return hook === null ? null : this.#call(hook, deadline, virtualRouters);
  }

  async #call(
    hook: string,
    deadline: Milliseconds,
    virtualRouters: readonly string[],
  ): Promise<void> {
    const { executor, name, flaps, later = realLater } = this.#options;
    const eventId = (this.#options.newEventId ?? randomUUID)();
    const occasion = { name, reason: SUBJECT, eventId, flaps: flaps() };
    const told = tellHook(
      { executor: executor as Executor, hook, occasion, deadline },
      { words: ['BEFORE', ...virtualRouters], event: { event: SUBJECT, virtualRouters } },
    );
    const failure = await within(later, deadline + GRACE_MS, told);
    if (failure === null) return this.#complaints.judge(SUBJECT, null);
    const detail = `${virtualRouters.join(', ')}: ${failure}; the addresses come all the same`;
    this.#complaints.judge(SUBJECT, `hook before Active, ${virtualRouters.join(', ')}: ${failure}`);
    this.#complaints.report('failed', { reason: 'failed', detail, eventId });
  }
}

async function within(
  later: Later,
  ms: number,
  told: Promise<string | null>,
): Promise<string | null> {
  let end = (): void => undefined;
  const silence = new Promise<string>((resolve) => {
    const text = `no answer from the executor of hooks within ${ms} ms`;
    end = later(ms, () => resolve(text));
  });
  const failure = await Promise.race([told, silence]);
  end();
  return failure;
}
