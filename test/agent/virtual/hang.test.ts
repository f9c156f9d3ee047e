// An agent that hangs while it is Active, in virtual time: its lease lapses, its successor has the address
// alone, and when it wakes it listens before it says or adds anything.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { rests, startLone, startPair } from './pair.js';

describe('a hang', () => {
  it('of the Active: the address goes to the other one; who wakes says so and may come back', async () => {
    const pair = await startPair();
    const { world, a } = pair;
    const { executor } = a;
    const from = world.story.end;
    const held = world.watch();
    a.hang();
    await rests(pair, 'b');
    assert.equal(held().nobody, 0);
    assert.deepEqual(world.story.moves('a', from), [], 'it is not asked');
    assert.deepEqual(world.story.lines(from, 'process', 'address'), [
      'a agent stopped',
      'a lease revoked',
      'b has 10.99.0.100/24',
      'a has no 10.99.0.100/24',
    ]);
    assert.match(world.story.moves('b', from).join(), /^Backup → Active, (peer-dead|no-response)$/);

    const woken = world.story.end;
    a.thaw();
    await world.until('a is Backup', () => a.router().state === 'Backup');
    assert.deepEqual(world.story.moves('a', woken), ['Active → Backup, lease-lapsed']);
    // It is the better one, and takes the role back by the usual rules: with a successor that yields.
    await rests(pair, 'a');
    assert.deepEqual(world.story.of('advertisement', woken, 'a')[0]?.priority, 200);
    assert.equal(a.executor, executor, 'the executor went on serving');
    assert.equal(a.driver.flapCount(), 1);
    assert.equal(held().nobody, 0);
  });

  it('that wakes says nothing and adds nothing before it has heard the other one', async () => {
    const pair = await startPair({ router: { preempt: false } });
    const { world, a, b } = pair;
    a.hang();
    await rests(pair, 'b');
    const from = world.story.end;
    a.thaw();
    await world.run(2_000);
    assert.deepEqual(world.story.of('advertisement', from, 'a'), []);
    assert.deepEqual(world.story.of('announcement', from, 'a'), []);
    assert.deepEqual(world.story.of('address', from), []);
    assert.equal(b.router().state, 'Active');
    assert.equal(a.router().state, 'Backup');
    assert.equal(a.executor.process.dead, false);
  });

  it('that ends before anybody has noticed costs nothing', async () => {
    const pair = await startPair();
    const { world, a } = pair;
    const from = world.story.end;
    a.hang();
    await world.run(60);
    a.thaw();
    await rests(pair, 'a');
    assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
  });

  it('of any length: never nobody, and one holder in the end', async () => {
    for (let length = 40; length <= 520; length += 80) {
      const pair = await startPair();
      const { world, a, b } = pair;
      const held = world.watch();
      a.hang();
      await world.run(length);
      a.thaw();
      await world.run(1_500);
      await rests(pair, 'a');
      assert.equal(held().nobody, 0, `a hang of ${length} ms`);
      assert.deepEqual([a.router().state, b.router().state], ['Active', 'Backup']);
    }
  });

  it('of the Backup for some checks: what the peer has said meanwhile comes before the clock', async () => {
    for (let length = 100; length <= 1_000; length += 150) {
      // No silence of Active_Down_Interval, so it does not know that it stood still.
      const pair = await startPair({ intervalMs: 1_000 });
      const { world, b } = pair;
      const from = world.story.end;
      const told = b.records.length;
      b.hang();
      await world.run(length);
      b.thaw();
      await world.run(2_000);
      assert.deepEqual(world.story.lines(from, 'address', 'transition'), [], `${length} ms`);
      assert.deepEqual(b.events('peer-unhealthy', told), [], `${length} ms`);
    }
  });

  it('that does not end: it is killed, and nothing is left', async () => {
    const pair = await startPair();
    const { world, a } = pair;
    const from = world.story.end;
    a.hang();
    await rests(pair, 'b');
    await world.until('a is killed', () => !a.running);
    assert.ok(world.story.lines(from, 'process').includes('a killed by its executor'));
    await world.until('its executor ends', () => a.executor.process.dead);
    await rests(pair, 'b');
  });

  it('of one alone costs nothing: the address stays, and so does the role', async () => {
    const pair = await startLone();
    const { world, a } = pair;
    const from = world.story.end;
    a.hang();
    await world.until('the farewell', () =>
      world.story.lines(from, 'process').includes('a farewell sent; the addresses stay'),
    );
    await rests(pair, 'a');
    a.thaw();
    await rests(pair, 'a');
    assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
    assert.equal(a.router().state, 'Active');
    await a.stop();
    await rests(pair);
  });

  it('of one alone that does not end: killed, and only then the address goes', async () => {
    const pair = await startLone();
    const { world, a } = pair;
    a.hang();
    await world.until('a is killed', () => !a.running);
    assert.deepEqual(world.holders(), ['a'], 'better a hung Active than none');
    await rests(pair);
    assert.ok(a.executor.process.dead);
  });

  it('of agent and executor: the address expires, and who wakes listens first', async () => {
    const pair = await startPair({ router: { preempt: false } });
    const { world, a, b } = pair;
    const held = world.watch();
    a.hang();
    a.executor.stop();
    await world.until('b has it too', () => world.holders().join() === 'a,b');
    await rests(pair, 'b');
    assert.equal(held().nobody, 0);
    const from = world.story.end;
    a.executor.thaw();
    a.thaw();
    await world.run(2_000);
    assert.deepEqual(world.story.moves('a', from), ['Active → Backup, lease-lapsed']);
    assert.deepEqual(world.story.of('address', from), [], 'it was never put back');
    assert.deepEqual(world.story.of('advertisement', from, 'a'), []);
    assert.equal(b.router().state, 'Active');
  });

  it('of agent and executor in the middle of a wake-up: what was to be sent is not sent', async () => {
    const pair = await startPair({ router: { preempt: false } });
    const { world, a, b } = pair;
    const begin = world.story.end;
    a.stopsBeforeSending = true;
    await world.until('a has no word more', () => !a.stopsBeforeSending);
    assert.deepEqual(world.story.of('advertisement', begin, 'a'), []);
    a.executor.stop();
    await rests(pair, 'b');
    const from = world.story.end;
    a.executor.thaw();
    a.thaw();
    await world.run(2_000);
    assert.deepEqual(world.story.of('advertisement', from, 'a'), []);
    assert.deepEqual(world.story.moves('a', from), ['Active → Backup, lease-lapsed']);
    assert.deepEqual(world.story.moves('b', from), [], 'it obeys nobody');
    assert.equal(b.router().state, 'Active');
  });

  it('of agent and executor, one alone: the address expires, and comes back', async () => {
    const pair = await startLone();
    const { a } = pair;
    a.hang();
    a.executor.stop();
    await rests(pair);
    a.thaw();
    a.executor.thaw();
    await rests(pair, 'a');
    assert.equal(a.router().state, 'Active');
  });

  it('of the whole host: what the executor was late itself is no silence of the agent', async () => {
    const pair = await startLone({ leaseSeconds: 30 });
    const { world, a } = pair;
    const from = world.story.end;
    a.hang();
    a.executor.stop();
    await world.run(10_000);
    a.executor.thaw();
    await world.run(10);
    a.thaw();
    await world.run(1_000);
    assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
    assert.ok(a.running, 'nobody is killed for a pause of the host');
  });
});
