// The kernel loses what an Active holds while nobody looks: between two drivers, in virtual time.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { inPlace, rests, startLone, startPair } from './pair.js';

describe('the interface is made again while the agent stands still', () => {
  // Shorter and longer than the peer needs to take over, and than the agent needs to notice its stall.
  for (const standsStill of [20, 120, 180, 240, 400, 1_500]) {
    it(`${standsStill} ms: one holder, and not for ever nobody`, async () => {
      const pair = await startPair();
      const { world, a } = pair;
      a.hang();
      a.deleteInterface();
      await world.run(standsStill);
      a.makeInterface();
      a.thaw();
      await world.until('one holder', () => world.holders().length === 1, 1_000);
      await inPlace(pair);
    });

    it(`${standsStill} ms, alone: it is put back`, async () => {
      const pair = await startLone();
      const { world, a } = pair;
      a.hang();
      a.deleteInterface();
      await world.run(standsStill);
      a.makeInterface();
      a.thaw();
      await world.until('a holds', () => world.holders().join() === 'a', 1_000);
      assert.ok(a.has());
      await rests(pair, 'a');
    });
  }
});
