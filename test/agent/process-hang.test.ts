// An agent that hangs while it is Active, as a process: the executor revokes its lease, and kills it when it
// does not wake. What follows from a hang of any kind and length is virtual/hang.test.ts.
import assert from 'node:assert/strict';
import { after, before, describe, it } from '../support/test.js';
import type { AgentProcess } from '../support/agent-process.js';
import { until } from '../support/limits.js';
import { enterNamespace, joinPeer } from '../support/namespace.js';
import { gone } from '../support/process-state.js';
import { PairHouse } from './pair-house.js';

const skip = enterNamespace(import.meta.url);

/** For ever: in CI an endless loop, elsewhere a wait for what never comes, which leaves the core to others. */
const HANG =
  process.env['CI'] === 'true'
    ? 'for(;;);'
    : 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0);';

/** Hangs in the agent's process, out of nowhere, when told to. */
const preload = `data:text/javascript,process.on('SIGWINCH',()=>{${HANG}})`;

describe('a hang', { skip }, () => {
  const house = new PairHouse();
  let a: AgentProcess;
  let b: AgentProcess;
  before(async () => {
    joinPeer();
    // A stall of this machine is not to move the role.
    const calm = {
      router: { advertisementIntervalMs: 300 },
      checkMs: 300,
      // An endless loop before all ordinary work takes a core from whatever else runs here, for five seconds: long
      // enough for the executors of other tests to kill their agents.
      realtime: { enabled: false },
    };
    ({ a, b } = await house.startPair(calm, { preload }));
  });
  after(() => house.close());

  it('of the Active: the address goes to the other one; who wakes says so and may come back', async () => {
    const executor = house.executor(a);
    const from = a.lines.length;
    a.signal('SIGSTOP');
    await b.transition('Active');
    await house.until('b');
    a.signal('SIGCONT');
    assert.equal((await a.transition('Backup', from)).reason, 'lease-lapsed');
    // The executor's word, by another way than the agent's.
    const said = /another router is Active: its lease has lapsed/;
    await until(
      'the word of the executor',
      () => a.stderr,
      (text) => said.test(text),
    );
    // It is the better one, and takes the role back by the usual rules: with a successor that yields.
    await a.transition('Active', from);
    await house.until('a');
    assert.equal(house.executor(a), executor, 'the executor went on serving');
  });

  it('that does not end: it is killed, and nothing is left', async () => {
    await house.until('a');
    const executor = house.executor(a);
    a.signal('SIGWINCH');
    await house.until('b');
    assert.deepEqual(await a.exited, { code: null, signal: 'SIGKILL' });
    await gone(executor);
    assert.match(a.stderr, /killing process \d+, so that it is started again/);
    await house.until('b');
  });
});
