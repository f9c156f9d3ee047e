// The peer message byte by byte, and what its decoder refuses.
import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import {
  PEER_MESSAGE_MAXIMUM,
  PeerMessageDraft,
  decodePeerMessage,
  encodePeerReport,
  inspectPeerMessage,
  peekKeys,
  type PeerDiscardReason,
} from '../../src/wire/peer-message.js';
import {
  active,
  ADDRESSES,
  backup,
  datagramOf,
  encodePeerMessage,
  header,
  INSTANCE,
  NAME,
  report,
  ROUTERS,
  withTlvs,
} from './peer-messages.js';
import { address } from '../support/address.js';

describe('encoding', () => {
  test('every byte stands where the description says', () => {
    const hex = Buffer.from(datagramOf()).toString('hex');
    const expected = [
      '554e4459', // magic
      '01040300', // version 1.4, push, no flags
      '0102030405060708',
      '0000010000000005',
      'aa'.repeat(16),
      'bb'.repeat(16),
      '010009', // name
      '7ac3bc726963682d31',
      '02001a', // instance: active-active; gateway 2, L, S, P; the digests
      '022d00000011ffffffff00000000800000000000002200000000',
      '030016', // primary addresses
      '040a630001',
      '06fe800000000000000000000000000001',
      '040006', // virtual routers: 2 × Active A R evidence 9 priority 200, 1 × Backup U priority 100
      '0559c802a064',
      '00'.repeat(32), // room for the HMAC
    ];
    assert.equal(hex, expected.join(''));
  });

  test('the signed range is all but the HMAC', () => {
    const draft = new PeerMessageDraft();
    draft.lay(encodePeerReport(report), header.kind, header.session, header.sequence);
    assert.equal(draft.end + 32, draft.bytes.length);
  });

  test('without a nonce to echo the echo is zero', () => {
    const decoded = decodePeerMessage(datagramOf({ ...header, echo: null }));
    assert.ok(decoded.ok);
    assert.equal(decoded.header.echo, null);
  });

  test('a uniform instance takes three bytes for up to 127 virtual routers', () => {
    const sizeOf = (count: number): number =>
      datagramOf(header, { ...report, routers: Array.from({ length: count }, () => active) })
        .length;
    assert.equal(sizeOf(127) - sizeOf(0), 3);
    assert.equal(sizeOf(128) - sizeOf(0), 6);
  });

  test('255 virtual routers of which no two neighbours are alike fit beside the longest rest', () => {
    const routers = Array.from({ length: 255 }, (_, index) => (index % 2 === 0 ? active : backup));
    const ipv6 = Array.from({ length: 8 }, (_, index) => address(`fe80::${index + 1}`));
    const cause = { reason: 'r'.repeat(32), detail: 'd'.repeat(36), forced: true, doubtful: true };
    const full = { ...report, name: 'n'.repeat(64), primaryAddresses: ipv6, routers, cause };
    const keys = [1, 2, 3, 4, 5, 6, 7, 8];
    const { datagram } = encodePeerMessage(header, encodePeerReport(full, keys));
    const decoded = decodePeerMessage(datagram);
    assert.ok(decoded.ok);
    assert.equal(decoded.truncated, false);
    assert.deepEqual(decoded.report, full);
  });

  test('the cause, its wish and whether it stands back: every byte, and back', () => {
    const cause = { reason: 'failover', detail: 'root', forced: true, doubtful: false };
    const more = { standsBack: true, gatewayWish: true, cause };
    const datagram = datagramOf(header, { ...report, ...more });
    const hex = Buffer.from(datagram).toString('hex');
    assert.ok(hex.includes('02001a02ed'), 'the instance with W and B set');
    assert.ok(hex.includes('06000e01086661696c6f766572726f6f7400'), 'TLV 6, the last one');
    const decoded = decodePeerMessage(datagram);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.report, { ...report, ...more });
  });

  test('whether the sender sees the witness: one byte; another value, or none, is no word', () => {
    for (const [witness, value] of [
      ['seen', 1],
      ['away', 2],
    ] as const) {
      const datagram = datagramOf(header, { ...report, witness });
      assert.ok(Buffer.from(datagram).toString('hex').includes(`0800010${value}`));
      const decoded = decodePeerMessage(datagram);
      assert.ok(decoded.ok);
      assert.deepEqual(decoded.report, { ...report, witness });
    }
    for (const [value, word] of [
      [[], undefined],
      [[0], undefined],
      [[3], undefined],
      [[2, 9], 'away'],
    ] as const) {
      const odd = decodePeerMessage(
        withTlvs(NAME, INSTANCE, ADDRESSES, ROUTERS, [8, 0, value.length, ...value]),
      );
      assert.ok(odd.ok);
      assert.equal(odd.report.witness, word);
    }
  });

  test('a cause that is too long is cut between characters; one that cannot be read is none', () => {
    const cause = { reason: 'failover', detail: 'ü'.repeat(60), forced: false, doubtful: true };
    const decoded = decodePeerMessage(datagramOf(header, { ...report, cause }));
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.report.cause, { ...cause, detail: 'ü'.repeat(30) });
    for (const value of [[], [0], [0, 1, 0xff], [0, 9, 0x61], [0, 0, 0x61], [0, 1, 0x61, 0xff]]) {
      const odd = decodePeerMessage(
        withTlvs(NAME, INSTANCE, ADDRESSES, ROUTERS, [6, 0, value.length, ...value]),
      );
      assert.ok(odd.ok);
      assert.equal(odd.report.cause, undefined);
    }
  });

  test('virtual routers that do not fit are left off at the end, and the flag is set', () => {
    const routers = Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? active : backup));
    const datagram = datagramOf(header, { ...report, routers });
    assert.ok(datagram.length <= PEER_MESSAGE_MAXIMUM && datagram.length > 1190);
    assert.equal(datagram[7], 1);
    const decoded = decodePeerMessage(datagram);
    assert.ok(decoded.ok);
    assert.equal(decoded.truncated, true);
    assert.ok(decoded.report.routers.length > 290);
    assert.deepEqual(decoded.report.routers, routers.slice(0, decoded.report.routers.length));
  });

  test('what is out of range is a contradiction of ours, not a message', () => {
    const broken: [Partial<PeerReport>, RegExp][] = [
      [{ name: '' }, /has 0 bytes, 1\.\.64/],
      [{ name: 'ü'.repeat(33) }, /has 66 bytes/],
      [{ digests: { ...report.digests, intervals: -1 } }, /digest -1/],
      [{ primaryAddresses: Array.from({ length: 9 }, () => address('::1')) }, /9 primary/],
      [{ routers: [{ ...active, effectivePriority: 256 }] }, /priority 256/],
      [{ routers: [{ ...active, evidence: 16 }] }, /evidence 16/],
    ];
    for (const [change, message] of broken) {
      assert.throws(() => encodePeerReport({ ...report, ...change }), { message });
    }
  });
});

describe('the keys that the sender accepts', () => {
  const KEYS = [0x1234_5678, 0xffff_ffff, 0];
  const bytes = encodePeerMessage(header, encodePeerReport(report, KEYS)).datagram;

  test('stand behind the rest, so that an earlier release skips them', () => {
    const tail = bytes.subarray(datagramOf().length - 32, -32);
    assert.equal(Buffer.from(tail).toString('hex'), '05000c12345678ffffffff00000000');
    const decoded = decodePeerMessage(bytes);
    assert.ok(decoded.ok);
    assert.deepEqual([decoded.keys, decoded.report], [KEYS, report]);
    assert.deepEqual(peekKeys(bytes), KEYS);
  });

  test('an earlier release names none', () => {
    assert.equal(peekKeys(datagramOf()), null);
    assert.equal(peekKeys(withTlvs([5, 0, 9])), null, 'nor does what cannot be read');
  });

  test('eight fit beside 255 virtual routers and the longest rest; nine are a fault of ours', () => {
    const routers = Array.from({ length: 255 }, (_, index) => (index % 2 === 0 ? active : backup));
    const ipv6 = Array.from({ length: 8 }, (_, index) => address(`fe80::${index + 1}`));
    const full = { ...report, name: 'n'.repeat(64), primaryAddresses: ipv6, routers };
    const eight = Array.from({ length: 8 }, (_, index) => index + 1);
    const encoded = encodePeerReport(full, eight);
    assert.equal(encoded.truncated, false);
    const decoded = decodePeerMessage(encodePeerMessage(header, encoded).datagram);
    assert.ok(decoded.ok);
    assert.deepEqual([decoded.keys, decoded.report], [eight, full]);
    assert.throws(() => encodePeerReport(full, [...eight, 9]), /9 keys/);
  });

  test('a later minor may name more, and say more after the last', () => {
    const many = [5, 0, 42, ...Buffer.alloc(42, 1)];
    const decoded = decodePeerMessage(withTlvs(NAME, INSTANCE, ADDRESSES, ROUTERS, many));
    assert.ok(decoded.ok);
    assert.deepEqual(
      decoded.keys,
      Array.from({ length: 8 }, () => 0x0101_0101),
    );
    const none = decodePeerMessage(withTlvs(NAME, INSTANCE, ADDRESSES, ROUTERS, [5, 0, 2, 1, 1]));
    assert.ok(none.ok);
    assert.deepEqual(none.keys, []);
  });
});

describe('decoding', () => {
  test('the same report from the same peer is the same object, another one is not', () => {
    const memory = { bytes: null, report: null };
    const decoded = (message: Uint8Array): PeerReport => {
      const result = decodePeerMessage(message, memory);
      assert.ok(result.ok);
      return result.report;
    };
    const first = decoded(datagramOf());
    assert.equal(decoded(datagramOf({ ...header, sequence: 7 })), first);
    const other = { ...report, fit: true };
    assert.deepEqual(decoded(datagramOf(header, other)), other);
    assert.deepEqual(decoded(datagramOf()), report);
  });

  test('it is the inverse, from a Buffer too, and keeps no view of the datagram', () => {
    for (const bytes of [datagramOf(), Buffer.from(datagramOf())]) {
      const decoded = decodePeerMessage(bytes);
      bytes.fill(0);
      assert.deepEqual(decoded, { ok: true, header, report, keys: null, truncated: false });
    }
  });

  test('minor 0 has four digests: the later ones are unknown, and nothing differs in them', () => {
    const decoded = decodePeerMessage(withTlvs(NAME, INSTANCE, ADDRESSES, ROUTERS));
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.report.digests, {
      virtualRouters: 0,
      addresses: 0,
      intervals: 0,
      thresholds: 0,
      primaries: null,
      rules: null,
    });
  });

  test('a later minor: unknown TLVs, flags and more bytes of the instance are skipped', () => {
    const longer = [2, 0, 28, 1, 0xc0, ...Array.from({ length: 26 }, () => 7)];
    const bytes = withTlvs([99, 0, 2, 1, 2], NAME, longer, ADDRESSES, ROUTERS, [255, 0, 0]);
    bytes[5] = 200;
    bytes[7] = 0xfe;
    const decoded = decodePeerMessage(bytes);
    assert.ok(decoded.ok);
    assert.equal(decoded.report.digests.thresholds, 0x0707_0707);
    assert.equal(decoded.report.digests.rules, 0x0707_0707);
    assert.equal(decoded.truncated, false);
  });

  test('the TLVs may come in any order: their types say what they are', () => {
    const tlvs = [
      NAME,
      [2, 0, 18, 1, 0, ...Array.from({ length: 16 }, (_, index) => index)],
      [3, 0, 5, 4, 10, 99, 0, 1],
      [4, 0, 3, 5, 0x59, 0xc8],
    ];
    const expected = decodePeerMessage(withTlvs(...tlvs));
    assert.ok(expected.ok);
    assert.equal(expected.report.routers.length, 2);
    for (let turn = 1; turn < tlvs.length; turn += 1) {
      const turned = [...tlvs.slice(turn), ...tlvs.slice(0, turn)];
      assert.deepEqual(decodePeerMessage(withTlvs(...turned)), expected);
      assert.deepEqual(decodePeerMessage(withTlvs(...turned.toReversed())), expected);
    }
  });

  test('each TLV may be as long as what is left, and no byte longer', () => {
    const whole = [...NAME, ...INSTANCE, ...ADDRESSES, 4, 0, 3, 5, 0x59, 0xc8];
    const lengthAt = (index: number, change: number) => {
      const bytes = [...whole];
      bytes[index] = (bytes[index] ?? 0) + change;
      return decodePeerMessage(withTlvs(bytes));
    };
    const last = whole.length - 4;
    assert.ok(lengthAt(last, 0).ok);
    for (const [change, detail] of [
      [1, /TLV 4 reaches 1 bytes beyond the end/],
      [-1, /virtual routers of 2 bytes|header cut short/],
    ] as const) {
      const decoded = lengthAt(last, change);
      assert.ok(!decoded.ok, `taken with a length that is wrong by ${change}`);
      assert.match(decoded.detail, detail);
    }
  });

  test('a datagram of 1200 bytes is taken, and one of 88 is long enough to be looked at', () => {
    const filler = PEER_MESSAGE_MAXIMUM - datagramOf().length - 3;
    const encoded = encodePeerReport(report);
    const padding = [99, filler >> 8, filler & 0xff, ...Buffer.alloc(filler)];
    const bytes = Uint8Array.from([...encoded.bytes, ...padding]);
    const { datagram } = encodePeerMessage(header, { bytes, truncated: false });
    assert.equal(datagram.length, PEER_MESSAGE_MAXIMUM);
    const expected = { ok: true, header, report, keys: null, truncated: false };
    assert.deepEqual(decodePeerMessage(datagram), expected);
    assert.equal(inspectPeerMessage(datagramOf().subarray(0, 88)), null);
  });

  test('as many virtual routers are sent as fit into 1200 bytes, to the last byte', () => {
    const routers = Array.from({ length: 1000 }, (_, index) => (index % 2 === 0 ? active : backup));
    for (let length = 1; length <= 3; length += 1) {
      const datagram = datagramOf(header, { ...report, name: 'n'.repeat(length), routers });
      const left = PEER_MESSAGE_MAXIMUM - datagram.length;
      assert.ok(left >= 0 && left < 3, `${left} bytes left, another run takes 3`);
    }
  });

  const patched = (offset: number, ...values: number[]): Uint8Array => {
    const bytes = datagramOf();
    bytes.set(values, offset);
    return bytes;
  };
  const refused: [string, Uint8Array, PeerDiscardReason, RegExp][] = [
    ['no bytes', new Uint8Array(), 'length', /0 bytes/],
    ['no whole header', datagramOf().subarray(0, 87), 'length', /87 bytes/],
    ['1201 bytes', new Uint8Array(1201), 'length', /1201 bytes/],
    ['another magic', patched(0, 0x56), 'magic', /564e4459/],
    ['major 0', patched(4, 0), 'version', /0\.4, we speak 1\.4/],
    ['major 2', patched(4, 2, 3), 'version', /2\.3, we speak 1\.4/],
    ['kind 0', patched(6, 0), 'malformed', /kind 0/],
    ['kind 5', patched(6, 5), 'malformed', /kind 5/],
    ['sequence 0', patched(16, 0, 0, 0, 0, 0, 0, 0, 0), 'malformed', /sequence number 0/],
    ['sequence 2^53', patched(16, 0, 0x20, 0, 0), 'malformed', /sequence number 9007/],
    ['no TLV', withTlvs(), 'malformed', /without name, instance/],
    ['a TLV header cut short', withTlvs([1, 0]), 'malformed', /header cut short/],
    ['a TLV too long', withTlvs([1, 0, 9, 0x62]), 'malformed', /TLV 1 reaches 8 bytes beyond/],
    ['a TLV twice', withTlvs(NAME, NAME), 'malformed', /TLV 1 twice/],
    ['an empty name', withTlvs([1, 0, 0], INSTANCE, ADDRESSES, ROUTERS), 'malformed', /name of 0/],
    [
      'a name of 65 bytes',
      withTlvs([1, 0, 65, ...Buffer.alloc(65, 0x61)], INSTANCE, ADDRESSES, ROUTERS),
      'malformed',
      /name of 65/,
    ],
    [
      'a name that is not UTF-8',
      withTlvs([1, 0, 2, 0xc3, 0x28], INSTANCE, ADDRESSES, ROUTERS),
      'malformed',
      /not UTF-8/,
    ],
    ['a short instance', withTlvs(NAME, [2, 0, 0], ADDRESSES, ROUTERS), 'malformed', /0 bytes/],
    ['mode 3', patched(71, 3), 'malformed', /mode 3/],
    ['gateway 3', patched(72, 0x30), 'malformed', /gateway 3/],
    [
      'address family 5',
      withTlvs(NAME, INSTANCE, [3, 0, 5, 5, 1, 2, 3, 4], ROUTERS),
      'malformed',
      /family 5/,
    ],
    [
      'an address cut short',
      withTlvs(NAME, INSTANCE, [3, 0, 4, 4, 1, 2, 3], ROUTERS),
      'malformed',
      /address cut short/,
    ],
    [
      'nine addresses',
      withTlvs(NAME, INSTANCE, [3, 0, 45, ...Buffer.alloc(45, 4)], ROUTERS),
      'malformed',
      /too many primary/,
    ],
    [
      'half a run',
      withTlvs(NAME, INSTANCE, ADDRESSES, [4, 0, 2, 2, 0]),
      'malformed',
      /virtual routers of 2/,
    ],
    [
      'an empty run',
      withTlvs(NAME, INSTANCE, ADDRESSES, [4, 0, 3, 0, 0, 0]),
      'malformed',
      /run of no/,
    ],
    ['state 3', withTlvs(NAME, INSTANCE, ADDRESSES, [4, 0, 3, 3, 0x80, 0]), 'malformed', /state 3/],
    [
      '1143 virtual routers',
      withTlvs(NAME, INSTANCE, ADDRESSES, [4, 0, 27, ...Buffer.alloc(27, 0xfe)]),
      'malformed',
      /too many virtual/,
    ],
  ];
  for (const [what, bytes, reason, detail] of refused) {
    test(`${what}: ${reason}`, () => {
      const decoded = decodePeerMessage(bytes);
      assert.ok(!decoded.ok);
      assert.equal(decoded.reason, reason);
      assert.match(decoded.detail, detail);
    });
  }
});
