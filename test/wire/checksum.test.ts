import assert from 'node:assert/strict';
import { test } from '../support/test.js';
import * as fc from 'fast-check';
import { parseAddress } from '../../src/model/address.js';
import { internetChecksum, pseudoHeader } from '../../src/wire/checksum.js';
import { addressOf, family } from './arbitraries.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

test('RFC 1071 §3: the example sums to ddf2', () => {
  assert.equal(internetChecksum(bytes('0001f203f4f5f6f7')), ~0xddf2 & 0xffff);
});

test('nothing sums to zero, an odd last byte counts as the high half', () => {
  assert.equal(internetChecksum(), 0xffff);
  assert.equal(internetChecksum(bytes('ab')), ~0xab00 & 0xffff);
  assert.equal(internetChecksum(bytes('12'), bytes('34')), ~0x1234 & 0xffff);
});

test('the largest packet does not overflow the sum', () => {
  assert.equal(internetChecksum(new Uint8Array(0x1_0000).fill(0xff)), 0);
});

test('more than a packet is refused', () => {
  assert.throws(() => internetChecksum(new Uint8Array(0x1_0100)), /no IP packet/);
});

test('where chunks are cut does not matter', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 9 }), (chunks) => {
      assert.equal(internetChecksum(...chunks), internetChecksum(Buffer.concat(chunks)));
    }),
  );
});

test('it is the sum modulo 65535, as big integers reckon', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 64 }), (words) => {
      const even = words.subarray(0, words.length & ~1);
      const sum = BigInt(`0x${Buffer.from(even).toString('hex')}`) % 65535n;
      const checksum = internetChecksum(even);
      assert.equal(BigInt(0xffff - checksum) % 65535n, sum);
      // Zero has two forms; all-ones is the one that only an all-zero input has.
      assert.equal(
        checksum === 0xffff,
        even.every((byte) => byte === 0),
      );
    }),
  );
});

test('IPv4 pseudo-header: source, destination, zero, protocol, 16-bit length', () => {
  assert.deepEqual(header('192.0.2.10', '224.0.0.18', 112, 20), 'c000020ae000001200700014');
});

test('IPv6 pseudo-header (RFC 8200 §8.1): 32-bit length, three zeros, next header', () => {
  const expected = `fe80${'0'.repeat(27)}1ff02${'0'.repeat(26)}12`;
  assert.equal(header('fe80::1', 'ff02::12', 112, 0x1_0028), `${expected}0001002800000070`);
});

test('a pseudo-header is not made of two families', () => {
  assert.throws(() => header('192.0.2.10', 'ff02::12', 112, 8), /two families/);
});

test('a checksum with the pseudo-header makes the whole sum zero', () => {
  const packet = family.chain((of) =>
    fc.tuple(addressOf(of), addressOf(of), fc.uint8Array({ minLength: 8, maxLength: 40 })),
  );
  fc.assert(
    fc.property(packet, ([source, destination, payload]) => {
      const message = Uint8Array.from(payload);
      message.fill(0, 6, 8);
      const pseudo = pseudoHeader(source, destination, 112, message.length);
      new DataView(message.buffer).setUint16(6, internetChecksum(pseudo, message));
      assert.equal(internetChecksum(pseudo, message), 0);
    }),
  );
});

function header(from: string, to: string, protocol: number, length: number): string {
  const source = parseAddress(from);
  const destination = parseAddress(to);
  assert.ok(source !== null && destination !== null);
  return Buffer.from(pseudoHeader(source, destination, protocol, length)).toString('hex');
}
