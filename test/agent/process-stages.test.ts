// The agent struck in every stage of its life: in the end exactly one of two has the address, and no
// process is left. Of a hang as Active there is more in process-hang.test.ts.
import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from '../support/test.js';
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

describe('in every stage of the agent', { skip }, () => {
  const house = new PairHouse();
  before(() => joinPeer());
  afterEach(() => house.close());

  async function startPair() {
    const { a, b } = await house.startPair({}, { preload });
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
    const soFar = await sent();
    while ((await sent()) < soFar + 20) continue;
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
});
