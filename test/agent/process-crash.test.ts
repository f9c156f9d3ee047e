// What becomes of role and addresses when processes die: one test for each mechanism. In every stage and
// order they die in virtual/crash.test.ts.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { parseRecording } from '../../src/agent/recorder.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import { Peer } from '../kernel/peer.js';
import { AgentHome, AgentProcess, type StartOptions } from '../support/agent-process.js';
import { until } from '../support/limits.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { dialectAfter, dialectsOf } from './auto-listener.js';
import { AddressWatch, CALM, Lan, priorityOf, router, settings, VIRTUAL } from './lan.js';
import { gone } from '../support/process-state.js';

const skip = enterNamespace(import.meta.url);
/** Throws in the agent's process, out of nowhere, when told to. */
const FAULT = `data:text/javascript,process.on('SIGWINCH',()=>{throw new Error('injected')})`;

describe('a crash', { skip }, () => {
  let kernel: Kernel;
  let lan: Lan;
  let peer: Peer;
  let watch: AddressWatch;
  const agents: AgentProcess[] = [];
  /** Of the tests that need no peer: whoever was started last. */
  let agent: AgentProcess;
  before(async () => {
    joinPeer();
    kernel = openKernel();
    lan = new Lan(kernel);
    peer = await Peer.start();
    watch = new AddressWatch(kernel);
    agent = start(new AgentHome('alone', settings(router(CALM.router))), { preload: FAULT });
    await agent.transition('Active');
    await agent.until(() => watch.has(VIRTUAL));
  });
  afterEach(() => lan.heardBy(peer));
  after(async () => {
    await Promise.all(agents.map((one) => one.dispose()));
    watch.close();
    ip('address flush dev lan label lan to 192.0.2.100/32');
    lan.close();
    await peer.stop();
  });

  function start(home: AgentHome, options: StartOptions = {}): AgentProcess {
    const started = new AgentProcess(home, options);
    agents.push(started);
    return started;
  }

  it('of the executor: another is started, which has the will; role and address are as before', async () => {
    const { since } = await agent.router();
    const [former, from] = [agent.executorPid(), agent.lines.length];
    process.kill(former, 'SIGKILL');
    await agent.line(({ msg }) => msg.includes('starting another'), from);
    await agent.until(({ health }) => health.state === 'healthy');
    await until('an executor', () => agent.executorPid());
    assert.notEqual(agent.executorPid(), former);
    assert.deepEqual([(await agent.router()).since, watch.has(VIRTUAL)], [since, true]);
  });

  it('of the agent, which is started again, without a peer: the addresses are never gone', async () => {
    // The will keeps the address for four intervals: longer than any machine takes to start an agent.
    const { home } = agent;
    home.configure(settings(router({ advertisementIntervalMs: 10_000, checksum: 'rfc5798' })));
    agent.signal('SIGHUP');
    await agent.until(
      ({ virtualRouters }) => virtualRouters[0]?.advertisementIntervalMs === 10_000,
    );
    const former = agent.executorPid();
    await lan.heardBy(peer);
    watch.changes.takeAll();
    agent.signal('SIGKILL');
    // Not its `exited`: its executor shares its standard error, and lives on.
    await gone(agent.pid);
    const farewell = await until('the farewell', async () =>
      (await lan.heardBy(peer)).find((packet) => priorityOf(packet) === 0),
    );
    assert.ok(farewell !== undefined);
    assert.deepEqual(dialectsOf([farewell]), ['rfc5798'], 'as the agent spoke');
    for (const dialect of ['rfc9568', 'rfc5798'] as const) {
      assert.equal(await dialectAfter([farewell], dialect), dialect, 'the will teaches none');
    }
    assert.ok(existsSync(`/proc/${former}/exe`), 'its executor does its will');
    home.configure(settings(router(CALM.router)));
    agent = start(home, { preload: FAULT });
    assert.equal((await agent.transition('Active')).reason, 'no-response');
    await agent.until(({ virtualRouters }) => virtualRouters[0]?.addresses[0]?.present === true);
    assert.notEqual(agent.executorPid(), former);
    assert.equal(existsSync(`/proc/${former}/exe`), false, 'the former executor was sent away');
    const removed = watch.changes.takeAll().filter(({ kind }) => kind === 'address-removed');
    assert.deepEqual(removed, []);
  });

  it('of the program itself (an exception): exit code 1, a recording, and the last will', async () => {
    const executor = agent.executorPid();
    agent.signal('SIGWINCH');
    assert.deepEqual(await agent.exited, { code: 1, signal: null });
    const line = agent.lines.at(-1);
    assert.deepEqual([line?.level, line?.msg], ['fatal', 'a fault of the program: injected']);
    assert.match(String(line?.['stack']), /Error: injected\n/);
    await gone(executor);
    await until('the address gone', () => !watch.has(VIRTUAL));
    assert.equal((await lan.heardBy(peer)).filter((one) => priorityOf(one) === 0).length, 1);
    const text = readFileSync(`${agent.home.stateDirectory}/recording.jsonl`, 'utf8');
    assert.ok(parseRecording(text).events.length > 0);
  });

  it('of the agent: the peer follows its farewell, and only then the addresses go', async () => {
    // A Skew_Time of 122 ms: a script that did not wait for the successor would be done before it.
    const slow = { advertisementIntervalMs: 200 };
    const active = start(new AgentHome('active', settings(router(slow))));
    await active.transition('Active');
    await active.until(() => watch.has(VIRTUAL));
    const lesser = settings(router({ ...slow, priority: 100 }));
    const backup = start(new AgentHome('backup', lesser), { netns: 'peer' });
    await backup.transition('Backup');
    await backup.until(
      ({ virtualRouters }) => (virtualRouters[0]?.counters.advertisementsReceived ?? 0) > 0,
    );
    await lan.heardBy(peer);
    watch.changes.takeAll();

    active.signal('SIGKILL');
    const removed = await watch.next('address-removed');

    assert.equal((await backup.transition('Active')).reason, 'priority-zero');
    const successor = await lan.packets.takeUntil((packet) => priorityOf(packet) === 100);
    assert.ok(successor.arrivedAt < removed.at, 'an address without a successor is kept');
    assert.equal((await lan.heardBy(peer)).filter((one) => priorityOf(one) === 0).length, 1);
    assert.equal((await backup.router()).state, 'Active');
  });
});
