// Agent and executor struck as processes: one test for each way in which they die or are replaced. Struck in
// every stage and at every instant they are in virtual/stages.test.ts and virtual/executor-stages.test.ts.
import assert from 'node:assert/strict';
import { after, before, describe, it } from '../support/test.js';
import type { AgentProcess } from '../support/agent-process.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { gone } from '../support/process-state.js';
import { atStart, PairHouse } from './pair-house.js';

const skip = enterNamespace(import.meta.url);

describe('in a stage of agent and executor', { skip }, () => {
  const house = new PairHouse();
  /** A stall of this machine is not to move the role. */
  const calm = { router: { advertisementIntervalMs: 300, preempt: false }, checkMs: 300 };
  let b: AgentProcess;
  before(async () => {
    joinPeer();
    b = house.start('b', calm);
    await b.transition('Active');
    await house.until('b');
  });
  after(() => house.close());

  it('the agent before it is ready, SIGKILL: the other one keeps the role', async () => {
    const from = b.transitions().length;
    const preload = atStart(`process.kill(process.pid,'SIGKILL')`);
    const a = house.start('a', calm, { preload });
    assert.deepEqual(await a.exited, { code: null, signal: 'SIGKILL' });
    assert.deepEqual([a.transitions(), b.transitions().length], [[], from]);
    await house.until('b');
  });

  it('the executor as Active, SIGSTOP: it is replaced, role and address stay', async () => {
    const { since } = await b.router();
    const from = b.lines.length;
    const former = house.executor(b);
    process.kill(former, 'SIGSTOP');
    const { msg } = await b.line((line) => line.msg.includes('starting another'), from);
    assert.match(msg, /did nothing for 1000 ms/);
    await gone(former);
    await b.until(({ health }) => !health.reasons.join().includes('executor'));
    house.executor(b);
    await house.until('b');
    assert.equal((await b.router()).since, since);
  });

  it('both killed: the other one takes over, and the address expires', async () => {
    const a = house.start('a', calm);
    await a.transition('Backup');
    await a.until(({ peers }) => peers[0]?.state === 'healthy');
    await b.annihilate();
    await a.transition('Active');
    await house.until('a');
  });
});
