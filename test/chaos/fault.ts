// What a fault is: one row of the table in faults.ts. Nothing is broken here.
import type { ApplianceName, RouterName } from '../../scripts/lab/network.js';
import type { Chance } from '../sim/agenda.js';
import type { Bench } from './bench.js';
import type { PairPlan } from './storm.js';

/** The namespace of the third router. */
export const THIRD = 'host-d';

/** The routers that a fault hits. */
export function hitBy({ hits }: Pick<Fault, 'hits'>, victim: ApplianceName): readonly RouterName[] {
  if (hits === 'third') return [THIRD];
  return hits === 'both' ? [victim, peerOf(victim)] : [victim];
}

export const peerOf = (name: ApplianceName): ApplianceName => (name === 'a' ? 'b' : 'a');

/** For as long as a fault lasts, or until the next look. Milliseconds. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Whom it hits: resolved when it strikes, so that the same seed hits the same role. */
export type Target = 'holder' | 'standby';

/** What every fault draws; a row may draw more. Plain values: they are printed and kept. */
export interface Drawn {
  readonly lastsMs: number;
}

export interface Fault<D extends Drawn = Drawn, S = unknown> {
  readonly name: string;
  /** How the victim's agent may end because of it, in the words of the lab's log; not at all unless given. */
  readonly ends?: readonly string[];
  /** Where it is none for the other. */
  readonly on?: Target;
  /** Whom it hits, where that is not one of the two, the victim. */
  readonly hits?: 'both' | 'third';
  /** Whether there is what it breaks; any pair has it unless given. */
  fits?(plan: PairPlan): boolean;
  draw(chance: Chance, plan: PairPlan): D;
  /** Breaks it. What it returns is for `undo`: a list (calls that mend, processes), or nothing. */
  do(bench: Bench, victim: ApplianceName, drawn: D): Promise<S>;
  /** Mends it, whatever else has happened meanwhile. `done` is an empty list when `do` failed half way. */
  undo(bench: Bench, victim: ApplianceName, drawn: D, done: S): Promise<void>;
}

/** Milliseconds; short ones are as likely as long ones: the logarithm is drawn evenly. */
export function lasting(chance: Chance, fromMs: number, toMs: number): number {
  return Math.round(fromMs * (toMs / fromMs) ** chance.next());
}

export function oneOf<T>(chance: Chance, first: T, ...others: readonly T[]): T {
  return others[chance.between(0, others.length) - 1] ?? first;
}

export const nothing = (): Promise<void> => Promise.resolve();
