// Virtual routers with a virtual MAC address on a fake kernel: when their macvlan is made, goes up and down, what
// goes out with which MAC address, and what becomes of the sysctls. No process.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { VirtualRouterSettings } from '../../src/config/settings.js';
import { failedRun } from '../support/fake-executor.js';
import { address, type FakeKernel } from '../support/fake-kernel.js';
import { INDEX, PEER, rig, routerSettings, settle, settingsOf, type Rig } from './rig.js';

const MAC = '00:00:5e:00:01:33';
const MAKE = [
  `link add link eth0 name us51v4 address ${MAC} type macvlan mode bridge`,
  'link set dev us51v4 addrgenmode none',
];

const lan = (change: Partial<VirtualRouterSettings> = {}): VirtualRouterSettings =>
  routerSettings({ virtualMac: true, ...change });

/** Every script that was run, as its lines. */
const scripts = ({ executor }: Rig): string[][] =>
  executor.requests.map(({ input }) => input.trim().split('\n'));

const source = (frame: Uint8Array): string =>
  Array.from(frame.subarray(6, 12), (byte) => byte.toString(16).padStart(2, '0')).join(':');

async function started(options: Parameters<typeof rig>[0] = {}): Promise<Rig> {
  const made = rig({ settings: settingsOf([lan()]), ...options });
  made.driver.start();
  await settle();
  return made;
}

async function active(options: Parameters<typeof rig>[0] = {}): Promise<Rig> {
  const made = await started(options);
  made.kernel.advance(3_700_000);
  await settle();
  return made;
}

const advertise = ({ kernel }: Rig, priority: number): void => {
  const message = Uint8Array.from([0x31, 51, priority, 1, 0, 100, 0, 0, 10, 99, 0, 100]);
  let sum = 0;
  for (let at = 0; at < message.length; at += 2)
    sum += (message[at] ?? 0) * 256 + (message[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  message[6] = (~sum >> 8) & 0xff;
  message[7] = ~sum & 0xff;
  kernel.deliver({
    family: 'ipv4',
    linkIndex: INDEX,
    source: PEER,
    destination: address('224.0.0.18'),
    hopLimit: 255,
    message,
  });
};

/** Two addresses of one solicited-node group, and one of another. */
const lan6 = (): VirtualRouterSettings =>
  lan({
    family: 'ipv6',
    addresses: ['fe80::100', '2001:db8::100', '2001:db8::1:200'].map((one) => ({
      address: address(one),
      prefixLength: 64,
    })),
  });

describe('what switches hear of multicast groups', () => {
  it('a macvlan says nothing before it goes up; of IPv6 its parent is a member instead', async () => {
    const { kernel, driver } = await started({
      settings: settingsOf([lan6()]),
      before: (fake) => fake.addAddress(INDEX, 'fe80::1/64'),
    });
    const index = kernel.indexOf('us51v6') ?? 0;
    assert.equal(kernel.link(index)?.up, false);
    assert.deepEqual([...kernel.silenced], [index]);
    assert.deepEqual(kernel.memberships, ['2 ff02::1:ff00:100', '2 ff02::1:ff01:200']);
    driver.configure(settingsOf([lan6()]));
    assert.deepEqual(kernel.memberships, ['2 ff02::1:ff00:100', '2 ff02::1:ff01:200']);
    driver.configure(settingsOf([{ ...lan6(), virtualMac: false }]));
    assert.deepEqual(kernel.memberships, []);
  });

  it('of IPv4 there are no such groups', async () => {
    const { kernel } = await started();
    assert.deepEqual([kernel.silenced.size, kernel.memberships], [1, []]);
  });

  it('the parent is deleted and made again: the new one is a member', async () => {
    const { kernel } = await started({
      settings: settingsOf([lan6()]),
      before: (fake) => fake.addAddress(INDEX, 'fe80::1/64'),
    });
    kernel.removeLink(kernel.indexOf('us51v6') ?? 0);
    kernel.removeLink(INDEX);
    await settle();
    kernel.setLink({ index: 77, name: 'eth0' });
    await settle();
    assert.deepEqual(kernel.memberships, ['77 ff02::1:ff00:100', '77 ff02::1:ff01:200']);
    assert.ok(kernel.silenced.has(kernel.indexOf('us51v6') ?? 0));
  });

  it('a kernel without such filters: health says what to load; the address stands; a reload tries again', async () => {
    const made = await active({ before: (kernel) => (kernel.refuseFilters = 'ENOENT') });
    const { driver, kernel } = made;
    assert.deepEqual(driver.keeper.virtualMacs.problems(), [
      'lan: switches may send to us51v4 too early: its IGMP and MLD cannot be kept back: RTM_NEWTFILTER failed with ENOENT: load the kernel modules sch_ingress and cls_bpf, then reload',
    ]);
    assert.equal(driver.keeper.present('lan').length, 1);
    kernel.refuseFilters = null;
    driver.configure(settingsOf([lan()]));
    await settle();
    assert.deepEqual(driver.keeper.virtualMacs.problems(), []);
    assert.equal(kernel.silenced.size, 1);
  });
});

describe('a virtual router with a virtual MAC address', () => {
  it('has its macvlan made at the start, down, recorded before', async () => {
    const made = await started();
    assert.deepEqual(scripts(made), [MAKE]);
    const link = made.kernel.link(made.kernel.indexOf('us51v4') ?? 0);
    assert.deepEqual([link?.macAddress, link?.up, link?.lower], [MAC, false, INDEX]);
    assert.deepEqual(
      made.trace.lines(0, 'record', 'script').map((line) => line.split(' ')[0]),
      ['record', 'script'],
    );
    assert.deepEqual(made.kernel.sysctls.get('us51v4'), {
      arpIgnore: 1,
      arpAnnounce: 2,
      rpFilter: 2,
      forwarding: 0,
    });
    assert.deepEqual(made.kernel.sysctls6.get('us51v4'), { disable_ipv6: 1 });
    const parent = made.kernel.sysctls.get('eth0');
    assert.deepEqual([parent?.arpIgnore, parent?.arpAnnounce], [1, 2]);
    assert.deepEqual(made.driver.keeper.leftovers().virtualMacs, {
      links: ['us51v4'],
      parents: [{ interface: 'eth0', linkIndex: INDEX, arpIgnore: 0, arpAnnounce: 0 }],
    });
  });

  it('takes it up with the addresses, and says all from its MAC address', async () => {
    const made = await active();
    assert.deepEqual(scripts(made).slice(1), [
      [
        'link set dev us51v4 up',
        'address replace 10.99.0.100/24 dev us51v4 metric 60000 valid_lft 3 preferred_lft 3',
      ],
    ]);
    const { kernel, driver } = made;
    assert.equal(driver.snapshot().virtualRouters[0]?.state, 'Active');
    kernel.advance(1_100_000);
    assert.ok(kernel.frames.length >= 2, 'an announcement and an advertisement');
    for (const { linkIndex, frame } of kernel.frames) {
      assert.deepEqual([linkIndex, source(frame)], [INDEX, MAC]);
    }
    const types = new Set(
      kernel.frames.map(({ frame }) => (frame[12] ?? 0) * 256 + (frame[13] ?? 0)),
    );
    assert.deepEqual([types.has(0x0806), types.has(0x0800)], [true, true]);
    const [first] = kernel.frames;
    assert.ok(
      kernel.sent.every(({ at }) => at <= (first?.at ?? 0)),
      'before the addresses stand the interface speaks: no switch is told',
    );
  });

  it('says again where it is, for the router before it may have answered meanwhile', async () => {
    const { kernel, driver } = await active();
    const announced = (): number => kernel.frames.filter(({ frame }) => frame[13] === 6).length;
    const first = announced();
    kernel.advance(301_000);
    assert.equal(announced(), first + 3);
    driver.configure(settingsOf([lan({ virtualMac: false })]));
    assert.equal(announced(), first + 3);
  });

  it('takes it down when it leaves: the IPv4 address goes first', async () => {
    const made = await active();
    advertise(made, 200);
    await settle();
    assert.equal(made.driver.snapshot().virtualRouters[0]?.state, 'Backup');
    assert.deepEqual(scripts(made).at(-1), [
      'address del 10.99.0.100/24 dev us51v4',
      'link set dev us51v4 down',
    ]);
    assert.equal(made.kernel.link(made.kernel.indexOf('us51v4') ?? 0)?.up, false);
  });

  it('its will deletes the macvlan, puts the parent back, and says farewell from the MAC address', async () => {
    const { executor } = await active();
    const will = executor.will;
    assert.deepEqual(will?.release.input.trim().split('\n'), [
      'address del 10.99.0.100/24 dev us51v4',
      'link set dev us51v4 group 1970496118',
      'link del group 1970496118',
    ]);
    assert.deepEqual(
      will.farewell.map(({ linkIndex, frame }) => [linkIndex, source(frame)]),
      [[INDEX, MAC]],
    );
    assert.deepEqual(will.addresses, [
      { linkIndex: 100, address: '10.99.0.100', prefixLength: 24 },
    ]);
    assert.equal(will.settings.length, 1);
  });

  it('a Backup leaves a will for its macvlan, too', async () => {
    const { executor } = await started();
    assert.deepEqual(executor.will?.release.input.trim().split('\n'), [
      'link set dev us51v4 group 1970496118',
      'link del group 1970496118',
    ]);
    assert.equal(executor.will.lease, null);
  });

  it('a stop while it is being made takes it away, too', async () => {
    const made = rig({ settings: settingsOf([lan()]) });
    made.executor.held = true;
    made.driver.start();
    await settle();
    assert.deepEqual(scripts(made), [MAKE]);
    assert.equal(
      made.kernel.indexOf('us51v4'),
      undefined,
      'the kernel has not said that it is there',
    );
    void made.driver.stop();
    assert.deepEqual(made.executor.will?.release.input.trim().split('\n'), [
      'link set dev us51v4 group 1970496118',
      'link del group 1970496118',
    ]);
  });

  it('somebody takes it down: it goes up again; somebody takes it up in Backup: down', async () => {
    const made = await active();
    const index = made.kernel.indexOf('us51v4') ?? 0;
    const link = made.kernel.link(index);
    assert.ok(link !== undefined);
    made.kernel.setLink({ ...link, up: false });
    await settle();
    made.kernel.advance(1_000_000);
    await settle();
    assert.equal(made.kernel.link(index)?.up, true);
    advertise(made, 200);
    await settle();
    assert.equal(made.kernel.link(index)?.up, false);
    made.kernel.setLink({ ...link, up: true });
    await settle();
    assert.equal(made.kernel.link(index)?.up, false);
  });

  it('waits for the macvlan with its addresses', async () => {
    const made = rig({ settings: settingsOf([lan()]) });
    made.executor.held = true;
    made.driver.start();
    await settle();
    made.kernel.advance(3_700_000);
    await settle();
    assert.equal(made.executor.requests.length, 1, 'the macvlan is still being made');
    made.executor.proceed();
    await settle();
    assert.equal(made.executor.requests.length, 2);
    assert.deepEqual(made.driver.keeper.present('lan').length, 1);
  });

  it('without the right there is no half state: the address does not stand, and health says why', async () => {
    const made = await active({ before: (kernel) => (kernel.refuseSettings = 'EROFS') });
    const [problem = ''] = made.driver.keeper.virtualMacs.problems();
    assert.match(problem, /^lan: no virtual MAC address: .*EROFS/);
    assert.deepEqual(made.driver.keeper.present('lan'), []);
    assert.ok(made.executor.requests.every(({ input }) => !input.includes('address replace')));
    assert.ok(made.records.some(({ event, reason }) => `${event} ${reason}`.includes('failed')));
    made.kernel.refuseSettings = null;
    made.kernel.advance(5_100_000);
    await settle();
    assert.deepEqual(made.driver.keeper.virtualMacs.problems(), []);
  });

  it('a port of a bridge is refused with the reason', async () => {
    const made = await started({
      before: (kernel: FakeKernel) => {
        kernel.setLink({ index: 9, name: 'br0' });
        kernel.setLink({ index: INDEX, name: 'eth0', controller: 9 });
      },
    });
    assert.deepEqual(made.driver.keeper.virtualMacs.problems(), [
      'lan: no virtual MAC address: eth0 belongs to br0: name br0 as interface, or take eth0 out of it',
    ]);
    assert.deepEqual(scripts(made), []);
  });

  it('a VRF, and what belongs to one, are refused with the reason', async () => {
    const belongs = await started({
      before: (kernel) => {
        kernel.setLink({ index: 9, name: 'red', noArp: true });
        kernel.setLink({ index: INDEX, name: 'eth0', controller: 9 });
      },
    });
    assert.deepEqual(belongs.driver.keeper.virtualMacs.problems(), [
      'lan: no virtual MAC address: eth0 belongs to the VRF red: take eth0 out of it',
    ]);
    const itself = await started({
      before: (kernel) => kernel.setLink({ index: INDEX, name: 'eth0', noArp: true }),
    });
    assert.deepEqual(itself.driver.keeper.virtualMacs.problems(), [
      'lan: no virtual MAC address: eth0 has no ARP (a VRF, a tunnel): name an Ethernet interface',
    ]);
    assert.deepEqual([scripts(belongs), scripts(itself)], [[], []]);
  });

  it('a macvlan as parent is refused with the reason: ours would stand on the interface under it', async () => {
    const made = rig({ settings: settingsOf([lan()]) });
    const { kernel, executor, driver } = made;
    kernel.setLink({ index: 9, name: 'eth9' });
    kernel.setLink({ index: INDEX, name: 'eth0', lower: 9 });
    executor.macvlans.add('eth0');
    driver.start();
    await settle();
    const refused = [
      'lan: no virtual MAC address: eth0 is a macvlan itself, so us51v4 stands on the interface under it: name that one as interface',
    ];
    assert.deepEqual(driver.keeper.virtualMacs.problems(), refused);
    const tried = scripts(made).length;
    kernel.advance(11_000_000);
    await settle();
    assert.deepEqual(driver.keeper.virtualMacs.problems(), refused);
    assert.equal(scripts(made).length, tried, 'it is not made again and again');
    assert.deepEqual(driver.keeper.present('lan'), []);
  });

  it('a card that refuses it: no address stands, health says why, and it is tried again', async () => {
    const made = rig({ settings: settingsOf([lan()]) });
    const { driver, executor, kernel } = made;
    const words = `vip: line 1: ${MAKE[0]}: RTNETLINK answers: Operation not supported`;
    executor.answers.push(failedRun(words));
    driver.start();
    await settle();
    kernel.advance(3_700_000);
    await settle();
    const { virtualMacs } = driver.keeper;
    assert.match(virtualMacs.problems().join(), /^lan: no virtual MAC address: .*not supported/);
    assert.deepEqual(driver.keeper.present('lan'), []);
    kernel.advance(5_100_000);
    await settle();
    assert.deepEqual(virtualMacs.problems(), []);
  });

  it('the parent is deleted and made again: so is the macvlan', async () => {
    const made = await started();
    const { kernel } = made;
    kernel.removeLink(kernel.indexOf('us51v4') ?? 0);
    kernel.removeLink(INDEX);
    await settle();
    kernel.setLink({ index: 77, name: 'eth0' });
    kernel.addAddress(77, '10.99.0.1/24');
    await settle();
    assert.equal(kernel.link(kernel.indexOf('us51v4') ?? 0)?.lower, 77);
    assert.deepEqual(made.driver.keeper.leftovers().virtualMacs?.parents, [
      { interface: 'eth0', linkIndex: 77, arpIgnore: 1, arpAnnounce: 2 },
    ]);
  });

  it('the parent is renamed: the macvlan goes down with the role, and serves again when the name is back', async () => {
    const made = await active();
    const { kernel, driver } = made;
    const macvlan = kernel.indexOf('us51v4') ?? 0;
    kernel.setLink({ index: INDEX, name: 'lan0' });
    await settle();
    assert.equal(driver.snapshot().virtualRouters[0]?.state, 'Initialize');
    assert.equal(kernel.link(macvlan)?.up, false);
    assert.deepEqual(driver.keeper.present('lan'), []);
    kernel.setLink({ index: INDEX, name: 'eth0' });
    await settle();
    kernel.advance(3_700_000);
    await settle();
    assert.equal(driver.snapshot().virtualRouters[0]?.state, 'Active');
    assert.equal(kernel.indexOf('us51v4'), macvlan, 'it was not made anew');
    assert.equal(kernel.link(macvlan)?.up, true);
  });

  it('with unicast peers: to them from the interface, announcements from the virtual MAC address', async () => {
    const { kernel } = await active({ settings: settingsOf([lan({ unicastPeers: [PEER] })]) });
    const before = kernel.sent.length;
    kernel.advance(1_100_000);
    assert.ok(kernel.sent.length > before);
    assert.ok(kernel.sent.every(({ destination }) => destination === PEER));
    assert.ok(kernel.frames.length > 0);
    for (const { frame } of kernel.frames) {
      assert.deepEqual([source(frame), frame[12], frame[13]], [MAC, 0x08, 0x06]);
    }
  });

  it('with acceptMode: false the addresses are closed before the macvlan goes up', async () => {
    const made = await active({ settings: settingsOf([lan({ acceptMode: false })]) });
    const [closes, up, add] = scripts(made).at(-1) ?? [];
    assert.deepEqual(
      [closes, up, add?.split(' ').slice(0, 3)],
      [
        '#accept-mode false: 10.99.0.100',
        'link set dev us51v4 up',
        ['address', 'replace', '10.99.0.100/24'],
      ],
    );
    assert.match(made.executor.will?.release.argv.join(' ') ?? '', /accept-mode/);
  });

  it('somebody loads his sysctls again: they are set again', async () => {
    const { kernel } = await started();
    kernel.setIpv4Settings(INDEX, { arpIgnore: 0, arpAnnounce: 0 });
    kernel.advance(5_100_000);
    const parent = kernel.ipv4Settings('eth0');
    assert.deepEqual([parent.arpIgnore, parent.arpAnnounce], [1, 2]);
  });

  it('the setting is taken back while Active: the address moves, the macvlan goes, the parent is put back', async () => {
    const made = await active();
    made.driver.configure(settingsOf([lan({ virtualMac: false })]));
    await settle();
    await settle();
    const { kernel, driver } = made;
    assert.equal(driver.snapshot().virtualRouters[0]?.state, 'Active');
    assert.ok(kernel.has(INDEX, '10.99.0.100/24'));
    assert.equal(kernel.indexOf('us51v4'), undefined);
    assert.equal(kernel.ipv4Settings('eth0').arpIgnore, 0);
    assert.deepEqual(driver.keeper.leftovers().virtualMacs, { links: [], parents: [] });
  });
});
