// The datagram of the HA port: bytes to value and back. No sockets, no key and no verdict: whether
// a message is authentic and fresh is for the HA port to say. docs/HA-PROTOCOL.md is its description.
import type { PeerReport } from '../model/peer-report.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import { decodeReport, encodeReport, keysIn, type DecodedReport } from './peer-report.js';

/** The largest datagram, whatever the number of virtual routers: it crosses any link in one piece. */
export const PEER_MESSAGE_MAXIMUM = 1200;
/** Another major cannot be understood; a higher minor only adds what may be skipped. */
const PEER_VERSION = { major: 1, minor: 4 } as const;
/** A nonce and the echo of one, in bytes. */
export const NONCE_LENGTH = 16;
/** HMAC-SHA-256, in bytes. */
export const MAC_LENGTH = 32;

const MAGIC = Uint8Array.of(0x55, 0x4e, 0x44, 0x59); // "UNDY"
const HEADER_LENGTH = 56;
/** Where the fields of the header begin, and the report behind it. */
export const PEER_FIELDS = {
  minor: 5,
  kind: 6,
  flags: 7,
  session: 8,
  sequence: 16,
  nonce: 24,
  echo: 40,
  report: HEADER_LENGTH,
} as const;
const REPORT_MAXIMUM = PEER_MESSAGE_MAXIMUM - HEADER_LENGTH - MAC_LENGTH;
const FLAG_TRUNCATED = 0x01;

/** The reasons for which a datagram on the HA port is discarded: a closed set whose text stands once. */
export const PEER_DISCARD_REASONS = {
  unknownSender: 'the source address or the name in the message is not that of a configured peer',
  length: 'the datagram is shorter than any message, or longer than 1200 bytes',
  magic: 'the datagram is not of this protocol',
  version: 'the peer speaks another major version of this protocol',
  flood: 'too many messages a second from this address that echo no nonce of ours; not verified',
  authentic: 'the HMAC is wrong: another key, or a forged message',
  malformed: 'the fields contradict each other',
  ownName: 'the sender has our own name: two appliances must not share one',
  stale: 'the message echoes no recent nonce of ours: recorded earlier, or the first contact',
  replayed: 'the message was received before',
} as const;
export type PeerDiscardReason = keyof typeof PEER_DISCARD_REASONS;

/** In the order of their numbers on the wire, which start at 1. */
export const PEER_MESSAGE_KINDS = ['request', 'answer', 'push', 'bye'] as const;
/**
 * `request` asks for an answer; `answer` echoes the nonce of the request; `push` tells of a change
 * unasked; `bye` is the last word before the sender stops.
 */
export type PeerMessageKind = (typeof PEER_MESSAGE_KINDS)[number];

export interface PeerHeader {
  readonly kind: PeerMessageKind;
  /** Random 64 bits, drawn at every start of the sender. */
  readonly session: bigint;
  /** Strictly increasing from 1 within the session, counted for each receiver apart. */
  readonly sequence: number;
  /** The sender's latest nonce for this receiver, to be echoed. */
  readonly nonce: Uint8Array;
  /** The receiver's nonce; null (zero on the wire) when the sender knows none. */
  readonly echo: Uint8Array | null;
}

export interface PeerMessage {
  readonly header: PeerHeader;
  readonly report: PeerReport;
  /** Digests of the keys that the sender accepts, the one it prefers first; null: not told. */
  readonly keys: readonly number[] | null;
  /** Of the shared settings; absent when it is not told. */
  readonly version?: AnnouncedVersion;
  /** Virtual routers at the end of the list did not fit and are missing. */
  readonly truncated: boolean;
}

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                        Magic "UNDY"                           |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  | Major Version | Minor Version |     Kind      |  Reserved   |T|
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                      Sender Session (64)                      |
//  |                                                               |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                     Sequence Number (64)                      |
//  |                                                               |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                          Nonce (128)                          |
//  |                              ...                              |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |                          Echo (128)                           |
//  |                              ...                              |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |  TLV Type     |          TLV Length           |  TLV Value... |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  |               HMAC-SHA-256 over all before it                 |
//  |                        (256, the end)                         |
//  +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//  T: virtual routers at the end of the list did not fit. Reserved: sent as 0, ignored.

/** The part of a datagram that is the same in every message until the report changes. */
export interface EncodedReport {
  readonly bytes: Uint8Array;
  readonly truncated: boolean;
}

/**
 * Encodes a report once for many messages, with the digests of the keys that we accept, at most 8, and the version
 * of the shared settings.
 * @throws AssertionFailure when a field is out of range (a name of more than 64 bytes, a priority
 * outside 0..255): settings refuse all of these.
 */
export const encodePeerReport = (
  report: PeerReport,
  keys: readonly number[] = [],
  version: AnnouncedVersion | null = null,
): EncodedReport => encodeReport(report, keys, REPORT_MAXIMUM, version);

/**
 * One message that is laid out again and again in the same place: until the report changes only the numbers of
 * its header do.
 */
export class PeerMessageDraft {
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #report: EncodedReport | null = null;

  /** The whole datagram; the next `lay` writes over it. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Where what the HMAC is over ends, and the HMAC begins. */
  get end(): number {
    return this.#bytes.length - MAC_LENGTH;
  }

  /** All but the nonces and the HMAC. */
  lay(report: EncodedReport, kind: PeerMessageKind, session: bigint, sequence: number): void {
    if (report !== this.#report) this.#carry(report);
    const view = this.#view;
    view.setUint8(PEER_FIELDS.kind, PEER_MESSAGE_KINDS.indexOf(kind) + 1);
    view.setBigUint64(PEER_FIELDS.session, session);
    view.setUint32(PEER_FIELDS.sequence, Math.floor(sequence / 2 ** 32));
    view.setUint32(PEER_FIELDS.sequence + 4, sequence % 2 ** 32);
  }

  /** The nonce: 16 bytes of `from` at `at`. */
  give(from: Uint8Array, at: number): void {
    copyNonce(from, at, this.#bytes, PEER_FIELDS.nonce);
  }

  /** The echo: 16 bytes of `from` at `at`; null when there is none. */
  echo(from: Uint8Array | null, at: number): void {
    if (from === null) this.#bytes.fill(0, PEER_FIELDS.echo, PEER_FIELDS.echo + NONCE_LENGTH);
    else copyNonce(from, at, this.#bytes, PEER_FIELDS.echo);
  }

  #carry(report: EncodedReport): void {
    this.#report = report;
    this.#bytes = new Uint8Array(HEADER_LENGTH + report.bytes.length + MAC_LENGTH);
    this.#view = new DataView(this.#bytes.buffer);
    this.#bytes.set(MAGIC, 0);
    this.#bytes[4] = PEER_VERSION.major;
    this.#bytes[PEER_FIELDS.minor] = PEER_VERSION.minor;
    this.#bytes[PEER_FIELDS.flags] = report.truncated ? FLAG_TRUNCATED : 0;
    this.#bytes.set(report.bytes, HEADER_LENGTH);
  }
}

/** A loop: a view for 16 bytes would cost more than they do. */
function copyNonce(from: Uint8Array, at: number, to: Uint8Array, start: number): void {
  for (let index = 0; index < NONCE_LENGTH; index += 1) to[start + index] = from[at + index] ?? 0;
}

interface DiscardedPeerMessage {
  readonly ok: false;
  readonly reason: PeerDiscardReason;
  /** What was found, for the log. */
  readonly detail: string;
}

/**
 * The check that costs next to nothing and needs no key.
 * @param length as it was sent, where less was kept. @returns null when it passes.
 */
export function inspectPeerMessage(
  datagram: Uint8Array,
  length = datagram.length,
): DiscardedPeerMessage | null {
  if (length < HEADER_LENGTH + MAC_LENGTH || length > PEER_MESSAGE_MAXIMUM) {
    return discard('length', `${length} bytes`);
  }
  if (!MAGIC.every((byte, index) => datagram[index] === byte)) {
    return discard('magic', `starts with ${hex(datagram.subarray(0, 4))}`);
  }
  const [major, minor] = [datagram[4], datagram[5]];
  if (major !== PEER_VERSION.major) {
    const ours = `${PEER_VERSION.major}.${PEER_VERSION.minor}`;
    return discard('version', `the peer speaks ${major}.${minor}, we speak ${ours}`);
  }
  return null;
}

/** The echo of a datagram that `inspectPeerMessage` has accepted, before anything is verified. */
export const peekEcho = (datagram: Uint8Array): Uint8Array => datagram.subarray(40, 56);

/**
 * The keys named by a datagram that `inspectPeerMessage` has accepted, before anything is verified: null when
 * it names none, or is not to be read.
 */
export const peekKeys = (datagram: Uint8Array): readonly number[] | null =>
  keysIn(datagram.subarray(HEADER_LENGTH, datagram.length - MAC_LENGTH));

type DecodedPeerMessage = (PeerMessage & { readonly ok: true }) | DiscardedPeerMessage;

/**
 * The last report of one peer. Nearly every message repeats it: the same bytes give the same object, of
 * which whoever keeps many messages keeps one.
 */
export interface ReportMemory {
  bytes: Uint8Array | null;
  report: DecodedReport | null;
  /** What the header said that came with it last. */
  truncated?: boolean;
}

/**
 * What the message at `start` of `bytes` is when it repeats, word for word, the last report of its sender, in
 * a request or an answer: nearly every one. null for any other: that one is to be decoded. Neither echo nor
 * HMAC is looked at.
 */
export function kindOfRepetition(
  bytes: Buffer,
  view: DataView,
  start: number,
  length: number,
  { bytes: known, truncated }: ReportMemory,
): 'request' | 'answer' | null {
  if (known === null || length !== HEADER_LENGTH + known.length + MAC_LENGTH) return null;
  const kind = bytes[start + PEER_FIELDS.kind];
  if (kind !== REQUEST && kind !== ANSWER) return null;
  if (view.getUint32(start) !== MAGIC_WORD || bytes[start + 4] !== PEER_VERSION.major) return null;
  if (isTruncated(bytes, start) !== truncated) return null;
  const high = view.getUint32(start + PEER_FIELDS.sequence);
  if (high > HIGHEST_HALF || (high | view.getUint32(start + PEER_FIELDS.sequence + 4)) === 0) {
    return null;
  }
  const report = start + HEADER_LENGTH;
  if (bytes.compare(known, 0, known.length, report, report + known.length) !== 0) return null;
  return kind === REQUEST ? 'request' : 'answer';
}

const isTruncated = (bytes: Uint8Array, start: number): boolean =>
  ((bytes[start + PEER_FIELDS.flags] ?? 0) & FLAG_TRUNCATED) !== 0;

const MAGIC_WORD = 0x554e4459;
const REQUEST = PEER_MESSAGE_KINDS.indexOf('request') + 1;
const ANSWER = PEER_MESSAGE_KINDS.indexOf('answer') + 1;
/** Of the largest sequence number, 2^53 - 1. */
const HIGHEST_HALF = 2 ** 21 - 1;

/**
 * Decodes a whole datagram; never throws. TLVs of unknown type are skipped, so that a later release
 * can add some. The HMAC is not looked at: verify it first.
 */
export function decodePeerMessage(
  datagram: Uint8Array,
  memory: ReportMemory = { bytes: null, report: null },
): DecodedPeerMessage {
  const refusal = inspectPeerMessage(datagram);
  if (refusal !== null) return refusal;
  const header = decodeHeader(datagram);
  if (typeof header === 'string') return discard('malformed', header);
  const end = datagram.length - MAC_LENGTH;
  const report = recall(datagram.subarray(HEADER_LENGTH, end), memory);
  if (typeof report === 'string') return discard('malformed', report);
  const truncated = isTruncated(datagram, 0);
  memory.truncated = truncated;
  return { ok: true, header, ...report, truncated };
}

function recall(bytes: Uint8Array, memory: ReportMemory): DecodedReport | string {
  const { bytes: known, report: last } = memory;
  if (known !== null && last !== null && Buffer.compare(known, bytes) === 0) return last;
  const report = decodeReport(bytes);
  if (typeof report === 'string') return report;
  memory.bytes = Uint8Array.from(bytes);
  memory.report = report;
  return report;
}

/** @returns what is wrong, as text, when something is. */
function decodeHeader(datagram: Uint8Array): PeerHeader | string {
  const view = new DataView(datagram.buffer, datagram.byteOffset, HEADER_LENGTH);
  const kind = PEER_MESSAGE_KINDS[view.getUint8(6) - 1];
  if (kind === undefined) return `message kind ${view.getUint8(6)}`;
  const sequence = view.getBigUint64(16);
  if (sequence === 0n || sequence > BigInt(Number.MAX_SAFE_INTEGER)) {
    return `sequence number ${sequence}`;
  }
  // Copies, since they are kept and the datagram is not. (A Buffer's slice would be a view.)
  const nonce = Uint8Array.from(datagram.subarray(24, 40));
  const echo = Uint8Array.from(datagram.subarray(40, 56));
  return {
    kind,
    session: view.getBigUint64(8),
    sequence: Number(sequence),
    nonce,
    echo: echo.every((byte) => byte === 0) ? null : echo,
  };
}

const discard = (reason: PeerDiscardReason, detail: string): DiscardedPeerMessage => ({
  ok: false,
  reason,
  detail,
});

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
