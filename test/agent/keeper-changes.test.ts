// What is wanted changes while a script runs: what the kernel has in the end is what was wanted last.
// On a kernel and an executor in memory.
import assert from 'node:assert/strict';
import { PACKAGE_VIP_SCRIPT } from '../../src/config/defaults.js';
import { it } from '../support/test.js';
import { address } from '../support/fake-kernel.js';
import { ACTIVE_DOWN } from './active-rig.js';
import { INDEX, VIRTUAL, rig, routerSettings, settingsOf, settle } from './rig.js';

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

/** The role goes while the script that adds the address still runs, which has put it there already. */
async function lostMeanwhile(timeoutSeconds: number) {
  const plain = settingsOf([routerSettings({})]);
  const made = rig({ settings: { ...plain, vip: { ...plain.vip, timeoutSeconds } } });
  const { driver, kernel, executor } = made;
  driver.start();
  await settle();
  executor.held = true;
  kernel.advance(ACTIVE_DOWN);
  await settle();
  kernel.addAddress(INDEX, '10.99.0.100/24');
  // The next one is not held.
  executor.held = false;
  kernel.setLink({ index: INDEX, name: 'eth0', carrier: false });
  await settle();
  return made;
}

it('a role that goes while a script asks a cloud takes the address off the interface at once, beside it', async () => {
  const { kernel, executor } = await lostMeanwhile(60);
  assert.equal(kernel.has(INDEX, '10.99.0.100/24'), false, 'gone, though the script goes on');
  assert.deepEqual(
    executor.requests.map(({ argv }) => argv),
    [['/usr/lib/understudy/vip'], [PACKAGE_VIP_SCRIPT]],
  );
  executor.proceed();
  await settle();
  const { argv, input } = executor.requests.at(-1) ?? { argv: [], input: '' };
  assert.deepEqual(argv, ['/usr/lib/understudy/vip'], 'what else it did is undone by the script');
  assert.match(input, /^address del 10\.99\.0\.100\/24 dev eth0$/m);
  assert.equal(kernel.has(INDEX, '10.99.0.100/24'), false);
});

it('a script of this host alone is waited for: it takes some milliseconds', async () => {
  const { kernel, executor } = await lostMeanwhile(5);
  assert.equal(executor.requests.length, 1);
  executor.proceed();
  await settle();
  assert.equal(kernel.has(INDEX, '10.99.0.100/24'), false);
});
