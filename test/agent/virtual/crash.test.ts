// What becomes of role and addresses when the agent, its executor, or both die, and when an agent is
// started again, in virtual time.
import assert from 'node:assert/strict';
import { activeDownInterval } from '../../../src/core/machine/timing.js';
import { describe, it } from '../../support/test.js';
import { routerSettings } from '../rig.js';
import type { Appliance } from './appliance.js';
import { rests, settingsFor, startLone, startPair } from './pair.js';
import { centiseconds } from '../../../src/model/units.js';
import { address } from '../../support/fake-kernel.js';
import { VIRTUAL } from './world.js';

const OTHER = '10.99.0.101/24';

describe('a crash', () => {
  it('of the agent: the peer follows its farewell, and only then the addresses go', async () => {
    // Without HA port the peer follows by the RFC's rules: a Skew_Time of 122 ms.
    const { world, a, b } = await strangers(200);
    const from = world.story.end;
    const held = world.watch();
    a.kill();
    await rests({ world, a, b }, 'b');
    assert.deepEqual(world.story.moves('b', from), ['Backup → Active, priority-zero']);
    assert.deepEqual(
      world.story.of('advertisement', from, 'a').map(({ priority }) => priority),
      [0],
      'one farewell',
    );
    assert.equal(held().nobody, 0, 'an address without a successor is kept');
  });

  it('of the agent, without a peer: the addresses go after keepAtMost', async () => {
    const pair = await startLone();
    const { world, a } = pair;
    const killedAt = world.now;
    a.kill();
    await rests(pair);
    const gone = world.story.of('address').at(-1);
    // Active_Down_Interval at priority 1 and 5 cs, rounded up, and the script.
    assert.equal((gone?.at ?? 0) - killedAt, 205_000);
    assert.ok(a.executor.process.dead);
  });

  it('of the executor: another is started, and role, addresses and next handover are as before', async () => {
    const pair = await startPair();
    const { world, a, b } = pair;
    a.executor.kill('killed');
    await world.run(100);
    const from = world.story.end;
    const held = world.watch();
    assert.equal(a.operate('failover'), null);
    await rests(pair, 'b');
    assert.equal(b.operate('failover'), null);
    await rests(pair, 'a');
    assert.equal(held().nobody, 0);
    assert.deepEqual(world.story.lines(from, 'address'), [
      `b has ${VIRTUAL}`,
      `a has no ${VIRTUAL}`,
      `a has ${VIRTUAL}`,
      `b has no ${VIRTUAL}`,
    ]);
  });

  it('of the executor, then of the agent: the next executor knows the last will', async () => {
    const pair = await startLone();
    const { world, a } = pair;
    a.executor.kill('killed');
    await world.run(100);
    const { settings } = a;
    const router = routerSettings({
      priority: 200,
      advertisementInterval: centiseconds(5),
      addresses: ['10.99.0.100', '10.99.0.101'].map((text) => ({
        address: address(text),
        prefixLength: 24,
      })),
    });
    await a.configure({ ...settings, virtualRouters: [router] });
    await world.until('the other address', () => a.has(OTHER));
    const from = world.story.end;
    a.kill();
    await world.until('both gone', () => !a.has(OTHER) && !a.has());
    assert.equal(world.story.of('advertisement', from, 'a')[0]?.priority, 0);
  });

  it('of the agent, which is started again, without a peer: the addresses are never gone', async () => {
    // The former executor would remove them before the next agent is Active.
    const pair = await startLone({ intervalMs: 400 });
    const { world, a } = pair;
    const former = a.executor;
    a.kill();
    await world.run(300);
    const from = world.story.end;
    await a.start();
    await rests(pair, 'a');
    await world.run(5_000);
    assert.ok(former.process.dead, 'the former executor was sent away');
    assert.equal(a.router().state, 'Active');
    assert.deepEqual(world.story.lines(from, 'address'), []);
  });

  it('of the agent, which is started again, beside a peer: the peer has the role, alone', async () => {
    const pair = await startPair({ intervalMs: 200, router: { preempt: false } });
    const { world, a, b } = pair;
    const held = world.watch();
    a.kill();
    await a.start();
    await rests(pair, 'b');
    assert.equal(a.router().state, 'Backup');
    assert.equal(b.router().state, 'Active');
    assert.equal(held().nobody, 0);
  });

  it('of the agent, which is started again and crashes before it is Active: nothing is left', async () => {
    const pair = await startLone({ intervalMs: 400 });
    const { world, a } = pair;
    a.kill();
    await world.run(300);
    await a.start();
    await world.run(100);
    a.kill();
    await rests(pair);
    assert.ok(a.executors.every((executor) => executor.process.dead));
  });

  it('of the agent, and of the next one before it is Active: the third keeps the addresses too', async () => {
    const pair = await startLone({ intervalMs: 400 });
    const { world, a } = pair;
    const from = world.story.end;
    a.kill();
    await world.run(300);
    await a.start();
    await world.run(100);
    assert.deepEqual([a.state.active, a.state.keeps], [false, true]);
    a.kill();
    await a.start();
    await rests(pair, 'a');
    await world.run(1_000);
    assert.equal(a.router().state, 'Active');
    assert.deepEqual(world.story.lines(from, 'address'), [], 'they are never gone');
    assert.equal(a.driver.flapCount(), 1, 'only the first one died as Active');
    assert.equal(a.state.keeps, false);
  });

  it('of the agent, which is started again and may not be Active: kept to the end of the will', async () => {
    const pair = await startLone({ intervalMs: 400 });
    const { world, a } = pair;
    a.kill();
    const fault = 'links-below-minimum';
    a.monitor({ name: 'link pairs', state: 'failed', detail: '', weight: 'hard', fault });
    await a.start();
    const startedAt = world.now;
    await rests(pair);
    const gone = world.story.of('address').at(-1);
    // The longest Active_Down_Interval, and the script.
    const longest = activeDownInterval(1, centiseconds(40));
    assert.equal((gone?.at ?? 0) - startedAt, longest + 5_000);
  });

  /** Kills agent and executor in such an order that nobody does the last will. */
  const killBoth = (appliance: Appliance): void => {
    appliance.hang();
    appliance.executor.kill('killed');
    appliance.kill();
    assert.ok(appliance.has(), 'the address is left over');
  };

  it('of both: what they left is removed by the next start as soon as somebody else is heard', async () => {
    const { world, a, b } = await strangers(50);
    b.kill();
    await world.run(100);
    killBoth(a);
    a.settings = patient(a);
    await a.start();
    await world.run(2_000);
    assert.equal(a.router().state, 'Backup');
    assert.ok(a.has(), 'never nobody');
    await b.start();
    await world.until('the left address is gone', () => !a.has());
    assert.deepEqual(world.holders(), ['b']);
  });

  it('of both: what no setting names any longer is known from state.json', async () => {
    const { world, a } = await startLone({ leaseSeconds: 0 });
    killBoth(a);
    const { settings } = a;
    const router = routerSettings({
      vrid: 7,
      advertisementInterval: centiseconds(1_000),
      addresses: [{ address: address('10.99.0.101'), prefixLength: 24 }],
    });
    a.settings = { ...settings, virtualRouters: [router] };
    await a.start();
    await world.until('the address is gone', () => !a.has());
    assert.equal(a.router().state, 'Backup');
  });
});

/** With a minute until it would be Active itself. */
const patient = ({ settings }: Appliance) => ({
  ...settings,
  virtualRouters: [routerSettings({ priority: 100, advertisementInterval: centiseconds(1_000) })],
});

/** Two that have no HA port: `a` is Active, `b` hears it. */
async function strangers(intervalMs: number) {
  const pair = await startLone({ intervalMs });
  pair.b.settings = settingsFor('b', { intervalMs, lone: true });
  await pair.b.start();
  await pair.world.run(500);
  assert.equal(pair.b.router().state, 'Backup');
  return pair;
}
