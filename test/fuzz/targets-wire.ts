// The decoders of bytes that others send: advertisements, peer messages, answers of etcd. Each with what must hold
// whatever it is given. Text that people write: targets-text.ts.
import assert from 'node:assert/strict';
import {
  addressFromBytes,
  addressLength,
  type Family,
  type IpAddress,
} from '../../src/model/address.js';
import { DISCARD_REASONS, type Advertisement } from '../../src/model/advertisement.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { centiseconds } from '../../src/model/units.js';
import {
  decodeAdvertisement,
  encodeAdvertisement,
  VRRP_GROUP,
  VRRP_PROTOCOL,
  type ReceivedMessage,
} from '../../src/wire/advertisement.js';
import { createAdvertisementDecoder } from '../../src/wire/advertisement-decoder.js';
import { internetChecksum, pseudoHeader } from '../../src/wire/checksum.js';
import {
  decodePeerMessage,
  encodePeerReport,
  kindOfRepetition,
  PEER_DISCARD_REASONS,
  type PeerHeader,
  type PeerMessage,
  type ReportMemory,
} from '../../src/wire/peer-message.js';
import {
  hasTrailer,
  signatureFor,
  signatureOf,
  signMessage,
  stampOf,
  TRAILER_LENGTH,
} from '../../src/wire/signature.js';
import { Etcd } from '../../src/witness/etcd.js';
import { WitnessAway } from '../../src/witness/witness.js';
import type { Target } from './fuzz.js';
import { same } from './same.js';
import { treeChanged } from './tree.js';
import { address } from '../support/address.js';
import { encodePeerMessage } from '../wire/peer-messages.js';

// --- advertisements -----------------------------------------------------------------------------

const SOURCE: Readonly<Record<Family, IpAddress>> = {
  ipv4: address('192.0.2.2'),
  ipv6: address('fe80::2'),
};
const ADDRESSES: Readonly<Record<Family, readonly IpAddress[]>> = {
  ipv4: [address('192.0.2.100'), address('192.0.2.101')],
  ipv6: [address('fe80::64'), address('2001:db8::64')],
};

/** Bits of the first byte of an input. */
const IPV6 = 1;
const REPAIRED = 2;
const BARE = 4;
const LOW_HOP_LIMIT = 8;
/** The other bytes say what the advertisement is, not how it looks: see valueFrom. */
const VALUE = 16;
const FULL = 32;
/** What follows the addresses is a signature, if there is as much of it. */
const SIGNED = 64;

/** What arrived: the first byte says how, so that mutations reach what stands behind the checksum. */
function receivedFrom(input: Buffer): ReceivedMessage {
  const how = input[0] ?? 0;
  const family: Family = (how & IPV6) === 0 ? 'ipv4' : 'ipv6';
  const [source, destination] = [SOURCE[family], VRRP_GROUP[family]];
  const message = Uint8Array.from(input.subarray(1));
  if ((how & REPAIRED) !== 0 && message.length >= 8) {
    message.fill(0, 6, 8);
    const bare = family === 'ipv4' && (how & BARE) !== 0;
    // Of IPv4 it does not cover a signature.
    const isCut = family === 'ipv4' && (how & SIGNED) !== 0 && hasTrailer(message, family);
    const covered = isCut ? message.subarray(0, message.length - TRAILER_LENGTH) : message;
    const pseudo = pseudoHeader(source, destination, VRRP_PROTOCOL, covered.length);
    const sum = bare ? internetChecksum(covered) : internetChecksum(pseudo, covered);
    new DataView(message.buffer).setUint16(6, sum);
  }
  return {
    family,
    source,
    destination,
    hopLimit: (how & LOW_HOP_LIMIT) === 0 ? 255 : 254,
    message,
  };
}

/** Any advertisement that there can be: VRID, priority, interval, and addresses from what is left. */
function valueFrom(input: Buffer, family: Family): Advertisement {
  const [vrid = 0, priority = 0, high = 0, low = 0] = input.subarray(1);
  const size = addressLength(family);
  const bytes = input.subarray(5);
  const count = Math.min(255, Math.max(1, Math.floor(bytes.length / size)));
  const whole = Buffer.concat([bytes, Buffer.alloc(size)]);
  const addresses = Array.from({ length: count }, (_, index) =>
    addressFromBytes(whole, index * size, family),
  );
  if (family === 'ipv6') addresses[0] = SOURCE.ipv6;
  return {
    vrid: Math.max(1, vrid),
    priority,
    maxAdvertiseInterval: centiseconds(1 + (((high << 8) | low) % 4095)),
    addresses,
  };
}

/** Many addresses are like more of them, and cost time. */
const roughly = (count: number): number => (count < 5 ? count : 5);

/** What is encoded is decoded to the same, in either form of the checksum. */
function takeValue(input: Buffer): string {
  const how = input[0] ?? 0;
  const family: Family = (how & IPV6) === 0 ? 'ipv4' : 'ipv6';
  const value = valueFrom(input, family);
  const [source, destination] = [SOURCE[family], VRRP_GROUP[family]];
  const dialect = family === 'ipv4' && (how & FULL) !== 0 ? 'rfc5798' : 'rfc9568';
  const message = encodeAdvertisement(value, { source, destination, dialect });
  const decoded = decodeAdvertisement({ family, source, destination, hopLimit: 255, message });
  assert(decoded.ok, 'what was encoded can be decoded');
  if (!same(decoded.advertisement, value)) assert.deepEqual(decoded.advertisement, value);
  return `${family} value of ${roughly(value.addresses.length)}`;
}

/** Kind, key id, reserved, a sequence, and a signature of nobody. */
const TRAILER = [1, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, ...Array.from({ length: 16 }, () => 9)];

export const advertisement: Target = {
  name: 'advertisement',
  words: [],
  longest: 1 + 8 + 255 * 16,
  seeds: (['ipv4', 'ipv6'] as const).flatMap((family) =>
    [0, REPAIRED, REPAIRED | BARE, VALUE, VALUE | FULL, SIGNED | REPAIRED | BARE].map((how) => {
      const message = encodeAdvertisement(
        {
          vrid: 51,
          priority: 100,
          maxAdvertiseInterval: centiseconds(100),
          addresses: ADDRESSES[family],
        },
        { source: SOURCE[family], destination: VRRP_GROUP[family], dialect: 'rfc9568' },
      );
      const form = how | (family === 'ipv6' ? IPV6 : 0);
      const trailer = (how & SIGNED) === 0 ? [] : TRAILER;
      return Buffer.from([form, ...message, ...trailer]);
    }),
  ),
  take: (input) => {
    const [how = 0] = input;
    if ((how & VALUE) !== 0) return takeValue(input);
    const packet = receivedFrom(input);
    const { family, message } = packet;
    if ((how & SIGNED) !== 0 && hasTrailer(message, family)) return takeSigned(packet);
    const decoded = decodeAdvertisement(packet);
    // With a memory of what the sender said before, and of just this.
    const known = decoder(packet);
    if (!same(known, decoded)) assert.deepEqual(known, decoded);
    if (decoded.ok)
      assert.equal(decoder(packet), known, 'the same bytes are the same advertisement');
    if (!decoded.ok) {
      assert(decoded.reason in DISCARD_REASONS, decoded.reason);
      return decoded.reason;
    }
    const { source, destination } = packet;
    const again = encodeAdvertisement(decoded.advertisement, {
      source,
      destination,
      dialect: decoded.dialect,
    });
    const second = decodeAdvertisement({ ...packet, message: again });
    assert(second.ok, 'what was decoded can be encoded');
    if (!same(second.advertisement, decoded.advertisement))
      assert.deepEqual(second.advertisement, decoded.advertisement);
    return `${family} ${decoded.dialect} of ${roughly(decoded.advertisement.addresses.length)}`;
  },
};

const decoder = createAdvertisementDecoder();

/** No cryptography: what matters is which bytes are signed, and where the signature stands. */
const hmac = (bytes: Uint8Array): Uint8Array => {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return Uint8Array.from({ length: 32 }, (_, index) => (sum >>> (index % 4)) & 0xff);
};

/** What is understood is signed by us and understood again; a byte that is signed and changed has another signature. */
function takeSigned(packet: ReceivedMessage): string {
  const { family, source, destination, message } = packet;
  const stamp = stampOf(message);
  const decoded = decodeAdvertisement(packet, TRAILER_LENGTH);
  if (!decoded.ok) {
    assert(decoded.reason in DISCARD_REASONS, decoded.reason);
    return `signed: ${decoded.reason}`;
  }
  const { advertisement: value, dialect } = decoded;
  const plain = encodeAdvertisement(value, { source, destination, dialect });
  const given = { keyId: Math.max(1, stamp?.keyId ?? 1), sequence: stamp?.sequence ?? 1n };
  const signed = signMessage(plain, { source, destination }, given, hmac);
  assert(hasTrailer(signed, family), 'what was signed has a trailer');
  assert(same(stampOf(signed), given), 'the stamp is the one that was given');
  assert(same(signatureFor(signed, source, hmac), signatureOf(signed).slice()), 'it verifies');
  const second = decodeAdvertisement({ ...packet, message: signed }, TRAILER_LENGTH);
  assert(second.ok, 'what was signed can be decoded');
  if (!same(second.advertisement, value)) assert.deepEqual(second.advertisement, value);
  return `signed ${family} ${dialect} ${stamp === null ? 'unknown' : 'known'}`;
}

// --- peer messages ------------------------------------------------------------------------------

const REPORT: PeerReport = {
  name: 'there',
  mode: 'active-passive',
  primary: false,
  fit: true,
  sound: true,
  gateway: 'reachable',
  bandwidthLow: false,
  primaryAddresses: [SOURCE.ipv4, SOURCE.ipv6],
  digests: { virtualRouters: 1, addresses: 2, intervals: 3, thresholds: 4, primaries: 5, rules: 6 },
  cause: { reason: 'failover', detail: 'root', forced: false, doubtful: false },
  routers: Array.from({ length: 3 }, () => ({
    state: 'Backup',
    effectivePriority: 100,
    addressesPresent: false,
    wantsUnicast: true,
    releasing: false,
    evidence: 3,
  })),
};

const HEADER: PeerHeader = {
  kind: 'request',
  session: 7n,
  sequence: 3,
  nonce: new Uint8Array(16).fill(1),
  echo: new Uint8Array(16).fill(2),
};

const datagramOf = (header: PeerHeader, keys: readonly number[]): Buffer =>
  Buffer.from(encodePeerMessage(header, encodePeerReport(REPORT, keys)).datagram);

/** What was understood, said by us and understood again: the same, but for a cause that is too long to be passed on. */
function saidAgain(said: PeerMessage): void {
  const once = repeated(said);
  const { cause: _, ...told } = once.report;
  const { cause: __, ...before } = said.report;
  const isSame = once.truncated || same(told, before);
  if (!isSame) assert.deepEqual(told, before);
  const twice = repeated(once);
  if (!same(twice, once)) assert.deepEqual(twice, once);
}

function repeated({ header, report, keys, version }: PeerMessage): PeerMessage {
  const encoded = encodePeerReport(report, keys ?? [], version ?? null);
  const again = decodePeerMessage(encodePeerMessage(header, encoded).datagram);
  assert(again.ok, 'what was understood can be said again');
  assert(same(again.header, header), 'the header is the same');
  return again;
}

/** What the peer said last: nothing that is asked of it changes it. */
const KNOWN: ReportMemory = { bytes: null, report: null };
decodePeerMessage(datagramOf(HEADER, [1, 2]), KNOWN);

export const peerMessage: Target = {
  name: 'peer-message',
  words: [],
  longest: 1300,
  seeds: (['request', 'answer', 'push', 'bye'] as const).flatMap((kind) => [
    datagramOf({ ...HEADER, kind }, []),
    datagramOf({ ...HEADER, kind, echo: null }, [1, 2, 3]),
  ]),
  take: (input) => {
    const decoded = decodePeerMessage(input);
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    const repetition = kindOfRepetition(input, view, 0, input.length, KNOWN);
    // The short way never accepts what the long way would refuse.
    if (repetition !== null) {
      assert(decoded.ok, 'a repetition that cannot be decoded');
      assert.equal(decoded.header.kind, repetition);
    }
    if (!decoded.ok) {
      assert(decoded.reason in PEER_DISCARD_REASONS, decoded.reason);
      return `${decoded.reason} ${decoded.detail.replaceAll(/[\d.]+|"[^"]*"/g, '_').slice(0, 40)}`;
    }
    saidAgain(decoded);
    assert(decoded.report.name.length > 0);
    assert(Number.isSafeInteger(decoded.header.sequence) && decoded.header.sequence > 0);
    return `${decoded.header.kind} ${roughly(decoded.report.routers.length)} routers`;
  },
};

// --- answers of etcd ----------------------------------------------------------------------------

const OWNER = 'here 0f3c';
const HEADER_OF = { cluster_id: '14841639068965178418', raft_term: '2', revision: '5' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const keyOf = (owner: string, lease: string): object => ({
  header: HEADER_OF,
  kvs: [{ key: 'dQ==', value: base64(owner), lease, version: '1' }],
  count: '1',
});
const GRANTED = { header: HEADER_OF, ID: '74', TTL: '6' };
const LEFT = { header: HEADER_OF, ID: '74', TTL: '4', grantedTTL: '6' };

/** What is asked, and the answers to each question in turn. */
interface EtcdTalk {
  readonly ask: string;
  readonly answers: readonly unknown[];
}

const TALKS: readonly EtcdTalk[] = [
  { ask: 'read', answers: [{ header: HEADER_OF }] },
  { ask: 'read', answers: [keyOf('there 1', '74'), LEFT] },
  {
    ask: 'acquire',
    answers: [{ header: HEADER_OF }, GRANTED, { header: HEADER_OF, succeeded: true }],
  },
  {
    ask: 'acquire',
    answers: [
      { header: HEADER_OF },
      GRANTED,
      {
        header: HEADER_OF,
        responses: [{ response_range: keyOf('there 1', '75') }],
      },
      { header: HEADER_OF },
      LEFT,
    ],
  },
  {
    ask: 'renew',
    answers: [
      keyOf(OWNER, '74'),
      { result: { header: HEADER_OF, ID: '74', TTL: '6' } },
      keyOf(OWNER, '74'),
    ],
  },
  { ask: 'release', answers: [{ error: 'etcdserver: requested lease not found', code: 5 }] },
];

const NEVER = new AbortController().signal;

export const etcd: Target = {
  name: 'etcd',
  words: [],
  longest: 2_000,
  seeds: TALKS.map((talk) => Buffer.from(JSON.stringify(talk))),
  change: treeChanged,
  take: async (input) => {
    const talk = talkFrom(input);
    const answers = [...talk.answers];
    const wish = ['acquire', 'renew', 'release'].includes(talk.ask) ? talk.ask : 'read';
    const witness = new Etcd({
      endpoints: ['http://192.0.2.9:2379'],
      key: 'u',
      caFile: null,
      certificateFile: null,
      privateKeyFile: null,
      user: null,
      passwordFile: null,
      open: () => ({ ask: async () => ({ status: 200, body: answers.shift() }), close: () => {} }),
    });
    try {
      if (wish === 'release') {
        await witness.release('4a', NEVER);
        return 'released';
      }
      const reading =
        wish === 'acquire'
          ? await witness.acquire(OWNER, 6, NEVER)
          : wish === 'renew'
            ? await witness.renew(OWNER, '4a', NEVER)
            : await witness.read(NEVER);
      assert(Number.isSafeInteger(reading.generation));
      if (reading.kind === 'free') return `${wish}: free`;
      const { owner, token, ttlMs, atLeastMs } = reading;
      assert.equal(typeof owner, 'string');
      assert.match(token, /^[0-9a-f]{16}$/);
      // An instant is made of both: it must stay one.
      assert(Number.isSafeInteger(ttlMs * 1_000) && ttlMs >= 0, `a ttl of ${ttlMs} ms`);
      assert(Number.isSafeInteger(atLeastMs * 1_000) && atLeastMs >= 0, `${atLeastMs} ms left`);
      assert(atLeastMs <= ttlMs, `${atLeastMs} ms left of ${ttlMs}`);
      return `${wish}: held${owner === OWNER ? ' by us' : ''}`;
    } catch (error) {
      if (!(error instanceof WitnessAway)) throw error;
      assert(error.message.length > 0, 'refused without a word');
      return `away: ${error.message.replaceAll(/found .*|\d+/g, '_').slice(0, 80)}`;
    } finally {
      witness.close();
    }
  },
};

function talkFrom(input: Buffer): EtcdTalk {
  try {
    const talk = JSON.parse(input.toString('utf8')) as Partial<EtcdTalk> | null;
    const ask = typeof talk?.ask === 'string' ? talk.ask : 'read';
    return { ask, answers: Array.isArray(talk?.answers) ? talk.answers : [] };
  } catch {
    return { ask: 'read', answers: [input.toString('utf8')] };
  }
}
