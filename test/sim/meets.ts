// Whether the watch sees a fault that is planted in the world of some scenarios, which keep every promise without it. No
// faults, no scenarios.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Scenario, Stage } from './story.js';
import type { Suite } from './suites.js';

/** A handful meets each. */
const SCENARIOS = 6;
const SEED = 9_568;

/** What the watch says of the scenario; nothing where it keeps the promises. */
function said({ build, play }: Suite<Scenario>, drawn: Scenario, plant: (stage: Stage) => void) {
  const stage = build(drawn, false);
  plant(stage);
  try {
    play(stage, drawn);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** @throws AssertionError unless one of the scenarios has the watch complain of what `plant` does, and of nothing without. */
export function meets(
  suite: Suite<Scenario>,
  complaint: RegExp,
  plant: (stage: Stage) => void,
): void {
  const words: string[] = [];
  for (const drawn of fc.sample(suite.drawn, { seed: SEED, numRuns: SCENARIOS })) {
    const word = said(suite, drawn, plant);
    if (complaint.test(word)) {
      const without = said(suite, drawn, () => {});
      assert.equal(without, '', 'without it the scenario keeps every promise');
      return;
    }
    words.push(word);
  }
  assert.fail(`${complaint} expected, found ${JSON.stringify(words)}`);
}
