// How late advertisements are sent, as counts: from the instant at which one was due to the end of the system
// call that sent it. No clock of its own, and no decisions.
import type { LatenessStatus } from '../model/status.js';
import type { Instant } from '../model/units.js';

/** In ms. An advertisement later than all of them is in none. */
const BOUNDS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500] as const;
const BOUNDS = BOUNDS_MS.map((ms) => ms * 1_000);

/** Two numbers are added for each advertisement: nothing is made, and nothing is looked up. */
export class Lateness {
  /** Not one above the other yet: that is for whoever reads them. */
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  #count = 0;
  #sum = 0;
  /** When the advertisements that wait to be sent were due. */
  #due: Instant[] = [];

  /** One that is about to be sent was due then. */
  due(at: Instant): void {
    this.#due.push(at);
  }

  /** All that were due have been sent. The clock is looked at only when there were any. */
  sent(clock: () => Instant): void {
    if (this.#due.length === 0) return;
    const now = clock();
    for (const at of this.#due) this.#add(Math.max(0, now - at));
    this.#due = [];
  }

  status(): LatenessStatus {
    let count = 0;
    const atMost = BOUNDS_MS.map((ms, index) => {
      count += this.#counts[index] ?? 0;
      return { ms, count };
    });
    return { atMost, count: this.#count, sumMs: this.#sum / 1_000 };
  }

  #add(microseconds: number): void {
    let index = 0;
    while (index < BOUNDS.length && microseconds > (BOUNDS[index] ?? 0)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sum += microseconds;
  }
}
