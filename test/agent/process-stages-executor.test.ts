// The executor struck in every stage of its life, and both processes at once: in the end exactly one
// of two has the address (none, when there is one alone), and no process is left.
import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from '../support/test.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { gone, PairHouse, stopped } from './pair-house.js';

const skip = enterNamespace(import.meta.url);

describe('in every stage of the executor', { skip }, () => {
  const house = new PairHouse();
  before(() => joinPeer());
  afterEach(() => house.close());

  async function startPair() {
    const { a, b } = await house.startPair();
    return { a, b, ofA: house.executor(a), ofB: house.executor(b) };
  }

  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    it(`the executor as Backup, ${signal}: it is replaced, and the next takes over`, async () => {
      const { a, b, ofB } = await startPair();
      const from = b.lines.length;
      process.kill(ofB, signal);
      await b.line(({ msg }) => msg.includes('starting another'), from);
      await gone(ofB);
      await b.until(({ health }) => !health.reasons.join().includes('executor'));
      house.executor(b);
      a.signal('SIGKILL');
      await b.transition('Active', from);
      await house.until('b');
    });

    it(`the executor as Active, ${signal}: it is replaced, role and address stay`, async () => {
      const { a, b, ofA } = await startPair();
      const { since } = await a.router();
      const from = a.lines.length;
      process.kill(ofA, signal);
      const { msg } = await a.line((line) => line.msg.includes('starting another'), from);
      assert.match(msg, signal === 'SIGKILL' ? /killed by SIGKILL/ : /did nothing for 1000 ms/);
      await gone(ofA);
      await a.until(({ health }) => !health.reasons.join().includes('executor'));
      const next = house.executor(a);
      await house.until('a');
      assert.deepEqual([(await a.router()).since, b.transitions().length], [since, 1]);
      a.signal('SIGKILL');
      await gone(next);
      await house.until('b');
    });

    it(`the executor in mid-script, ${signal}: the script runs again on the next`, async () => {
      house.hold('a');
      const a = house.start('a', { lone: true });
      await a.transition('Active');
      const former = house.executor(a);
      process.kill(former, signal);
      await a.line(({ msg }) => msg.includes('starting another'));
      await gone(former);
      house.release('a');
      await house.until('a');
      await a.until(({ health }) => health.state === 'healthy');
      const next = house.executor(a);
      await a.end('SIGTERM');
      await gone(next);
      await house.until();
    });

    it(`the executor in mid-will, ${signal}: the kernel removes the address`, async () => {
      const { a, b, ofA } = await startPair();
      house.hold('a'); // the release does not come to its end
      a.signal('SIGKILL');
      await b.transition('Active');
      process.kill(ofA, signal);
      await house.until('b');
    });
  }

  it('a release that hangs in mid-will: it is killed, and the kernel removes the address', async () => {
    const { a, b, ofA } = await startPair();
    house.hold('a');
    a.signal('SIGKILL');
    await b.transition('Active');
    await house.until('b');
    await gone(ofA);
    assert.match(a.stderr, /release program: killed at its deadline/);
  });

  it('both killed: the other one takes over, and the address expires', async () => {
    const { a, b, ofA } = await startPair();
    a.signal('SIGSTOP');
    await stopped(a.pid);
    process.kill(ofA, 'SIGKILL');
    a.signal('SIGKILL');
    await Promise.all([a.exited, gone(ofA)]);
    await b.transition('Active');
    await house.until('b');
  });

  it('both killed, one alone: the address expires, and the next start has it again', async (t) => {
    const a = house.start('a', { lone: true });
    await house.until('a');
    const executor = house.executor(a);
    a.signal('SIGSTOP');
    await stopped(a.pid);
    process.kill(executor, 'SIGKILL');
    const killedAt = performance.now();
    a.signal('SIGKILL');
    await Promise.all([a.exited, gone(executor)]);
    await house.until();
    t.diagnostic(`gone ${Math.round(performance.now() - killedAt - 100)} ms after the kill`);
    const next = house.start('a', { lone: true });
    await next.transition('Active');
    await house.until('a');
  });
});
