// Conformance cases about the addresses themselves: their owner, and somebody who takes them away.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from '../support/test.js';
import { openKernel } from '../../src/kernel/native.js';
import { noTcpdump } from '../kernel/capture.js';
import { Peer } from '../kernel/peer.js';
import { AgentHome, AgentProcess } from '../support/agent-process.js';
import { enterNamespace, ip, joinPeer } from '../support/namespace.js';
import { Capture } from './capture.js';
import {
  address,
  advertisementOfPeer,
  AddressWatch,
  Lan,
  priorityOf,
  router,
  settings,
  VIRTUAL,
} from './lan.js';

const skip = enterNamespace(import.meta.url);
const OWN_ADDRESS = '192.0.2.1/24';
const owner = settings(router({ addresses: [OWN_ADDRESS], priority: 255 }));

describe('virtual addresses on a real interface', { skip }, () => {
  let agent: AgentProcess;
  let watch: AddressWatch;
  let lan: Lan;
  let peer: Peer;
  let homes = 0;
  before(async () => {
    joinPeer();
    const kernel = openKernel();
    watch = new AddressWatch(kernel);
    lan = new Lan(kernel);
    peer = await Peer.start();
  });
  afterEach(async () => {
    await agent.end('SIGTERM');
    await lan.heardBy(peer);
  });
  after(async () => {
    watch.close();
    lan.close();
    await peer.stop();
  });

  const start = (wanted: object): AgentProcess =>
    (agent = new AgentProcess(new AgentHome(`home-${(homes += 1)}`, wanted)));

  it(
    'case 46: the owner is Active at once, announces, and goes on at its interval',
    { skip: noTcpdump() },
    async (t) => {
      const capture = await Capture.start('ip proto 112 or arp');
      t.after(() => capture.stop());
      start(owner);
      assert.equal((await agent.transition('Active')).reason, 'owner');
      assert.equal(agent.transitions().length, 1, 'without having been Backup');
      const first = await peer.packets.take();
      assert.deepEqual([priorityOf(first), first.source], [255, address('192.0.2.1')]);
      // Any may be late on a busy machine, and the one after it comes soon; but not all are.
      let last = first;
      await peer.packets.takeUntil((next) => {
        const gap = Math.round((next.arrivedAt - last.arrivedAt) / 50_000);
        last = next;
        return gap === 1;
      }, 'an advertisement 50 ms after the one before');
      const frames = await capture.until((all) => all.some(({ kind }) => kind === 'arp'));
      assert.equal(frames[0]?.kind, 'vrrp4', 'the advertisement first');
    },
  );

  it('the owner’s address is neither added nor removed, whatever becomes of the role', async () => {
    start(owner);
    await agent.transition('Active');
    const from = agent.lines.length;
    await peer.send(advertisementOfPeer(255, { addresses: ['192.0.2.1'], interval: 50 }));
    assert.equal((await agent.transition('Backup', from)).reason, 'preempted', 'case 66');
    await agent.line(({ reason }) => reason === 'ownerConflict');
    await peer.send(advertisementOfPeer(0, { addresses: ['192.0.2.1'] }));
    await agent.transition('Active', from);
    assert.deepEqual(await agent.end('SIGTERM'), { code: 0, signal: null });
    assert.ok(watch.has(OWN_ADDRESS));
    assert.equal(watch.changes.size, 0, 'no notification at all');
  });

  it('an address that somebody removes is put back 5 times; then the agent yields and says so', async () => {
    start(settings());
    await agent.transition('Active');
    await watch.stands();
    for (let round = 1; round <= 5; round += 1) {
      ip(`address del ${VIRTUAL} dev lan`);
      await watch.next('address-removed');
      await watch.stands();
      const restored = await agent.line(
        ({ detail }) => detail?.includes(`restoration ${round}`) ?? false,
      );
      assert.equal(restored.event, 'address-restored');
      assert.equal((await agent.router()).state, 'Active');
    }
    // With nobody else there it would take the role again while it is being looked at: after three intervals.
    agent.home.configure(settings(router({ advertisementIntervalMs: 40_000 })));
    agent.signal('SIGHUP');
    await agent.until(
      ({ virtualRouters }) => virtualRouters[0]?.advertisementIntervalMs === 40_000,
    );
    await lan.heardBy(peer);
    const from = agent.lines.length;
    ip(`address del ${VIRTUAL} dev lan`);
    const yielded = await agent.event('address-yielded', from);
    assert.match(yielded.detail ?? '', /removed again after 5 restorations/);
    assert.equal((await agent.transition('Backup', from)).reason, 'address-lost');
    await peer.packets.takeUntil((packet) => priorityOf(packet) === 0);
    const { effectivePriority, adjustments } = await agent.router();
    assert.deepEqual(
      [effectivePriority, adjustments],
      [1, [{ name: 'address-lost', amount: -199 }]],
    );
    const { health } = await agent.status();
    assert.equal(health.state, 'fault');
    assert.deepEqual(health.reasons, [
      'lan: its virtual addresses cannot be put in place, or do not stay there: priority 1',
    ]);
    assert.equal(watch.has(VIRTUAL), false, 'it is not put back any more');
  });

  it('with nobody else there it takes the role again, at priority 1', async () => {
    start(settings());
    await agent.transition('Active');
    let from = 0;
    for (let round = 0; round < 6; round += 1) {
      await watch.stands();
      from = agent.lines.length;
      ip(`address del ${VIRTUAL} dev lan`);
      await watch.next('address-removed');
    }
    await agent.transition('Backup', from);
    const again = await agent.transition('Active', from);
    assert.deepEqual([again.reason, again['effectivePriority']], ['no-response', 1]);
    await watch.stands();
  });
});
