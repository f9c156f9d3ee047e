// The farewell that the executor holds is one that the others here read: in the checksum dialect in which
// the Active itself speaks. On a kernel and an executor in memory.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';
import { decodeAdvertisement, VRRP_GROUP } from '../../src/wire/advertisement.js';
import { address } from '../support/fake-kernel.js';
import { ACTIVE_DOWN } from './active-rig.js';
import { rig, routerSettings, settingsOf, settle } from './rig.js';

/** Before the VRRP message: Ethernet and IPv4. */
const HEADERS = 34;

const decoded = (message: Uint8Array) =>
  decodeAdvertisement({
    family: 'ipv4',
    source: address('10.99.0.1'),
    destination: VRRP_GROUP.ipv4,
    hopLimit: 255,
    message,
  });

for (const checksum of ['rfc9568', 'rfc5798'] as const) {
  it(`${checksum}: the farewell of the last will, like every advertisement`, async () => {
    const { driver, kernel, executor } = rig({
      settings: settingsOf([routerSettings({ checksum })]),
    });
    driver.start();
    await settle();
    kernel.advance(ACTIVE_DOWN);
    await settle();

    const spoken = decoded(kernel.sent.at(-1)?.message ?? new Uint8Array());
    assert.equal(spoken.ok && spoken.dialect, checksum);
    const frame = executor.will?.farewell[0]?.frame ?? new Uint8Array();
    const farewell = decoded(frame.subarray(HEADERS));
    assert.ok(farewell.ok, JSON.stringify(farewell));
    assert.deepEqual([farewell.dialect, farewell.advertisement.priority], [checksum, 0]);
  });
}
