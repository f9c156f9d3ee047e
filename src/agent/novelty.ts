// Whether anything new has happened. It has not when an Active or a peer only repeats itself (that is the same event
// object again), or when the clock only has the same advertisements and checks sent again. Nothing is judged here.
import type { InstanceEffect, InstanceEvent } from '../core/interface.js';

/** What the clock brings about while nothing happens. */
const ROUTINE: ReadonlySet<InstanceEffect['kind']> = new Set(['send-advertisement', 'check-peer']);

export class Novelty {
  readonly #known = new WeakSet<InstanceEvent>();
  #isNews = true;

  /** Something has happened that is no event of the core. */
  note(): void {
    this.#isNews = true;
  }

  /** The core has taken this event. */
  take(event: InstanceEvent, effects: readonly InstanceEffect[]): void {
    // A check that was made is an object of its own each time.
    if (event.kind !== 'checked' && !this.#known.has(event)) {
      this.#known.add(event);
      this.#isNews = true;
    }
    if (effects.some(({ kind }) => !ROUTINE.has(kind))) this.#isNews = true;
  }

  /** Whether there was news since the last call. */
  told(): boolean {
    const isNews = this.#isNews;
    this.#isNews = false;
    return isNews;
  }
}
