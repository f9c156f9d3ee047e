// What it costs to take the roles of many virtual routers: counted, not timed. What happens to one of them costs the same
// however many there are; what concerns all of them is in proportion to their number.
import assert from 'node:assert/strict';
import { bent, counted } from '../support/blocks.js';
import { describe, it } from '../support/test.js';
import type { Costs } from './work-process.js';

const SIZES = [100, 200, 300];

describe('what the core does for many virtual routers', () => {
  let costs: readonly Costs[] = [];
  const isInProportion = (of: (one: Costs) => number): void => {
    const blocks = costs.map(of);
    const seen = `${blocks.join(', ')}: ${bent(blocks).toFixed(3)}`;
    assert.ok(
      blocks.every((count, at) => count > (SIZES[at] ?? Infinity)),
      seen,
    );
    assert.ok(bent(blocks) < 0.03, seen);
  };

  it('is counted while they move', async () => {
    costs = await counted(new URL('./work-process.js', import.meta.url), { sizes: SIZES });
    assert.deepEqual(
      costs.map(({ states }) => states),
      SIZES.map(() => ['Active']),
    );
  });

  it('one by one, after priority 0', () => isInProportion(({ taken }) => taken));
  it('whose addresses stand, one by one', () => isInProportion(({ stood }) => stood));
  it('of which every other one moved, until the group is together again', () =>
    isInProportion(({ together }) => together));
  it('whose Active has no addresses, and advertises', () =>
    isInProportion(({ lacking }) => lacking));
});
