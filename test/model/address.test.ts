import assert from 'node:assert/strict';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { describe, test } from '../support/test.js';
import * as fc from 'fast-check';
import {
  addressBytes,
  addressFromBytes,
  addressLength,
  compareAddresses,
  familyOf,
  formatAddressWithPrefix,
  isLinkLocal,
  isMulticast,
  isUnspecified,
  parseAddress,
  parseAddressWithPrefix,
  type Family,
} from '../../src/model/address.js';
import { address } from '../support/address.js';

/** IPv6 bytes with many zero groups, so that `::` is worth choosing. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(0xf), fc.nat(0xffff)), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));
const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
const bytesAndFamily = fc.oneof(
  fc.record({ family: fc.constant<Family>('ipv4'), bytes: ipv4Bytes }),
  fc.record({ family: fc.constant<Family>('ipv6'), bytes: ipv6Bytes }),
);
const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** Node's URL parser: WHATWG's canonical IPv6 text is that of RFC 5952 §4. */
const canonicalByUrl = (text: string): string => new URL(`http://[${text}]/`).hostname.slice(1, -1);

describe('address text', () => {
  test('bytes and text are the same, both ways', () => {
    fc.assert(
      fc.property(bytesAndFamily, ({ family, bytes }) => {
        const text = addressFromBytes(bytes, 0, family);
        assert.equal(familyOf(text), family);
        assert.deepEqual(addressBytes(text), bytes);
        assert.equal(parseAddress(text), text);
      }),
    );
  });

  test('IPv6 text is the one the URL parser calls canonical', () => {
    fc.assert(
      fc.property(ipv6Bytes, (bytes) => {
        const text = addressFromBytes(bytes, 0, 'ipv6');
        assert.equal(text, canonicalByUrl(text));
        const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
        assert.equal(text, canonicalByUrl(groups.join(':')));
      }),
      { numRuns: 500 },
    );
  });

  test('any spelling of an address parses to its canonical text', () => {
    fc.assert(
      fc.property(ipv6Bytes, fc.boolean(), (bytes, embedded) => {
        const groups = Buffer.from(bytes).toString('hex').toUpperCase().match(/.{4}/g) ?? [];
        const tail = embedded ? [bytes.subarray(12).join('.')] : groups.slice(6);
        const spelling = [...groups.slice(0, 6), ...tail].join(':');
        assert.equal(parseAddress(spelling), addressFromBytes(bytes, 0, 'ipv6'));
      }),
    );
  });

  // Random pieces hit far more near-addresses than random characters do. No zone: `%eth0` names an
  // interface, and an address does not.
  const pieces = ['0', '1', '9', '00', '01', 'ff', 'FE80', 'abcd', '10000', 'g', '255', '256'];
  const nearAddress = fc
    .array(fc.constantFrom(...pieces, ':', ':', ':', '::', '.', '.', ' ', '-', '1.2.3.4'), {
      maxLength: 18,
    })
    .map((parts) => parts.join(''));

  test('what is an address is what node:net calls one', () => {
    const seen = { 0: 0, 4: 0, 6: 0 };
    const texts = fc.oneof(
      nearAddress,
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
      fc.string({ maxLength: 20 }).filter((text) => !text.includes('%')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const kind = isIP(text) as 0 | 4 | 6;
        seen[kind] += 1;
        const parsed = parseAddress(text);
        assert.equal(parsed === null ? 0 : familyOf(parsed) === 'ipv4' ? 4 : 6, kind, text);
        if (parsed !== null && kind === 6) assert.equal(parsed, canonicalByUrl(text));
        if (parsed !== null && kind === 4) assert.equal(parsed, text);
      }),
      { numRuns: 5000 },
    );
    assert.ok(Math.min(seen[0], seen[4], seen[6]) > 100, JSON.stringify(seen));
  });

  const notAddresses = `
    : ::: 1::2::3 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:8:: ::1:2:3:4:5:6:7:8
    :1:2:3:4:5:6:7:8 1:2:3:4:5:6:7: 12345:: fe80::1%eth0 [::1] ::1/128
    1.2.3 1.2.3.4.5 1.2.3.256 01.2.3.4 0x1.2.3.4 1.2.3. ::1.2.3 ::1.2.3.256 1.2.3.4::
    1:2:3:4:5:6:7:1.2.3.4`;
  for (const text of ['', '1.2.3.4 ', ...notAddresses.trim().split(/\s+/)]) {
    test(`"${text}" is no address`, () => {
      assert.equal(parseAddress(text), null);
    });
  }

  test('bytes cut short are a RangeError', () => {
    assert.throws(() => addressFromBytes(new Uint8Array(5), 2, 'ipv4'), RangeError);
    assert.throws(() => addressFromBytes(new Uint8Array(15), 0, 'ipv6'), RangeError);
    assert.equal(addressFromBytes(Uint8Array.of(9, 10, 0, 0, 1), 1, 'ipv4'), '10.0.0.1');
  });
});

describe('address with prefix', () => {
  test('it parses and prints back, every length the family has', () => {
    fc.assert(
      fc.property(bytesAndFamily, fc.nat(130), ({ family, bytes }, prefixLength) => {
        const text = `${addressFromBytes(bytes, 0, family)}/${prefixLength}`;
        const parsed = parseAddressWithPrefix(text);
        assert.equal(parsed !== null, prefixLength <= addressLength(family) * 8);
        if (parsed !== null) assert.equal(formatAddressWithPrefix(parsed), text);
      }),
    );
  });

  for (const text of [
    '10.0.0.1',
    '10.0.0.1/',
    '/24',
    '10.0.0.1/024',
    '10.0.0.1/-1',
    '10.0.0.1/8/8',
  ]) {
    test(`"${text}" is no address with prefix`, () => {
      assert.equal(parseAddressWithPrefix(text), null);
    });
  }
});

describe('address order', () => {
  test('case 57: the tie-break compares unsigned, in network byte order', () => {
    assert.ok(compareAddresses(address('192.0.2.200'), address('192.0.2.30')) > 0);
    assert.ok(compareAddresses(address('10.0.0.1'), address('9.255.255.255')) > 0);
    assert.ok(compareAddresses(address('fe80::2:0:0:0'), address('fe80::1:ffff:ffff:ffff')) > 0);
    assert.ok(compareAddresses(address('fe80::ff'), address('fe80::100')) < 0);
    assert.equal(compareAddresses(address('fe80::1'), address('FE80:0::1')), 0);
  });

  test('it is the order of the addresses as numbers', () => {
    const pair = fc.oneof(fc.tuple(ipv4Bytes, ipv4Bytes), fc.tuple(ipv6Bytes, ipv6Bytes));
    fc.assert(
      fc.property(pair, ([left, right]) => {
        const family = left.length === 4 ? 'ipv4' : 'ipv6';
        const order = compareAddresses(
          addressFromBytes(left, 0, family),
          addressFromBytes(right, 0, family),
        );
        const difference = toBigInt(left) - toBigInt(right);
        assert.equal(Math.sign(order), difference < 0n ? -1 : Number(difference > 0n));
      }),
    );
  });
});

describe('address kinds', () => {
  test('link-local is fe80::/10, multicast 224.0.0.0/4 and ff00::/8, by the first bits', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.tuple(ipv4Bytes, fc.constantFrom([223], [224], [239], [240])),
          fc.tuple(
            ipv6Bytes,
            fc.constantFrom(
              [0xfe, 0x7f],
              [0xfe, 0x80],
              [0xfe, 0xbf],
              [0xfe, 0xc0],
              [0xff, 0],
              [0, 0xff],
            ),
          ),
        ),
        ([bytes, start]) => {
          const copy = Uint8Array.from(bytes);
          copy.set(start);
          const family = copy.length === 4 ? 'ipv4' : 'ipv6';
          const value = addressFromBytes(copy, 0, family);
          const [first = 0, second = 0] = copy;
          const local = family === 'ipv6' && first === 0xfe && second >> 6 === 2;
          assert.equal(isLinkLocal(value), local, value);
          const group = family === 'ipv4' ? first >> 4 === 0xe : first === 0xff;
          assert.equal(isMulticast(value), group, value);
        },
      ),
    );
  });

  test('unspecified is the zero address of each family alone', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(new Uint8Array(16)), fc.constant(new Uint8Array(4)), ipv6Bytes),
        (bytes) => {
          const value = addressFromBytes(bytes, 0, bytes.length === 4 ? 'ipv4' : 'ipv6');
          assert.equal(
            isUnspecified(value),
            bytes.every((byte) => byte === 0),
          );
        },
      ),
    );
    assert.ok(isIPv4('0.0.0.0') && isUnspecified(address('0.0.0.0')));
    assert.ok(isIPv6('0:0::0') && isUnspecified(address('0:0::0')));
  });
});
