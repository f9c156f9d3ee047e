// The agent struck in every stage of its life, two real drivers in virtual time: in the end exactly one of
// two has the address. That a process dies and leaves nothing is process-stages.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../../support/test.js';
import { inPlace, makePair, rests, startPair } from './pair.js';

describe('in every stage of the agent', () => {
  it('before it is ready, killed: the other one keeps the role', async () => {
    const pair = makePair();
    const { world, a, b } = pair;
    await b.start();
    await world.until('b holds', () => world.holders().join() === 'b');
    const from = world.story.end;
    await a.start();
    a.kill();
    await world.run(500);
    assert.deepEqual(world.story.lines(from, 'address'), [], 'nothing moves');
    assert.deepEqual(world.story.moves('b', from), []);
    await rests(pair, 'b');
  });

  it('at any instant of its start, killed: the other one has the role in the end', async () => {
    for (let instant = 0; instant <= 400; instant += 40) {
      const pair = makePair();
      const { world, a, b } = pair;
      await b.start();
      await world.until('b holds', () => world.holders().join() === 'b');
      const held = world.watch();
      await a.start();
      await world.run(instant);
      a.kill();
      await rests(pair, 'b');
      assert.equal(held().nobody, 0, `killed ${instant} ms after its start`);
    }
  });

  it('before it is ready, SIGSTOP: the other one keeps the role, and later it starts', async () => {
    const pair = makePair();
    const { world, a, b } = pair;
    await b.start();
    await world.until('b holds', () => world.holders().join() === 'b');
    await a.start();
    a.hang();
    await rests(pair, 'b');
    a.thaw();
    await inPlace(pair, 'a');
  });

  it('the agent as Backup, killed: nobody notices', async () => {
    const pair = await startPair();
    const { world, a, b } = pair;
    const from = world.story.end;
    b.kill();
    await world.run(1_000);
    assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
    assert.deepEqual(world.story.of('advertisement', from, 'b'), [], 'a Backup has no farewell');
    assert.ok(b.executor.process.dead, 'its executor ends');
    assert.equal(a.router().state, 'Active');
  });

  it('the agent as Active, killed: the other one has the address, alone', async () => {
    const pair = await startPair();
    const { world, a, b } = pair;
    const from = world.story.end;
    const held = world.watch();
    a.kill();
    await rests(pair, 'b');
    assert.equal(held().nobody, 0);
    assert.deepEqual(world.story.moves('b', from), ['Backup → Active, priority-zero']);
    assert.deepEqual(world.story.lines(from, 'address', 'advertisement').slice(0, 4), [
      'a executor advertises 0 to 224.0.0.18',
      'b has 10.99.0.100/24',
      'b advertises 100 to 224.0.0.18',
      'a has no 10.99.0.100/24',
    ]);
    assert.ok(a.executor.process.dead, 'its executor ends');
    assert.equal(b.router().state, 'Active');
  });

  it('the agent in mid-handover, killed: the other one has the address, alone', async () => {
    const pair = await startPair();
    const { world, a, b } = pair;
    const held = world.watch();
    b.hold();
    assert.equal(a.operate('failover'), null);
    await world.until('b takes over', () => b.router().state === 'Active');
    assert.deepEqual(world.holders(), ['a'], 'b is still putting the address on');
    a.kill();
    await world.run(20);
    assert.deepEqual(world.holders(), ['a'], 'kept for b, which has no address yet');
    b.release();
    await rests(pair, 'b');
    assert.equal(held().nobody, 0);
  });

  it('the agent at any instant of a handover, killed: never nobody, and then the other one', async () => {
    for (let instant = 0; instant <= 20; instant += 2) {
      const pair = await startPair();
      const { world, a } = pair;
      const held = world.watch();
      assert.equal(a.operate('failover'), null);
      await world.run(instant);
      a.kill();
      await rests(pair, 'b');
      assert.equal(held().nobody, 0, `killed ${instant} ms after the order`);
    }
  });

  it('the successor at any instant of a handover, killed: never nobody, and the role stays', async () => {
    for (let instant = 0; instant <= 20; instant += 2) {
      const pair = await startPair();
      const { world, a, b } = pair;
      const held = world.watch();
      assert.equal(a.operate('failover'), null);
      await world.run(instant);
      b.kill();
      await rests(pair, 'a');
      assert.equal(held().nobody, 0, `killed ${instant} ms after the order`);
    }
  });

  it('the agent as Backup, SIGSTOP: it stays Backup when it wakes', async () => {
    const pair = await startPair();
    const { world, b } = pair;
    const from = world.story.end;
    b.hang();
    await world.run(1_000);
    b.thaw();
    await world.run(1_000);
    assert.deepEqual(world.story.lines(from, 'address', 'transition'), []);
    assert.equal(b.router().state, 'Backup');
    assert.equal(b.events('stalled').length, 1, 'and says that it stood still');
  });

  it('the agent in mid-handover, SIGSTOP: the other one has the address, and it is killed', async () => {
    const pair = await startPair();
    const { world, a, b } = pair;
    b.hold();
    assert.equal(a.operate('failover'), null);
    await world.until('b takes over', () => b.router().state === 'Active');
    a.hang();
    await world.run(20);
    b.release();
    await rests(pair, 'b');
    await world.until('a is killed', () => !a.running);
    await world.until('its executor ends', () => a.executor.process.dead);
    await rests(pair, 'b');
  });
});
