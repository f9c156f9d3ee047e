// What is wanted changes while a script runs: what the kernel has in the end is what was wanted last.
// On a kernel and an executor in memory.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';
import { address } from '../support/fake-kernel.js';
import { INDEX, rig, routerSettings, settingsOf, settle, VIRTUAL } from './rig.js';

/** Active_Down_Interval at priority 100 and 100 cs (RFC 9568 §6.1). */
const ACTIVE_DOWN = 3_609_375;

it('addresses that a reload adds while the takeover runs are added after it', async () => {
  const { driver, kernel, executor } = rig();
  driver.start();
  await settle();
  executor.held = true;
  kernel.advance(ACTIVE_DOWN);
  await settle();
  assert.equal(executor.requests.length, 1, 'the takeover runs');

  const added = { address: address('10.99.0.101'), prefixLength: 24 };
  const addresses = [{ address: VIRTUAL, prefixLength: 24 }, added];
  driver.configure(settingsOf([routerSettings({ addresses })]));
  await settle();
  assert.equal(executor.requests.length, 1, 'one script at a time');

  executor.proceed();
  await settle();
  assert.deepEqual(
    ['10.99.0.100/24', '10.99.0.101/24'].filter((one) => kernel.has(INDEX, one)),
    ['10.99.0.100/24', '10.99.0.101/24'],
  );
});
