// What `check` sees of interfaces by `ip`, and the agent by its own kernel messages: the same, of real ones.
import assert from 'node:assert/strict';
import { it } from '../support/test.js';
import { networkFacts } from '../../src/agent/host-watch.js';
import { networkHere } from '../../src/host/observe.js';
import { openKernel } from '../../src/kernel/native.js';
import { enterNamespace, ip } from '../support/namespace.js';

const skip = enterNamespace(import.meta.url);

it('kinds of interfaces, and which carry no multicast', { skip }, async () => {
  ip('link add plain type veth peer name silent');
  ip('link add quiet type veth peer name lone');
  ip('link set silent arp off');
  ip('link set quiet multicast off');
  ip('tuntap add tun0 mode tun');

  const watch = openKernel().openNetworkWatch(() => undefined);
  const links = [...watch.links.values()];
  watch.close();
  const told = networkFacts({ links: () => links, addresses: () => [] });
  const listed = await networkHere();
  for (const { links: kinds, noMulticast } of [told, listed]) {
    assert.deepEqual(Object.fromEntries(kinds ?? []), {
      lo: 'loopback',
      plain: 'ethernet',
      silent: 'no-arp',
      quiet: 'ethernet',
      lone: 'ethernet',
      tun0: 'no-mac',
    });
    assert.deepEqual([...(noMulticast ?? [])].toSorted(), ['lo', 'quiet']);
  }
});
