// Which of our addresses a packet comes from when the kernel would choose a virtual one.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { ownSource, virtualAddresses } from '../../src/model/own-source.js';
import { address } from '../support/address.js';

/** `eth0` is 1, `eth1` 2. */
const standing = (text: string, linkIndex = 1, usable = true) => {
  const [one = '', length = ''] = text.split('/');
  return { address: address(one), prefixLength: Number(length), linkIndex, usable };
};

const VIRTUAL = new Set(['10.99.0.100', '10.1.0.100', '2001:db8::100', 'fe80::100'].map(address));
const choice = (to: string, chosen: string, ...texts: Parameters<typeof standing>[]) =>
  ownSource(
    address(to),
    address(chosen),
    VIRTUAL,
    texts.map((one) => standing(...one)),
  );

describe('the source of what we send', () => {
  it('is the kernel’s choice when that is no virtual address', () => {
    assert.equal(choice('10.99.0.2', '10.99.0.1', ['10.99.0.1/16'], ['10.99.0.100/24']), null);
  });

  it('is the own address of that interface', () => {
    assert.equal(
      choice('10.99.0.2', '10.99.0.100', ['10.98.0.1/8', 2], ['10.99.0.1/16'], ['10.99.0.100/24']),
      '10.99.0.1',
    );
  });

  it('is of several the one with the longest prefix that has the destination', () => {
    const own: Parameters<typeof standing>[] = [['10.0.0.1/8'], ['10.99.0.1/16'], ['10.99.7.1/24']];
    assert.equal(choice('10.99.0.2', '10.99.0.100', ...own, ['10.99.0.100/24']), '10.99.0.1');
  });

  it('is the first one when none has the destination, which a router reaches', () => {
    const own: Parameters<typeof standing>[] = [['192.0.2.1/24'], ['198.51.100.1/24']];
    assert.equal(choice('203.0.113.9', '10.1.0.100', ...own, ['10.1.0.100/24']), '192.0.2.1');
  });

  it('is none that is tentative, of another family, or of another reach', () => {
    assert.equal(
      choice(
        '2001:db8::2',
        '2001:db8::100',
        ['10.99.0.1/16'],
        ['fe80::1/64'],
        ['2001:db8::7/64', 1, false],
        ['2001:db8::1/64'],
        ['2001:db8::100/64'],
      ),
      '2001:db8::1',
    );
    assert.equal(
      choice('fe80::2', 'fe80::100', ['2001:db8::1/64'], ['fe80::1/64'], ['fe80::100/64']),
      'fe80::1',
    );
  });

  it('is left to the kernel where the interface has nothing else, and within this host', () => {
    assert.equal(choice('10.99.0.2', '10.99.0.100', ['10.99.0.100/24'], ['10.1.0.1/8', 2]), null);
    const both: Parameters<typeof standing>[] = [['10.99.0.1/16'], ['10.99.0.100/24']];
    assert.equal(choice('10.99.0.100', '10.99.0.100', ...both), null);
    assert.equal(choice('10.99.0.1', '10.99.0.100', ...both), null);
  });
});

it('addresses of priority 255 are the host’s own, and no virtual ones', () => {
  const routers = [
    { priority: 255, addresses: [{ address: address('10.99.0.1') }] },
    { priority: 200, addresses: [{ address: address('10.99.0.100') }] },
  ];
  assert.deepEqual([...virtualAddresses({ virtualRouters: routers })], ['10.99.0.100']);
});
