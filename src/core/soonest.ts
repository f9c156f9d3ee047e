// The soonest of many deadlines. It is asked for after every event, so nothing is allocated for the others.
import type { Instant } from '../model/units.js';

/** The next thing to do and its cause: it explains why the driver wakes up. */
export interface Deadline {
  readonly at: Instant;
  /** A virtual router, a peer, or the witness. */
  readonly owner: string;
  readonly cause:
    | 'Adver_Timer'
    | 'Active_Down_Timer'
    | 'yield-over'
    | 'peer-check'
    | 'advertisement-overdue'
    | 'silence-proven'
    | 'lease'
    | 'question';
}

export class Soonest {
  #at: Instant | null = null;
  #owner = '';
  #cause: Deadline['cause'] = 'Adver_Timer';

  /** Of two at the same instant the one that was offered first stays. */
  offer(at: Instant, owner: string, cause: Deadline['cause']): void {
    if (this.#at !== null && this.#at <= at) return;
    this.#at = at;
    this.#owner = owner;
    this.#cause = cause;
  }

  get deadline(): Deadline | null {
    return this.#at === null ? null : { at: this.#at, owner: this.#owner, cause: this.#cause };
  }
}
