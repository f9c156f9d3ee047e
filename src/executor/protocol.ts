// The executor's protocol: frames and payloads, bytes and values. No process, no socket. The other
// half is native/executor/frame.c, and the protocol is drawn in frame.h; a change here is a change there and of
// PROTOCOL_VERSION.
import { Buffer } from 'node:buffer';
import { addressBytes, familyOf } from '../model/address.js';
import { milliseconds, type Microseconds } from '../model/units.js';
import type { LastWill, Program, RunRequest, RunResult } from './executor.js';

export const PROTOCOL_VERSION = 3;
export const HEADER_LENGTH = 12;
export const PAYLOAD_MAX = 4 * 1024 * 1024;
/** Links times families times VRIDs that one will can wait for. */
const SUCCESSORS_MAX = 1024;

export const FrameType = {
  hello: 1,
  run: 2,
  result: 3,
  will: 4,
  finish: 5,
  revoked: 6,
  standby: 7,
  until: 8,
} as const;

const OUTCOME = { exited: 0, signalled: 1, timedOut: 2, failed: 3 } as const;

export interface Frame {
  readonly type: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** What the other side sent is not this protocol. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/**
 * One frame, ready to be written.
 * @throws RangeError when the payload is longer than the executor accepts.
 */
export function encodeFrame(type: number, id: number, payload: Buffer): Buffer {
  if (payload.length > PAYLOAD_MAX) {
    throw new RangeError(
      `a frame for the executor holds at most ${PAYLOAD_MAX} bytes, this one needs ${payload.length}`,
    );
  }
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt8(type, 4);
  header.writeUInt32BE(id, 8);
  return Buffer.concat([header, payload]);
}

/** HELLO, the first frame on the connection. */
export const encodeHello = (version: number): Buffer =>
  encodeFrame(FrameType.hello, 0, u32(version));

/** RUN. @throws RangeError when the request cannot be expressed: too long, or a NUL in a text. */
export const encodeRun = (id: number, request: RunRequest): Buffer =>
  encodeFrame(FrameType.run, id, program(request));

/** WILL; null clears it. @throws RangeError as {@link encodeRun}, or with too many successors. */
export function encodeWill(will: LastWill | null): Buffer {
  if (will === null) return encodeFrame(FrameType.will, 0, Buffer.alloc(0));
  if (will.successors.length > SUCCESSORS_MAX) {
    throw new RangeError(
      `a last will names at most ${SUCCESSORS_MAX} successors, this one ${will.successors.length}`,
    );
  }
  return encodeFrame(
    FrameType.will,
    0,
    Buffer.concat([
      u32(duration(will.keepAtMost)),
      u32(duration(will.lease?.listenAfter ?? 0)),
      u32(duration(will.lease?.farewellAfter ?? 0)),
      u32(duration(will.lease?.killAfter ?? 0)),
      u32(will.lifetime),
      u16(will.farewell.length),
      u16(will.successors.length),
      u16(will.addresses.length),
      u16(will.settings.length),
      ...will.farewell.flatMap(({ linkIndex, frame }) => [u32(linkIndex), bytes(frame)]),
      ...will.successors.map(({ linkIndex, family, vrid }) =>
        Buffer.concat([u32(linkIndex), Buffer.of(family === 'ipv4' ? 4 : 6, vrid, 0, 0)]),
      ),
      ...will.addresses.map(address),
      ...will.settings.map(bytes),
      program(will.release),
    ]),
  );
}

/** STANDBY; null: none. @throws RangeError as {@link encodeRun}. */
export const encodeStandby = (waiting: Program | null): Buffer =>
  encodeFrame(
    FrameType.standby,
    0,
    waiting === null
      ? Buffer.alloc(0)
      : program({ ...waiting, input: '', timeout: milliseconds(0) }),
  );

/** UNTIL. @param until CLOCK_BOOTTIME; null: for ever. A fraction of a millisecond is cut off: never later. */
export function encodeUntil(until: Microseconds | null): Buffer {
  const ms = until === null ? 0 : Math.max(1, Math.floor(until / 1_000));
  const payload = Buffer.concat([u32(Math.floor(ms / 2 ** 32)), u32(ms % 2 ** 32)]);
  return encodeFrame(FrameType.until, 0, payload);
}

/** FINISH: do the will now and exit. */
export const encodeFinish = (options: { readonly farewellSent: boolean }): Buffer =>
  encodeFrame(FrameType.finish, 0, u32(options.farewellSent ? 1 : 0));

/**
 * The executor's HELLO.
 * @throws ProtocolError when it is cut short.
 */
export function decodeHello(payload: Buffer): { protocol: number; version: string } {
  const reader = new PayloadReader(payload);
  const protocol = reader.u32();
  // Another protocol version may say anything behind its number.
  const version = protocol === PROTOCOL_VERSION ? reader.bytes().toString() : 'unknown';
  return { protocol, version };
}

/**
 * RESULT.
 * @throws ProtocolError when it is cut short, has bytes left over or names no known outcome.
 */
export function decodeResult(payload: Buffer): RunResult {
  const reader = new PayloadReader(payload);
  const kind = reader.u32() >>> 24;
  const value = reader.u32();
  const message = reader.bytes().toString();
  const stdout = reader.bytes().toString();
  const stderr = reader.bytes().toString();
  reader.end();
  return { outcome: outcomeOf(kind, value, message), stdout, stderr };
}

function outcomeOf(kind: number, value: number, message: string): RunResult['outcome'] {
  switch (kind) {
    case OUTCOME.exited:
      return { kind: 'exited', code: value };
    case OUTCOME.signalled:
      return { kind: 'signalled', signal: value };
    case OUTCOME.timedOut:
      return { kind: 'timed-out' };
    case OUTCOME.failed:
      return { kind: 'failed', message };
    default:
      throw new ProtocolError(`outcome 0 to 3 expected, ${kind} found`);
  }
}

/** Cuts a stream of chunks into frames. Never holds more than one frame and one chunk. */
export class FrameReader {
  private pending: Buffer = Buffer.alloc(0);

  /**
   * Takes what arrived and hands over every frame that is complete.
   * @throws ProtocolError when a header is not one of this protocol.
   */
  push(chunk: Buffer): Frame[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const frames: Frame[] = [];
    let offset = 0;
    while (this.pending.length - offset >= HEADER_LENGTH) {
      const length = this.pending.readUInt32BE(offset);
      const typeAndZero = this.pending.readUInt32BE(offset + 4);
      if (length > PAYLOAD_MAX || (typeAndZero & 0xff_ffff) !== 0) {
        throw new ProtocolError(
          `a frame of at most ${PAYLOAD_MAX} bytes expected, header announces ${length}`,
        );
      }
      const end = offset + HEADER_LENGTH + length;
      if (end > this.pending.length) break;
      frames.push({
        type: typeAndZero >>> 24,
        id: this.pending.readUInt32BE(offset + 8),
        payload: this.pending.subarray(offset + HEADER_LENGTH, end),
      });
      offset = end;
    }
    this.pending = this.pending.subarray(offset);
    return frames;
  }
}

/** Reads a payload from front to back. */
class PayloadReader {
  private offset = 0;
  private readonly payload: Buffer;

  constructor(payload: Buffer) {
    this.payload = payload;
  }

  u32(): number {
    return this.take(4).readUInt32BE(0);
  }

  bytes(): Buffer {
    return this.take(this.u32());
  }

  end(): void {
    if (this.offset === this.payload.length) return;
    throw new ProtocolError(
      `payload of ${this.offset} bytes expected, ${this.payload.length} found`,
    );
  }

  private take(length: number): Buffer {
    const end = this.offset + length;
    if (end > this.payload.length) {
      throw new ProtocolError(
        `payload of at least ${end} bytes expected, ${this.payload.length} found`,
      );
    }
    const taken = this.payload.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }
}

function address(value: LastWill['addresses'][number]): Buffer {
  const buffer = Buffer.alloc(24);
  buffer.writeUInt32BE(value.linkIndex, 0);
  buffer.writeUInt8(familyOf(value.address) === 'ipv4' ? 4 : 6, 4);
  buffer.writeUInt8(value.prefixLength, 5);
  buffer.set(addressBytes(value.address), 8);
  return buffer;
}

function program(request: RunRequest): Buffer {
  const additions = Object.entries(request.environment ?? {});
  if (request.argv.length === 0) throw new RangeError('a program to run needs a path, none given');
  return Buffer.concat([
    u32(duration(request.timeout)),
    u16(request.argv.length),
    u16(additions.length),
    ...request.argv.map(text),
    ...additions.map(([name, value]) => variable(name, value)),
    bytes(Buffer.from(request.input)),
  ]);
}

/** Whole milliseconds; a fraction counts as one more, and 2^32 - 1 (50 days) is for ever enough. */
const duration = (value: number): number => Math.min(0xffff_ffff, Math.max(0, Math.ceil(value)));

function variable(name: string, value: string): Buffer {
  if (name === '' || name.includes('=')) {
    throw new RangeError(`an environment variable's name expected, '${name}' found`);
  }
  return text(`${name}=${value}`);
}

function text(value: string): Buffer {
  if (value.includes('\0')) {
    throw new RangeError(`no program takes a NUL in an argument: ${JSON.stringify(value)}`);
  }
  return bytes(Buffer.from(`${value}\0`));
}

const bytes = (value: Uint8Array): Buffer => Buffer.concat([u32(value.length), value]);

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}
