// An IPv6 address is in service when the kernel says so, not when the script has added it: until then it
// is neither announced nor called present. With a kernel in memory; the real one is in environment-link.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { centiseconds } from '../../src/model/units.js';
import { encodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { address } from '../support/fake-kernel.js';
import { exited } from '../support/fake-executor.js';
import { ACTIVE_DOWN } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

/** For how long the agent waits for addresses that do not stand there, and for the kernel to check those that do. */
const SERVICE_DELAY = 50_000;
const CHECKED_WITHIN = 500_000;
const STANDS_WITHIN = 2_000_000;
const LINK_LOCAL = 'fe80::51/64';
const GLOBAL = '2001:db8::51/64';

/**
 * Active, its addresses added by the script, here or elsewhere, none of them in service. Late: the script has ended, and the
 * kernel has still to put them there.
 */
async function tentative(
  where: 'here' | 'late' | 'elsewhere' = 'here',
): Promise<{ made: Rig; mark: number }> {
  const six = routerSettings({
    name: 'six',
    family: 'ipv6',
    addresses: [
      { address: address('fe80::51'), prefixLength: 64 },
      { address: address('2001:db8::51'), prefixLength: 64 },
    ],
  });
  const lan = settingsOf([six]);
  const peers = [{ name: 'there', addresses: [address('10.98.0.2')] }];
  const made = rig({
    settings: {
      ...lan,
      ha: { ...lan.ha, peers },
      ...(where === 'elsewhere' ? { vip: { ...lan.vip, script: '/usr/local/bin/vip' } } : {}),
    },
    before: (kernel) => kernel.addAddress(INDEX, 'fe80::1/64'),
  });
  made.executor.tentative = true;
  if (where !== 'here') made.executor.answers.push(exited(0));
  made.driver.start();
  await settle();
  const mark = made.trace.length;
  made.kernel.advance(ACTIVE_DOWN);
  await settle();
  assert.equal(made.driver.snapshot().virtualRouters[0]?.state, 'Active');
  const here = [LINK_LOCAL, GLOBAL].map((one) => made.kernel.has(INDEX, one));
  assert.deepEqual(here, [where === 'here', where === 'here']);
  return { made, mark };
}

const said = ({ trace }: Rig, mark: number): string[] => trace.lines(mark, 'frame', 'news');

describe('IPv6 addresses that the script has added', () => {
  it('are neither announced nor called present while the kernel checks one of them', async () => {
    const { made, mark } = await tentative();
    made.kernel.setUsable(INDEX, LINK_LOCAL);
    await settle();
    assert.deepEqual(said(made, mark), ['news Active without addresses']);
  });

  it('are, at the kernel’s word for the last of them', async () => {
    const { made, mark } = await tentative();
    made.kernel.setUsable(INDEX, LINK_LOCAL);
    made.kernel.setUsable(INDEX, GLOBAL);
    await settle();
    assert.deepEqual(said(made, mark), [
      'news Active without addresses',
      'announce fe80::51',
      'announce 2001:db8::51',
      'news Active with addresses',
    ]);
  });

  it('are not while the kernel has no time to check them, however busy it is', async () => {
    const { made, mark } = await tentative();
    made.kernel.advance(CHECKED_WITHIN - 1);
    await settle();
    assert.deepEqual(said(made, mark), ['news Active without addresses'], 'not before');
    made.kernel.setUsable(INDEX, LINK_LOCAL);
    made.kernel.setUsable(INDEX, GLOBAL);
    await settle();
    assert.deepEqual(said(made, mark).at(-1), 'news Active with addresses');
  });

  it('are after a while all the same: whoever asks for duplicate address detection does not wait', async () => {
    const { made, mark } = await tentative();
    made.kernel.advance(CHECKED_WITHIN);
    await settle();
    assert.deepEqual(said(made, mark).at(-1), 'news Active with addresses');
  });

  it('are called present soon where they do not stand: a script of the user’s may put them elsewhere', async () => {
    const { made, mark } = await tentative('elsewhere');
    made.kernel.advance(SERVICE_DELAY - 1);
    await settle();
    assert.deepEqual(said(made, mark), ['news Active without addresses'], 'not before');
    made.kernel.advance(1);
    await settle();
    assert.deepEqual(said(made, mark).at(-1), 'news Active with addresses');
  });

  it('are at the kernel’s word only, however late it has time to put them where the package’s script adds them', async () => {
    const { made, mark } = await tentative('late');
    const scripts = made.executor.requests.length;
    made.kernel.advance(STANDS_WITHIN - 1);
    await settle();
    assert.deepEqual(said(made, mark), ['news Active without addresses'], 'not before');
    assert.equal(made.executor.requests.length, scripts, 'and they are not put there again');
    made.kernel.addAddress(INDEX, LINK_LOCAL);
    made.kernel.addAddress(INDEX, GLOBAL);
    await settle();
    assert.deepEqual(said(made, mark).slice(1), [
      'announce fe80::51',
      'announce 2001:db8::51',
      'news Active with addresses',
    ]);
  });

  it('are put there again where the package’s script has ended and they never came', async () => {
    const { made } = await tentative('late');
    made.executor.tentative = false;
    made.kernel.advance(STANDS_WITHIN);
    await settle();
    assert.deepEqual(
      [LINK_LOCAL, GLOBAL].map((one) => made.kernel.has(INDEX, one)),
      [true, true],
    );
  });
});

describe('the address to send from', () => {
  it('is none while the kernel checks it: the virtual router waits, and nothing is sent', async () => {
    const six = routerSettings({
      name: 'six',
      family: 'ipv6',
      addresses: [{ address: address('fe80::51'), prefixLength: 64 }],
    });
    const made = rig({
      settings: settingsOf([six]),
      before: (kernel) => kernel.addAddress(INDEX, 'fe80::1/64', false, false),
    });
    made.driver.start();
    await settle();
    made.kernel.advance(2 * ACTIVE_DOWN);
    await settle();
    const router = () => made.driver.snapshot().virtualRouters[0];
    assert.deepEqual([router()?.state, router()?.reason], ['Initialize', 'no-primary-address']);
    assert.deepEqual(made.kernel.sent, []);

    made.kernel.setUsable(INDEX, 'fe80::1/64');
    await settle();

    assert.equal(router()?.state, 'Backup');
    assert.equal(router()?.primaryAddress, 'fe80::1');
  });
});

describe('a rival that advertises from the virtual link-local address', () => {
  const from = (source: string): Parameters<Rig['kernel']['deliver']>[0] => {
    const advertisement = {
      vrid: 51,
      priority: 200,
      maxAdvertiseInterval: centiseconds(100),
      addresses: [address('fe80::51')],
    };
    const envelope = {
      source: address(source),
      destination: VRRP_GROUP.ipv6,
      dialect: 'rfc9568' as const,
    };
    return {
      family: 'ipv6',
      linkIndex: INDEX,
      ...envelope,
      hopLimit: 255,
      message: encodeAdvertisement(advertisement, envelope),
    };
  };

  it('is none of ours that came back, since we never send from there: the better one is obeyed', async () => {
    const { made } = await tentative();
    made.kernel.deliver(from('fe80::51'));
    await settle();
    const [router] = made.driver.snapshot().virtualRouters;
    assert.deepEqual([router?.state, router?.reason], ['Backup', 'preempted']);
    assert.equal(router?.activeAddress, 'fe80::51');
  });

  it('what comes from the address that we send from is ours, or a duplicate of it: discarded', async () => {
    const { made } = await tentative();
    made.kernel.deliver(from('fe80::1'));
    await settle();
    assert.equal(made.driver.snapshot().virtualRouters[0]?.state, 'Active');
    assert.deepEqual(made.driver.reception.byInterface.countsOf('eth0'), {});
    assert.deepEqual(made.driver.reception.byRouter.countsOf('six'), { ownPacket: 1 });
  });
});
