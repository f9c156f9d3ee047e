// That a long run goes on where it was ended, and that several processes can share it. What it plays is test/sim.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { SINGLE } from '../sim/suites.js';
import { Tally, type Kept } from '../sim/tally.js';
import { after, describe, it } from '../support/test.js';
import { playPieces, type Run } from './pieces.js';

describe('a run in pieces', () => {
  const keep = mkdtempSync(join(tmpdir(), 'understudy-pieces-'));
  after(() => rmSync(keep, { recursive: true }));
  const few = { ...SINGLE, runs: 4 };
  const unplayable: typeof SINGLE = {
    ...few,
    build: () => assert.fail('nothing is to be played'),
  };
  const run: Run = { steps: 1, seed: 9_568, suites: [few], keep, part: { index: 0, of: 1 } };
  const files = (): string[] => readdirSync(join(keep, 'pieces')).toSorted();
  const stepsOf = (file: string): number => {
    const text = readFileSync(join(keep, 'pieces', file), 'utf8');
    return (JSON.parse(text) as { readonly tally: Kept }).tally.steps;
  };

  it('plays the pieces that fall to it, and keeps what they came to', () => {
    assert.ok(playPieces({ ...run, part: { index: 1, of: 2 } }, 'code'));
    assert.deepEqual(files(), ['single-9569.json'], 'the second one');
    assert.ok(playPieces(run, 'code'));
    assert.deepEqual(files(), ['single-9568.json', 'single-9569.json']);
  });

  it('goes on where it was: nothing is played twice, and what others played counts', () => {
    const steps = stepsOf('single-9568.json') + 1;
    assert.ok(playPieces({ ...run, steps, suites: [unplayable] }, 'code'));
  });

  it('begins anew when core or simulator have changed', () => {
    // A promise is broken where nothing can be built.
    assert.ok(!playPieces({ ...run, suites: [unplayable] }, 'other code'));
  });

  it('has the same tally when it is read again', () => {
    const tally = new Tally();
    const [drawn] = fc.sample(SINGLE.drawn, { seed: 9_568, numRuns: 1 });
    assert.ok(drawn !== undefined);
    const stage = SINGLE.build(drawn, false);
    SINGLE.play(stage, drawn);
    tally.add(stage);
    const again = Tally.from(JSON.parse(JSON.stringify(tally.kept)) as Kept);
    assert.deepEqual(again.kept, tally.kept);
    assert.equal(again.summary, tally.summary);
    assert.deepEqual(again.closest, tally.closest);
  });
});
