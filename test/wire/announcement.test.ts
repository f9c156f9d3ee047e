import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import * as fc from 'fast-check';
import { AssertionFailure } from '../../src/model/assert.js';
import { virtualMacAddress } from '../../src/model/virtual-mac.js';
import { decodeArpFrame, gratuitousArpFrame } from '../../src/wire/arp.js';
import { formatMac, macBytes } from '../../src/wire/ethernet.js';
import { unsolicitedNeighborAdvertisementFrame } from '../../src/wire/neighbor-advertisement.js';
import { addressOf } from './arbitraries.js';
import { address } from '../support/address.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatMac);

describe('gratuitous ARP', () => {
  test('case 79: a broadcast request, SPA = TPA = the address, SHA = THA = the virtual MAC', () => {
    const frame = gratuitousArpFrame(virtualMacAddress('ipv4', 51), address('192.0.2.101'));
    assert.equal(
      hex(frame),
      [
        'ffffffffffff',
        '00005e000133',
        '0806',
        '0001',
        '0800',
        '06',
        '04',
        '0001',
        '00005e000133',
        'c0000265',
        '00005e000133',
        'c0000265',
      ].join(''),
    );
  });

  test('it decodes to what it says, padded or not', () => {
    fc.assert(
      fc.property(mac, addressOf('ipv4'), fc.nat(18), (senderMac, senderAddress, padding) => {
        const frame = gratuitousArpFrame(senderMac, senderAddress);
        assert.deepEqual(decodeArpFrame(Buffer.concat([frame, Buffer.alloc(padding)])), {
          operation: 1,
          senderMac,
          senderAddress,
          targetMac: senderMac,
          targetAddress: senderAddress,
        });
      }),
    );
  });

  test('what is not ARP for IPv4 decodes to null', () => {
    const frame = gratuitousArpFrame('02:00:00:00:00:01', address('192.0.2.101'));
    assert.equal(decodeArpFrame(frame.subarray(0, 41)), null);
    // EtherType, hardware type, protocol type, both lengths.
    for (const index of [12, 13, 15, 16, 18, 19]) {
      assert.equal(decodeArpFrame(frame.with(index, 0x99)), null, `byte ${index}`);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        assert.equal(decodeArpFrame(bytes), null);
      }),
    );
  });

  test('an IPv6 address or a link without MAC address is refused', () => {
    assert.throws(() => gratuitousArpFrame('02:00:00:00:00:01', address('::1')), AssertionFailure);
    assert.throws(() => gratuitousArpFrame('', address('192.0.2.1')), AssertionFailure);
  });
});

describe('unsolicited neighbor advertisement', () => {
  test('case 79: to ff02::1 from the address, hop limit 255, R = 1, S = 0, O = 1, TLLA', () => {
    const frame = unsolicitedNeighborAdvertisementFrame(
      virtualMacAddress('ipv6', 55),
      address('2001:db8::101'),
    );
    const target = '20010db8000000000000000000000101';
    assert.equal(
      hex(frame),
      [
        '333300000001',
        '00005e000237',
        '86dd',
        '60000000',
        '0020',
        '3a',
        'ff',
        target,
        `ff02${'0'.repeat(27)}1`,
        '8800',
        '18f4',
        'a0000000',
        target,
        '0201',
        '00005e000237',
      ].join(''),
    );
  });

  test('an IPv4 address is refused', () => {
    assert.throws(
      () => unsolicitedNeighborAdvertisementFrame('02:00:00:00:00:01', address('192.0.2.1')),
      AssertionFailure,
    );
  });
});

describe('MAC address', () => {
  test('bytes and text are the same', () => {
    fc.assert(
      fc.property(mac, (text) => {
        assert.equal(formatMac(macBytes(text)), text);
      }),
    );
  });

  test('virtual router MAC addresses (RFC 9568 §7.3)', () => {
    assert.equal(virtualMacAddress('ipv4', 1), '00:00:5e:00:01:01');
    assert.equal(virtualMacAddress('ipv6', 255), '00:00:5e:00:02:ff');
  });
});
