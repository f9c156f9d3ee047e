// The executor struck in every stage of its life, and both processes at once, in virtual time: in the end
// exactly one of two has the address (none, when there is one alone). The slot is the real one, the executor
// a model: that a real one is replaced is process-stages.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import type { Appliance } from './appliance.js';
import { makePair, rests, startLone, startPair } from './pair.js';

const STROKES = {
  SIGKILL: (appliance: Appliance) => appliance.executor.kill('the executor was killed by SIGKILL'),
  SIGSTOP: (appliance: Appliance) => appliance.executor.stop(),
} as const;

const SAYS = {
  SIGKILL: 'the executor was killed by SIGKILL; starting another',
  SIGSTOP: 'the executor did nothing for 1000 ms and was killed; starting another',
} as const;

describe('in every stage of the executor', () => {
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    it(`the executor as Backup, ${signal}: it is replaced, and the next takes over`, async () => {
      const pair = await startPair();
      const { world, a, b } = pair;
      const former = b.executor;
      STROKES[signal](b);
      await world.until('another one', () => b.executor !== former && former.process.dead);
      assert.deepEqual(b.said, [SAYS[signal], 'running']);
      const held = world.watch();
      a.kill();
      await rests(pair, 'b');
      assert.equal(held().nobody, 0);
    });

    it(`the executor as Active, ${signal}: it is replaced, role and address stay`, async () => {
      const pair = await startPair();
      const { world, a } = pair;
      const from = world.story.end;
      const held = world.watch();
      const former = a.executor;
      STROKES[signal](a);
      await world.until('another one', () => a.executor !== former && former.process.dead);
      assert.deepEqual(a.said, [SAYS[signal], 'running']);
      // Longer than the lifetime of the addresses: it is the next one that renews them.
      await world.run(6_000);
      assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
      a.kill();
      await rests(pair, 'b');
      assert.equal(held().nobody, 0, 'and knows the last will');
      assert.equal(world.story.of('advertisement', from, 'a').at(-1)?.priority, 0);
    });

    it(`the executor in mid-script, ${signal}: the script runs again on the next`, async () => {
      const pair = makePair({ lone: true });
      const { world, a } = pair;
      a.hold();
      await a.start();
      await world.until('a takes over', () => a.router().state === 'Active');
      const former = a.executor;
      const from = world.story.end;
      STROKES[signal](a);
      await world.until('another one', () => a.executor !== former && former.process.dead);
      a.release();
      await rests(pair, 'a');
      assert.deepEqual(world.story.moves('a', from), [], 'no script has failed');
      await a.stop();
      await rests(pair);
    });

    it(`the executor in mid-will, ${signal}: the kernel removes the address`, async () => {
      const pair = await startPair();
      const { world, a, b } = pair;
      a.hold(); // the release does not come to its end
      a.kill();
      await world.until('b takes over', () => b.router().state === 'Active');
      STROKES[signal](a);
      await rests(pair, 'b');
    });
  }

  it('a release that hangs in mid-will: it is killed, and the kernel removes the address', async () => {
    const pair = await startPair();
    const { world, a } = pair;
    const from = world.story.end;
    a.hold();
    a.kill();
    await rests(pair, 'b');
    await world.until('its executor ends', () => a.executor.process.dead);
    assert.ok(world.story.lines(from, 'process').includes('a release: killed at its deadline'));
  });

  /** Both die, and nobody does the last will. */
  const killBoth = (appliance: Appliance): void => {
    appliance.hang();
    appliance.executor.kill('killed');
    appliance.kill();
  };

  it('both killed: the other one takes over, and the address expires', async () => {
    const pair = await startPair();
    const { world, a } = pair;
    const from = world.story.end;
    const held = world.watch();
    killBoth(a);
    await rests(pair, 'b');
    assert.equal(held().nobody, 0);
    assert.deepEqual(world.story.of('advertisement', from, 'a'), [], 'nobody has said farewell');
  });

  it('both killed, one alone: the address expires, and the next start has it again', async () => {
    const pair = await startLone();
    const { a } = pair;
    killBoth(a);
    await rests(pair);
    await a.start();
    await rests(pair, 'a');
  });

  it('both killed, and started again before it expires: never gone', async () => {
    const pair = await startLone();
    const { world, a } = pair;
    const from = world.story.end;
    killBoth(a);
    await world.run(500);
    await a.start();
    await world.run(5_000);
    assert.deepEqual(world.story.lines(from, 'address'), []);
    assert.equal(a.router().state, 'Active');
  });
});
