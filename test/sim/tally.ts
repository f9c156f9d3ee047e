// What many scenarios came to: how many, how long, how close to their bounds, and what they saw. No
// running and no judging.
import type { Stage } from './story.js';
import type { Longest } from './watch.js';

/** A tally as JSON. */
export interface Kept {
  readonly scenarios: number;
  readonly steps: number;
  readonly microseconds: number;
  readonly counts: readonly (readonly [string, number])[];
  readonly longest: readonly (readonly [string, Longest])[];
}

export class Tally {
  scenarios = 0;
  steps = 0;
  #microseconds = 0;
  readonly counts = new Map<string, number>();
  readonly #longest = new Map<string, Longest>();

  add({ world, watch }: Stage): void {
    this.scenarios += 1;
    this.steps += world.steps;
    this.#microseconds += world.now;
    this.#count('packet lost', world.network.lost);
    this.#count('packet doubled', world.network.doubled);
    for (const [kind, times] of world.counts) this.#count(kind, times);
    for (const [kind, one] of watch.longest) this.#note(kind, one);
  }

  /** One that was kept. */
  static from({ scenarios, steps, microseconds, counts, longest }: Kept): Tally {
    const tally = new Tally();
    tally.scenarios = scenarios;
    tally.steps = steps;
    tally.#microseconds = microseconds;
    for (const [kind, times] of counts) tally.#count(kind, times);
    for (const [kind, one] of longest) tally.#note(kind, one);
    return tally;
  }

  get kept(): Kept {
    const { scenarios, steps } = this;
    const [counts, longest] = [[...this.counts], [...this.#longest]];
    return { scenarios, steps, microseconds: this.#microseconds, counts, longest };
  }

  /** What another one has seen, too. */
  merge(other: Tally): void {
    this.scenarios += other.scenarios;
    this.steps += other.steps;
    this.#microseconds += other.#microseconds;
    for (const [kind, times] of other.counts) this.#count(kind, times);
    for (const [kind, one] of other.#longest) this.#note(kind, one);
  }

  #note(kind: string, one: Longest): void {
    const before = this.#longest.get(kind);
    if (before !== undefined && one.lasted * before.bound <= before.lasted * one.bound) return;
    this.#longest.set(kind, one);
  }

  /** `2000 scenarios, 1834221 steps, 4.6 virtual hours survived` */
  get summary(): string {
    const hours = (this.#microseconds / 3_600_000_000).toFixed(1);
    return `${this.scenarios} scenarios, ${this.steps} steps, ${hours} virtual hours survived`;
  }

  /** For each condition the case that came closest to its bound: `never nobody 3226 of 4738 ms`. */
  get closest(): string[] {
    return [...this.#longest].map(([kind, { lasted, bound }]) => {
      const [time, limit] = [lasted, bound].map((one) => (one / 1_000).toFixed(0));
      return `${kind} ${time} of ${limit} ms`;
    });
  }

  #count(kind: string, times: number): void {
    if (times > 0) this.counts.set(kind, (this.counts.get(kind) ?? 0) + times);
  }
}
