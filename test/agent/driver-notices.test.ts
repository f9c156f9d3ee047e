// Addresses that stand by the kernel's own word, before the script that put them there has ended: hosts,
// other routers and peers hear of them then, in this order. Not when a script fails: driver.test.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { Settings } from '../../src/config/settings.js';
import { centiseconds } from '../../src/model/units.js';
import { VRRP_GROUP, encodeAdvertisement } from '../../src/wire/advertisement.js';
import { address } from '../support/fake-kernel.js';
import { peerAdvertisement } from './active-rig.js';
import { INDEX, PEER, VIRTUAL, rig, routerSettings, settingsOf, settle, type Rig } from './rig.js';

const ADDRESS = '10.99.0.100/24';
const SECOND_ADDRESS = '10.99.0.101/24';
/** Skew_Time at priority 100 and 100 cs (RFC 9568 §6.1), and more. */
const SKEW = 700_000;

const withPeer = (settings: Settings): Settings => ({
  ...settings,
  ha: { ...settings.ha, peers: [{ name: 'there', addresses: [address('10.98.0.2')] }] },
});

const farewell = peerAdvertisement(0);

/** Taking the role from one that still answers, while the script that adds the addresses goes on. */
async function adding(settings = settingsOf([routerSettings({})])): Promise<Rig> {
  const made = rig({ settings: withPeer(settings) });
  made.driver.start();
  await settle();
  made.executor.held = true;
  made.kernel.deliver(farewell);
  made.kernel.advance(SKEW);
  await settle();
  assert.equal(made.executor.requests.length, 1, 'the script is under way');
  return made;
}

const told = ({ trace }: Rig, mark: number): string[] =>
  trace.lines(mark, 'frame', 'advertisement', 'news');

describe('the kernel tells of the addresses before the script ends', () => {
  it('they are announced, then claimed, then told to the peers', async () => {
    const made = await adding();
    const mark = made.trace.length;

    made.kernel.addAddress(INDEX, ADDRESS);
    await settle();

    assert.deepEqual(told(made, mark), [
      'announce 10.99.0.100',
      'advertisement 100 to 224.0.0.18',
      'news Active with addresses',
    ]);
  });

  it('the end of the script says nothing new', async () => {
    const made = await adding();
    made.kernel.addAddress(INDEX, ADDRESS);
    await settle();
    const mark = made.trace.length;

    made.executor.proceed();
    await settle();

    assert.deepEqual(told(made, mark), []);
  });

  it('not before all of them stand', async () => {
    const addresses = [VIRTUAL, address('10.99.0.101')].map((one) => ({
      address: one,
      prefixLength: 24,
    }));
    const made = await adding(settingsOf([routerSettings({ addresses })]));
    const mark = made.trace.length;

    made.kernel.addAddress(INDEX, ADDRESS);
    await settle();
    assert.deepEqual(told(made, mark), []);

    made.kernel.addAddress(INDEX, SECOND_ADDRESS);
    await settle();
    assert.deepEqual(told(made, mark), [
      'announce 10.99.0.100',
      'announce 10.99.0.101',
      'advertisement 100 to 224.0.0.18',
      'news Active with addresses',
    ]);
  });

  it('one that came and went in the same breath is not announced', async () => {
    const made = await adding();
    const mark = made.trace.length;

    made.kernel.quietly(() => {
      made.kernel.addAddress(INDEX, ADDRESS);
      made.kernel.removeAddress(INDEX, ADDRESS);
    });
    await settle();

    assert.deepEqual(told(made, mark), []);
  });

  it('nor what stands while it is being removed, though it is wanted again', async () => {
    const made = await adding();
    made.executor.proceed();
    await settle();
    made.executor.held = true;
    // A better one: the release is under way when that one leaves again.
    const better = encodeAdvertisement(
      { vrid: 51, priority: 200, maxAdvertiseInterval: centiseconds(100), addresses: [VIRTUAL] },
      { source: PEER, destination: VRRP_GROUP.ipv4, dialect: 'rfc9568' },
    );
    made.kernel.advance(SKEW);
    made.kernel.deliver({ ...farewell, message: better });
    await settle();
    made.kernel.deliver(farewell);
    made.kernel.advance(SKEW);
    await settle();
    assert.equal(made.driver.snapshot().virtualRouters[0]?.state, 'Active');
    const mark = made.trace.length;

    // The executor has renewed its lifetime: a notice of an address that stands.
    made.kernel.addAddress(INDEX, ADDRESS);
    await settle();

    assert.deepEqual(made.trace.lines(mark, 'frame', 'news'), []);
  });
});

describe('the program that waits', () => {
  it('is kept when the mode is switched off, for the release that follows', async () => {
    const made = await adding();
    made.executor.proceed();
    await settle();
    const before = made.executor.standbys.length;
    const settings = withPeer(settingsOf([routerSettings({})]));

    made.driver.configure({ ...settings, ha: { ...settings.ha, mode: 'off' } });
    await settle();

    assert.deepEqual(made.executor.standbys.slice(before), []);
  });

  it('does not wait where nothing stands in mode off', () => {
    const settings = settingsOf([routerSettings({})]);
    const made = rig({ settings: { ...settings, ha: { ...settings.ha, mode: 'off' } } });
    assert.equal(made.executor.standbys.at(-1), null);
  });
});
