// Whether a packet is meant for us: where it came from and where it was sent to (RFC 9568 §5.1). What it says:
// advertisement.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import type { AddressWithPrefix, IpAddress } from '../../src/model/address.js';
import { checkDelivery } from '../../src/wire/advertisement.js';
import { address } from '../support/address.js';

const SOURCE = { ipv4: address('192.0.2.10'), ipv6: address('fe80::ff:fe00:1') };

describe('delivery', () => {
  const scope = {
    ownAddresses: new Set([SOURCE.ipv4, SOURCE.ipv6]),
    ownSources: new Set([SOURCE.ipv4, SOURCE.ipv6]),
    unicastPeers: new Set<IpAddress>(),
    networks: [] as readonly AddressWithPrefix[],
  };
  const peer = address('192.0.2.20');
  const withPeer = { ...scope, unicastPeers: new Set([peer]) };
  const check = (source: string, destination: string, within = scope): string | null =>
    checkDelivery(
      {
        family: source.includes(':') ? 'ipv6' : 'ipv4',
        source: address(source),
        destination: address(destination),
      },
      within,
    );

  test('an advertisement to the group is for us, from off the subnet too', () => {
    assert.equal(check('192.0.2.20', '224.0.0.18'), null);
    assert.equal(check('198.51.100.7', '224.0.0.18'), null);
    assert.equal(check('fe80::2', 'ff02::12'), null);
  });

  test('case 33: any other destination → notForUs', () => {
    assert.equal(check('192.0.2.20', '192.0.2.10'), 'notForUs');
    assert.equal(check('192.0.2.20', '224.0.0.1'), 'notForUs');
    assert.equal(check('fe80::2', 'ff02::1'), 'notForUs');
    assert.equal(check('fe80::2', 'fe80::ff:fe00:1'), 'notForUs');
  });

  test('case 34: source 0.0.0.0, ::, multicast or IPv6 global → notForUs', () => {
    assert.equal(check('0.0.0.0', '224.0.0.18'), 'notForUs');
    assert.equal(check('224.0.0.18', '224.0.0.18'), 'notForUs');
    assert.equal(check('::', 'ff02::12'), 'notForUs');
    assert.equal(check('ff02::12', 'ff02::12'), 'notForUs');
    assert.equal(check('2001:db8::30', 'ff02::12'), 'notForUs');
  });

  test('from a virtual address that stands here: another router’s, since we never send from it', () => {
    const virtual = address('fe80::1');
    const holding = { ...scope, ownAddresses: new Set([...scope.ownAddresses, virtual]) };

    assert.equal(check(virtual, 'ff02::12', holding), null);
  });

  test('cases 35, 36: from one of our own addresses → ownPacket, whatever it says', () => {
    assert.equal(check('192.0.2.10', '224.0.0.18'), 'ownPacket');
    assert.equal(check('fe80::ff:fe00:1', 'ff02::12'), 'ownPacket');
    assert.equal(check('192.0.2.10', '192.0.2.10', withPeer), 'ownPacket');
  });

  test('with unicast peers, our own address is a destination for them alone', () => {
    assert.equal(check('192.0.2.20', '192.0.2.10', withPeer), null);
    assert.equal(check('192.0.2.30', '192.0.2.10', withPeer), 'notForUs');
    assert.equal(check('192.0.2.20', '192.0.2.11', withPeer), 'notForUs');
    assert.equal(check('192.0.2.30', '224.0.0.18', withPeer), null);
    const global6 = { ...scope, unicastPeers: new Set([address('2001:db8::2')]) };
    assert.equal(check('2001:db8::2', 'fe80::ff:fe00:1', global6), null);
  });

  test('where a peer of ours is, our own address is a destination for whoever is in that subnet', () => {
    const networks = [
      { address: SOURCE.ipv4, prefixLength: 24 },
      { address: SOURCE.ipv6, prefixLength: 64 },
    ];
    const near = { ...scope, networks };
    assert.equal(check('fe80::2', 'fe80::ff:fe00:1', near), null);
    assert.equal(check('192.0.2.20', '192.0.2.10', near), null);
    assert.equal(check('198.51.100.7', '192.0.2.10', near), 'notForUs');
    assert.equal(check('2001:db8::2', 'fe80::ff:fe00:1', near), 'notForUs');
    assert.equal(check('fe80::2', 'fe80::9', near), 'notForUs', 'nor is another address ours');
    assert.equal(check('fe80::ff:fe00:1', 'fe80::ff:fe00:1', near), 'ownPacket');
  });
});
