// The peer message for all values and all bytes.
import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import * as fc from 'fast-check';
import type { PeerReport, PeerRouter } from '../../src/model/peer-report.js';
import {
  decodePeerMessage,
  encodePeerReport,
  PEER_DISCARD_REASONS,
  PEER_MESSAGE_KINDS,
  PEER_MESSAGE_MAXIMUM,
  type PeerHeader,
} from '../../src/wire/peer-message.js';
import { addressOf, family } from './arbitraries.js';
import { encodePeerMessage } from './peer-messages.js';

/** Of random bytes. */
const RUNS = process.env['CI'] === 'true' ? 3_000 : 1_000;

const nonce = fc.uint8Array({ minLength: 16, maxLength: 16 });

const header: fc.Arbitrary<PeerHeader> = fc.record(
  {
    kind: fc.constantFrom(...PEER_MESSAGE_KINDS),
    session: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    nonce,
    echo: fc.option(nonce.filter((bytes) => bytes.some((byte) => byte !== 0))),
  },
  { noNullPrototype: true },
);

const router: fc.Arbitrary<PeerRouter> = fc.record(
  {
    state: fc.constantFrom('Initialize', 'Backup', 'Active'),
    effectivePriority: fc.nat(255),
    addressesPresent: fc.boolean(),
    wantsUnicast: fc.boolean(),
    releasing: fc.boolean(),
    evidence: fc.nat(15),
  },
  { noNullPrototype: true },
);

/** Runs of equal ones, as instances have them, and every now and then more than fit. */
const routers = fc
  .array(fc.tuple(router, fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 100 }))), {
    maxLength: 400,
    size: 'max',
  })
  .map((runs) => runs.flatMap(([one, count]) => Array.from({ length: count }, () => one)));

const digest = fc.nat(0xffff_ffff);
/** Zero on the wire is none. */
const laterDigest = fc.option(fc.integer({ min: 1, max: 0xffff_ffff }));

const report: fc.Arbitrary<PeerReport> = fc.record(
  {
    name: fc
      .string({ unit: 'binary', minLength: 1, maxLength: 16 })
      .filter((name) => Buffer.byteLength(name) <= 64),
    mode: fc.constantFrom('off', 'active-passive', 'active-active'),
    primary: fc.boolean(),
    fit: fc.boolean(),
    sound: fc.boolean(),
    gateway: fc.constantFrom('reachable', 'unreachable', 'unknown'),
    bandwidthLow: fc.boolean(),
    digests: fc.record(
      {
        virtualRouters: digest,
        addresses: digest,
        intervals: digest,
        thresholds: digest,
        primaries: laterDigest,
        rules: laterDigest,
      },
      { noNullPrototype: true },
    ),
    primaryAddresses: fc.array(family.chain(addressOf), { maxLength: 8 }),
    routers,
  },
  { noNullPrototype: true },
);

const encode = (one: PeerHeader, what: PeerReport): Uint8Array =>
  encodePeerMessage(one, encodePeerReport(what)).datagram;

describe('peer message', () => {
  test('round trip: all of it, or all but the last virtual routers with the flag set', () => {
    fc.assert(
      fc.property(header, report, (one, what) => {
        const bytes = encode(one, what);
        assert.ok(bytes.length <= PEER_MESSAGE_MAXIMUM);
        const decoded = decodePeerMessage(bytes);
        assert.ok(decoded.ok);
        const { routers: arrived } = decoded.report;
        assert.equal(decoded.truncated, arrived.length < what.routers.length);
        assert.deepEqual(decoded.header, one);
        assert.deepEqual(decoded.report, {
          ...what,
          routers: what.routers.slice(0, arrived.length),
        });
        // What is missing did not fit: one more run would have been too long.
        if (decoded.truncated && what.routers.length <= 1024) {
          assert.ok(bytes.length > PEER_MESSAGE_MAXIMUM - 3);
        }
      }),
      { numRuns: 150 },
    );
  });

  const prefix = Buffer.from('UNDY\x01\x00\x01\x00', 'latin1');
  const anything = fc
    .tuple(fc.boolean(), fc.uint8Array({ maxLength: 1300, size: 'max' }))
    // Half of them start like a message, so that the later checks see some too.
    .map(([lookalike, bytes]) => (lookalike ? Buffer.concat([prefix, bytes]) : bytes));

  test('random bytes never throw, and the reason is one of the closed set', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const decoded = decodePeerMessage(bytes);
        if (!decoded.ok) assert.ok(Object.hasOwn(PEER_DISCARD_REASONS, decoded.reason));
      }),
      { numRuns: RUNS },
    );
  });

  test('flipped bits never throw; what still decodes is a message that can be sent', () => {
    fc.assert(
      fc.property(
        header,
        report,
        fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
        (one, what, flips) => {
          const bytes = encode(one, what);
          for (const flip of flips) {
            const at = (flip >> 3) % bytes.length;
            bytes[at] = (bytes[at] ?? 0) ^ (1 << (flip & 7));
          }
          const decoded = decodePeerMessage(bytes);
          if (!decoded.ok) {
            assert.ok(Object.hasOwn(PEER_DISCARD_REASONS, decoded.reason));
            return;
          }
          const again = decodePeerMessage(encode(decoded.header, decoded.report));
          assert.ok(again.ok);
          assert.deepEqual(again.report, decoded.report);
        },
      ),
      { numRuns: 200 },
    );
  });
});
