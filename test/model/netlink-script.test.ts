import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import { parseAddressWithPrefix } from '../../src/model/address.js';
import {
  releaseScript,
  takeoverScript,
  type AddressTarget,
} from '../../src/model/netlink-script.js';

const target = (...texts: string[]): AddressTarget => ({
  interface: 'eth0',
  addresses: texts.map((text) => {
    const parsed = parseAddressWithPrefix(text);
    assert.ok(parsed, text);
    return parsed;
  }),
});

describe('netlink script', () => {
  test('a takeover replaces each address, in the order given', () => {
    assert.deepEqual(takeoverScript(target('10.99.0.100/24', '10.99.0.101/32'), 0), [
      'address replace 10.99.0.100/24 dev eth0',
      'address replace 10.99.0.101/32 dev eth0',
    ]);
  });

  test('an IPv6 address skips duplicate detection and is never picked as a source', () => {
    assert.deepEqual(takeoverScript(target('fe80::51/64', '2001:db8:0:0::100/64'), 0), [
      'address replace fe80::51/64 dev eth0 nodad preferred_lft 0',
      'address replace 2001:db8::100/64 dev eth0 nodad preferred_lft 0',
    ]);
  });

  test('with a lease they expire by themselves, and an IPv6 address stays deprecated', () => {
    assert.deepEqual(takeoverScript(target('10.99.0.100/24', 'fe80::51/64'), 3), [
      'address replace 10.99.0.100/24 dev eth0 valid_lft 3 preferred_lft 3',
      'address replace fe80::51/64 dev eth0 nodad valid_lft 3 preferred_lft 0',
    ]);
  });

  test('a release deletes the very addresses a takeover put there', () => {
    const both = target('10.99.0.100/24', 'fe80::51/64');
    assert.deepEqual(releaseScript(both), [
      'address del 10.99.0.100/24 dev eth0',
      'address del fe80::51/64 dev eth0',
    ]);
    const addressOf = (line: string): string | undefined => line.split(' ')[2];
    assert.deepEqual(releaseScript(both).map(addressOf), takeoverScript(both, 3).map(addressOf));
  });

  test('no addresses, no lines', () => {
    assert.deepEqual(takeoverScript(target(), 3), []);
    assert.deepEqual(releaseScript(target()), []);
  });
});
