// Whether anything has come that had not come before. An Active, or a peer, that repeats itself does so by the same
// event; and the clock has the same sent and asked again. Nothing is judged here.
import type { InstanceEffect, InstanceEvent } from '../core/interface.js';

/** What comes of the clock while nothing happens. */
const ROUTINE: ReadonlySet<InstanceEffect['kind']> = new Set(['send-advertisement', 'check-peer']);

export class Novelty {
  readonly #known = new WeakSet<InstanceEvent>();
  #isNews = true;

  /** Something other than an event of the core. */
  note(): void {
    this.#isNews = true;
  }

  /** The core has taken this event. */
  take(event: InstanceEvent, effects: readonly InstanceEffect[]): void {
    if (!this.#known.has(event)) {
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
