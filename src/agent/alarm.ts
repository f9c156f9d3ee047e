// When the driver is woken next: the soonest of what the core and everything else wait for, and the one timer. What
// is due is done elsewhere.
import type { Deadline, InstanceEvent } from '../core/interface.js';
import type { CheckPlan } from '../model/check-plan.js';
import type { DeadlineTimer, Kernel } from '../kernel/kernel.js';
import { earlier, type Instant } from '../model/units.js';

export interface AlarmOptions {
  readonly kernel: Pick<Kernel, 'openDeadlineTimer'>;
  /** What the core waits for: every virtual router is looked at for it. `checks`: those of the peers are ours. */
  readonly core: (checks: boolean) => Deadline | null;
  /** What the checks of the peers wait for where somebody else makes them; null while they are ours. */
  readonly checks: () => Instant | null;
  /** What everything else waits for; null for nothing. */
  readonly others: () => Instant | null;
  readonly onExpired: () => void;
}

/** A deadline of the core, kept: to look for it anew is to look at every virtual router. */
class KeptDeadline {
  /** The soonest when it was last looked for; undefined when something may be due before it. */
  #known: Deadline | null | undefined;
  /** What it says may have been put off meanwhile. */
  #stale = false;

  /** @param delayed whose deadline was put off, if nothing else has happened. */
  eventTaken(onlyDelayed: boolean, delayed: string | undefined): void {
    if (!onlyDelayed || this.#known?.owner === delayed) this.#known = undefined;
    else this.#stale = true;
  }

  /** One that is not later than the soonest, and the soonest itself if it is over. */
  look(now: Instant, anew: () => Deadline | null): Deadline | null {
    const known = this.#known;
    if (known !== undefined && (!this.#stale || known === null || known.at > now)) return known;
    this.#stale = false;
    return (this.#known = anew());
  }
}

/**
 * To find the soonest deadline, every virtual router has to be looked at. Most events only put one deadline off: an
 * advertisement is repeated, a peer answers. Unless that was the soonest, the soonest stays what it was, and no search is
 * needed. In the worst case the timer expires once for nothing; it never expires late.
 */
export class Alarm {
  readonly #options: AlarmOptions;
  readonly #timer: DeadlineTimer;
  /** The soonest of all, and the soonest besides the checks: each is asked for with every event. */
  readonly #ofAll = new KeptDeadline();
  readonly #ofOthers = new KeptDeadline();
  #armedFor: Instant | null = null;
  /** The timer is armed besides the checks. */
  #left = false;
  /** Something has happened since it was armed that may have the peers asked at once. */
  #asks = false;
  /** Whether the timer has expired since it was armed. */
  #expired = true;

  constructor(options: AlarmOptions) {
    this.#options = options;
    this.#timer = options.kernel.openDeadlineTimer(() => {
      this.#expired = true;
      options.onExpired();
    });
  }

  /** When we are to be woken next, by the timer or by whoever makes the checks; null for never. */
  get armedFor(): Instant | null {
    return earlier(this.#armedFor, this.#options.checks());
  }

  /** Whether something is due by now; or nobody makes the checks any more, besides which the timer was armed. */
  isDue(now: Instant): boolean {
    if (this.#left && this.#options.checks() === null) return true;
    return (this.armedFor ?? Infinity) <= now;
  }

  /** The core has taken this event. `onlyDelayed`: it waits for nothing sooner than before. */
  eventTaken(event: InstanceEvent, onlyDelayed: boolean): void {
    const delayed = onlyDelayed ? ownerOf(event) : undefined;
    this.#ofAll.eventTaken(onlyDelayed, delayed);
    this.#ofOthers.eventTaken(onlyDelayed, delayed);
    if (!onlyDelayed && !ASKS_NOBODY.has(event.kind)) this.#asks = true;
  }

  /** What the core waited for until now; null when it is nothing. */
  passed(now: Instant): Deadline | null {
    const due = this.#options.checks();
    const soonest = this.#look(now, due !== null && due > now && !this.#asks);
    return soonest !== null && soonest.at <= now ? soonest : null;
  }

  /** The plan until something is due that is no check: whatever is due first is done first. */
  bounded(plan: CheckPlan | null, now: Instant): CheckPlan | null {
    if (plan === null) return null;
    return { ...plan, until: earlier(plan.until, this.#look(now, true)?.at ?? null) };
  }

  /** Arms the timer, unless it is armed for that. */
  arm(now: Instant): void {
    this.#left = this.#options.checks() !== null;
    this.#asks = false;
    const at = earlier(this.#look(now, this.#left)?.at ?? null, this.#options.others());
    if (at === this.#armedFor && !this.#expired) return;
    this.#armedFor = at;
    this.#expired = false;
    this.#timer.arm(at);
  }

  close(): void {
    this.#timer.close();
  }

  /** A deadline that is not later than the core's soonest, and that itself if it is over. */
  #look(now: Instant, besides: boolean): Deadline | null {
    const kept = besides ? this.#ofOthers : this.#ofAll;
    return kept.look(now, () => this.#options.core(!besides));
  }
}

/** Events after which no peer is asked sooner than before. */
const ASKS_NOBODY: ReadonlySet<InstanceEvent['kind']> = new Set(['deadline', 'advertisement']);

/** Of the deadlines that an event may put off. */
function ownerOf(event: InstanceEvent): string | undefined {
  if (event.kind === 'advertisement') return event.virtualRouter;
  return event.kind === 'peer-report' || event.kind === 'checked' ? event.peer : undefined;
}

/** When the first of them is due; null for none. */
export const soonest = (
  ...all: readonly ({ readonly dueAt: Instant | null } | undefined)[]
): Instant | null =>
  all.reduce<Instant | null>((due, one) => earlier(due, one?.dueAt ?? null), null);
