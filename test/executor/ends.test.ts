// What must come to an end does so before something else does that takes far longer: a program past its
// deadline, and the addresses of an agent that has died. Only the order is judged.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from '../support/test.js';
import { milliseconds } from '../../src/model/units.js';
import { agent, fifo, releaseOnly, shell, start } from './bench.js';

/** Far longer than what it is compared with, also where everything waits for a processor. */
const FAR_LONGER_S = 15;

/** Resolves after that, unless the test ends first. */
async function farLonger(t: TestContext): Promise<string> {
  const clock = spawn('sleep', [String(FAR_LONGER_S)]);
  t.after(() => clock.kill('SIGKILL'));
  await once(clock, 'exit');
  return `nothing within ${FAR_LONGER_S} s`;
}

test('a program is ended at its deadline, not when it ends by itself', async (t) => {
  const { executor } = await start(t);
  const timeout = milliseconds(100);
  const { outcome } = await executor.run(shell(`exec sleep ${FAR_LONGER_S}`, { timeout }));
  assert.equal(outcome.kind, 'timed-out');
});

test('the release program runs when the time of the will is over, though nobody is heard', async (t) => {
  const released = fifo(t);
  const said = released.read();
  const victim = await agent(
    t,
    releaseOnly(`echo released > ${released.path}`, {
      successors: [{ linkIndex: 1, family: 'ipv4', vrid: 51 }],
      keepAtMost: milliseconds(200),
    }),
  );
  void victim.kill();
  assert.equal(await Promise.race([said, farLonger(t)]), 'released\n');
});
