// AgentX (RFC 2741): the packets between a subagent and the SNMP daemon, bytes ⇄ values. No sockets, no objects: what is
// asked for is answered elsewhere.

/** An object identifier by its numbers. */
export type Oid = readonly number[];

/** The kinds of values there are here (§5.4), each with its number on the wire. */
const VALUE_TYPES = {
  integer: 2,
  octets: 4,
  null: 5,
  oid: 6,
  counter32: 65,
  gauge32: 66,
  timeTicks: 67,
  counter64: 70,
  noSuchObject: 128,
  noSuchInstance: 129,
  endOfMibView: 130,
} as const;

export type Value =
  /** A signed or an unsigned number of 32 bits; hundredths of a second. */
  | { readonly type: 'integer' | 'counter32' | 'gauge32' | 'timeTicks'; readonly value: number }
  | { readonly type: 'counter64'; readonly value: bigint }
  | { readonly type: 'octets'; readonly value: Uint8Array }
  | { readonly type: 'oid'; readonly value: Oid }
  | { readonly type: 'null' | 'noSuchObject' | 'noSuchInstance' | 'endOfMibView' };

export interface VarBind {
  readonly oid: Oid;
  readonly value: Value;
}

/** What is looked for: from `start` (which counts if it is `included`) up to `end`, which does not; null: without an end. */
export interface SearchRange {
  readonly start: Oid;
  readonly included: boolean;
  readonly end: Oid | null;
}

/** h.type (§6.1). */
export const PDU = {
  open: 1,
  close: 2,
  register: 3,
  get: 5,
  getNext: 6,
  getBulk: 7,
  testSet: 8,
  commitSet: 9,
  undoSet: 10,
  cleanupSet: 11,
  notify: 12,
  ping: 13,
  response: 18,
} as const;

/** res.error of what we answer and are answered (§6.2.16; RFC 3416 for those below 256). */
export const ERROR = {
  none: 0,
  commitFailed: 14,
  undoFailed: 15,
  notWritable: 17,
  notOpen: 257,
  parse: 266,
} as const;

export interface Header {
  readonly session: number;
  readonly transaction: number;
  readonly packet: number;
}

/** What the SNMP daemon sends. */
export type Received = Header &
  (
    | { readonly kind: 'get' | 'getNext'; readonly ranges: readonly SearchRange[] }
    | {
        readonly kind: 'getBulk';
        readonly nonRepeaters: number;
        readonly maxRepetitions: number;
        readonly ranges: readonly SearchRange[];
      }
    | { readonly kind: 'testSet' | 'commitSet' | 'undoSet' | 'cleanupSet' | 'close' }
    /** `upTime`: of the daemon, in hundredths of a second. */
    | { readonly kind: 'response'; readonly upTime: number; readonly error: number }
    | { readonly kind: 'unknown'; readonly type: number }
  );

const HEADER_BYTES = 20;
const VERSION = 1;
const NON_DEFAULT_CONTEXT = 0x08;
const NETWORK_BYTE_ORDER = 0x10;
/** No request of a daemon is longer. */
export const LONGEST_PDU = 64 * 1024;
/** An object identifier has at most so many numbers (§5.1). */
const LONGEST_OID = 128;
/** 1.3.6.1, which every identifier here begins with, is written as one byte (§5.1). */
const INTERNET: Oid = [1, 3, 6, 1];

/** What comes is no AgentX: the connection is of no use any more. */
export class AgentXError extends Error {
  override readonly name = 'AgentXError';
}

/** Cuts a stream of bytes into packets. */
export class PduReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The packets that are whole now. @throws AgentXError. */
  take(bytes: Uint8Array): Received[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const all: Received[] = [];
    while (this.#rest.length >= HEADER_BYTES) {
      const length = HEADER_BYTES + lengthOf(this.#rest);
      if (length > LONGEST_PDU) {
        throw new AgentXError(`at most ${LONGEST_PDU} bytes expected, ${length} announced`);
      }
      if (this.#rest.length < length) break;
      all.push(decode(this.#rest.subarray(0, length)));
      this.#rest = this.#rest.subarray(length);
    }
    return all;
  }
}

const isBigEndian = (bytes: Buffer): boolean => (bytes.readUInt8(2) & NETWORK_BYTE_ORDER) !== 0;

const lengthOf = (bytes: Buffer): number =>
  isBigEndian(bytes) ? bytes.readUInt32BE(16) : bytes.readUInt32LE(16);

/** One whole packet. @throws AgentXError when it is not what it says. */
function decode(bytes: Buffer): Received {
  const version = bytes.readUInt8(0);
  if (version !== VERSION) throw new AgentXError(`AgentX 1 expected, ${version} found`);
  const reader = new Reader(bytes);
  try {
    return decodeBody(bytes.readUInt8(1), reader);
  } catch (error) {
    if (error instanceof RangeError) throw new AgentXError('a packet ends before its time');
    throw error;
  }
}

function decodeBody(type: number, reader: Reader): Received {
  const header = reader.header();
  switch (type) {
    case PDU.get:
    case PDU.getNext: {
      const kind = type === PDU.get ? 'get' : 'getNext';
      return { ...header, kind, ranges: reader.ranges() };
    }
    case PDU.getBulk: {
      const nonRepeaters = reader.short();
      const maxRepetitions = reader.short();
      return { ...header, kind: 'getBulk', nonRepeaters, maxRepetitions, ranges: reader.ranges() };
    }
    case PDU.testSet:
      return { ...header, kind: 'testSet' };
    case PDU.commitSet:
      return { ...header, kind: 'commitSet' };
    case PDU.undoSet:
      return { ...header, kind: 'undoSet' };
    case PDU.cleanupSet:
      return { ...header, kind: 'cleanupSet' };
    case PDU.close:
      return { ...header, kind: 'close' };
    case PDU.response: {
      const upTime = reader.word();
      return { ...header, kind: 'response', upTime, error: reader.short() };
    }
    default:
      return { ...header, kind: 'unknown', type };
  }
}

/** Reads on from where it is, in the byte order that the packet says. */
class Reader {
  readonly #bytes: Buffer;
  readonly #big: boolean;
  #at = HEADER_BYTES;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#big = isBigEndian(bytes);
  }

  header(): Header {
    const at = (offset: number): number =>
      this.#big ? this.#bytes.readUInt32BE(offset) : this.#bytes.readUInt32LE(offset);
    const hasContext = (this.#bytes.readUInt8(2) & NON_DEFAULT_CONTEXT) !== 0;
    // There is one set of objects, whatever the context is called.
    if (hasContext) this.#skip(Math.ceil(this.word() / 4) * 4);
    return { session: at(4), transaction: at(8), packet: at(12) };
  }

  short(): number {
    const at = this.#skip(2);
    return this.#big ? this.#bytes.readUInt16BE(at) : this.#bytes.readUInt16LE(at);
  }

  word(): number {
    const at = this.#skip(4);
    return this.#big ? this.#bytes.readUInt32BE(at) : this.#bytes.readUInt32LE(at);
  }

  /** Up to the end of the packet. */
  ranges(): SearchRange[] {
    const all: SearchRange[] = [];
    while (this.#at < this.#bytes.length) {
      const { oid: start, included } = this.#oid();
      const { oid: end } = this.#oid();
      all.push({ start, included, end: end.length === 0 ? null : end });
    }
    return all;
  }

  #oid(): { readonly oid: Oid; readonly included: boolean } {
    const at = this.#skip(4);
    const count = this.#bytes.readUInt8(at);
    const prefix = this.#bytes.readUInt8(at + 1);
    const included = this.#bytes.readUInt8(at + 2) !== 0;
    if (count > LONGEST_OID) throw new AgentXError(`an identifier of ${count} numbers`);
    const oid: number[] = prefix === 0 ? [] : [...INTERNET, prefix];
    for (let index = 0; index < count; index += 1) oid.push(this.word());
    return { oid, included };
  }

  /** Where it was. */
  #skip(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) throw new RangeError('beyond the end');
    return at;
  }
}

/** Orders identifiers as a walk does: by the first number that differs, a shorter one before all that begin with it. */
export function compareOids(left: Oid, right: Oid): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

const header = (type: number, { session, transaction, packet }: Header, body: Buffer): Buffer => {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.writeUInt8(type, 1);
  bytes.writeUInt8(NETWORK_BYTE_ORDER, 2);
  bytes.writeUInt32BE(session, 4);
  bytes.writeUInt32BE(transaction, 8);
  bytes.writeUInt32BE(packet, 12);
  bytes.writeUInt32BE(body.length, 16);
  return Buffer.concat([bytes, body]);
};

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const octets = (bytes: Uint8Array): Buffer =>
  Buffer.concat([word(bytes.length), bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);

function oidBytes(oid: Oid): Buffer {
  const short = oid.length > 4 && INTERNET.every((one, index) => oid[index] === one);
  const prefix = short ? (oid[4] ?? 0) : 0;
  // One byte holds it; 1.3.6.1.0 is written as it is.
  const isShort = prefix > 0 && prefix < 256;
  const rest = isShort ? oid.slice(5) : oid;
  return Buffer.concat([Buffer.from([rest.length, isShort ? prefix : 0, 0, 0]), ...rest.map(word)]);
}

function valueBytes(value: Value): Buffer {
  switch (value.type) {
    case 'integer': {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value.value);
      return bytes;
    }
    case 'counter32':
    case 'gauge32':
    case 'timeTicks':
      // They begin anew at 2^32.
      return word(value.value % 2 ** 32);
    case 'counter64': {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(value.value);
      return bytes;
    }
    case 'octets':
      return octets(value.value);
    case 'oid':
      return oidBytes(value.value);
    case 'null':
    case 'noSuchObject':
    case 'noSuchInstance':
    case 'endOfMibView':
      return Buffer.alloc(0);
  }
}

function varBindBytes({ oid, value }: VarBind): Buffer {
  const type = Buffer.alloc(4);
  type.writeUInt16BE(VALUE_TYPES[value.type]);
  return Buffer.concat([type, oidBytes(oid), valueBytes(value)]);
}

/** §6.2.1: opens a session. `timeoutSeconds`: for what is asked of us. */
export const encodeOpen = (packet: number, description: string, timeoutSeconds: number): Buffer =>
  header(
    PDU.open,
    { session: 0, transaction: 0, packet },
    Buffer.concat([
      Buffer.from([timeoutSeconds, 0, 0, 0]),
      oidBytes([]),
      octets(Buffer.from(description)),
    ]),
  );

/** §6.2.2, for the reason that the subagent ends. */
export const encodeClose = (session: number, packet: number): Buffer =>
  header(PDU.close, { session, transaction: 0, packet }, Buffer.from([5, 0, 0, 0]));

/** §6.2.3: all below `subtree` is ours, at the usual priority. */
export const encodeRegister = (session: number, packet: number, subtree: Oid): Buffer =>
  header(
    PDU.register,
    { session, transaction: 0, packet },
    Buffer.concat([Buffer.from([0, 127, 0, 0]), oidBytes(subtree)]),
  );

/** §6.2.10. */
export const encodeNotify = (
  session: number,
  packet: number,
  varBinds: readonly VarBind[],
): Buffer =>
  header(
    PDU.notify,
    { session, transaction: 0, packet },
    Buffer.concat(varBinds.map(varBindBytes)),
  );

/** §6.2.16. `index`: of the VarBind that the error is about, from 1. */
export function encodeResponse(
  request: Header,
  answer: {
    readonly varBinds?: readonly VarBind[];
    readonly error?: number;
    readonly index?: number;
  },
): Buffer {
  const { varBinds = [], error = ERROR.none, index = 0 } = answer;
  const head = Buffer.alloc(8);
  head.writeUInt16BE(error, 4);
  head.writeUInt16BE(index, 6);
  return header(PDU.response, request, Buffer.concat([head, ...varBinds.map(varBindBytes)]));
}
