// The advertisement byte by byte, what its decoder discards, and what it accepts. Whom a packet is for: delivery.test.ts.
import assert from 'node:assert/strict';
import { virtualMacAddress } from '../../src/model/virtual-mac.js';
import { describe, test } from '../support/test.js';
import { AssertionFailure } from '../../src/model/assert.js';
import type { Family, IpAddress } from '../../src/model/address.js';
import type { Advertisement } from '../../src/model/advertisement.js';
import { centiseconds } from '../../src/model/units.js';
import {
  VRRP_GROUP,
  decodeAdvertisement,
  encodeAdvertisement,
  encodeAdvertisementFrame,
  type DecodedAdvertisement,
  type ReceivedMessage,
  type Seal,
} from '../../src/wire/advertisement.js';
import { MAXIMUM_IPV6_ADDRESSES, MAXIMUM_SIGNED_IPV6_ADDRESSES } from '../../src/config/schema.js';
import { signMessage } from '../../src/wire/signature.js';
import { address } from '../support/address.js';

const MTU = 1500;
const ETHERNET_HEADER = 14;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

const SOURCE: Readonly<Record<Family, IpAddress>> = {
  ipv4: address('192.0.2.10'),
  ipv6: address('fe80::ff:fe00:1'),
};
const LAN: Advertisement = {
  vrid: 51,
  priority: 150,
  maxAdvertiseInterval: centiseconds(100),
  addresses: ['192.0.2.101', '192.0.2.102', '192.0.2.103'].map(address),
};
const LAN6: Advertisement = {
  vrid: 55,
  priority: 200,
  maxAdvertiseInterval: centiseconds(100),
  addresses: ['fe80::55', '2001:db8::101'].map(address),
};
const TO_GROUP = { source: SOURCE.ipv4, destination: VRRP_GROUP.ipv4, dialect: 'rfc9568' } as const;
const TO_GROUP6 = { ...TO_GROUP, source: SOURCE.ipv6, destination: VRRP_GROUP.ipv6 } as const;

/** A packet as the kernel hands it over; the message is the valid one of `LAN` unless given. */
const packet = (changes: Partial<ReceivedMessage> = {}): ReceivedMessage => {
  const family = changes.family ?? 'ipv4';
  return {
    family,
    source: SOURCE[family],
    destination: VRRP_GROUP[family],
    hopLimit: 255,
    message:
      family === 'ipv4' ? encodeAdvertisement(LAN, TO_GROUP) : encodeAdvertisement(LAN6, TO_GROUP6),
    ...changes,
  };
};

/** The valid message of the family with `change` made and the checksum made right again. */
function changed(family: Family, change: (message: Uint8Array) => void): ReceivedMessage {
  const { message } = packet({ family });
  change(message);
  return packet({ family, message: resealed(family, message) });
}

/** Puts in the right checksum, by a plain sum modulo 65535 that shares no code with src/wire. */
function resealed(family: Family, message: Uint8Array): Uint8Array {
  const sealed = Uint8Array.from(message);
  sealed.fill(0, 6, 8);
  const pseudo =
    family === 'ipv4'
      ? ''
      : `fe80${'0'.repeat(18)}fffe000001ff02${'0'.repeat(26)}12${'0'.repeat(14)}70`;
  const length = family === 'ipv4' ? 0 : sealed.length;
  const padded = hex(sealed).padEnd(Math.ceil(sealed.length / 2) * 4, '0');
  const sum = BigInt(`0x${pseudo}${padded}`) + BigInt(length);
  new DataView(sealed.buffer).setUint16(6, 0xffff - Number(sum % 65535n));
  return sealed;
}

function assertDiscarded(decoded: DecodedAdvertisement, reason: string, vrid?: number): void {
  assert.ok(!decoded.ok, `accepted, ${reason} expected`);
  assert.equal(decoded.reason, reason, decoded.detail);
  assert.equal(decoded.vrid, vrid);
}

function assertAccepted(decoded: DecodedAdvertisement): Advertisement {
  assert.ok(decoded.ok, JSON.stringify(decoded));
  return decoded.advertisement;
}

describe('encoding', () => {
  test('case 1: three addresses, priority 150, RFC 5798 checksum', () => {
    const message = encodeAdvertisement(LAN, { ...TO_GROUP, dialect: 'rfc5798' });
    assert.equal(hex(message), '3133960300644e8fc0000265c0000266c0000267');
  });

  test('case 2: the same with the checksum of RFC 9568', () => {
    const message = encodeAdvertisement(LAN, TO_GROUP);
    assert.equal(hex(message), '313396030064f130c0000265c0000266c0000267');
  });

  test('case 3: IPv6 has one checksum; a global address first is refused', () => {
    for (const dialect of ['rfc9568', 'rfc5798'] as const) {
      const message = encodeAdvertisement(LAN6, { ...TO_GROUP6, dialect });
      assert.equal(hex(message.subarray(0, 8)), '3137c8020064dba2');
    }
    const globalFirst = { ...LAN6, addresses: LAN6.addresses.toReversed() };
    assert.throws(() => encodeAdvertisement(globalFirst, TO_GROUP6), AssertionFailure);
  });

  test('case 4: interval 4095 is 0fff, 1 is 0001, 0 and 4096 are refused', () => {
    const withInterval = (interval: number): string => {
      const maxAdvertiseInterval = centiseconds(interval);
      return hex(encodeAdvertisement({ ...LAN, maxAdvertiseInterval }, TO_GROUP).subarray(4, 6));
    };
    assert.equal(withInterval(4095), '0fff');
    assert.equal(withInterval(1), '0001');
    assert.throws(() => withInterval(0), AssertionFailure);
    assert.throws(() => withInterval(4096), AssertionFailure);
    assert.throws(() => withInterval(1.5), AssertionFailure);
  });

  test('case 6: a sent frame has TTL 255, the group, our source, TOS 0xC0', () => {
    const sourceMac = virtualMacAddress('ipv4', LAN.vrid);
    const frame = encodeAdvertisementFrame(LAN, { ...TO_GROUP, sourceMac, identification: 1 });
    assert.equal(
      hex(frame.subarray(0, 34)),
      ['01005e000012', '00005e000133', '0800', '45c0002800010000ff701888c000020ae0000012'].join(''),
    );
    assert.equal(hex(frame.subarray(34)), hex(encodeAdvertisement(LAN, TO_GROUP)));

    const sourceMac6 = virtualMacAddress('ipv6', LAN6.vrid);
    const frame6 = encodeAdvertisementFrame(LAN6, { ...TO_GROUP6, sourceMac: sourceMac6 });
    assert.equal(
      hex(frame6.subarray(0, 22)),
      ['333300000012', '00005e000237', '86dd', '6c000000002870ff'].join(''),
    );
    assert.equal(hex(frame6.subarray(54)), hex(encodeAdvertisement(LAN6, TO_GROUP6)));
  });

  test('a frame to a unicast peer is broadcast, its checksum made for the peer', () => {
    const destination = address('192.0.2.20');
    const envelope = { ...TO_GROUP, destination, dialect: 'rfc5798' } as const;
    const frame = encodeAdvertisementFrame(LAN, { ...envelope, sourceMac: '02:00:00:00:00:01' });
    assert.equal(hex(frame.subarray(0, 14)), 'ffffffffffff0200000000010800');
    assert.equal(hex(frame.subarray(30, 34)), 'c0000214');
    const message = frame.subarray(34);
    const decoded = decodeAdvertisement(packet({ destination, message }));
    assert.ok(decoded.ok && decoded.dialect === 'rfc5798');
    assertDiscarded(decodeAdvertisement(packet({ message })), 'checksum', 51);
  });

  const manyOf = (count: number, of: Advertisement): Advertisement => ({
    ...of,
    addresses: Array.from({ length: count }, (_, index) => of.addresses[index % 2] ?? []).flat(),
  });

  test('case 7: 255 IPv4 addresses are 1028 bytes, 256 are refused', () => {
    const message = (count: number): Uint8Array =>
      encodeAdvertisement(manyOf(count, LAN), TO_GROUP);
    assert.equal(message(255).length, 1028);
    assert.throws(() => message(256), AssertionFailure);
    assert.throws(() => message(0), AssertionFailure);
  });

  test('as many IPv6 addresses as the settings allow fit into an MTU of 1500, signed or not, and not one more', () => {
    const stamp = { keyId: 1, sequence: 1n };
    const signed: Seal = (plain, envelope) =>
      signMessage(plain, envelope, stamp, () => new Uint8Array(32));
    const packetLength = (count: number, seal: Seal | null): number => {
      const envelope = { ...TO_GROUP6, sourceMac: virtualMacAddress('ipv6', LAN6.vrid), seal };
      return encodeAdvertisementFrame(manyOf(count, LAN6), envelope).length - ETHERNET_HEADER;
    };
    for (const [most, seal] of [
      [MAXIMUM_IPV6_ADDRESSES, null],
      [MAXIMUM_SIGNED_IPV6_ADDRESSES, signed],
    ] as const) {
      assert.ok(packetLength(most, seal) <= MTU, `${most} addresses`);
      assert.ok(packetLength(most + 1, seal) > MTU, `${most + 1} addresses`);
    }
  });

  test('fields out of range and addresses of the other family are refused', () => {
    const refused: Partial<Advertisement>[] = [
      { vrid: 0 },
      { vrid: 256 },
      { priority: -1 },
      { priority: 256 },
      { addresses: LAN6.addresses },
    ];
    for (const change of refused) {
      assert.throws(() => encodeAdvertisement({ ...LAN, ...change }, TO_GROUP), AssertionFailure);
    }
    assert.throws(() => virtualMacAddress('ipv4', 0), AssertionFailure);
    assert.throws(
      () => encodeAdvertisementFrame(LAN, { ...TO_GROUP, sourceMac: '' }),
      /"" is not a MAC address/,
    );
  });
});

describe('packets discarded', () => {
  test('case 8: TTL 254 → hopLimit', () => {
    assertDiscarded(decodeAdvertisement(packet({ hopLimit: 254 })), 'hopLimit', 51);
  });
  test('case 9: TTL 1 → hopLimit', () => {
    assertDiscarded(decodeAdvertisement(packet({ hopLimit: 1 })), 'hopLimit', 51);
  });
  test('case 10: IPv6 hop limit 254 → hopLimit', () => {
    const decoded = decodeAdvertisement(packet({ family: 'ipv6', hopLimit: 254 }));
    assertDiscarded(decoded, 'hopLimit', 55);
  });
  for (const [number, version] of [
    [11, 2],
    [12, 4],
  ]) {
    test(`case ${number}: version ${version} → version`, () => {
      for (const family of ['ipv4', 'ipv6'] as const) {
        const one = changed(family, (message) => {
          message[0] = ((version ?? 0) << 4) | 1;
        });
        assertDiscarded(decodeAdvertisement(one), 'version', one.message[1]);
      }
    });
  }
  test('case 13: types 0 and 2 → type', () => {
    for (const type of [0, 2]) {
      const one = changed('ipv4', (message) => {
        message[0] = 0x30 | type;
      });
      assertDiscarded(decodeAdvertisement(one), 'type', 51);
    }
  });
  test('case 14: 7 bytes → length, and no VRID is claimed', () => {
    const message = packet().message.subarray(0, 7);
    assertDiscarded(decodeAdvertisement(packet({ message })), 'length');
  });
  test('case 15: no bytes → length, in both families', () => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const decoded = decodeAdvertisement(packet({ family, message: new Uint8Array() }));
      assertDiscarded(decoded, 'length');
    }
  });
  test('case 16: header only, count 2 → length', () => {
    const message = resealed('ipv4', bytes('3133960200640000'));
    assertDiscarded(decodeAdvertisement(packet({ message })), 'length', 51);
  });
  test('case 17: last address cut by 2 bytes → length', () => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const message = resealed(family, packet({ family }).message.slice(0, -2));
      assertDiscarded(decodeAdvertisement(packet({ family, message })), 'length', message[1]);
    }
  });
  test('case 18: count 255 before three addresses → length', () => {
    const one = changed('ipv4', (message) => {
      message[3] = 255;
    });
    assertDiscarded(decodeAdvertisement(one), 'length', 51);
  });
  test('case 19: count smaller than the addresses → length', () => {
    const one = changed('ipv4', (message) => {
      message[3] = 2;
    });
    assertDiscarded(decodeAdvertisement(one), 'length', 51);
  });
  test('case 20: bad checksum → checksum', () => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const { message } = packet({ family });
      message.set([0x12, 0x34], 6);
      assertDiscarded(decodeAdvertisement(packet({ family, message })), 'checksum', message[1]);
    }
  });
  test('case 21: checksum 0 where the sum is not → checksum', () => {
    const { message } = packet();
    message.set([0, 0], 6);
    assertDiscarded(decodeAdvertisement(packet({ message })), 'checksum', 51);
  });
  test('case 22: IPv6 checksum without the pseudo-header → checksum', () => {
    const message = resealed('ipv4', packet({ family: 'ipv6' }).message);
    assertDiscarded(decodeAdvertisement(packet({ family: 'ipv6', message })), 'checksum', 55);
  });
  test('cases 23, 25, 26: another VRID is decoded; whether it is configured is for the core', () => {
    const one = changed('ipv4', (message) => {
      message[1] = 52;
    });
    assert.equal(assertAccepted(decodeAdvertisement(one)).vrid, 52);
  });
  test('case 24: VRID 0 → vrid', () => {
    const one = changed('ipv4', (message) => {
      message[1] = 0;
    });
    assertDiscarded(decodeAdvertisement(one), 'vrid', 0);
  });
  test('case 27: count 0, no addresses → addressList', () => {
    for (const family of ['ipv4', 'ipv6'] as const) {
      const message = resealed(family, bytes('3133960000640000'));
      assertDiscarded(decodeAdvertisement(packet({ family, message })), 'addressList', 51);
    }
  });
  test('case 28: count 0 before addresses → length', () => {
    const one = changed('ipv4', (message) => {
      message[3] = 0;
    });
    assertDiscarded(decodeAdvertisement(one), 'length', 51);
  });
  test('case 29: interval 0 → interval, whatever the reserved nibble holds', () => {
    for (const reserved of [0x00, 0xf0]) {
      const one = changed('ipv4', (message) => message.set([reserved, 0], 4));
      assertDiscarded(decodeAdvertisement(one), 'interval', 51);
    }
  });
  test('case 30: first IPv6 address global → addressList', () => {
    const one = changed('ipv6', (message) => message.set([0x20, 0x01], 8));
    assertDiscarded(decodeAdvertisement(one), 'addressList', 55);
  });
  test('case 31: VRRPv2 without authentication → version', () => {
    const message = bytes('2139c802000191f6c0000265c00002660000000000000000');
    assertDiscarded(decodeAdvertisement(packet({ message })), 'version', 57);
  });
  test('case 32: VRRPv2 with a password → version', () => {
    const message = bytes('2138c8020101e465c0000265c00002667333637265747077');
    assertDiscarded(decodeAdvertisement(packet({ message })), 'version', 56);
  });

  test('the first failing check of the table names the reason', () => {
    // Everything is wrong at once; one after another is mended, and the next reason shows.
    const message = bytes('2200960000009999c0000265');
    const reasons: string[] = [];
    const mend: ((one: { hopLimit: number }) => void)[] = [
      (one) => (one.hopLimit = 255),
      () => (message[0] = 0x32),
      () => (message[0] = 0x31),
      () => (message[3] = 1),
      () => message.set(resealed('ipv4', message)),
      () => message.set(resealed('ipv4', message.with(1, 51))),
      () => message.set(resealed('ipv4', message.with(5, 1))),
    ];
    const header = { hopLimit: 1 };
    for (const step of [() => undefined, ...mend]) {
      step(header);
      const decoded = decodeAdvertisement(packet({ ...header, message }));
      reasons.push(decoded.ok ? 'accepted' : decoded.reason);
    }
    assert.deepEqual(reasons, [
      'hopLimit',
      'version',
      'type',
      'length',
      'checksum',
      'vrid',
      'interval',
      'accepted',
    ]);
  });
});

describe('packets accepted', () => {
  test('case 38: a reserved nibble of 0xF is ignored', () => {
    const one = changed('ipv4', (message) => message.set([0xf0, 100], 4));
    assert.equal(assertAccepted(decodeAdvertisement(one)).maxAdvertiseInterval, 100);
  });
  test('case 39: either IPv4 checksum, and which', () => {
    for (const dialect of ['rfc9568', 'rfc5798'] as const) {
      const message = encodeAdvertisement(LAN, { ...TO_GROUP, dialect });
      const decoded = decodeAdvertisement(packet({ message }));
      assert.deepEqual(decoded, { ok: true, advertisement: LAN, dialect });
    }
  });
  test('case 39: when both checksums hold at once, it is the one of RFC 9568', () => {
    // The pseudo-header of 192.0.95.112, 224.0.0.18, 112 and length 12 sums to zero.
    const source = address('192.0.95.112');
    const advertisement = { ...LAN, addresses: LAN.addresses.slice(0, 1) };
    const messages = (['rfc9568', 'rfc5798'] as const).map((dialect) =>
      encodeAdvertisement(advertisement, { ...TO_GROUP, source, dialect }),
    );
    assert.deepEqual(messages[0], messages[1]);
    const decoded = decodeAdvertisement(packet({ source, message: messages[1] ?? bytes('') }));
    assert.deepEqual(decoded, { ok: true, advertisement, dialect: 'rfc9568' });
  });
  test("cases 40, 41, 42: another interval or other addresses are the core's to remark", () => {
    const one = changed('ipv4', (message) => message.set([0, 200], 4));
    assert.equal(assertAccepted(decodeAdvertisement(one)).maxAdvertiseInterval, 200);
    const advertisement = { ...LAN, addresses: LAN.addresses.toReversed() };
    const message = encodeAdvertisement(advertisement, TO_GROUP);
    assert.deepEqual(assertAccepted(decodeAdvertisement(packet({ message }))), advertisement);
  });
});
