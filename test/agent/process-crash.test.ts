// What becomes of role and addresses when the agent, its executor, or both die.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from '../support/test.js';
import { parseRecording } from '../../src/agent/recorder.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import { Peer } from '../kernel/peer.js';
import { AgentHome, AgentProcess, type StartOptions } from '../support/agent-process.js';
import { until } from '../support/limits.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import {
  AddressWatch,
  advertisementOfPeer,
  Lan,
  priorityOf,
  router,
  settings,
  VIRTUAL,
} from './lan.js';
import { gone } from './pair-house.js';

const skip = enterNamespace(import.meta.url);
const OTHER = '192.0.2.101/24';
/** Active_Down_Interval at priority 1 and 5 cs, rounded up, in microseconds. */
const KEEP_AT_MOST = 200_000;
/** Throws in the agent's process, out of nowhere, when told to. */
const FAULT = `data:text/javascript,process.on('SIGWINCH',()=>{throw new Error('injected')})`;

describe('a crash', { skip }, () => {
  let kernel: Kernel;
  let lan: Lan;
  let peer: Peer;
  let watch: AddressWatch;
  let agents: AgentProcess[] = [];
  let homes = 0;
  before(async () => {
    joinPeer();
    kernel = openKernel();
    lan = new Lan(kernel);
    peer = await Peer.start();
  });
  beforeEach(() => {
    watch = new AddressWatch(kernel);
  });
  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.dispose()));
    watch.close();
    ip('address flush dev lan label lan to 192.0.2.100/30');
    agents = [];
    await lan.heardBy(peer);
  });
  after(async () => {
    lan.close();
    await peer.stop();
  });

  function start(
    wanted: object = settings(),
    options: StartOptions = {},
    home = new AgentHome(`home-${(homes += 1)}`, wanted),
  ): AgentProcess {
    const agent = new AgentProcess(home, options);
    agents.push(agent);
    return agent;
  }

  /** An Active agent whose address stands on the interface. */
  async function startActive(options: StartOptions = {}, change = {}): Promise<AgentProcess> {
    const agent = start(settings(router(change)), options);
    await agent.transition('Active');
    await agent.until(() => watch.has(VIRTUAL));
    return agent;
  }

  async function startBackup(change: object): Promise<AgentProcess> {
    const backup = start(settings(router({ ...change, priority: 100 })), { netns: 'peer' });
    await backup.transition('Backup');
    await backup.until(
      ({ virtualRouters }) => (virtualRouters[0]?.counters.advertisementsReceived ?? 0) > 0,
    );
    return backup;
  }

  it('of the agent: the peer follows its farewell, and only then the addresses go', async () => {
    // A Skew_Time of 122 ms: a script that did not wait for the successor would be done before it.
    const slow = { advertisementIntervalMs: 200 };
    const agent = await startActive({}, slow);
    const backup = await startBackup(slow);
    await lan.heardBy(peer);

    agent.signal('SIGKILL');
    const removed = await watch.next('address-removed');

    assert.equal((await backup.transition('Active')).reason, 'priority-zero');
    const successor = await lan.packets.takeUntil((packet) => priorityOf(packet) === 100);
    assert.ok(successor.arrivedAt < removed.at, 'an address without a successor is kept');
    assert.equal((await lan.heardBy(peer)).filter((one) => priorityOf(one) === 0).length, 1);
    assert.equal((await backup.router()).state, 'Active');
  });

  it('of the agent, without a peer: the addresses go after keepAtMost', async () => {
    const agent = await startActive();
    const executor = agent.executorPid();
    const killedAt = kernel.now();
    agent.signal('SIGKILL');
    const removed = await watch.next('address-removed');
    assert.ok(removed.at - killedAt >= KEEP_AT_MOST, `after ${removed.at - killedAt} µs`);
    await agent.exited;
    await gone(executor);
  });

  it('of the program itself (an exception): exit code 1, a recording, and the last will', async () => {
    const agent = await startActive({ preload: FAULT });
    await lan.heardBy(peer);
    agent.signal('SIGWINCH');
    assert.deepEqual(await agent.exited, { code: 1, signal: null });
    const line = agent.lines.at(-1);
    assert.deepEqual([line?.level, line?.msg], ['fatal', 'a fault of the program: injected']);
    assert.match(String(line?.['stack']), /Error: injected\n/);
    await watch.next('address-removed');
    assert.equal((await lan.heardBy(peer)).filter((one) => priorityOf(one) === 0).length, 1);
    const text = readFileSync(`${agent.home.stateDirectory}/recording.jsonl`, 'utf8');
    assert.ok(parseRecording(text).events.length > 0);
  });

  it('of the executor: another is started, and role, addresses and next handover are as before', async () => {
    const agent = await startActive();
    const { since } = await agent.router();
    const [former, from] = [agent.executorPid(), agent.lines.length];
    process.kill(former, 'SIGKILL');
    await agent.line(({ msg }) => msg.includes('starting another'), from);
    await agent.until(({ health }) => health.state === 'healthy');
    await until('an executor', () => agent.executorPid());
    assert.notEqual(agent.executorPid(), former);
    assert.deepEqual([(await agent.router()).since, watch.has(VIRTUAL)], [since, true]);

    await peer.send(advertisementOfPeer(250, { interval: 50 }));
    await watch.next('address-removed');
    assert.equal((await agent.transition('Backup', from)).reason, 'preempted');
    await peer.send(advertisementOfPeer(0));
    await watch.next('address');
    assert.equal((await agent.transition('Active', from)).reason, 'priority-zero');
  });

  it('of the executor, then of the agent: the next executor knows the last will', async () => {
    const agent = await startActive();
    const [former, from] = [agent.executorPid(), agent.lines.length];
    process.kill(former, 'SIGKILL');
    await agent.line(({ msg }) => msg.includes('starting another'), from);
    // A script on the new executor: when it has run, the will that was sent before it is there.
    agent.home.configure(settings(router({ addresses: [VIRTUAL, OTHER] })));
    agent.signal('SIGHUP');
    await watch.next('address', OTHER);
    await lan.heardBy(peer);
    agent.signal('SIGKILL');
    await watch.next('address-removed', VIRTUAL);
    assert.ok((await lan.heardBy(peer)).some((packet) => priorityOf(packet) === 0));
  });

  it('of the agent, which is started again, without a peer: the addresses are never gone', async () => {
    // The former executor would have removed them before the next agent is Active.
    const agent = await startActive({}, { advertisementIntervalMs: 400 });
    const former = agent.executorPid();
    agent.signal('SIGKILL');
    await agent.exited;
    watch.changes.takeAll();
    const next = start({}, {}, agent.home);
    assert.equal((await next.transition('Active')).reason, 'no-response');
    await next.until(({ virtualRouters }) => virtualRouters[0]?.addresses[0]?.present === true);
    assert.ok(next.executorPid() !== former);
    assert.equal(existsSync(`/proc/${former}/exe`), false, 'the former executor was sent away');
    const removed = watch.changes.takeAll().filter(({ kind }) => kind === 'address-removed');
    assert.deepEqual(removed, []);
  });

  it('of the agent, which is started again, beside a peer: the peer has the role, alone', async () => {
    const agent = await startActive({}, { advertisementIntervalMs: 200, preempt: false });
    const backup = await startBackup({ advertisementIntervalMs: 200, preempt: false });
    agent.signal('SIGKILL');
    await agent.exited;
    const next = start({}, {}, agent.home);
    await backup.transition('Active');
    await next.transition('Backup');
    await next.until(() => !watch.has(VIRTUAL));
    assert.equal((await next.router()).state, 'Backup');
  });

  /** Kills agent and executor in such an order that nobody does the last will. */
  async function killBoth(agent: AgentProcess): Promise<void> {
    const executor = agent.executorPid();
    agent.signal('SIGSTOP');
    process.kill(executor, 'SIGKILL');
    await agent.end('SIGKILL');
    assert.ok(watch.has(VIRTUAL), 'the address is left over');
  }

  const patient = { priority: 100, advertisementIntervalMs: 10_000 };

  it('of both: what they left is removed by the next start as soon as somebody else is heard', async () => {
    const agent = await startActive();
    await killBoth(agent);
    agent.home.configure(settings(router(patient)));
    const next = start({}, {}, agent.home);
    assert.equal((await next.transition('Backup')).reason, 'startup');
    assert.ok(watch.has(VIRTUAL), 'never nobody');
    await peer.send(advertisementOfPeer(250, { interval: 1_000 }));
    await next.until(() => !watch.has(VIRTUAL));
  });

  it('of both: what no setting names any longer is known from state.json', async () => {
    const agent = await startActive();
    const state = `${agent.home.stateDirectory}/state.json`;
    await agent.until(() => readFileSync(state, 'utf8').includes(VIRTUAL));
    await killBoth(agent);
    agent.home.configure(settings(router({ ...patient, addresses: [OTHER], vrid: 7 })));
    const next = start({}, {}, agent.home);
    await next.transition('Backup');
    await next.until(() => !watch.has(VIRTUAL));
    assert.equal((await next.router()).state, 'Backup');
  });
});
