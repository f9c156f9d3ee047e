// The real core, several times, in worlds drawn from a seed. The seed is printed first, the command that
// repeats a failure last. SEED draws other worlds; RUNS as many of each suite; SHRINK=0 stops at the
// first failure. What is promised, and within which bounds: docs/INVARIANTS.md.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from '../support/test.js';
import * as fc from 'fast-check';
import { KINDS } from './kinds.js';
import {
  CALM,
  CROWD,
  repeatOf,
  SINGLE,
  STORMY,
  UNUSUAL,
  VIRTUAL_MAC,
  WITNESSED,
  type Suite,
} from './suites.js';
import { Tally } from './tally.js';
import { TEST_LIMIT_MS } from '../support/limits.js';

const { env } = process;
/** In CI the same worlds each time: a change is judged by what it changed. */
const DRAWN = env['CI'] === 'true' ? 9_568 : Date.now() % 1_000_000_000;
const SEED = Number(env['SEED'] ?? DRAWN);
/** Longer than this is a hang: the everyday run takes seconds. Before the test itself is ended. */
const TIME_LIMIT = Number(env['TIME_LIMIT'] ?? 0.9 * TEST_LIMIT_MS);
const REPEAT = 'node --enable-source-maps --test dist/test/sim/sim.test.js';

/** In CI ten times as many scenarios as every day. */
const SHARE = env['CI'] === 'true' ? 1 : 0.1;

const total = new Tally();

/** Plays one and says everything that happened. */
function show<Drawn>({ build: make, play: run }: Suite<Drawn>, drawn: Drawn): void {
  const stage = make(drawn, true);
  try {
    run(stage, drawn);
  } finally {
    console.log(stage.world.journal.join('\n'));
  }
}

function holds<Drawn>(context: TestContext, suite: Suite<Drawn>): void {
  const { name } = suite;
  const given = env['SCENARIO'];
  if (given !== undefined) {
    if (env['SUITE'] === name) show(suite, JSON.parse(given) as Drawn);
    else context.skip('another suite was asked for');
    return;
  }
  const numRuns = Number(env['RUNS'] ?? Math.ceil(suite.runs * SHARE));
  console.log(`${name}: SEED=${SEED} RUNS=${numRuns}`);
  const tally = new Tally();
  const details = fc.check(
    fc.property(suite.drawn, (drawn) => {
      const stage = suite.build(drawn, false);
      try {
        suite.play(stage, drawn);
      } finally {
        tally.add(stage);
        total.add(stage);
      }
    }),
    {
      seed: SEED,
      numRuns,
      interruptAfterTimeLimit: TIME_LIMIT,
      markInterruptAsFailure: true,
      endOnFailure: env['SHRINK'] === '0',
    },
  );
  context.diagnostic(`${name}: ${tally.summary}; closest to a bound: ${tally.closest.join(', ')}`);
  if (details.failed) fails(suite, details);
}

/** The journal of the smallest that fails, what was found, and the command that repeats it. */
function fails<Drawn>(suite: Suite<Drawn>, details: fc.RunDetails<[Drawn]>): never {
  const [smallest] = details.counterexample ?? [];
  const { errorInstance: error } = details;
  const found = error instanceof Error ? error.message : `no end after ${TIME_LIMIT} ms`;
  if (smallest === undefined) {
    console.log(`${found}\nSEED=${SEED} RUNS=${details.numRuns} ${REPEAT}`);
  } else {
    assert.throws(() => show(suite, smallest));
    console.log(`${found}\nafter ${details.numRuns} scenarios; the smallest that fails again:`);
    console.log(repeatOf(suite, smallest));
  }
  assert.fail(`${suite.name}: ${found}`);
}

describe('appliances in a world drawn from a seed', () => {
  it('single: one fault costs what it must, moves whom it must, and its repair nothing', (context) => {
    holds(context, SINGLE);
  });

  it('stormy: whatever fails, the promises hold; once healed, the best one holds', (context) => {
    holds(context, STORMY);
  });

  it('calm: planned changes and crashes lose nothing', (context) => {
    holds(context, CALM);
  });

  it('witnessed: with a witness two never hold, though nothing connects them', (context) => {
    holds(context, WITNESSED);
  });

  it('crowd: so they do with five to eight, whose settings reach one after the other', (context) => {
    holds(context, CROWD);
  });

  it('virtual-mac: a Backup has no macvlan up, and the switch knows who holds', (context) => {
    holds(context, VIRTUAL_MAC);
  });

  it('unusual: an address owner, old checksums, a path of IPv6, timers that wake late', (context) => {
    holds(context, UNUSUAL);
  });

  it('everything that can be drawn or decided has been', (context) => {
    const [rarest] = KINDS.map((kind) => [total.counts.get(kind) ?? 0, kind] as const).toSorted(
      ([one], [other]) => one - other,
    );
    context.diagnostic(`in all ${total.summary}; rarest: ${rarest?.join(' ')}`);
    if (env['SCENARIO'] !== undefined || Number(env['RUNS'] ?? SINGLE.runs * SHARE) < SINGLE.runs) {
      context.skip('only a full run sees everything');
      return;
    }
    assert.deepEqual(
      KINDS.filter((kind) => !total.counts.has(kind)),
      [],
      'each kind at least once',
    );
  });
});
