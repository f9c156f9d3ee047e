// The driver's virtual addresses, with a kernel and an executor in memory: put back, taken away, and what an earlier agent
// has left. Their lifetimes, and changes of the settings: address-keeper and keeper-* tests.
import assert from 'node:assert/strict';
import { address } from '../support/fake-kernel.js';
import { failedRun } from '../support/fake-executor.js';
import { describe, it } from '../support/test.js';
import {
  active,
  ACTIVE_DOWN,
  peerAdvertisement,
  SECOND,
  stateOf,
  VIRTUAL_TARGET,
} from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

describe('addresses', () => {
  it('are put back when somebody removes them', async () => {
    const made = await active();
    made.kernel.removeAddress(INDEX, '10.99.0.100/24');
    await settle();
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), true);
    assert.equal(stateOf(made), 'Active');
    assert.ok(made.records.some(({ event }) => event === 'address-restored'));
  });

  it('go with the role: a Backup has none of them, and takes none that comes back', async () => {
    const made = await active();
    made.kernel.deliver(peerAdvertisement(200));
    await settle();
    const stands = (): boolean => made.kernel.has(INDEX, '10.99.0.100/24');
    assert.deepEqual([stateOf(made), stands()], ['Backup', false]);
    made.kernel.addAddress(INDEX, '10.99.0.100/24', true, true, 3);
    made.kernel.advance(SECOND);
    await settle();
    assert.deepEqual([stateOf(made), stands()], ['Backup', false]);
  });

  it('that an earlier agent left are removed at start', async () => {
    const made = rig({
      before: (kernel) => kernel.addAddress(INDEX, '10.99.0.100/24', true),
      leftovers: [VIRTUAL_TARGET],
    });
    made.driver.start();
    await settle();
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), false);
    assert.equal(stateOf(made), 'Backup');
  });

  describe('that an agent left that died as Active', () => {
    const heir = (): Rig => {
      const made = rig({
        before: (kernel) => kernel.addAddress(INDEX, '10.99.0.100/24', true),
        leftovers: [VIRTUAL_TARGET],
        inherits: true,
      });
      made.driver.start();
      return made;
    };
    const stands = ({ kernel }: Rig): boolean => kernel.has(INDEX, '10.99.0.100/24');

    it('stay, with a last will of their own, until this one is Active', async () => {
      const made = heir();
      await settle();
      assert.deepEqual([stateOf(made), stands(made)], ['Backup', true]);
      assert.equal(made.executor.will?.farewell.length, 0, 'a Backup says no farewell');
      assert.equal(made.executor.will.addresses.length, 1, 'they are renewed');
      assert.equal(made.executor.will.successors.length, 1);

      made.kernel.advance(ACTIVE_DOWN);
      await settle();

      assert.deepEqual([stateOf(made), stands(made)], ['Active', true]);
      const removals = made.executor.requests.filter(({ input }) => input.includes('address del'));
      assert.deepEqual(removals, [], 'never gone');
    });

    it('go when somebody else advertises the virtual router', async () => {
      const made = heir();
      await settle();
      made.kernel.deliver(peerAdvertisement(50));
      await settle();
      assert.deepEqual([stateOf(made), stands(made)], ['Backup', false]);
      assert.equal(made.executor.will, null);
    });

    it('go after Active_Down_Interval, when this one may not be Active', async () => {
      const made = heir();
      made.driver.operate({ kind: 'operator', command: 'maintenance-on', force: true });
      await settle();
      assert.equal(stands(made), true);

      made.kernel.advance(4 * SECOND);
      await settle();

      assert.deepEqual([stateOf(made), stands(made)], ['Initialize', false]);
    });
  });

  it('that the state file names, and no setting any longer, are removed at start', async () => {
    const made = rig({
      before: (kernel) => kernel.addAddress(INDEX, '10.99.0.77/24', true),
      leftovers: [
        { interface: 'eth0', addresses: [{ address: address('10.99.0.77'), prefixLength: 24 }] },
      ],
    });
    made.driver.start();
    await settle();
    assert.equal(made.kernel.has(INDEX, '10.99.0.77/24'), false);
  });

  it('of their owner (priority 255) are neither added nor removed', async () => {
    const owner = routerSettings({ priority: 255 });
    const made = rig({
      settings: settingsOf([owner]),
      before: (kernel) => kernel.addAddress(INDEX, '10.99.0.100/24'),
    });
    made.driver.start();
    await settle();
    assert.equal(stateOf(made), 'Active');
    await made.driver.stop();
    assert.deepEqual(made.executor.requests, []);
    assert.equal(made.executor.will, null);
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), true);
  });

  it('of several virtual routers in one script: the peers are told once of all of them', async () => {
    const lan = settingsOf([routerSettings({}), routerSettings({ name: 'wan', vrid: 52 })]);
    const peers = [{ name: 'there', addresses: [address('10.98.0.2')] }];
    const made = rig({ settings: { ...lan, ha: { ...lan.ha, peers } } });
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();

    const told = made.told.flatMap((one) => (one.kind === 'news' ? [one.report.routers] : []));
    assert.deepEqual(
      told.map((routers) => routers.map((one) => `${one.state} ${one.addressesPresent}`)),
      [
        ['Backup false', 'Backup false'],
        ['Active false', 'Active false'],
        ['Active true', 'Active true'],
      ],
    );
  });

  it('that could not be removed are tried again a second later', async () => {
    const made = await active();
    made.executor.answers.push(failedRun('vip: line 1: address del …: Device busy\n'));
    made.kernel.deliver(peerAdvertisement(200));
    await settle();
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), true);
    assert.ok(made.records.some(({ event }) => event === 'addresses-stuck'));

    made.kernel.advance(SECOND);
    await settle();

    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), false);
    assert.equal(made.executor.will, null);
  });

  it('of ours that come back on a Backup are removed: a renewal has crossed the removal', async () => {
    const made = rig();
    made.driver.start();
    await settle();
    made.kernel.addAddress(INDEX, '10.99.0.100/24', true, true, 3);
    made.kernel.advance(SECOND);
    await settle();
    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), false);
  });

  it('a change of mind while a script runs ends with what is wanted last', async () => {
    const made = rig();
    made.executor.held = true;
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    made.kernel.deliver(peerAdvertisement(200));
    await settle();
    assert.equal(made.executor.requests.length, 1, 'one script at a time');

    made.executor.proceed();
    await settle();

    assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), false);
    assert.equal(made.kernel.frames.length, 0, 'nothing is announced any more');
  });
});
