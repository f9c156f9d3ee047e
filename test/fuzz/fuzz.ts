// Feeds a target with changed inputs and keeps those that came to something new: an outcome that no input had before.
// What a target is, and what it must hold: targets.ts.
import { drawFrom, mutated } from './mutate.js';

export interface Target {
  readonly name: string;
  /** Inputs to begin with: sound ones, for the most part. */
  readonly seeds: readonly Buffer[];
  /** What is worth being put in, where the input is text. */
  readonly words: readonly Buffer[];
  /** Longer ones are not tried. */
  readonly longest: number;
  /**
   * Takes one input. @returns in a word what came of it. @throws when something that must hold does not; whatever else
   * is thrown has failed as well, since a decoder throws nothing.
   */
  take(input: Buffer): string | Promise<string>;
}

export interface Failure {
  readonly input: Buffer;
  readonly error: Error;
}

export interface Account {
  readonly executions: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** The longest that one input took, in ms. */
  readonly slowest: { readonly ms: number; readonly input: Buffer };
  readonly failure: Failure | null;
}

/** Outcomes beyond these are variants of the same. */
const MOST_KEPT = 400;

/** @param goOn asked before each execution, with the number of those done. */
export async function fuzz(
  target: Target,
  seed: number,
  goOn: (done: number) => boolean,
): Promise<Account> {
  const draw = drawFrom(seed);
  const kept = [...target.seeds];
  const outcomes = new Map<string, number>();
  let slowest: Account['slowest'] = { ms: 0, input: Buffer.alloc(0) };
  let executions = 0;
  const one = (): Buffer => kept[draw(kept.length)] ?? Buffer.alloc(0);
  for (; goOn(executions); executions += 1) {
    const input =
      executions < target.seeds.length
        ? one()
        : mutated(one(), one(), target.words, draw).subarray(0, target.longest);
    const startedAt = performance.now();
    let outcome: string;
    try {
      const taken = target.take(input);
      // Most have nothing to wait for, and a turn of the loop costs more than they do.
      outcome = typeof taken === 'string' ? taken : await taken;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      return { executions, outcomes, slowest, failure: { input, error } };
    }
    const ms = performance.now() - startedAt;
    if (ms > slowest.ms) slowest = { ms, input };
    const count = outcomes.get(outcome) ?? 0;
    outcomes.set(outcome, count + 1);
    if (count === 0 && kept.length < MOST_KEPT) kept.push(input);
  }
  return { executions, outcomes, slowest, failure: null };
}

/** The same failure with less around it: pieces are taken out as long as the target still fails. */
export async function shrunk(target: Target, failure: Failure): Promise<Failure> {
  let smallest = failure;
  for (let size = smallest.input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < smallest.input.length;) {
      const { input } = smallest;
      const less = Buffer.concat([input.subarray(0, at), input.subarray(at + size)]);
      try {
        await target.take(less);
        at += size;
      } catch (error) {
        smallest = { input: less, error: error as Error };
      }
    }
  }
  return smallest;
}
