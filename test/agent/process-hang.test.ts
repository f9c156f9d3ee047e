// An agent that hangs while it is Active: its lease lapses, its successor has the address alone, and
// when it wakes it listens before it says or adds anything.
import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, describe, it } from '../support/test.js';
import { setTimeout as pause } from 'node:timers/promises';
import type { Kernel } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { AddressWatch } from './lan.js';
import { gone, PairHouse, stopped } from './pair-house.js';

const skip = enterNamespace(import.meta.url);

describe('a hang', { skip }, () => {
  const house = new PairHouse();
  let kernel: Kernel;
  let watch: AddressWatch;
  before(() => {
    joinPeer();
    kernel = openKernel();
  });
  beforeEach(() => {
    watch = new AddressWatch(kernel);
  });
  afterEach(async () => {
    watch.close();
    await house.close();
  });

  it('of the Active: the address goes to the other one; who wakes says so and may come back', async (t) => {
    const { a, b } = await house.startPair();
    const executor = house.executor(a);
    const from = a.lines.length;
    const stoppedAt = performance.now();
    a.signal('SIGSTOP');
    await b.transition('Active');
    const taken = performance.now() - stoppedAt;
    await watch.next('address-removed');
    t.diagnostic(
      `taken over after ${Math.round(taken)} ms, alone after ${Math.round(performance.now() - stoppedAt)} ms`,
    );
    await house.until('b');
    a.signal('SIGCONT');
    assert.equal((await a.transition('Backup', from)).reason, 'lease-lapsed');
    assert.match(a.stderr, /another router is Active: its lease has lapsed/);
    // It is the better one, and takes the role back by the usual rules: with a successor that yields.
    await a.transition('Active', from);
    await house.until('a');
    assert.equal(house.executor(a), executor, 'the executor went on serving');
    const { health, flaps } = await a.status();
    assert.deepEqual([health.state, flaps.count], ['healthy', 1]);
  });

  it('that does not end: it is killed, and nothing is left', async () => {
    const { a } = await house.startPair();
    const executor = house.executor(a);
    a.signal('SIGSTOP');
    await house.until('b');
    assert.deepEqual(await a.exited, { code: null, signal: 'SIGKILL' });
    await gone(executor);
    assert.match(a.stderr, /killing process \d+, so that it is started again/);
    await house.until('b');
  });

  it('of an endless loop is one too', async () => {
    const a = house.start(
      'a',
      {},
      { preload: `data:text/javascript,process.on('SIGWINCH',()=>{for(;;);})` },
    );
    await a.transition('Active');
    const b = house.start('b');
    await b.transition('Backup');
    await b.until(({ peers }) => peers[0]?.state === 'healthy');
    house.executor(a);
    a.signal('SIGWINCH');
    await b.transition('Active');
    await house.until('b');
    assert.deepEqual(await a.exited, { code: null, signal: 'SIGKILL' });
  });

  it('of one alone costs nothing: the address stays, and so does the role', async () => {
    const a = house.start('a', { lone: true });
    await a.transition('Active');
    await house.until('a');
    const executor = house.executor(a);
    const { since } = await a.router();
    a.signal('SIGSTOP');
    while (!a.stderr.includes('farewell sent; the addresses stay')) await pause(20);
    await house.until('a');
    a.signal('SIGCONT');
    const { virtualRouters } = await a.until(({ health }) => health.state === 'healthy');
    assert.deepEqual([virtualRouters[0]?.state, virtualRouters[0]?.since], ['Active', since]);
    await house.until('a');
    await a.end('SIGTERM');
    await gone(executor);
    await house.until();
  });

  it('of one alone that does not end: killed, and only then the address goes', async () => {
    const a = house.start('a', { lone: true });
    await a.transition('Active');
    await house.until('a');
    const executor = house.executor(a);
    a.signal('SIGSTOP');
    assert.deepEqual(await a.exited, { code: null, signal: 'SIGKILL' });
    await gone(executor);
    await house.until();
  });

  it('of agent and executor: the address expires, and who wakes listens first', async () => {
    const { a, b } = await house.startPair({
      // The role must not move by a stall of this machine: it would not come back.
      router: { preempt: false, advertisementIntervalMs: 300 },
      checkMs: 300,
    });
    const executor = house.executor(a);
    const from = a.lines.length;
    a.signal('SIGSTOP');
    process.kill(executor, 'SIGSTOP');
    await Promise.all([stopped(a.pid), stopped(executor)]);
    await b.transition('Active');
    await house.until('b');
    await watch.next('address-removed');
    assert.equal(watch.changes.size, 0);
    process.kill(executor, 'SIGCONT');
    a.signal('SIGCONT');
    assert.equal((await a.transition('Backup', from)).reason, 'lease-lapsed');
    await a.until(
      ({ virtualRouters }) => (virtualRouters[0]?.counters.advertisementsReceived ?? 0) > 5,
    );
    assert.equal(watch.changes.size, 0, 'it was never put back');
    await house.until('b');
  });

  it('of agent and executor, one alone: the address expires, and comes back', async () => {
    const a = house.start('a', { lone: true });
    await a.transition('Active');
    await house.until('a');
    const executor = house.executor(a);
    const from = a.lines.length;
    a.signal('SIGSTOP');
    process.kill(executor, 'SIGSTOP');
    await house.until();
    a.signal('SIGCONT');
    process.kill(executor, 'SIGCONT');
    await a.transition('Active', from);
    await house.until('a');
  });
});
