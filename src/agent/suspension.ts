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

  /** Tells for how long it was since the last call; nearly always it was not. */
  passed(tell: (by: Microseconds) => void): void {
    const now = this.#kernel.suspended();
    const by = now - this.#known;
    if (by < SLACK) return;
    this.#known = now;
    tell(microseconds(by));
  }

  /** An instant of our own clock by CLOCK_BOOTTIME, which goes on; null stays null. */
  byBootTime(at: Instant | null): Microseconds | null {
    return at === null ? null : microseconds(at + this.#kernel.suspended());
  }
}
