// Which effects the core had in worlds drawn from a fixed seed, as one digest a scenario: a change that is
// to change no behaviour changes none of them. Nothing is compared here.
import { createHash, type Hash } from 'node:crypto';
import * as fc from 'fast-check';
import type { InstanceEffect } from '../../src/core/interface.js';
import { buildSingle, endure, singleFault } from './single.js';
import { build, calm, play, stormy, type Stage } from './story.js';

/** Drawn once: the golden file belongs to it. */
const SEED = 2_025;

interface Suite {
  readonly name: string;
  readonly scenarios: number;
  /** The first so many scenarios: what each is, and how to play it. */
  readonly draw: (scenarios: number) => readonly Scenario[];
}

interface Scenario {
  /** As JSON. */
  readonly drawn: string;
  readonly stage: (verbose: boolean) => Stage;
  readonly play: (stage: Stage) => void;
}

const suite = <Drawn>(
  name: string,
  scenarios: number,
  arbitrary: fc.Arbitrary<Drawn>,
  stage: (drawn: Drawn, verbose: boolean) => Stage,
  run: (stage: Stage, drawn: Drawn) => void,
): Suite => ({
  name,
  scenarios,
  draw: (numRuns) =>
    fc.sample(arbitrary, { seed: SEED, numRuns }).map((drawn) => ({
      drawn: JSON.stringify(drawn),
      stage: (verbose) => stage(drawn, verbose),
      play: (made) => run(made, drawn),
    })),
});

export const SUITES: readonly Suite[] = [
  suite('single', 500, singleFault, buildSingle, endure),
  suite('stormy', 1_000, stormy, (one, verbose) => build(one, { verbose, peaceful: false }), play),
  suite('calm', 500, calm, (one, verbose) => build(one, { verbose, peaceful: true }), play),
];

/** What changes seldom is worth a look at the whole. */
const TELLING: ReadonlySet<InstanceEffect['kind']> = new Set(['transition', 'report', 'peer-news']);

/** `a1b2c3d4 5e6f7a8b`: what was drawn, and every effect of every appliance with the deadline after it. */
export function digestOf(scenario: Scenario): string {
  const hash = createHash('sha256');
  const stage = scenario.stage(false);
  watchEffects(stage, hash);
  scenario.play(stage);
  return [createHash('sha256').update(scenario.drawn).digest('hex'), hash.digest('hex')]
    .map((digest) => digest.slice(0, 8))
    .join(' ');
}

/** Adds every effect of every appliance, with the deadline after it, to the hash. */
export function watchEffects({ world }: Stage, hash: Hash): void {
  world.onHandled = (appliance, event, effects) => {
    const deadline = appliance.instance?.nextDeadline() ?? null;
    hash.update(JSON.stringify([appliance.name, world.now, event.kind, effects, deadline]));
    if (!effects.some(({ kind }) => TELLING.has(kind))) return;
    hash.update(JSON.stringify(appliance.snapshot()?.virtualRouters));
  };
}

/** Everything that happens in one scenario, a line each: to be compared with what another core does. */
export function journalOf(scenario: Scenario): readonly string[] {
  const stage = scenario.stage(true);
  scenario.play(stage);
  return stage.world.journal;
}
