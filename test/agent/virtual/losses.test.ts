// The kernel loses what an Active holds while nobody looks: between two drivers, in virtual time.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { inPlace, rests, startLone, startPair } from './pair.js';

/** Of two scripts, each of which waits for the end of another one, in microseconds. */
const SCRIPTS = 20_000;

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

describe('the interface gets another name while its agent is Active', () => {
  it('the addresses go at once, and the peer has them', async () => {
    const pair = await startPair({ leaseSeconds: 0 });
    const { world, a } = pair;
    const held = world.watch();
    const from = world.story.end;
    a.renameInterface('lan0');
    await rests(pair, 'b');
    assert.deepEqual(world.story.moves('a', from), ['Active → Initialize, interface-renamed']);
    assert.ok(held().both <= SCRIPTS, `both for ${held().both} µs`);
    assert.ok(held().nobody <= SCRIPTS, `nobody for ${held().nobody} µs`);
  });

  // While the first script runs, when it has just ended, and later.
  for (const back of [1, 4, 5, 6, 9, 11, 40]) {
    it(`and its own again ${back} ms later: nothing is left behind`, async () => {
      const pair = await startPair({ leaseSeconds: 0 });
      const { world, a } = pair;
      const held = world.watch();
      a.renameInterface('lan0');
      await world.run(back);
      a.renameInterface('eth0');
      await inPlace(pair);
      await rests(pair, 'a');
      assert.ok(held().both <= 4 * SCRIPTS, `both for ${held().both} µs`);
    });
  }

  it('another interface takes the old one: nothing stays on the one that was renamed', async () => {
    const pair = await startPair({ leaseSeconds: 0 });
    const { world, a } = pair;
    a.kernel.quietly(() => {
      a.renameInterface('lan0');
      a.addOtherInterface('eth0');
    });
    await world.until('a has none on the LAN', () => !a.has());
  });

  it('alone: they go, and are back with the name', async () => {
    const pair = await startLone({ leaseSeconds: 0 });
    const { world, a } = pair;
    a.renameInterface('lan0');
    await world.until('nobody holds', () => world.holders().length === 0);
    a.renameInterface('eth0');
    await rests(pair, 'a');
  });

  it('and dies before it hears of it: its executor goes by the index', async () => {
    const pair = await startPair({ leaseSeconds: 0 });
    const { a } = pair;
    a.hang();
    a.renameInterface('lan0');
    a.kill();
    await rests(pair, 'b');
  });

  it('and its lease lapses before it hears of it: the same', async () => {
    const pair = await startPair({ leaseSeconds: 0 });
    const { world, a } = pair;
    a.hang();
    a.renameInterface('lan0');
    await world.until('only b holds', () => world.holders().join() === 'b');
    a.thaw();
    await rests(pair, 'b');
  });
});
