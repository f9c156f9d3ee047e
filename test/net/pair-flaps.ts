// Flaps, their latch, hardware bypass and suspension, with a fake relay. No planned moves.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { now } from '../../scripts/lab/clock.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { BYPASS_SEGMENT, type PairSpec } from '../../scripts/lab/pair-program.js';
import { assertLost, moment, type PairBench } from './pair-bench.js';
import { describePair } from './pair-suite.js';

const MAXIMUM_FLAPS = 2;

const SPEC: PairSpec = {
  ha: { maximumFlaps: MAXIMUM_FLAPS, flapWindowSeconds: 900 },
  router: { advertisementIntervalMs: 100 },
  bypass: true,
};

/** What the relay says, not what the agent says of it. */
function relay({ lab }: PairBench, name: ApplianceName): string {
  const file = `${lab.appliance(name).directory}/relay/${BYPASS_SEGMENT}.state`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : 'inline';
}

/**
 * Pulls the cable of an Active, each time after it took its role back, until it has lost its role once more than it may.
 * Where this machine stood still before, it may have lost it already: those are forgotten first, and count afterwards.
 */
async function flap(bench: PairBench, name: ApplianceName): Promise<void> {
  const count = (): number => bench.status(name)?.flaps.count ?? 0;
  if (count() > 0) {
    await bench.command(name, 'flaps', 'clear');
    await bench.waitFor(`no flap at ${name}`, () => count() === 0);
  }
  for (let pulls = 0; pulls <= MAXIMUM_FLAPS && count() <= MAXIMUM_FLAPS; pulls += 1) {
    await bench.waitFor(`${name} is Active`, () => bench.allAre(name, 'Active'));
    const before = count();
    const plug = await bench.unplug(name);
    await bench.waitFor(`more than ${before} flaps at ${name}`, () => count() > before);
    await plug();
  }
}

const reason = (bench: PairBench, name: ApplianceName): string | undefined =>
  bench.status(name)?.virtualRouters[0]?.reason;

export function defineFlaps(skip: string | false): void {
  describePair('flaps', { skip, spec: SPEC }, (test) => {
    test('too many at the primary: hardware bypass, until it is released', async (bench) => {
      const from = now();
      await bench.observe(`${MAXIMUM_FLAPS + 1} cable pulls`, async () => {
        await flap(bench, 'a');
        await bench.waitFor('a is bypassed', () => bench.status('a')?.bypass.actual === 'bypass');
      });
      assert.equal(relay(bench, 'a'), 'bypass');
      await bench.waitForEvent('a', 'latched', from);
      assert.equal(bench.events('a', 'flap', from).length, MAXIMUM_FLAPS + 1);

      await bench.observeStill('plugged in again, latched', () => moment());
      assert.deepEqual(await bench.lab.holders('10.99.0.100'), ['b']);
      await bench.waitFor('a says why', () => reason(bench, 'a') === 'bypassed');

      const seen = await bench.observeMove('bypass release', 'a', () =>
        bench.command('a', 'bypass', 'release'),
      );
      assertLost(seen, 0);
      assert.equal(relay(bench, 'a'), 'inline');
      await bench.waitFor('flaps are forgotten', () => bench.status('a')?.flaps.count === 0);
    });

    test('the latch outlives a power cut', async (bench) => {
      await flap(bench, 'a');
      await bench.waitFor('a is bypassed', () => bench.status('a')?.bypass.actual === 'bypass');
      const restore = await bench.lab.powerCut('a', bench.probed);
      await restore();
      bench.start('a');
      await bench.waitFor('a is still bypassed', () => reason(bench, 'a') === 'bypassed');
      assert.equal(bench.status('a')?.flaps.count, MAXIMUM_FLAPS + 1);
      assert.deepEqual(await bench.lab.holders('10.99.0.100'), ['b']);
      await bench.command('a', 'bypass', 'release');
      await bench.settled('a');
    });

    test('too many at the other instance: suspended, until the flaps are cleared', async (bench) => {
      await bench.a.stop();
      await flap(bench, 'b');
      await bench.waitFor('b is suspended', () => reason(bench, 'b') === 'suspended');
      assert.equal(relay(bench, 'b'), 'inline', 'only the primary goes into bypass');
      await bench.waitForHolders([]);
      await moment();
      assert.deepEqual(await bench.lab.holders('10.99.0.100'), []);
      await bench.command('b', 'flaps', 'clear');
      await bench.waitForHolders(['b']);
    });

    test('bypass engage and release by an operator', async (bench) => {
      const there = await bench.observeMove('bypass engage', 'b', async () => {
        await bench.command('a', 'bypass', 'engage');
        await bench.waitFor('the relay follows', () => relay(bench, 'a') === 'bypass');
      });
      assertLost(there, 0);
      const back = await bench.observeMove('bypass release', 'a', () =>
        bench.command('a', 'bypass', 'release'),
      );
      assertLost(back, 0);
    });
  });
}
