// AgentX (RFC 2741): packets as they come and as they go, whole, in parts, in both byte orders, and broken.
import assert from 'node:assert/strict';
import { assert as assertProperty, boolean, property, uint8Array } from 'fast-check';
import {
  AgentXError,
  compareOids,
  encodeClose,
  encodeNotify,
  encodeOpen,
  encodeRegister,
  encodeResponse,
  LONGEST_PDU,
  PDU,
  PduReader,
  type Received,
} from '../../src/snmp/agentx.js';
import { describe, it } from '../support/test.js';
import { oidOf, pdu } from './daemon.js';

const FROM = [1, 3, 6, 1, 2, 1, 207, 1];
const TO = [1, 3, 6, 1, 2, 1, 208];

const getNext = (big: boolean, flags = 0, context = Buffer.alloc(0)): Buffer =>
  pdu(
    PDU.getNext,
    Buffer.concat([
      context,
      oidOf(FROM, true, big),
      oidOf(TO, false, big),
      oidOf(FROM, false, big),
      oidOf([]),
    ]),
    { big, flags },
  );

const ASKED: readonly Received[] = [
  {
    session: 3,
    transaction: 5,
    packet: 7,
    kind: 'getNext',
    ranges: [
      { start: FROM, included: true, end: TO },
      { start: FROM, included: false, end: null },
    ],
  },
];

describe('what the daemon sends', () => {
  it('is read in either byte order (§6.1)', () => {
    for (const big of [true, false]) {
      assert.deepEqual(new PduReader().take(getNext(big)), ASKED, `big: ${big}`);
    }
  });

  it('may begin an identifier with the short form of 1.3.6.1 (§5.1), and name a context (§6.1.1)', () => {
    const short = Buffer.concat([Buffer.from([1, 2, 0, 0]), Buffer.from([0, 0, 0, 1])]);
    const context = Buffer.from([0, 0, 0, 3, 1, 2, 3, 0]);
    const bytes = pdu(PDU.get, Buffer.concat([context, short, oidOf([])]), { flags: 0x08 });
    assert.deepEqual(new PduReader().take(bytes), [
      {
        session: 3,
        transaction: 5,
        packet: 7,
        kind: 'get',
        ranges: [{ start: [1, 3, 6, 1, 2, 1], included: false, end: null }],
      },
    ]);
  });

  it('comes in whatever parts: several packets at once, one byte after the other', () => {
    const two = Buffer.concat([getNext(true), getNext(false)]);
    assert.deepEqual(new PduReader().take(two), [...ASKED, ...ASKED]);
    const reader = new PduReader();
    const found = [...two].flatMap((byte) => reader.take(Buffer.from([byte])));
    assert.deepEqual(found, [...ASKED, ...ASKED]);
  });

  it('is refused when it is of another version, ends too early, or announces more than there can be', () => {
    const other = getNext(true);
    other.writeUInt8(2, 0);
    const early = pdu(PDU.getNext, oidOf(FROM).subarray(0, 12));
    const endless = getNext(true);
    endless.writeUInt32BE(LONGEST_PDU, 16);
    for (const bytes of [other, early, endless]) {
      assert.throws(() => new PduReader().take(bytes), AgentXError);
    }
  });

  it('never ends the reader by anything but an AgentXError, whatever comes', () => {
    assertProperty(
      property(uint8Array({ maxLength: 200 }), boolean(), (bytes, framed) => {
        const type = bytes[0] ?? 0;
        try {
          new PduReader().take(framed ? pdu(type, Buffer.from(bytes)) : bytes);
        } catch (error) {
          assert.ok(error instanceof AgentXError, String(error));
        }
      }),
    );
  });
});

const hex = (bytes: Buffer): string => bytes.toString('hex').replace(/(.{8})(?!$)/g, '$1 ');

describe('what we send', () => {
  it('opens a session (§6.2.1), registers a subtree (§6.2.3), and closes the session (§6.2.2)', () => {
    assert.equal(
      hex(encodeOpen(1, 'abcde', 5)),
      '01011000 00000000 00000000 00000001 00000014 05000000 00000000 00000005 61626364 65000000',
    );
    assert.equal(
      hex(encodeRegister(9, 2, [1, 3, 6, 1, 2, 1, 207])),
      '01031000 00000009 00000000 00000002 00000010 007f0000 02020000 00000001 000000cf',
    );
    assert.equal(hex(encodeClose(9, 3)), '01021000 00000009 00000000 00000003 00000004 05000000');
  });

  it('has each kind of value as §5.4 has it', () => {
    const oid = [1, 3, 6, 1, 2, 1];
    const one = (value: Parameters<typeof encodeNotify>[2][number]['value']): string =>
      hex(encodeNotify(1, 1, [{ oid, value }]).subarray(20));
    const name = '01020000 00000001';
    assert.equal(one({ type: 'integer', value: -1 }), `00020000 ${name} ffffffff`);
    assert.equal(one({ type: 'counter32', value: 2 ** 32 + 5 }), `00410000 ${name} 00000005`);
    assert.equal(one({ type: 'gauge32', value: 4_000_000_000 }), `00420000 ${name} ee6b2800`);
    assert.equal(one({ type: 'timeTicks', value: 100 }), `00430000 ${name} 00000064`);
    assert.equal(
      one({ type: 'counter64', value: 2n ** 63n }),
      `00460000 ${name} 80000000 00000000`,
    );
    const address = Uint8Array.from([192, 168, 255, 254, 128]);
    assert.equal(
      one({ type: 'octets', value: address }),
      `00040000 ${name} 00000005 c0a8fffe 80000000`,
    );
    assert.equal(
      one({ type: 'oid', value: [1, 2, 3] }),
      `00060000 ${name} 03000000 00000001 00000002 00000003`,
    );
    assert.equal(one({ type: 'endOfMibView' }), `00820000 ${name}`);
  });

  it('answers a request under its numbers, with an error where there is one (§6.2.16)', () => {
    const request = { session: 1, transaction: 2, packet: 3 };
    assert.equal(
      hex(encodeResponse(request, { error: 17, index: 1 })),
      '01121000 00000001 00000002 00000003 00000008 00000000 00110001',
    );
  });
});

it('identifiers are ordered as a walk goes: by number, what is shorter first', () => {
  const sorted = [[1, 2], [1, 2, 0], [1, 2, 3], [1, 10], [2]];
  assert.deepEqual(sorted.toReversed().toSorted(compareOids), sorted);
});
