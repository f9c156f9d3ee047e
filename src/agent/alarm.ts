// When the driver is woken next: the soonest of what the core and everything else wait for, and the one timer. What
// is due is done elsewhere.
import type { Deadline, InstanceEvent } from '../core/interface.js';
import type { DeadlineTimer, Kernel } from '../kernel/kernel.js';
import { earlier, type Instant } from '../model/units.js';

export interface AlarmOptions {
  readonly kernel: Pick<Kernel, 'openDeadlineTimer'>;
  /** What the core waits for: every virtual router is looked at for it. */
  readonly core: () => Deadline | null;
  /** What everything else waits for; null for nothing. */
  readonly others: () => Instant | null;
  readonly onExpired: () => void;
}

/**
 * To find the soonest deadline, every virtual router has to be looked at. Most events only put one deadline off: an
 * advertisement is repeated, a peer answers. Unless that was the soonest, the soonest stays what it was, and no search is
 * needed. In the worst case the timer expires once for nothing; it never expires late.
 */
export class Alarm {
  readonly #options: AlarmOptions;
  readonly #timer: DeadlineTimer;
  /** The soonest when it was last looked for; undefined when something may be due before it. */
  #soonest: Deadline | null | undefined;
  /** What `#soonest` says may have been put off meanwhile. */
  #stale = false;
  #armedFor: Instant | null = null;
  /** Whether the timer has expired since it was armed. */
  #expired = true;

  constructor(options: AlarmOptions) {
    this.#options = options;
    this.#timer = options.kernel.openDeadlineTimer(() => {
      this.#expired = true;
      options.onExpired();
    });
  }

  /** For when the timer was armed last; null for never. */
  get armedFor(): Instant | null {
    return this.#armedFor;
  }

  /** The core has taken this event. `onlyDelayed`: it waits for nothing sooner than before. */
  eventTaken(event: InstanceEvent, onlyDelayed: boolean): void {
    if (!onlyDelayed || this.#soonest?.owner === ownerOf(event)) this.#soonest = undefined;
    else this.#stale = true;
  }

  /** What the core waited for until now; null when it is nothing. */
  passed(now: Instant): Deadline | null {
    const soonest = this.#look(now);
    return soonest !== null && soonest.at <= now ? soonest : null;
  }

  /** Arms the timer, unless it is armed for that. */
  arm(now: Instant): void {
    const at = earlier(this.#look(now)?.at ?? null, this.#options.others());
    if (at === this.#armedFor && !this.#expired) return;
    this.#armedFor = at;
    this.#expired = false;
    this.#timer.arm(at);
  }

  close(): void {
    this.#timer.close();
  }

  /** A deadline that is not later than the core's soonest, and that itself if it is over. */
  #look(now: Instant): Deadline | null {
    const known = this.#soonest;
    if (known !== undefined && (!this.#stale || known === null || known.at > now)) return known;
    this.#stale = false;
    return (this.#soonest = this.#options.core());
  }
}

/** Of the deadlines that an event may put off. */
function ownerOf(event: InstanceEvent): string | undefined {
  if (event.kind === 'advertisement') return event.virtualRouter;
  return event.kind === 'peer-report' ? event.peer : undefined;
}

/** When the first of them is due; null for none. */
export const soonest = (
  ...all: readonly ({ readonly dueAt: Instant | null } | undefined)[]
): Instant | null =>
  all.reduce<Instant | null>((due, one) => earlier(due, one?.dueAt ?? null), null);
