// That a fault of the virtual MAC address is met: each is planted in the world of scenarios that keep every promise without
// it. The scenarios themselves: sim.test.ts.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from '../support/test.js';
import type { Scenario, Stage } from './story.js';
import { VIRTUAL_MAC } from './suites.js';

/** A handful meets each. */
const SCENARIOS = fc.sample(VIRTUAL_MAC.drawn, { seed: 9_568, numRuns: 6 });

/** What the watch says of the scenario; nothing where it keeps the promises. */
function said(drawn: Scenario, plant: (stage: Stage) => void): string {
  const stage = VIRTUAL_MAC.build(drawn, false);
  plant(stage);
  try {
    VIRTUAL_MAC.play(stage, drawn);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

function meets(complaint: RegExp, plant: (stage: Stage) => void): void {
  const words: string[] = [];
  for (const drawn of SCENARIOS) {
    const word = said(drawn, plant);
    if (complaint.test(word)) {
      assert.equal(
        said(drawn, () => {}),
        '',
        'without it the scenario keeps every promise',
      );
      return;
    }
    words.push(word);
  }
  assert.fail(`${complaint} expected, found ${JSON.stringify(words)}`);
}

describe('a fault of the virtual MAC address', () => {
  it('that leaves the macvlan of a Backup up is met', () => {
    meets(/^virtual MAC up: /, ({ world }) => {
      for (const { kernel } of world.appliances) kernel.macvlans.lower = () => {};
    });
  });

  it('that puts addresses on a macvlan that is down is met', () => {
    meets(/^addresses without a macvlan that is up: /, ({ world }) => {
      for (const { kernel } of world.appliances) kernel.macvlans.raise = () => false;
    });
  });

  it('that has a Backup advertise is met', () => {
    meets(/^advertises and is not Active: /, ({ world }) => {
      world.onHandled = (appliance) => {
        const [router] = appliance.configuration.virtualRouters;
        if (router !== undefined) world.onAdvertised(appliance, router.name);
      };
    });
  });

  it('that has the holder say nothing is met', () => {
    meets(/^switch astray: /, ({ world }) => {
      const { seenAt } = world;
      seenAt.set = () => seenAt;
    });
  });
});
