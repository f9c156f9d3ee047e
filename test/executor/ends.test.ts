// What must come to an end does so before something else does that takes far longer: a program past its
// deadline, the addresses of an agent that has died, behind its farewell, and an agent that hangs. Only the
// order is judged.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { eventOf, repeatUntil, scaled } from '../support/limits.js';
import { test, type TestContext } from '../support/test.js';
import { milliseconds } from '../../src/model/units.js';
import { agent, fifo, namespace, noWire, releaseOnly, shell, start } from './bench.js';
import { farewell4, frame4, hex } from './frames.js';

/** Far longer than what it is compared with, also where everything waits for a processor. */
const FAR_LONGER_S = scaled(15_000) / 1_000;

/** Resolves after that, unless the test ends first. */
async function farLonger(t: TestContext): Promise<string> {
  const clock = spawn('sleep', [String(FAR_LONGER_S)]);
  t.after(() => clock.kill('SIGKILL'));
  await eventOf(clock, 'exit');
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

test('the farewell has left when the release program runs', { skip: noWire }, async (t) => {
  const net = await namespace(t);
  const wire = await net.wire();
  const { linkIndex } = net;
  const released = fifo(t);
  const said = released.read();
  const will = releaseOnly(`echo released > ${released.path}`, {
    farewell: [{ linkIndex, frame: farewell4 }],
    successors: [{ linkIndex, family: 'ipv4', vrid: 51 }],
    keepAtMost: milliseconds(200),
  });
  const victim = await agent(t, will, { path: net.executor() });
  void victim.kill();
  assert.equal(await said, 'released\n');
  // Whatever has arrived by then has been read when this one has left.
  await wire.send(frame4({ vrid: 7 }));
  assert.equal(wire.heard(), hex(farewell4));
});

test('an agent that stays silent is killed', { skip: noWire }, async (t) => {
  const net = await namespace(t);
  const lease = {
    listenAfter: milliseconds(100),
    farewellAfter: milliseconds(200),
    killAfter: milliseconds(800),
  };
  const victim = await agent(t, releaseOnly('true', { lease }), { path: net.executor() });
  victim.signal('SIGSTOP');
  assert.deepEqual(await Promise.race([victim.ended, farLonger(t)]), [null, 'SIGKILL']);
});

test('a successor that is heard ends the will, not its time', { skip: noWire }, async (t) => {
  const net = await namespace(t);
  const wire = await net.wire();
  const released = fifo(t);
  const said = released.read();
  const will = releaseOnly(`echo released > ${released.path}`, {
    successors: [{ linkIndex: net.linkIndex, family: 'ipv4', vrid: 51 }],
    keepAtMost: milliseconds(600_000),
  });
  const victim = await agent(t, will, { path: net.executor() });
  void victim.kill();
  const first: string[] = [];
  const heard = Promise.race([said, farLonger(t)]).then((word) => first.push(word));
  // Again and again: when the executor begins to listen cannot be seen from outside.
  await repeatUntil('a word of either', heard, () => wire.send(frame4({})));
  assert.deepEqual(first, ['released\n']);
});
