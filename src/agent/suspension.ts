// Whether the machine was suspended, which our own clock does not show. Nothing follows from it here.
import { microseconds, type Instant, type Microseconds } from '../model/units.js';

/** Below this the two clocks were only read at different moments. */
const SLACK = 10_000;

export class Suspension {
  readonly #kernel: { suspended(): Microseconds };
  #known: number;

  constructor(kernel: { suspended(): Microseconds }) {
    this.#kernel = kernel;
    this.#known = kernel.suspended();
  }

  /** For how long it was since the last call; nearly always it was not, and this is 0. */
  passed(): Microseconds {
    const now = this.#kernel.suspended();
    const by = now - this.#known;
    if (by < SLACK) return microseconds(0);
    this.#known = now;
    return microseconds(by);
  }

  /**
   * An instant of our own clock by CLOCK_BOOTTIME, which goes on; null stays null. It was told before any suspension that
   * is not known yet, so what has passed of that one has passed of the time until then, too.
   */
  byBootTime(at: Instant | null): Microseconds | null {
    if (at === null) return null;
    const now = this.#kernel.suspended();
    return microseconds(at + (now - this.#known < SLACK ? now : this.#known));
  }
}
