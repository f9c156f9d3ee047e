// Messages of peers that only confirm what is known wake nobody, and neither do checks that they answer; and whatever happens to the pair, it happens at the same
// instant as where each of them does. In virtual time. Which messages those are is test/peer-channel/confirmations.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { startPair, type Pair, type Wanted } from './pair.js';
import { ALL_TRAFFIC } from './world.js';

/** What may befall the pair, at an instant that is no round one of either side. */
const TROUBLES: Readonly<Record<string, (pair: Pair) => unknown>> = {
  'a power cut of the Active': ({ world }) => world.cut(ALL_TRAFFIC, 'a'),
  'a power cut of the Backup': ({ world }) => world.cut(ALL_TRAFFIC, 'b'),
  'the HA link is cut': ({ world }) => world.cut(['ha-link']),
  'the LAN is cut': ({ world }) => world.cut(['multicast', 'unicast', 'ha-lan'], 'a'),
  'the Active hangs': ({ a }) => a.hang(),
  'the Backup hangs': ({ b }) => b.hang(),
  'the Active is stopped': ({ a }) => a.stop(),
  'the role is handed over': ({ a }) => a.operate('failover'),
};

/** What came of it, and when, in microseconds after it. */
async function outcome(
  trouble: (pair: Pair) => unknown,
  wanted: Wanted,
  delay: number,
): Promise<{ story: unknown[]; confirmed: number; checked: number }> {
  const pair = await startPair(wanted);
  const { world } = pair;
  await world.run(500 + delay);
  const [from, at] = [world.story.end, world.now];
  await trouble(pair);
  await world.run(1_500);
  const told = (['transition', 'address'] as const).flatMap((kind) => world.story.of(kind, from));
  return {
    story: told.map((one) => ({ ...one, at: one.at - at })),
    confirmed: world.confirmed,
    checked: world.checked,
  };
}

const IN_CI = process.env['CI'] === 'true';
const WAYS: readonly (readonly [Wanted, number])[] = [
  [{}, 13],
  [{ intervalMs: 1_000, checkMs: 100 }, 71],
];

describe('what only confirms wakes nobody', () => {
  for (const [what, trouble] of Object.entries(TROUBLES).slice(0, IN_CI ? undefined : 1)) {
    it(`${what}: the same follows, at the same instant`, async () => {
      for (const [wanted, delay] of WAYS.slice(0, IN_CI ? undefined : 1)) {
        const quiet = await outcome(trouble, wanted, delay);
        const told = await outcome(trouble, { ...wanted, confirms: false }, delay);
        assert.deepEqual(quiet.story, told.story);
        assert.deepEqual([told.confirmed, told.checked], [0, 0]);
        assert.ok(quiet.confirmed > 0, 'nobody was woken for some');
        assert.ok(quiet.checked > 0, 'nor for some checks');
      }
    });
  }
});
