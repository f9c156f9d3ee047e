// The loop with a kernel and an executor in memory: no socket, no process, no real time. The addresses: driver-addresses.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { parseRecording, formatRecording, replay } from '../../src/agent/recorder.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { centiseconds, instant } from '../../src/model/units.js';
import { address } from '../support/fake-kernel.js';
import { failedRun } from '../support/fake-executor.js';
import { active, ACTIVE_DOWN, peerAdvertisement, SECOND, stateOf } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, VIRTUAL } from './rig.js';

describe('packets before the clock', () => {
  it('a Backup that was stalled feeds the packets in its buffer before the expired timer', async () => {
    const { driver, kernel } = rig();
    driver.start();
    await settle();
    kernel.stall(2 * SECOND);
    kernel.deliver(peerAdvertisement(200), false);
    kernel.stall(2 * SECOND);

    kernel.advance(0);

    assert.equal(driver.snapshot().virtualRouters[0]?.state, 'Backup');
    assert.equal(kernel.sent.length, 0);
    // The timer runs from the arrival of the packet, not from when it was read.
    kernel.advance(ACTIVE_DOWN - 2 * SECOND - 1);
    assert.equal(driver.snapshot().virtualRouters[0]?.state, 'Backup');
    kernel.advance(1);
    assert.equal(driver.snapshot().virtualRouters[0]?.state, 'Active');
  });

  it('packets of several sockets are taken in the order of their arrival', async () => {
    const made = rig();
    made.driver.start();
    await settle();
    const later = { ...peerAdvertisement(0), arrivedAt: instant(made.kernel.clock + 2_000) };
    const sooner = { ...peerAdvertisement(200), arrivedAt: instant(made.kernel.clock + 1_000) };
    made.kernel.deliver(later, false);
    made.kernel.deliver(sooner, false);
    made.kernel.stall(3_000);

    made.kernel.advance(0);
    made.kernel.setLink({ index: INDEX, name: 'eth0', mtu: 1400 });

    const events = made.driver.recorder.recording().events.map(({ event }) => event);
    const priorities = events.flatMap((event) =>
      event.kind === 'advertisement' ? [event.advertisement.priority] : [],
    );
    assert.deepEqual(priorities, [200, 0]);
  });
});

describe('becoming Active', () => {
  it('adds the addresses, advertises, and announces only once the addresses are there', async () => {
    const made = rig();
    made.executor.held = true;
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    assert.deepEqual(
      made.executor.requests.map(({ input }) => input),
      ['address replace 10.99.0.100/24 dev eth0 valid_lft 3 preferred_lft 3\n'],
    );
    assert.equal(made.kernel.sent.length, 1);
    assert.equal(made.kernel.frames.length, 0);

    made.executor.proceed();
    await settle();

    assert.equal(made.kernel.frames.length, 1);
    assert.deepEqual(
      made.driver.keeper.present('lan').map((one) => one.address),
      [VIRTUAL],
    );
  });

  it('leaves a will that says farewell and removes the addresses, and none once it is Backup', async () => {
    const made = await active();
    const { will } = made.executor;
    assert.equal(will?.farewell.length, 1);
    assert.deepEqual(will?.successors, [{ linkIndex: INDEX, family: 'ipv4', vrid: 51 }]);
    assert.equal(will?.keepAtMost, 3_997);
    assert.equal(will?.release.input, 'address del 10.99.0.100/24 dev eth0\n');

    made.kernel.deliver(peerAdvertisement(200));
    await settle();

    assert.equal(stateOf(made), 'Backup');
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), false);
    assert.equal(made.executor.will, null);
  });

  it('yields when the addresses cannot be added', async () => {
    const made = rig();
    made.executor.answers.push(failedRun('vip: line 1: address replace …: Permission denied\n'));
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();

    assert.equal(stateOf(made), 'Backup');
    const [router] = made.driver.snapshot().virtualRouters;
    assert.equal(router?.reason, 'address-failed');
    assert.equal(router?.effectivePriority, 1);
    assert.equal(made.kernel.sent.length, 2, 'the claim, then priority 0');
    assert.equal(made.kernel.sent[1]?.message[2], 0);
  });
});

describe('the interface', () => {
  it('case 70: carrier lost while Active: Initialize without an advertisement; back: startup', async () => {
    const made = await active();
    const sent = made.kernel.sent.length;
    made.kernel.setLink({ index: INDEX, name: 'eth0', carrier: false });
    await settle();
    assert.equal(stateOf(made), 'Initialize');
    assert.equal(made.kernel.sent.length, sent);
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), false);

    made.kernel.setLink({ index: INDEX, name: 'eth0', carrier: true });
    await settle();
    assert.equal(stateOf(made), 'Backup');
  });

  it('case 72: recreated with a new index: a new socket, and startup', async () => {
    const made = await active();
    made.kernel.removeLink(INDEX);
    await settle();
    assert.equal(made.driver.snapshot().virtualRouters[0]?.reason, 'interface-missing');
    made.kernel.setLink({ index: 9, name: 'eth0' });
    made.kernel.addAddress(9, '10.99.0.1/24');
    await settle();
    assert.equal(stateOf(made), 'Backup');
    assert.equal(made.kernel.sockets.at(-1)?.linkIndex, 9);
  });

  it('recreated with the same index, unnoticed in between: a new socket all the same', async () => {
    const made = await active();
    const sockets = made.kernel.sockets.length;
    made.kernel.quietly(() => {
      made.kernel.removeLink(INDEX);
      made.kernel.setLink({ index: INDEX, name: 'eth0' });
    });
    await settle();
    assert.equal(made.kernel.sockets.length, sockets + 1);
    assert.equal(made.kernel.sockets.at(-1)?.open, true);
  });

  it('a socket that cannot be opened is a fault, and is tried again every second', async () => {
    const made = rig({ before: (kernel) => (kernel.refuseSockets = 'EPERM') });
    made.driver.start();
    await settle();
    assert.equal(made.driver.snapshot().virtualRouters[0]?.reason, 'socket-failed');
    assert.equal(made.records.filter(({ event }) => event === 'socket-failed').length, 1);
    made.kernel.refuseSockets = null;
    made.kernel.advance(SECOND);
    await settle();
    assert.equal(stateOf(made), 'Backup');
  });

  it('case 74: the next advertisement comes from the new primary address', async () => {
    const made = await active();
    made.kernel.removeAddress(INDEX, '10.99.0.1/24');
    made.kernel.addAddress(INDEX, '10.99.0.9/24');
    await settle();
    made.kernel.advance(2 * ACTIVE_DOWN);
    await settle();
    made.kernel.advance(SECOND);
    assert.equal(made.kernel.sent.at(-1)?.source, '10.99.0.9');
  });

  it('a refused send is counted and told, and the role stays', async () => {
    const made = await active();
    made.kernel.refuseSends = 'ENOBUFS';
    made.kernel.advance(3 * SECOND);
    assert.equal(made.driver.tallies.sendErrorsOf('lan'), 3);
    assert.equal(made.records.filter(({ event }) => event === 'send-failed').length, 1);
    assert.equal(stateOf(made), 'Active');
  });
});

describe('packets that are discarded', () => {
  it('are counted by reason, logged once, and leave deadlines alone', async () => {
    const made = rig();
    made.driver.start();
    await settle();
    const before = made.kernel.armedFor;
    for (let count = 0; count < 50; count += 1) {
      made.kernel.deliver({ ...peerAdvertisement(200), hopLimit: 254 });
      made.kernel.deliver({ ...peerAdvertisement(200), destination: address('224.0.0.1') });
    }
    assert.equal(made.kernel.armedFor, before);
    assert.deepEqual(made.driver.reception.byRouter.countsOf('lan'), {
      hopLimit: 50,
      notForUs: 50,
    });
    const told = made.records.filter(({ event }) => event === 'packet-discarded');
    assert.deepEqual(
      told.map(({ reason }) => reason),
      ['hopLimit', 'notForUs'],
    );
  });

  it('case 23: of a VRID that nobody configured are the interface’s', async () => {
    const made = rig({ settings: settingsOf([routerSettings({ vrid: 52 })]) });
    made.driver.start();
    await settle();
    made.kernel.deliver(peerAdvertisement(200));
    assert.deepEqual(made.driver.reception.byInterface.countsOf('eth0'), { vrid: 1 });
    assert.equal(stateOf(made), 'Backup');
  });
});

describe('settings and stop', () => {
  it('the script is in waiting where addresses can be held, and follows a reload', () => {
    const { driver, executor } = rig();
    assert.deepEqual(executor.standbys, [{ argv: [driver.settings.vip.script] }]);
    const vip = { ...driver.settings.vip, script: '/usr/local/bin/vip' };
    driver.configure({ ...driver.settings, vip });
    assert.deepEqual(executor.standbys.at(-1), { argv: ['/usr/local/bin/vip'] });
    driver.configure({ ...driver.settings, ha: { ...driver.settings.ha, mode: 'off' } });
    assert.equal(executor.standbys.at(-1), null);
  });

  it('a reload removes the addresses of a virtual router that is gone, after its farewell', async () => {
    const made = await active();
    made.driver.configure(settingsOf([routerSettings({ name: 'other', vrid: 60 })]));
    await settle();
    assert.equal(made.kernel.sent.at(-1)?.message[2], 0);
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), false);
  });

  it('a reload that changes the addresses of an Active keeps the role and moves the addresses', async () => {
    const made = await active();
    const transitions = made.records.filter(({ event }) => event === 'transition').length;
    made.driver.configure(
      settingsOf([
        routerSettings({ addresses: [{ address: address('10.99.0.101'), prefixLength: 24 }] }),
      ]),
    );
    await settle();
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), false);
    assert.equal(made.kernel.has(INDEX, '10.99.0.101/24'), true);
    assert.equal(made.records.filter(({ event }) => event === 'transition').length, transitions);
    made.kernel.advance(SECOND);
    assert.deepEqual([...(made.kernel.sent.at(-1)?.message.slice(8) ?? [])], [10, 99, 0, 101]);
  });

  it('stop: priority 0 once; the addresses are the executor’s to remove', async () => {
    const made = await active();
    const scripts = made.executor.requests.length;
    await made.driver.stop();
    assert.equal(made.kernel.sent.at(-1)?.message[2], 0);
    assert.deepEqual(made.executor.finished, { farewellSent: true });
    assert.equal(made.executor.requests.length, scripts);
    assert.equal(made.executor.will?.release.input, 'address del 10.99.0.100/24 dev eth0\n');
    assert.equal(made.kernel.armedFor, null);
  });

  it('checksum auto: answers in the dialect it hears', async () => {
    const made = await active();
    made.kernel.deliver(peerAdvertisement(50, 'rfc5798'));
    await settle();
    const answer = made.kernel.sent.at(-1);
    const expected = encodeAdvertisement(
      { vrid: 51, priority: 100, maxAdvertiseInterval: centiseconds(100), addresses: [VIRTUAL] },
      { source: address('10.99.0.1'), destination: VRRP_GROUP.ipv4, dialect: 'rfc5798' },
    );
    assert.deepEqual(answer?.message, expected);
    assert.ok(made.records.some(({ event }) => event === 'checksum-dialect'));
  });
});

describe('the recording', () => {
  it('replays through the core, from JSON, to the same state', async () => {
    const made = await active();
    made.kernel.deliver(peerAdvertisement(50));
    made.kernel.setLink({ index: INDEX, name: 'eth0', carrier: false });
    await settle();
    const text = formatRecording(made.driver.recorder.recording());
    const effects = replay(parseRecording(text)).flat();
    const transitions = effects.flatMap((effect) =>
      effect.kind === 'transition' ? [`${effect.from} ${effect.to} ${effect.reason}`] : [],
    );
    const told = made.records
      .filter(({ event }) => event === 'transition')
      .map(({ from, to, reason }) => `${from} ${to} ${reason}`);
    assert.deepEqual(transitions, told);
    assert.equal(told.length, 3);
  });
});
