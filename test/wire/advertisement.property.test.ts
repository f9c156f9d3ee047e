import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import * as fc from 'fast-check';
import { addressFromBytes } from '../../src/model/address.js';
import type { ChecksumDialect } from '../../src/model/advertisement.js';
import { centiseconds } from '../../src/model/units.js';
import {
  decodeAdvertisement,
  encodeAdvertisement,
  VRRP_GROUP,
  VRRP_PROTOCOL,
  type ReceivedMessage,
} from '../../src/wire/advertisement.js';
import {
  createAdvertisementDecoder,
  DECODER_MAXIMUM_SOURCES,
} from '../../src/wire/advertisement-decoder.js';
import { internetChecksum, pseudoHeader } from '../../src/wire/checksum.js';
import { addressOf, family, linkLocal, sendable, type Sendable } from './arbitraries.js';

const packetOf = (one: Sendable, message: Uint8Array): ReceivedMessage => ({
  family: one.family,
  source: one.envelope.source,
  destination: one.envelope.destination,
  hopLimit: 255,
  message,
});

/** What the receiver must name: IPv6 has one form, and two IPv4 forms may by chance be the same. */
function expectedDialect(one: Sendable, message: Uint8Array): ChecksumDialect {
  const { source, destination, dialect } = one.envelope;
  const pseudo = pseudoHeader(source, destination, VRRP_PROTOCOL, message.length);
  const same = internetChecksum(pseudo) === 0;
  return one.family === 'ipv6' || same ? 'rfc9568' : dialect;
}

describe('advertisement', () => {
  test('what is encoded decodes to itself, in either family and dialect', () => {
    fc.assert(
      fc.property(sendable, (one) => {
        const message = encodeAdvertisement(one.advertisement, one.envelope);
        assert.deepEqual(decodeAdvertisement(packetOf(one, message)), {
          ok: true,
          advertisement: one.advertisement,
          dialect: expectedDialect(one, message),
        });
      }),
    );
  });

  // One flipped bit changes a one's complement sum by a power of two, which is never a multiple of
  // 65535: within one checksum form it cannot pass. IPv4 accepts two forms, so there it passes when
  // the two sums differ by just that power of two, and is then named as the other dialect.
  test('one flipped bit is never accepted in the same dialect, in IPv6 never at all', () => {
    const flipped = fc.tuple(sendable, fc.nat(), fc.nat(7));
    fc.assert(
      fc.property(flipped, ([one, position, bit]) => {
        const message = encodeAdvertisement(one.advertisement, one.envelope);
        const sent = decodeAdvertisement(packetOf(one, message));
        const index = position % message.length;
        message[index] = (message[index] ?? 0) ^ (1 << bit);
        const received = decodeAdvertisement(packetOf(one, message));
        if (!received.ok) return;
        assert.equal(one.family, 'ipv4');
        assert.ok(sent.ok && received.dialect !== sent.dialect, JSON.stringify(received));
      }),
      { numRuns: 1000 },
    );
  });

  const anything = family.chain((of) =>
    fc.record<ReceivedMessage>({
      family: fc.constant(of),
      source: of === 'ipv4' ? addressOf(of) : linkLocal,
      destination: fc.constant(VRRP_GROUP[of]),
      hopLimit: fc.oneof({ weight: 9, arbitrary: fc.constant(255) }, fc.nat(255)),
      // Half of them start like an advertisement, so that the later checks see some too.
      message: fc
        .tuple(fc.boolean(), fc.uint8Array({ maxLength: 80 }))
        .map(([lookalike, bytes]) =>
          lookalike ? Uint8Array.of(0x31, ...bytes.subarray(1)) : bytes,
        ),
    }),
  );

  test('random bytes never throw, and what is accepted encodes back to them', () => {
    fc.assert(
      fc.property(anything, (packet) => {
        const decoded = decodeAdvertisement(packet);
        if (!decoded.ok) {
          assert.equal(decoded.vrid, packet.message.length < 8 ? undefined : packet.message[1]);
          return;
        }
        const { source, destination } = packet;
        const again = encodeAdvertisement(decoded.advertisement, {
          source,
          destination,
          dialect: decoded.dialect,
        });
        assert.deepEqual(again.subarray(8), packet.message.subarray(8));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('remembering decoder', () => {
  const network = fc.array(sendable, { minLength: 1, maxLength: 4 }).chain((senders) =>
    fc.array(
      fc.record({
        one: fc.constantFrom(...senders),
        hopLimit: fc.constantFrom(255, 255, 255, 254),
        priority: fc.constantFrom(100, 100, 200),
        damaged: fc.constantFrom(false, false, false, true),
        misdirected: fc.constantFrom(false, false, true),
      }),
      { maxLength: 24 },
    ),
  );

  test('it answers as decodeAdvertisement does, whatever came before', () => {
    fc.assert(
      fc.property(network, (steps) => {
        const decode = createAdvertisementDecoder();
        // One buffer for all packets, as the kernel side has: nothing may be remembered by view.
        const buffer = new Uint8Array(5000);
        for (const { one, hopLimit, priority, damaged, misdirected } of steps) {
          const sent = encodeAdvertisement({ ...one.advertisement, priority }, one.envelope);
          buffer.set(sent);
          const message = buffer.subarray(0, sent.length);
          if (damaged) message[message.length - 1] = (message.at(-1) ?? 0) ^ 1;
          const packet = { ...packetOf(one, message), hopLimit };
          if (misdirected) packet.destination = packet.source;
          assert.deepEqual(decode(packet), decodeAdvertisement(packet));
        }
      }),
    );
  });

  test('the same bytes from the same source give the same object', () => {
    fc.assert(
      fc.property(sendable, (one) => {
        const decode = createAdvertisementDecoder();
        const message = encodeAdvertisement(one.advertisement, one.envelope);
        const first = decode(packetOf(one, message));
        assert.equal(decode(packetOf(one, Uint8Array.from(message))), first);
      }),
    );
  });

  test('more sources than it remembers empty its memory', () => {
    const decode = createAdvertisementDecoder();
    const answerTo = (last: number): unknown => {
      const source = addressFromBytes(Uint8Array.of(192, 0, 2, last), 0, 'ipv4');
      const advertisement = {
        vrid: 51,
        priority: 100,
        maxAdvertiseInterval: centiseconds(100),
        addresses: [source],
      };
      const envelope = { source, destination: VRRP_GROUP.ipv4, dialect: 'rfc9568' } as const;
      const message = encodeAdvertisement(advertisement, envelope);
      return decode(packetOf({ family: 'ipv4', advertisement, envelope }, message));
    };
    const first = answerTo(0);
    for (let last = 1; last < DECODER_MAXIMUM_SOURCES; last += 1) answerTo(last);
    assert.equal(answerTo(0), first);
    answerTo(DECODER_MAXIMUM_SOURCES);
    assert.notEqual(answerTo(0), first);
    assert.deepEqual(answerTo(0), first);
  });
});
