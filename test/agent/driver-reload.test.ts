// A reload that closes a socket: what the virtual routers on it still had to say. On a kernel and an
// executor in memory.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';
import { address } from '../support/fake-kernel.js';
import { ACTIVE_DOWN } from './active-rig.js';
import { INDEX, rig, routerSettings, settingsOf, settle } from './rig.js';

it('the last virtual router of a socket says farewell before the socket is closed', async () => {
  const lan = routerSettings({});
  const six = routerSettings({
    name: 'six',
    family: 'ipv6',
    addresses: [{ address: address('fe80::51'), prefixLength: 64 }],
  });
  const { driver, kernel } = rig({
    settings: settingsOf([lan, six]),
    before: (made) => made.addAddress(INDEX, 'fe80::1/64'),
  });
  driver.start();
  await settle();
  kernel.advance(ACTIVE_DOWN);
  await settle();

  const before = kernel.sent.length;
  driver.configure(settingsOf([six]));
  await settle();

  const farewell = kernel.sent.slice(before).find(({ family }) => family === 'ipv4');
  assert.equal(farewell?.message[2], 0, 'an advertisement of priority 0');
  assert.deepEqual(
    kernel.sockets.map(({ family, open }) => `${family} ${open ? 'open' : 'closed'}`),
    ['ipv4 closed', 'ipv6 open'],
  );
});
