// Who has put an address on an interface: what we did not is never removed and gets no lifetime, whatever
// becomes of the role. On a kernel and an executor in memory.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { address } from '../support/fake-kernel.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import { ACTIVE_DOWN, SECOND, peerAdvertisement } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

const withPrefix = (text: string, prefixLength = 24) => ({ address: address(text), prefixLength });
const targetOf = (...texts: string[]) => ({
  interface: 'eth0',
  addresses: texts.map((text) => withPrefix(text)),
});

/** With one virtual router that has `.100`, unless told otherwise, and `.100` on the interface already. */
function hostWith(
  text: string,
  change: Partial<VirtualRouterSettings> = {},
  options: Parameters<typeof rig>[0] = {},
): Rig {
  return rig({
    settings: settingsOf([routerSettings(change)]),
    ...options,
    before: (kernel) => {
      if (change.priority === 255) kernel.addAddress(INDEX, '10.99.0.1/24');
      kernel.addAddress(INDEX, text);
    },
  });
}

async function become(made: Rig, state: 'Active' | 'Backup'): Promise<void> {
  if (state === 'Active') made.kernel.advance(ACTIVE_DOWN);
  else made.kernel.deliver(peerAdvertisement(200));
  await settle();
  assert.equal(made.driver.snapshot().virtualRouters[0]?.state, state);
}

async function started(made: Rig): Promise<Rig> {
  made.driver.start();
  await settle();
  return made;
}

const linesOf = ({ executor }: Rig): string[] =>
  executor.requests.flatMap(({ input }) => input.split('\n')).filter((line) => line !== '');

describe('an address that stood before us', () => {
  it('stays, without a lifetime, through Backup, Active, Backup and a stop', async () => {
    const made = await started(hostWith('10.99.0.100/24'));
    assert.ok(made.kernel.has(INDEX, '10.99.0.100/24'), 'not removed at the start');
    await become(made, 'Active');
    assert.equal(made.kernel.frames.length > 0, true, 'it is announced all the same');
    assert.equal(made.executor.will, null, 'nothing of ours would be left behind');
    await become(made, 'Backup');
    await made.driver.stop();
    assert.deepEqual(linesOf(made), []);
    assert.ok(made.kernel.has(INDEX, '10.99.0.100/24'));
    assert.deepEqual(made.driver.keeper.foreign('lan'), [withPrefix('10.99.0.100')]);
  });

  it('is left alone beside others of the same virtual router that are ours', async () => {
    const addresses = [withPrefix('10.99.0.100'), withPrefix('10.99.0.101')];
    const made = await started(hostWith('10.99.0.100/24', { addresses }));
    await become(made, 'Active');
    assert.deepEqual(linesOf(made), [
      'address replace 10.99.0.101/24 dev eth0 valid_lft 3 preferred_lft 3',
    ]);
    const will = made.executor.will;
    assert.equal(will?.release.input, 'address del 10.99.0.101/24 dev eth0\n');
    assert.deepEqual(
      will.addresses.map((one) => one.address),
      ['10.99.0.101'],
      'no lifetime is renewed but of our own',
    );
    assert.deepEqual(made.driver.keeper.leftovers().standing, [
      { ...targetOf('10.99.0.101'), linkIndex: INDEX },
    ]);
    await become(made, 'Backup');
    assert.deepEqual(
      ['10.99.0.100/24', '10.99.0.101/24'].filter((text) => made.kernel.has(INDEX, text)),
      ['10.99.0.100/24'],
    );
  });

  it('of the owner (priority 255) too, where one of two stood', async () => {
    const addresses = [withPrefix('10.99.0.100'), withPrefix('10.99.0.101')];
    const made = await started(hostWith('10.99.0.100/24', { addresses, priority: 255 }));
    assert.ok(made.kernel.has(INDEX, '10.99.0.101/24'));
    await made.driver.stop();
    const will = made.executor.wills.findLast((one) => one !== null);
    assert.equal(will?.release.input, 'address del 10.99.0.101/24 dev eth0\n');
  });

  it('with another prefix length: an IPv4 one stays beside ours', async () => {
    const made = await started(hostWith('10.99.0.100/32'));
    await become(made, 'Active');
    await become(made, 'Backup');
    assert.ok(made.kernel.has(INDEX, '10.99.0.100/32'));
    assert.ok(!made.kernel.has(INDEX, '10.99.0.100/24'));
  });

  it('with another prefix length: an IPv6 one is the same to the kernel, and serves', async () => {
    const addresses = [withPrefix('fe80::51', 64), withPrefix('2001:db8::51', 128)];
    const made = rig({
      settings: settingsOf([routerSettings({ family: 'ipv6', addresses })]),
      before: (kernel) => {
        kernel.addAddress(INDEX, 'fe80::1/64');
        kernel.addAddress(INDEX, '2001:db8::51/64');
      },
    });
    await started(made);
    await become(made, 'Active');
    assert.deepEqual(linesOf(made), [
      'address replace fe80::51/64 dev eth0 nodad valid_lft 3 preferred_lft 0',
    ]);
    assert.equal(made.kernel.frames.length, 2, 'both are announced');
    assert.equal(made.driver.keeper.present('lan').length, 2);
  });

  it('on another interface is no reason to do anything there', async () => {
    const made = rig({
      before: (kernel) => {
        kernel.setLink({ index: 5, name: 'eth1' });
        kernel.addAddress(5, '10.99.0.100/24');
      },
    });
    await started(made);
    await become(made, 'Active');
    await become(made, 'Backup');
    assert.ok(made.kernel.has(5, '10.99.0.100/24'));
    assert.ok(!made.kernel.has(INDEX, '10.99.0.100/24'));
  });

  it('goes while we are Active: ours takes its place, and goes with the role', async () => {
    const made = await started(hostWith('10.99.0.100/24'));
    await become(made, 'Active');
    made.kernel.removeAddress(INDEX, '10.99.0.100/24');
    await settle();
    assert.ok(made.kernel.has(INDEX, '10.99.0.100/24'), 'never nobody');
    await become(made, 'Backup');
    assert.ok(!made.kernel.has(INDEX, '10.99.0.100/24'));
  });
});

describe('an address that somebody adds', () => {
  it('while we are Backup stays', async () => {
    const made = await started(rig());
    made.kernel.addAddress(INDEX, '10.99.0.100/24', true);
    made.kernel.advance(2 * SECOND);
    await settle();
    assert.deepEqual(linesOf(made), []);
    await become(made, 'Active');
    await become(made, 'Backup');
    await made.driver.stop();
    assert.deepEqual(linesOf(made), []);
    assert.ok(made.kernel.has(INDEX, '10.99.0.100/24'));
  });

  it('in place of ours while we are Active is not ours any more', async () => {
    const made = await started(rig());
    await become(made, 'Active');
    made.kernel.quietly(() => {
      made.kernel.removeAddress(INDEX, '10.99.0.100/24');
      made.kernel.addAddress(INDEX, '10.99.0.100/24');
    });
    await settle();
    assert.ok(!made.records.some(({ event }) => event === 'address-restored'), 'it never went');
    assert.equal(made.executor.will, null);
    await become(made, 'Backup');
    assert.ok(made.kernel.has(INDEX, '10.99.0.100/24'));
  });
});

describe('what an agent before this one has recorded', () => {
  it('as added is ours: it goes at the start', async () => {
    const made = hostWith('10.99.0.100/24', {}, { leftovers: [targetOf('10.99.0.100')] });
    await started(made);
    assert.ok(!made.kernel.has(INDEX, '10.99.0.100/24'));
  });

  it('is looked for by index, whatever the interface is called now', async () => {
    const former = { ...targetOf('10.99.0.100'), interface: 'former', linkIndex: INDEX };
    const made = hostWith('10.99.0.100/24', {}, { leftovers: [former] });
    await started(made);
    assert.ok(!made.kernel.has(INDEX, '10.99.0.100/24'));
  });

  it('on an interface that was made anew since is on the one of that name, and followed from there', async () => {
    const gone = { ...targetOf('10.99.0.100'), linkIndex: 99 };
    const made = hostWith('10.99.0.100/24', {}, { leftovers: [gone] });
    made.driver.keeper.suspend();
    await started(made);
    made.kernel.setLink({ index: INDEX, name: 'later' });
    await settle();
    const standing = { ...gone, interface: 'later', linkIndex: INDEX };
    assert.deepEqual(made.driver.keeper.leftovers().standing, [standing]);
  });

  for (const [leaseSeconds, stays] of [
    [3, true],
    [0, false],
  ] as const) {
    it(`as about to be added, and stands for ever, with vip.leaseSeconds ${leaseSeconds}: ${stays ? 'stays' : 'goes'}`, async () => {
      const settings = settingsOf([routerSettings({})]);
      const vip = { ...settings.vip, leaseSeconds };
      const mayAdd = [targetOf('10.99.0.100')];
      const made = hostWith('10.99.0.100/24', {}, { settings: { ...settings, vip }, mayAdd });
      await started(made);
      assert.equal(made.kernel.has(INDEX, '10.99.0.100/24'), stays);
    });
  }

  it('nothing, and the address has a lifetime that only we give: it is ours', async () => {
    const made = rig({
      before: (kernel) => kernel.addAddress(INDEX, '10.99.0.100/24', true, true, 2),
    });
    await started(made);
    assert.ok(!made.kernel.has(INDEX, '10.99.0.100/24'));
  });

  it('nothing, and the address has a longer lifetime (DHCP): it is not', async () => {
    const made = rig({
      before: (kernel) => kernel.addAddress(INDEX, '10.99.0.100/24', true, true, 600),
    });
    await started(made);
    assert.ok(made.kernel.has(INDEX, '10.99.0.100/24'));
  });

  it('is told before it is added: what does not stand yet', async () => {
    const made = await started(rig());
    const { keeper } = made.driver;
    const virtualMacs = { links: [], parents: [] };
    const rest = { inherits: false, virtualMacs };
    const target = { ...targetOf('10.99.0.100'), linkIndex: INDEX };
    assert.deepEqual(keeper.leftovers(), { standing: [], mayAdd: [target], ...rest });
    made.executor.held = true;
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    assert.ok(!made.kernel.has(INDEX, '10.99.0.100/24'), 'the script has yet to run');
    assert.deepEqual(keeper.leftovers(), { standing: [target], mayAdd: [], ...rest });
    made.executor.proceed();
    await settle();
    assert.deepEqual(keeper.leftovers(), { standing: [target], mayAdd: [], ...rest });
    await become(made, 'Backup');
    assert.deepEqual(keeper.leftovers(), { standing: [], mayAdd: [target], ...rest });
  });
});
