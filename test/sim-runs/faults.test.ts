// That `scripts/sim --faults` sees what it looks for: one fault planted in the simulator, and scenarios in a thread that
// meet it, or have no end. What it finds of all faults is a run by hand.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { parseFault } from '../mutants/fault.js';
import { SINGLE } from '../sim/suites.js';
import { IN_CI } from '../support/in-ci.js';
import { after, before, describe, it } from '../support/test.js';
import { Kept, type Depth } from './kept.js';
import { FAULTS, simulator, type Simulator } from './planted.js';
import type { Drawn, Played } from './scenarios-worker.js';
import { playAll } from './thread.js';

const faultNamed = (name: string) =>
  parseFault(name, readFileSync(join(FAULTS, `${name}.patch`), 'utf8'));

const DRAWN: readonly Drawn[] = fc
  .sample(SINGLE.drawn, { seed: 9_568, numRuns: 3 })
  .map((one, index) => ({ at: `${index}`, suite: 'single', scenario: JSON.stringify(one) }));

async function playedBy(bundle: string): Promise<readonly Played[]> {
  const played: Played[] = [];
  const trouble = await playAll(bundle, DRAWN, (one) => {
    played.push(one);
    return true;
  });
  assert.equal(trouble, null);
  return played;
}

describe('a fault that is planted in the simulator', { skip: IN_CI }, () => {
  let making: Simulator | null = null;
  before(async () => {
    making = await simulator();
  });
  after(async () => making?.close());

  it('is met by scenarios that come to the same each time without it', async () => {
    assert.ok(making !== null);
    const plain = await making.with(null);
    const faulty = await making.with(faultNamed('core-news-not-told'));
    const sound = await playedBy(plain);
    assert.deepEqual(await playedBy(plain), sound);
    assert.deepEqual(
      sound.map(({ broken }) => broken),
      DRAWN.map(() => null),
    );
    const digests = (await playedBy(faulty)).map(({ digest }) => digest);
    const others = digests.filter((digest, index) => digest !== sound[index]?.digest);
    assert.ok(others.length > 0, 'a scenario in which the core answers otherwise');
    assert.equal(await making.with(null), plain, 'it is taken out again');
  });

  it('is told apart from a program that ends before its scenarios do', async () => {
    const trouble = await playAll('throw new Error("planted")', DRAWN, () => true);
    assert.match(trouble ?? '', /planted/);
  });
});

describe('what was found of a fault', () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-kept-'));
  after(() => rmSync(folder, { recursive: true }));
  const depth: Depth = { seed: 1, suites: ['single', 'calm'], scenarios: 20, first: true };

  it('is kept for as long as it answers what is asked, and nothing it was found with has changed', () => {
    const kept = new Kept(folder);
    kept.keep('met', ['core', 'fault'], depth, { met: 'calm 3', noticed: null });
    kept.keep('unmet', ['core', 'fault'], depth, { met: null, noticed: null });
    const again = new Kept(folder);
    const asks = (name: string, bundles: readonly string[], asked: Partial<Depth>): boolean =>
      again.verdictOn(name, bundles, { ...depth, ...asked }) !== null;
    assert.ok(asks('met', ['core', 'fault'], { seed: 2, scenarios: 1_000 }));
    assert.ok(!asks('met', ['core', 'fault'], { first: false }), 'whether it breaks a promise');
    assert.ok(!asks('met', ['core', 'another'], {}));
    assert.ok(!asks('another', ['core', 'fault'], {}));
    assert.ok(asks('unmet', ['core', 'fault'], { suites: ['calm'], scenarios: 10 }));
    assert.ok(!asks('unmet', ['core', 'fault'], { scenarios: 21 }));
    assert.ok(!asks('unmet', ['core', 'fault'], { seed: 2 }));
    assert.ok(!asks('unmet', ['core', 'fault'], { suites: ['crowd'] }));
  });
});
