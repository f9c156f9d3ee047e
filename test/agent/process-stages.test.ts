// Agent and executor struck in every stage of their life: in the end exactly one of two has the
// address (none, when there is one alone), and no process is left.
import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { createControlClient } from '../../src/control/client.js';
import { controlSocketPath } from '../../src/control/protocol.js';
import type { AgentProcess } from '../support/agent-process.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { atStart, gone, PairHouse, stopped } from './pair-house.js';

const skip = enterNamespace(import.meta.url);

/** Throws in the agent's process, out of nowhere, when told to. */
const preload = `data:text/javascript,process.on('SIGWINCH',()=>{throw new Error('injected')})`;

const DEATHS = ['SIGKILL', 'SIGSEGV', 'SIGWINCH'] as const;
const named = (signal: string): string => (signal === 'SIGWINCH' ? 'an exception' : signal);

describe('in every stage', { skip, timeout: 120_000 }, () => {
  const house = new PairHouse();
  before(() => joinPeer());
  afterEach(() => house.close());

  async function startPair(more: Parameters<PairHouse['startPair']>[0] = {}) {
    const a = house.start('a', more, { preload });
    await a.transition('Active');
    const b = house.start('b', more, { preload });
    await b.transition('Backup');
    await a.until(({ peers }) => peers[0]?.state === 'healthy');
    await b.until(({ peers }) => peers[0]?.state === 'healthy');
    await house.until('a');
    return { a, b, ofA: house.executor(a), ofB: house.executor(b) };
  }

  const failover = (agent: AgentProcess): Promise<unknown> =>
    createControlClient(controlSocketPath(agent.home.runtimeDirectory)).command('failover');

  for (const [what, fault] of [
    ['SIGKILL', `process.kill(process.pid,'SIGKILL')`],
    ['SIGSEGV', `process.kill(process.pid,'SIGSEGV')`],
    ['an exception', `throw new Error('injected')`],
  ] as const) {
    it(`before it is ready, ${what}: the other one keeps the role`, async () => {
      const b = house.start('b');
      await b.transition('Active');
      await house.until('b');
      const a = house.start('a', {}, { preload: atStart(fault) });
      const { code, signal } = await a.exited;
      assert.ok(code !== 0 || signal !== null);
      assert.deepEqual([a.transitions(), b.transitions().length], [[], 2]);
      await house.until('b');
    });
  }

  it('before it is ready, SIGSTOP: the other one keeps the role, and later it starts', async () => {
    const b = house.start('b');
    await b.transition('Active');
    const a = house.start('a', {}, { preload: atStart(`process.kill(process.pid,'SIGSTOP')`) });
    await stopped(a.pid);
    await house.until('b');
    a.signal('SIGCONT');
    await a.transition('Active');
    await house.until('a');
  });

  for (const signal of DEATHS) {
    it(`the agent as Backup, ${named(signal)}: nobody notices`, async () => {
      const { a, b, ofB } = await startPair();
      b.signal(signal);
      await Promise.all([b.exited, gone(ofB)]);
      await house.until('a');
      assert.equal((await a.router()).state, 'Active');
    });

    it(`the agent as Active, ${named(signal)}: the other one has the address, alone`, async () => {
      const { a, b, ofA } = await startPair();
      a.signal(signal);
      await b.transition('Active');
      await Promise.all([a.exited, gone(ofA)]);
      await house.until('b');
    });

    it(`the agent in mid-handover, ${named(signal)}: the other one has the address, alone`, async () => {
      const { a, b, ofA } = await startPair();
      house.hold('b');
      void failover(a).catch(() => undefined); // it dies before it has answered
      await b.transition('Active');
      assert.deepEqual(house.holders(), ['a'], 'b is still putting the address on');
      a.signal(signal);
      await a.exited;
      house.release('b');
      await gone(ofA);
      await house.until('b');
    });
  }

  it('the agent as Backup, SIGSTOP: it stays Backup when it wakes', async () => {
    const { a, b } = await startPair();
    b.signal('SIGSTOP');
    await stopped(b.pid);
    const sent = async () => (await a.router()).counters.advertisementsSent;
    const before = await sent();
    while ((await sent()) < before + 20) continue;
    b.signal('SIGCONT');
    await b.until(({ virtualRouters }) => virtualRouters[0]?.state === 'Backup');
    await house.until('a');
  });

  it('the agent in mid-handover, SIGSTOP: the other one has the address, and it is killed', async () => {
    const { a, b, ofA } = await startPair();
    house.hold('b');
    void failover(a).catch(() => undefined);
    await b.transition('Active');
    a.signal('SIGSTOP');
    await stopped(a.pid);
    house.release('b');
    await house.until('b');
    assert.deepEqual(await a.exited, { code: null, signal: 'SIGKILL' });
    await gone(ofA);
    await house.until('b');
  });

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
