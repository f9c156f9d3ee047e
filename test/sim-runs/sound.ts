// The scenarios by which faults are judged, in rounds that become larger, and what each comes to without any fault. A round
// is played when the first fault needs it. No faults: faults.ts.
import * as fc from 'fast-check';
import { SUITES, type Suite } from '../sim/suites.js';
import type { Depth, Kept } from './kept.js';
import type { Drawn, Played } from './scenarios-worker.js';
import { playAll } from './thread.js';

/** Of each suite in the first round; then so many times as many. Most faults are met by the first handful. */
const FIRST = 4;
const GROWTH = 4;
/** Of suites whose scenarios take ten times as long as those of the others. */
const SHARES: ReadonlyMap<string, number> = new Map([['crowd', 0.1]]);

export interface Round {
  /** Those that hold without any fault, the shortest first. */
  readonly order: readonly Drawn[];
  readonly sound: ReadonlyMap<string, Played>;
}

/** From which scenario of each suite up to which, a round each. */
function boundsOf(scenarios: number): (readonly [number, number])[] {
  const bounds: (readonly [number, number])[] = [];
  for (let from = 0, to = FIRST; from < scenarios; [from, to] = [to, to * GROWTH])
    bounds.push([from, Math.min(to, scenarios)]);
  return bounds;
}

function drawnOf<One>(suite: Suite<One>, seed: number, from: number, to: number): Drawn[] {
  const share = SHARES.get(suite.name) ?? 1;
  const [first, end] = [Math.ceil(from * share), Math.ceil(to * share)];
  return fc
    .sample(suite.drawn, { seed, numRuns: end })
    .slice(first)
    .map((one, index) => ({
      at: `${suite.name} ${first + index}`,
      suite: suite.name,
      scenario: JSON.stringify(one),
    }));
}

export class Sound {
  readonly #bundle: string;
  readonly #seed: number;
  readonly #suites: readonly (typeof SUITES)[number][];
  readonly #bounds: readonly (readonly [number, number])[];
  readonly #kept: Kept;
  readonly #rounds: Round[] = [];

  constructor(bundle: string, { seed, suites, scenarios }: Depth, kept: Kept) {
    this.#bundle = bundle;
    this.#seed = seed;
    this.#suites = SUITES.filter(({ name }) => suites.includes(name));
    this.#bounds = boundsOf(scenarios);
    this.#kept = kept;
  }

  /** Of each round: the end of its scenarios in each suite. */
  get ends(): number[] {
    return this.#bounds.map(([, to]) => to);
  }

  /** `tell` hears how many of how many were played, unless what they came to was kept. @throws Error where one does not hold. */
  async round(index: number, tell: (played: number, of: number) => void): Promise<Round> {
    const known = this.#rounds[index];
    if (known !== undefined) return known;
    const [from, to] = this.#bounds[index] ?? [0, 0];
    const drawn = this.#suites.flatMap((suite) =>
      drawnOf(suite as Suite<unknown>, this.#seed, from, to),
    );
    const sound = this.#kept.soundOf(this.#bundle, this.#seed);
    const open = drawn.filter(({ at }) => !sound.has(at));
    let count = 0;
    const trouble = await playAll(this.#bundle, open, (one) => {
      sound.set(one.at, one);
      tell((count += 1), open.length);
      return one.broken === null;
    });
    if (trouble !== null)
      throw new Error(`scenarios without any fault expected, found: ${trouble}`);
    const broken = [...sound.values()].find((one) => one.broken !== null);
    if (broken !== undefined)
      throw new Error(`${broken.at} breaks a promise without any fault: ${broken.broken}`);
    if (open.length > 0) this.#kept.keepSound(this.#bundle, this.#seed, sound);
    const stepsOf = ({ at }: Drawn): number => sound.get(at)?.steps ?? 0;
    const order = drawn.toSorted((one, other) => stepsOf(one) - stepsOf(other));
    return (this.#rounds[index] = { order, sound });
  }
}
