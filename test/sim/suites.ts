// The suites of scenarios: what each draws, and how one of them is played. Running many, and judging what they came to:
// sim.test.ts, and main.ts of sim-runs.
import type * as fc from 'fast-check';
import { crowd } from './crowd.js';
import { buildSingle, endure, singleFault, type SingleFault } from './single.js';
import { build, calm, play, stormy, type Scenario, type Stage } from './story.js';
import { unusual } from './unusual.js';
import { virtualMac } from './virtual-mac.js';
import { witnessed } from './witnessed.js';

export interface Suite<Drawn> {
  readonly name: string;
  /** Scenarios in CI. */
  readonly runs: number;
  readonly drawn: fc.Arbitrary<Drawn>;
  readonly build: (drawn: Drawn, verbose: boolean) => Stage;
  readonly play: (stage: Stage, drawn: Drawn) => void;
}

export const SINGLE: Suite<SingleFault> = {
  name: 'single',
  runs: 700,
  drawn: singleFault,
  build: buildSingle,
  play: endure,
};

const scenarios = (
  name: string,
  runs: number,
  drawn: fc.Arbitrary<Scenario>,
  peaceful = false,
): Suite<Scenario> => ({
  name,
  runs,
  drawn,
  build: (scenario, verbose) => build(scenario, { verbose, peaceful }),
  play,
});

export const STORMY = scenarios('stormy', 1_500, stormy);
export const CALM = scenarios('calm', 800, calm, true);
export const WITNESSED = scenarios('witnessed', 400, witnessed);
export const CROWD = scenarios('crowd', 24, crowd);
export const VIRTUAL_MAC = scenarios('virtual-mac', 40, virtualMac);

export const UNUSUAL = scenarios('unusual', 240, unusual);

export const SUITES = [SINGLE, STORMY, CALM, WITNESSED, CROWD, VIRTUAL_MAC, UNUSUAL] as const;

/** What repeats one scenario of a suite, for a person to run. */
export const repeatOf = ({ name }: Pick<Suite<never>, 'name'>, drawn: unknown): string =>
  `SUITE=${name} SCENARIO='${JSON.stringify(drawn)}' node --enable-source-maps --test dist/test/sim/sim.test.js`;
