// What two appliances say to each other about shared settings: one request and one answer over a TLS connection, each
// a JSON text behind its length. What came is checked field by field, and nothing of it is believed before. No
// sockets: peer-server.ts, peer-call.ts.
import type { SettingsError } from '../config/errors.js';
import type { SettingsVersion } from '../model/settings-version.js';
import { DOCUMENT_MAXIMUM, sorted, type SharedDocument, type SharedValue } from '../sync/shared.js';
import { digestOf } from '../sync/shared.js';
import { REMEMBERED, type Lineage } from '../sync/version.js';

/** A document with what it came from. */
export interface Written {
  readonly lineage: Lineage;
  readonly document: SharedDocument;
}

/**
 * `get`: what do you run with? `check`: would you take this? `offer`: take this. `withdraw`: take back what you have
 * taken from me. `byOperator`: an operator has decided, also between two that were edited apart.
 */
export type PeerRequest =
  | { readonly kind: 'get' }
  | {
      readonly kind: 'check' | 'offer';
      readonly written: Written;
      readonly byOperator: boolean;
    }
  | { readonly kind: 'withdraw'; readonly digest: string };

export type PeerAnswer =
  | { readonly kind: 'has'; readonly written: Written }
  /** To `check`: it would. Whether it is Active; settings of a later release that it does not know. */
  | {
      readonly kind: 'fits';
      readonly digest: string;
      readonly active?: boolean;
      readonly unknown?: readonly string[];
    }
  /** To `offer` and `withdraw`: it has, read back and compared. */
  | { readonly kind: 'applied' | 'withdrawn'; readonly digest: string }
  | { readonly kind: 'refused'; readonly errors: readonly SettingsError[] }
  /** Both were edited since the version that both had. */
  | { readonly kind: 'conflict' }
  /** `busy`: another change is under way there. `unwilling`: it does not follow. */
  | { readonly kind: 'busy' | 'unwilling'; readonly detail: string };

/** It is there and has not answered in time: perhaps it has done what it was asked, or will. */
export class PeerSlow extends Error {
  override readonly name = 'PeerSlow';
}

/** In bytes; the document takes most of it. */
export const MESSAGE_MAXIMUM = DOCUMENT_MAXIMUM + 32 * 1024;
/** In front of each message: its length as 32 bits. */
const LENGTH_BYTES = 4;

/** @throws Error when it is longer than anybody takes. */
export function encodeFrame(message: PeerRequest | PeerAnswer): Buffer {
  const text = Buffer.from(JSON.stringify(message, (_, value: unknown) => plain(value)));
  if (text.length > MESSAGE_MAXIMUM) {
    throw new Error(`shared settings of ${text.length} bytes; at most ${MESSAGE_MAXIMUM} are sent`);
  }
  const frame = Buffer.alloc(LENGTH_BYTES + text.length);
  frame.writeUInt32BE(text.length);
  text.copy(frame, LENGTH_BYTES);
  return frame;
}

/** Documents as lists of pairs. */
const plain = (value: unknown): unknown => (value instanceof Map ? [...value] : value);

/**
 * Takes a stream's bytes as they come.
 * @returns the text of the message once it is whole; null before; what is wrong as an Error.
 */
export class FrameReader {
  readonly #parts: Buffer[] = [];
  #length = 0;

  take(bytes: Buffer): string | Error | null {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length < LENGTH_BYTES) return null;
    const whole = this.#parts.length === 1 ? bytes : Buffer.concat(this.#parts);
    if (this.#parts.length > 1) this.#parts.splice(0, this.#parts.length, whole);
    const wanted = whole.readUInt32BE();
    if (wanted > MESSAGE_MAXIMUM) {
      return new Error(`expected a message of at most ${MESSAGE_MAXIMUM} bytes, found ${wanted}`);
    }
    if (this.#length > LENGTH_BYTES + wanted) return new Error('more than one message');
    if (this.#length < LENGTH_BYTES + wanted) return null;
    return whole.toString('utf8', LENGTH_BYTES);
  }
}

/** @returns null for what is none. */
export function readRequest(text: string): PeerRequest | null {
  const value = parsed(text);
  switch (value?.['kind']) {
    case 'get':
      return { kind: 'get' };
    case 'withdraw':
      return isDigest(value['digest']) ? { kind: 'withdraw', digest: value['digest'] } : null;
    case 'check':
    case 'offer': {
      const written = writtenFrom(value['written']);
      const byOperator = value['byOperator'];
      if (written === null || typeof byOperator !== 'boolean') return null;
      return { kind: value['kind'], written, byOperator };
    }
    default:
      return null;
  }
}

/** @returns null for what is none. */
export function readAnswer(text: string): PeerAnswer | null {
  const value = parsed(text);
  switch (value?.['kind']) {
    case 'has': {
      const written = writtenFrom(value['written']);
      return written === null ? null : { kind: 'has', written };
    }
    case 'fits': {
      const { digest, active = false, unknown = [] } = value;
      if (!isDigest(digest) || typeof active !== 'boolean' || !Array.isArray(unknown)) return null;
      if (!unknown.every((one) => isText(one, LONGEST_NAME))) return null;
      return { kind: 'fits', digest, active, unknown: unknown.slice(0, MOST_ERRORS) };
    }
    case 'applied':
    case 'withdrawn':
      return isDigest(value['digest']) ? { kind: value['kind'], digest: value['digest'] } : null;
    case 'refused': {
      const { errors } = value;
      return Array.isArray(errors) && errors.length > 0 && errors.every(isSettingsError)
        ? { kind: 'refused', errors: errors.slice(0, MOST_ERRORS) }
        : null;
    }
    case 'conflict':
      return { kind: 'conflict' };
    case 'busy':
    case 'unwilling': {
      const { kind, detail } = value;
      return isText(detail, 1_000) ? { kind, detail } : null;
    }
    default:
      return null;
  }
}

const MOST_ERRORS = 100;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parsed(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most;

const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && /^[\da-f]{16}$/.test(value);

/** A document whose digest is not that of its version is none. */
function writtenFrom(value: unknown): Written | null {
  if (!isFields(value)) return null;
  const lineage = lineageFrom(value['lineage']);
  const document = documentFrom(value['document']);
  if (lineage === null || document === null) return null;
  return digestOf(document) === lineage.version.digest ? { lineage, document } : null;
}

export function lineageFrom(value: unknown): Lineage | null {
  if (!isFields(value)) return null;
  const { version, before } = value;
  if (!isVersion(version) || !Array.isArray(before) || !before.every(isVersion)) return null;
  return { version, before: before.slice(0, REMEMBERED) };
}

const isVersion = (value: unknown): value is SettingsVersion =>
  isFields(value) &&
  Number.isInteger(value['generation']) &&
  Number(value['generation']) >= 1 &&
  Number(value['generation']) < 2 ** 32 - 1 &&
  isText(value['author'], 64) &&
  value['author'] !== '' &&
  isDigest(value['digest']);

/** No name is longer: two names and the keys below them. */
const LONGEST_NAME = 300;
/** Settings are less deep. */
const DEEPEST_VALUE = 4;

export function documentFrom(value: unknown): SharedDocument | null {
  if (!Array.isArray(value)) return null;
  const entries: [string, SharedValue][] = [];
  for (const entry of value as readonly unknown[]) {
    if (!Array.isArray(entry) || entry.length !== 2) return null;
    const [name, of] = entry as readonly unknown[];
    if (!isText(name, LONGEST_NAME) || !isValue(of, DEEPEST_VALUE)) return null;
    entries.push([name, of]);
  }
  const document = sorted(entries);
  return document.size === entries.length ? document : null;
}

function isValue(value: unknown, depth: number): value is SharedValue {
  if (typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (depth === 0 || typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((part) => isValue(part, depth - 1));
}

const isSettingsError = (value: unknown): value is SettingsError =>
  isFields(value) &&
  ['path', 'expected', 'found', 'remedy', 'code'].every((field) => isText(value[field], 2_000));
