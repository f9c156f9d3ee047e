// The picture of links and addresses, told by hand. No kernel.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import type { NetworkChange } from '../../src/kernel/kernel.js';
import { NetworkPicture } from '../../src/kernel/network-picture.js';
import type { IpAddress } from '../../src/model/address.js';
import type { Link, LinkAddress } from '../../src/model/link.js';

const link = (index: number, difference: Partial<Link> = {}): Link => ({
  index,
  name: `eth${index}`,
  up: true,
  carrier: true,
  mtu: 1500,
  macAddress: '02:00:00:00:00:01',
  ...difference,
});

const onLink = (
  linkIndex: number,
  address: string,
  difference: Partial<LinkAddress> = {},
): LinkAddress => ({
  address: address as IpAddress,
  prefixLength: 24,
  linkIndex,
  usable: true,
  secondary: false,
  validSeconds: null,
  ...difference,
});

describe('network picture', () => {
  it('hands over only what differs', () => {
    const picture = new NetworkPicture();
    const changes: NetworkChange[] = [];
    const put = (change: NetworkChange): void => void changes.push(change);
    const differences: Partial<Link>[] = [
      {},
      { name: 'wan' },
      { up: false },
      { carrier: false },
      { mtu: 9000 },
      { macAddress: '02:00:00:00:00:02' },
    ];
    for (const difference of differences) {
      picture.apply({ kind: 'link', link: link(1, difference) }, put);
      picture.apply({ kind: 'link', link: link(1, difference) }, put);
    }
    const ofAddress: Partial<LinkAddress>[] = [
      {},
      { usable: false },
      { secondary: true },
      { validSeconds: 3 },
    ];
    for (const difference of ofAddress) {
      picture.apply({ kind: 'address', address: onLink(1, '192.0.2.1', difference) }, put);
      picture.apply({ kind: 'address', address: onLink(1, '192.0.2.1', difference) }, put);
    }
    assert.equal(changes.length, differences.length + ofAddress.length);
  });

  it('a renewed lifetime is known, and no change', () => {
    const picture = new NetworkPicture();
    const changes: NetworkChange[] = [];
    for (const validSeconds of [3, 2, 3, null, 3]) {
      const address = onLink(1, '192.0.2.1', { validSeconds });
      picture.apply({ kind: 'address', address }, (change) => changes.push(change));
      assert.deepEqual([...picture.addresses()], [address]);
    }
    assert.equal(changes.length, 3, 'the first one, for ever, and no longer for ever');
  });

  it('takes one address with two prefix lengths for two, and one on two links', () => {
    const picture = new NetworkPicture();
    const values = [
      onLink(1, '192.0.2.1'),
      onLink(1, '192.0.2.1', { prefixLength: 32 }),
      onLink(2, '192.0.2.1'),
    ];
    for (const address of values) picture.apply({ kind: 'address', address }, () => {});
    assert.deepEqual([...picture.addresses()], values);
  });

  it('is silent about the removal of what was not known', () => {
    const picture = new NetworkPicture();
    const fail = (): void => assert.fail('nothing changed');
    picture.apply({ kind: 'link-removed', link: link(1) }, fail);
    picture.apply({ kind: 'address-removed', address: onLink(1, '192.0.2.1') }, fail);
  });

  it('becomes the dump: what went comes first, addresses before their link', () => {
    const picture = new NetworkPicture();
    const before = {
      links: [link(1), link(2), link(3)],
      addresses: [onLink(1, '192.0.2.1'), onLink(1, '192.0.2.2'), onLink(2, '198.51.100.1')],
    };
    const after = {
      links: [link(1), link(3, { carrier: false }), link(4)],
      addresses: [onLink(1, '192.0.2.2'), onLink(4, '203.0.113.1')],
    };
    picture.replace(before, () => {});
    const changes: NetworkChange[] = [];
    picture.replace(after, (change) => changes.push(change));
    assert.deepEqual(changes, [
      { kind: 'address-removed', address: onLink(1, '192.0.2.1') },
      { kind: 'address-removed', address: onLink(2, '198.51.100.1') },
      { kind: 'link-removed', link: link(2) },
      { kind: 'link', link: link(3, { carrier: false }) },
      { kind: 'link', link: link(4) },
      { kind: 'address', address: onLink(4, '203.0.113.1') },
    ]);
    assert.deepEqual([...picture.links.values()], after.links);
    assert.deepEqual([...picture.addresses()], after.addresses);
    picture.replace(after, () => assert.fail('the second time nothing differs'));
  });
});
