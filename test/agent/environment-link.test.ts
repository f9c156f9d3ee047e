// Conformance cases about the interface, on real links that lose carrier, go down, and disappear.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { promisify } from 'node:util';
import type { NetworkWatch } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import { Peer } from '../kernel/peer.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { addLinkLocals, enterNamespace, ip, joinPeer, layCable } from '../support/namespace.js';
import { address, AddressWatch, priorityOf, router, settings, VIRTUAL } from './lan.js';
import { within } from '../support/limits.js';
import { stopped } from '../support/process-state.js';

const skip = enterNamespace(import.meta.url);
const run = promisify(execFile);
const SIX = '2001:db8::51/64';
const both = settings(router(), router({ name: 'six', addresses: ['fe80::51/64', SIX] }));

describe('the interface of a running agent', { skip }, () => {
  const kernel = skip === false ? openKernel() : null;
  let agent: AgentProcess;
  let watch: AddressWatch;
  let homes = 0;
  before(() => {
    assert.ok(kernel !== null);
    joinPeer();
    watch = new AddressWatch(kernel);
  });
  afterEach(async () => {
    await agent.end('SIGTERM');
    if (!ip('-o link').includes(' lan@')) layCable();
  });
  after(() => watch.close());

  async function start(wanted: object): Promise<AgentProcess> {
    agent = new AgentProcess(new AgentHome(`home-${(homes += 1)}`, wanted));
    return agent;
  }

  async function startActive(): Promise<void> {
    await start(both);
    await agent.transition('Active');
    await agent.transition('Active', 0, 'six');
    await standing();
  }

  /** Both addresses stand on the interface. */
  const standing = (): Promise<unknown> => agent.until(() => watch.has(VIRTUAL) && watch.has(SIX));

  /** Wall time at which rtnetlink told this process that `lan` changed. */
  function linkChange(): { readonly at: Promise<number>; readonly watch: NetworkWatch } {
    assert.ok(kernel !== null);
    let told: (at: number) => void = () => {};
    const at = new Promise<number>((resolve) => (told = resolve));
    const links: NetworkWatch = kernel.openNetworkWatch(() => {
      const now = Date.now();
      links.receive((change) => {
        if (change.kind === 'link' && change.link.name === 'lan' && !change.link.carrier) told(now);
      });
    });
    return { at, watch: links };
  }

  it('case 70: carrier lost: Initialize, silent, without addresses; carrier back: startup', async (t) => {
    await startActive();
    assert.ok(kernel !== null);
    const peer = await Peer.start();
    for (let round = 0; round < 3; round += 1) {
      const from = agent.lines.length;
      const change = linkChange();
      // Not in the foreground: this process must be free to hear of it.
      const done = run('ip', ['-n', 'peer', 'link', 'set', 'lan', 'down']);
      const lost = await agent.transition('Initialize', from);
      await agent.transition('Initialize', from, 'six');
      assert.equal(lost.reason, 'no-carrier');
      const late =
        Date.parse(lost.time ?? '') - (await within('the notice of the link', change.at));
      change.watch.close();
      await done;
      t.diagnostic(`transition ${late} ms after the netlink event (limit of the case: 50 ms)`);
      await agent.until(() => !watch.has(VIRTUAL) && !watch.has(SIX));
      await agent.until(({ health }) => health.state === 'fault');
      const { advertisementsSent } = (await agent.router()).counters;

      ip('-n peer link set lan up');
      ip('-n peer address replace fe80::2/64 dev lan nodad');
      const back = await agent.transition('Backup', from);
      assert.equal(back.reason, 'fault-cleared');
      assert.equal((await agent.transition('Active', from)).reason, 'no-response');
      await standing();
      const { priorityZeroSent } = (await agent.router()).counters;
      assert.deepEqual([priorityZeroSent, advertisementsSent > 0], [0, true]);
    }
    await peer.stop();
  });

  it('case 71: admin down and up: IPv6 addresses and sockets of both families are back', async () => {
    await startActive();
    const from = agent.lines.length;
    ip('link set lan down');
    assert.equal((await agent.transition('Initialize', from)).reason, 'interface-down');
    const six = await agent.transition('Initialize', from, 'six');
    assert.ok(['interface-down', 'group-fault'].includes(six.reason ?? ''));
    await agent.until(() => !watch.has(VIRTUAL));
    assert.equal(watch.has(SIX), false, 'the kernel has removed it');

    ip('link set lan up');
    addLinkLocals();
    await agent.transition('Active', from);
    await agent.transition('Active', from, 'six');
    await standing();
    const peer = await Peer.start();
    for (const wanted of ['ipv4', 'ipv6']) {
      await peer.packets.takeUntil(({ family }) => family === wanted, `an ${wanted} packet`);
    }
    await agent.until(({ health }) => health.state === 'healthy');
    await peer.stop();
  });

  it('case 72: deleted and made anew: waits, then starts over on the new one', async () => {
    await startActive();
    const from = agent.lines.length;
    ip('link delete lan');
    await agent.transition('Initialize', from);
    await agent.until(({ virtualRouters }) =>
      virtualRouters.every(({ reason }) => reason === 'interface-missing'),
    );
    const missing = (await agent.status()).interfaces.find(({ name }) => name === 'lan');
    assert.deepEqual([missing?.present, missing?.carrier], [false, false]);

    layCable();
    assert.equal((await agent.transition('Backup', from)).reason, 'fault-cleared');
    await agent.transition('Active', from);
    await agent.transition('Active', from, 'six');
    await standing();
    const peer = await Peer.start();
    for (const wanted of ['ipv4', 'ipv6']) {
      await peer.packets.takeUntil(({ family }) => family === wanted, `an ${wanted} packet`);
    }
    await peer.stop();
  });

  it('made anew while the agent stands still: the addresses are put on the new one', async () => {
    await startActive();
    agent.signal('SIGSTOP');
    await stopped(agent.pid);
    ip('link delete lan');
    await watch.next('address-removed', SIX);
    layCable();
    agent.signal('SIGCONT');
    await watch.next('address', SIX);
    await standing();
  });

  it('renamed: out, and the addresses go from it; its own name again: startup', async () => {
    await startActive();
    const from = agent.lines.length;
    ip('link set lan name lan9');
    assert.equal((await agent.transition('Initialize', from)).reason, 'interface-renamed');
    await agent.until(() => !watch.has(VIRTUAL) && !watch.has(SIX));
    ip('link set lan9 name lan');
    assert.equal((await agent.transition('Backup', from)).reason, 'fault-cleared');
    await agent.transition('Active', from, 'six');
    await standing();
  });

  it('a missing interface at start: waits, says so, and joins when it appears', async () => {
    ip('link delete lan');
    await start(both);
    const waiting = await agent.event('waiting');
    assert.equal(waiting.virtualRouter, 'lan');
    assert.match(waiting.detail ?? '', /interface-missing/);
    const { health, virtualRouters } = await agent.status();
    assert.equal(health.state, 'fault');
    assert.ok(health.reasons.includes('lan, six: the interface does not exist'));
    assert.deepEqual(
      virtualRouters.map(({ state }) => state),
      ['Initialize', 'Initialize'],
    );
    layCable();
    await agent.transition('Active');
    await agent.transition('Active', 0, 'six');
    await standing();
    await agent.until((status) => status.health.state === 'healthy');
  });

  it('case 73: no IPv4 address: nothing is sent from another interface’s; then startup', async () => {
    ip('address del 192.0.2.1/24 dev lan');
    ip('link add other type veth peer name otherpeer');
    ip('address add 203.0.113.1/24 dev other');
    ip('link set other up');
    const peer = await Peer.start();
    await start(settings(router()));
    const waiting = await agent.event('waiting');
    assert.match(waiting.detail ?? '', /no-primary-address/);
    assert.equal((await agent.router()).state, 'Initialize');
    ip('address add 192.0.2.1/24 dev lan');
    assert.equal((await agent.transition('Backup')).reason, 'fault-cleared');
    assert.equal((await peer.packets.take()).source, address('192.0.2.1'));
    ip('link delete other');
    await peer.stop();
  });

  it('case 73: a tentative link-local address: waits until the kernel has checked it', async () => {
    ip('address del fe80::1/64 dev lan');
    const peer = await Peer.start();
    // It takes as many seconds: longer than the start of an agent.
    writeFileSync('/proc/sys/net/ipv6/conf/lan/dad_transmits', '600');
    ip('address add fe80::1/64 dev lan');
    assert.match(ip('address show dev lan'), /fe80::1\/64 scope link tentative/);
    await start(settings(router({ addresses: ['fe80::51/64'] })));
    assert.match((await agent.event('waiting')).detail ?? '', /no-primary-address/);
    assert.deepEqual(agent.transitions(), []);
    writeFileSync('/proc/sys/net/ipv6/conf/lan/dad_transmits', '1');
    ip('address del fe80::1/64 dev lan');
    ip('address add fe80::1/64 dev lan');
    const first = await agent.transition('Backup');
    assert.equal(first.reason, 'fault-cleared');
    assert.doesNotMatch(ip('address show dev lan'), /fe80::1\/64 scope link tentative/);
    assert.equal((await peer.packets.take()).source, address('fe80::1'));
    await peer.stop();
  });

  it('case 74: the primary address replaced: the next advertisement comes from the new one', async () => {
    // Without this the kernel removes the whole subnet with its first address; with it the virtual
    // address, older than the new one, becomes the first. It is not sent from all the same.
    writeFileSync('/proc/sys/net/ipv4/conf/lan/promote_secondaries', '1');
    await start(settings(router()));
    await agent.transition('Active');
    const peer = await Peer.start();
    await agent.until(() => watch.has(VIRTUAL));
    ip('address add 192.0.2.9/24 dev lan');
    assert.equal((await peer.packets.take()).source, address('192.0.2.1'), 'it is a second one');
    const { since } = await agent.router();
    ip('address del 192.0.2.1/24 dev lan');
    const next = await peer.packets.takeUntil(({ source }) => source !== address('192.0.2.1'));
    assert.deepEqual([next.source, priorityOf(next)], [address('192.0.2.9'), 200]);
    const now = await agent.router();
    assert.deepEqual([now.activeAddress, now.since], ['192.0.2.9', since], 'the role stays');
    await agent.end('SIGTERM');
    ip('address add 192.0.2.1/24 dev lan');
    ip('address del 192.0.2.9/24 dev lan');
    writeFileSync('/proc/sys/net/ipv4/conf/lan/promote_secondaries', '0');
    await peer.stop();
  });

  it('the primary address goes, and the kernel takes the virtual one along: both are back, and no role moves', async () => {
    await start(settings(router()));
    await agent.transition('Active');
    await agent.until(() => watch.has(VIRTUAL));
    const from = agent.lines.length;
    const moves = agent.transitions().length;
    ip('address del 192.0.2.1/24 dev lan');
    await agent.event('address-restored', from);
    await agent.until(() => watch.has(VIRTUAL));
    const { counters } = await agent.router();
    const sent = counters.advertisementsSent;
    await agent.until(
      ({ virtualRouters: [lan] }) => (lan?.counters.advertisementsSent ?? 0) > sent,
    );
    ip('address add 192.0.2.1/24 dev lan');
    await agent.router();
    assert.equal(agent.transitions().length, moves);
  });
});
