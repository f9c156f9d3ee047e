// The signature of an advertisement against the images that draft-cassen-vrrp-auth-hmac publishes, and what its numbers
// mean.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from '../support/test.js';
import type { Family } from '../../src/model/address.js';
import { centiseconds } from '../../src/model/units.js';
import { decodeAdvertisement, encodeAdvertisement } from '../../src/wire/advertisement.js';
import {
  hasTrailer,
  isLater,
  secondsBetween,
  sequenceAt,
  signatureFor,
  signatureOf,
  signMessage,
  stampOf,
  TRAILER_LENGTH,
} from '../../src/wire/signature.js';
import { address } from '../support/fake-kernel.js';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const hmac = (bytes: Uint8Array): Uint8Array => createHmac('sha256', KEY).update(bytes).digest();
const SEQUENCE = 0x6800_0000_8000_0000n;

/** The appendix of the draft: key 00 to 1f with number 1, VRID 51, priority 200, one second, one address. */
const IMAGES = {
  ipv4: {
    source: address('198.51.100.10'),
    destination: address('224.0.0.18'),
    addresses: [address('192.0.2.100')],
    image: '3133c80100644402c00002640101000068000000800000001b84bc4e8e43892dc6d98448f8ee2265',
  },
  ipv6: {
    source: address('fe80::10'),
    destination: address('fe80::20'),
    addresses: [address('fe80::100')],
    image:
      '3133c8010064a2e9fe800000000000000000000000000100010100006800000080000000c8c56146ebfd66ee10ec4d8186461b78',
  },
} as const;

const bytesOf = (family: Family): Uint8Array => Buffer.from(IMAGES[family].image, 'hex');

describe('the images of the draft', () => {
  for (const family of ['ipv4', 'ipv6'] as const) {
    const { source, destination, addresses, image } = IMAGES[family];
    const advertisement = {
      vrid: 51,
      priority: 200,
      maxAdvertiseInterval: centiseconds(100),
      addresses,
    };

    it(`${family}: are what we send`, () => {
      const envelope = { source, destination, dialect: 'rfc9568' } as const;
      const plain = encodeAdvertisement(advertisement, envelope);
      const signed = signMessage(plain, envelope, { keyId: 1, sequence: SEQUENCE }, hmac);
      assert.equal(Buffer.from(signed).toString('hex'), image);
    });

    it(`${family}: are read and believed`, () => {
      const message = bytesOf(family);
      const packet = { family, source, destination, hopLimit: 255, message };
      assert.ok(hasTrailer(message, family));
      assert.deepEqual(decodeAdvertisement(packet, TRAILER_LENGTH), {
        ok: true,
        advertisement,
        dialect: 'rfc9568',
      });
      assert.deepEqual(stampOf(message), { keyId: 1, sequence: SEQUENCE });
      assert.deepEqual(
        Buffer.from(signatureFor(message, source, hmac)),
        Buffer.from(signatureOf(message)),
      );
    });

    it(`${family}: without the trailer in its length, they are as long as no advertisement`, () => {
      const packet = { family, source, destination, hopLimit: 255, message: bytesOf(family) };
      const decoded = decodeAdvertisement(packet);
      assert.equal(decoded.ok ? '' : decoded.reason, 'length');
    });
  }

  it('are no longer believed when one byte differs, but for the checksum', () => {
    const { source } = IMAGES.ipv6;
    const image = bytesOf('ipv6');
    for (let at = 0; at < image.length; at += 1) {
      const changed = Uint8Array.from(image);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const expected = Buffer.from(signatureFor(changed, source, hmac));
      const fits = expected.equals(signatureOf(changed));
      assert.equal(fits, at === 6 || at === 7, `byte ${at}`);
    }
  });

  it('are believed from their own source alone', () => {
    const image = bytesOf('ipv6');
    const other = Buffer.from(signatureFor(image, address('fe80::20'), hmac));
    assert.ok(!other.equals(signatureOf(image)));
  });

  it('of another kind, or with something in the reserved field, say nothing', () => {
    const start = bytesOf('ipv4').length - TRAILER_LENGTH;
    for (const offset of [0, 2, 3]) {
      const changed = Uint8Array.from(bytesOf('ipv4'));
      changed[start + offset] = 7;
      assert.equal(stampOf(changed), null, `byte ${offset} of the trailer`);
    }
  });

  it('cut off by one byte have no trailer', () => {
    assert.ok(!hasTrailer(bytesOf('ipv4').subarray(0, -1), 'ipv4'));
    assert.ok(!hasTrailer(Uint8Array.of(0x31, 51), 'ipv4'));
  });
});

describe('the IPv4 checksum in the dialect of RFC 5798', () => {
  it('covers the message and not its trailer, as keepalived has it', () => {
    const { source, destination, addresses } = IMAGES.ipv4;
    const advertisement = {
      vrid: 51,
      priority: 200,
      maxAdvertiseInterval: centiseconds(100),
      addresses,
    };
    const envelope = { source, destination, dialect: 'rfc5798' } as const;
    const plain = encodeAdvertisement(advertisement, envelope);
    const message = signMessage(plain, envelope, { keyId: 1, sequence: SEQUENCE }, hmac);
    assert.deepEqual(message.subarray(0, plain.length), plain);
    const packet = { family: 'ipv4', source, destination, hopLimit: 255, message } as const;
    const decoded = decodeAdvertisement(packet, TRAILER_LENGTH);
    assert.equal(decoded.ok ? decoded.dialect : decoded.reason, 'rfc5798');
  });
});

describe('the sequence', () => {
  it('has seconds, 1/65536 seconds and a counter', () => {
    assert.equal(sequenceAt(0x6800_0000 * 1_000 + 500), SEQUENCE);
    assert.equal(sequenceAt(1_000), 1n << 32n);
    assert.equal(sequenceAt(1_999.99) >> 32n, 1n);
  });

  it('is later or not by serial number arithmetic: the end of its seconds is none', () => {
    assert.ok(isLater(SEQUENCE + 1n, SEQUENCE));
    assert.ok(!isLater(SEQUENCE, SEQUENCE));
    assert.ok(!isLater(SEQUENCE - 1n, SEQUENCE));
    assert.ok(isLater(1n, 0xffff_ffff_ffff_ffffn));
  });

  it('tells seconds apart, over the end of its seconds too', () => {
    assert.equal(secondsBetween(SEQUENCE, SEQUENCE + (3n << 32n)), 3);
    assert.equal(secondsBetween(SEQUENCE + (3n << 32n), SEQUENCE), -3);
    assert.equal(secondsBetween(0xffff_ffff_0000_0000n, 1n << 32n), 2);
  });
});

/** Recorded from keepalived 2.4.3, with the key 3c5a… of number 1: what it sends as Active, and its farewell. */
const RECORDED = {
  ipv4: {
    source: address('10.77.0.1'),
    destination: address('224.0.0.18'),
    dialect: 'rfc5798',
    messages: [
      '3133c801006410d90a4d0064010100006b0cf116a75c0000ec98e0714ed9416eb6f49b4bda7d1bc8',
      '313300010064d8d90a4d0064010100006b0cf1367c0600001b39eaa7c0b1dd05bfb30934022f001f',
    ],
  },
  ipv6: {
    source: address('fe80::1'),
    destination: address('ff02::12'),
    dialect: 'rfc9568',
    messages: [
      '3133c8020064a852fe80000000000000000000000000010020010db8007700000000000000000100010100006b0cf14809c60000d0420b06aab882834360aa133f87947a',
      '313300020064a9ddfe80000000000000000000000000010020010db8007700000000000000000100010100006b0cf16789a0000048f7db8432bf2c9dd59711a307f29d71',
    ],
  },
} as const;

describe('what keepalived has signed', () => {
  const key = Buffer.from('3c5a'.repeat(16), 'hex');
  const theirs = (bytes: Uint8Array): Uint8Array =>
    createHmac('sha256', key).update(bytes).digest();
  for (const family of ['ipv4', 'ipv6'] as const) {
    const { source, destination, dialect, messages } = RECORDED[family];
    it(`${family}: is read, and its signature is the one that it must have`, () => {
      for (const [index, text] of messages.entries()) {
        const message = Buffer.from(text, 'hex');
        const packet = { family, source, destination, hopLimit: 255, message };
        const decoded = decodeAdvertisement(packet, TRAILER_LENGTH);
        assert.ok(decoded.ok);
        assert.equal(decoded.dialect, dialect);
        assert.equal(decoded.advertisement.priority, index === 0 ? 200 : 0);
        const expected = Buffer.from(signatureFor(message, source, theirs));
        assert.deepEqual(expected, Buffer.from(signatureOf(message)));
      }
    });
  }
});
