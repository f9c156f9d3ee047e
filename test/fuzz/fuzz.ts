// Feeds a target with changed inputs and keeps those that came to something new: an outcome that no input had before.
// What must hold of every target is here; what a target is, and what else must hold, is in targets.ts.
import assert from 'node:assert/strict';
import { drawFrom, mutated, type Draw } from './mutate.js';
import { pristine, seemsPristine } from './pristine.js';

export interface Target {
  readonly name: string;
  /** Inputs to begin with: sound ones, for the most part. */
  readonly seeds: readonly Buffer[];
  /** What is worth being put in, where the input is text. */
  readonly words: readonly Buffer[];
  /** Longer ones are not tried. */
  readonly longest: number;
  /** Takes milliseconds: gets fewer inputs in a short run. */
  readonly slow?: boolean;
  /** A change that knows what the input is; absent: one of the bytes. Now and then the bytes are changed all the same. */
  readonly change?: (input: Buffer, other: Buffer, draw: Draw) => Buffer;
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
  /** Those that had a new outcome, seeds included: to begin with next time. */
  readonly kept: readonly Buffer[];
  /** The longest that one input took, in ms. */
  readonly slowest: { readonly ms: number; readonly input: Buffer };
  readonly failure: Failure | null;
}

export interface Manner {
  /** Asked before each execution, with the number of those done. */
  readonly goOn: (done: number) => boolean;
  /** Besides the target's own seeds. */
  readonly corpus?: readonly Buffer[];
  /** Told of each input before it is taken: whoever watches can say which one has no end. */
  readonly onInput?: (input: Buffer) => void;
  /** Told of each new outcome: how many there are now, and how many inputs are kept. */
  readonly onNew?: (outcomes: number, kept: number) => void;
  /** An input that takes longer each time, in ms, has failed; absent: none does. */
  readonly boundMs?: number;
}

/** Outcomes beyond these are variants of the same. */
const MOST_KEPT = 400;
/** So often all prototypes are looked at, and whether the first seed still comes to what it came to at first. */
const ASKED_AGAIN = 4_096;
/** One of so many inputs of a target that has changes of its own has its bytes changed. */
const BYTES_IN = 4;

export async function fuzz(target: Target, seed: number, manner: Manner): Promise<Account> {
  const { goOn, corpus = [], onInput, onNew, boundMs = Infinity } = manner;
  const draw = drawFrom(seed);
  const seeds = [...target.seeds, ...corpus];
  const kept: Buffer[] = [...seeds];
  const outcomes = new Map<string, number>();
  let slowest: Account['slowest'] = { ms: 0, input: Buffer.alloc(0) };
  let executions = 0;
  const [first = Buffer.alloc(0)] = seeds;
  const atFirst = await target.take(first);
  const any = (): Buffer => kept[draw(kept.length)] ?? first;
  // Where time goes with the length, a short one says as much in less of it, for the most part.
  const one = (): Buffer => {
    if (target.slow !== true) return any();
    const [a, b] = [any(), any()];
    return a.length < b.length ? a : b;
  };
  const changed = (): Buffer => {
    const { change } = target;
    if (change !== undefined && draw(BYTES_IN) > 0) return change(one(), one(), draw);
    return mutated(one(), one(), target.words, draw);
  };
  for (; goOn(executions); executions += 1) {
    const input = seeds[executions] ?? changed().subarray(0, target.longest);
    const before = Buffer.from(input);
    onInput?.(input);
    const startedAt = performance.now();
    let outcome: string;
    try {
      const taken = target.take(input);
      // Most have nothing to wait for, and a turn of the loop costs more than they do.
      outcome = typeof taken === 'string' ? taken : await taken;
      assert(input.equals(before), 'the input is as it was');
      if (executions % ASKED_AGAIN === 0) {
        pristine();
        assert.equal(await target.take(first), atFirst, 'what is taken changes nothing');
      } else if (!seemsPristine()) pristine();
      const ms = performance.now() - startedAt;
      if (ms > slowest.ms) slowest = { ms, input: before };
      if (ms > boundMs) await within(target, input, boundMs);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      return { executions, outcomes, kept, slowest, failure: { input: before, error } };
    }
    const count = outcomes.get(outcome) ?? 0;
    outcomes.set(outcome, count + 1);
    if (count > 0) continue;
    if (executions >= seeds.length && kept.length < MOST_KEPT) kept.push(before);
    onNew?.(outcomes.size, kept.length);
  }
  return { executions, outcomes, kept, slowest, failure: null };
}

/** A busy machine is slow once; an input that is slow is so each time. */
async function within(target: Target, input: Buffer, boundMs: number): Promise<void> {
  let least = Infinity;
  for (let times = 0; times < 5 && least > boundMs; times += 1) {
    const startedAt = performance.now();
    await target.take(input);
    least = Math.min(least, performance.now() - startedAt);
  }
  assert(least <= boundMs, `at most ${boundMs} ms expected for one input, found ${least} ms`);
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
        pristine();
        at += size;
      } catch (error) {
        smallest = { input: less, error: error as Error };
      }
    }
  }
  return smallest;
}
