// The soonest of many deadlines, asked for after every event: nothing is allocated for the others.
import type { Instant } from '../model/units.js';
import type { Deadline } from './interface.js';

export class Soonest {
  #at: Instant | null = null;
  #owner = '';
  #cause: Deadline['cause'] = 'Adver_Timer';

  /** Of two at the same instant, the one offered first. */
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
