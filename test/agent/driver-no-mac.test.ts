// An interface without a link-layer address, as tun, WireGuard and PPP are, and one whose address is no
// Ethernet address: the role is taken and held, and nothing is announced.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';
import { ACTIVE_DOWN } from './active-rig.js';
import { INDEX, rig, settle } from './rig.js';

for (const macAddress of [
  '',
  '7f:00:00:01',
  '80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:00:0f:ab',
]) {
  it(`link-layer address "${macAddress}"`, async () => {
    const made = rig();
    made.kernel.setLink({ index: INDEX, name: 'eth0', macAddress });
    made.driver.start();
    await settle();
    made.kernel.advance(ACTIVE_DOWN);
    await settle();
    made.kernel.advance(1_000_000);
    await settle();
    const [lan] = made.driver.snapshot().virtualRouters;
    assert.equal(lan?.state, 'Active');
    assert.ok(made.trace.lines(0, 'advertisement').length >= 2, 'advertised');
    assert.deepEqual(made.trace.lines(0, 'frame'), []);
  });
}
