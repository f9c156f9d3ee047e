// ICMP and ICMPv6 echo through the raw-socket package. No schedule, no judgement: who asks counts
// what comes back, and when.
import type { RawSocketModule, Socket } from 'raw-socket';
import {
  addressBytes,
  familyOf,
  parseAddress,
  type Family,
  type IpAddress,
} from '../model/address.js';
import { assert } from '../model/assert.js';
import { instant, type Instant } from '../model/units.js';

export interface EchoOptions {
  /** 0..65535; tells our replies from those to other programs on this host. */
  readonly identifier: number;
  /** Sends and receives on this interface alone; link-local destinations need it. */
  readonly interface?: string;
  /** A reply that carries our identifier, from whichever host: compare `source`. */
  readonly onReply: (sequence: number, source: IpAddress, receivedAt: Instant) => void;
  /** The socket failed and is closed; nothing comes from it any more. Open another one. */
  readonly onError: (reason: string) => void;
}

type EchoSent =
  | { readonly ok: true; readonly sentAt: Instant }
  /** The kernel refused; `reason` is its text, for instance "Network is unreachable". */
  | { readonly ok: false; readonly reason: string };

/** An echo socket of one family. */
export interface Echo {
  /**
   * Hands one echo request to the kernel before it returns: nothing queues on our side, and a full
   * send buffer is a refusal.
   * @param destination of the family of the socket.
   * @param sequence 0..65535.
   * @param payload at most ECHO_MAXIMUM_PAYLOAD bytes; none unless given.
   * @param source an address of this host; null, and unless given: the kernel chooses.
   */
  send(
    destination: IpAddress,
    sequence: number,
    payload?: Uint8Array,
    source?: IpAddress | null,
  ): EchoSent;
  /** May be called more than once. */
  close(): void;
}

export type EchoOpening =
  | { readonly kind: 'open'; readonly echo: Echo }
  /** raw-socket does not load, CAP_NET_RAW is missing, or there is no such interface. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Fits every link (RFC 8200 §5: 1280 bytes) with its headers. */
export const ECHO_MAXIMUM_PAYLOAD = 1_200;

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  +---------------+---------------+-------------------------------+
//  |     Type      |     Code      |          Checksum             |
//  +---------------+---------------+-------------------------------+
//  |           Identifier          |        Sequence Number        |
//  +-------------------------------+-------------------------------+
//  |     Data ...
//  RFC 792 (types 8 and 0), RFC 4443 §4 (types 128 and 129).
const HEADER_LENGTH = 8;
const REQUEST_TYPE: Readonly<Record<Family, number>> = { ipv4: 8, ipv6: 128 };
const REPLY_TYPE: Readonly<Record<Family, number>> = { ipv4: 0, ipv6: 129 };

/** Linux: SOL_RAW and ICMP_FILTER, IPPROTO_ICMPV6 and ICMPV6_FILTER; a set bit drops the type. */
const SOL_RAW = 255;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const IP_HEADER_LENGTH: Readonly<Record<Family, number>> = { ipv4: 20, ipv6: 40 };
const ADDRESS_LENGTH: Readonly<Record<Family, number>> = { ipv4: 4, ipv6: 16 };
/** What the kernel takes for its own. */
const HOP_LIMIT = 64;
const ICMP_FILTER = 1;
/** Linux; raw-socket knows it only where the C library had it when the package was built. */
const IPV6_HDRINCL = 36;
/** As much as the kernel lets us have: replies that arrive while the loop is busy wait there. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

/** recvfrom found nothing after all: a packet with a bad checksum woke us. Not an error. */
const SPURIOUS = new Set(['Resource temporarily unavailable', 'Interrupted system call']);

/** raw-socket lets go of a socket that only its own listeners refer to; this does not. */
const open = new Set<Socket>();

/**
 * Opens an echo socket. Never throws or rejects for want of the package or of the privilege.
 *
 * raw-socket leaves its descriptor to be inherited by child processes: the process that opens one
 * should start none that outlive it.
 * @param load the package, for tests.
 */
export async function openEcho(
  family: Family,
  options: EchoOptions,
  load: () => Promise<{ readonly default: RawSocketModule }> = () => import('raw-socket'),
): Promise<EchoOpening> {
  assertUint16(options.identifier, 'identifier');
  try {
    const { default: raw } = await load();
    return { kind: 'open', echo: createEcho(raw, family, options) };
  } catch (error) {
    return { kind: 'unavailable', reason: explain(error) };
  }
}

function createEcho(raw: RawSocketModule, family: Family, options: EchoOptions): Echo {
  const socket = raw.createSocket({
    protocol: family === 'ipv4' ? raw.Protocol.ICMP : raw.Protocol.ICMPv6,
    addressFamily: family === 'ipv4' ? raw.AddressFamily.IPv4 : raw.AddressFamily.IPv6,
  });
  const close = (): void => {
    // Closing twice would do no harm, but using a closed socket silently opens a new one.
    if (open.delete(socket)) socket.close();
  };
  open.add(socket);
  socket.on('error', (error) => {
    if (!open.has(socket) || SPURIOUS.has(error.message)) return;
    close();
    options.onError(error.message);
  });
  socket.on('message', (message, source) => {
    if (!open.has(socket)) return;
    const sequence = replySequence(raw, family, message, options.identifier);
    const from = sequence === null ? null : parseAddress(source);
    if (sequence !== null && from !== null) deliver(options, sequence, from);
  });
  try {
    setOptions(raw, socket, family, options.interface);
  } catch (error) {
    close();
    throw error;
  }
  const write = createWriter(raw, family, options.identifier);
  const nameSource = createNaming(raw, socket, family);
  return {
    close,
    send(destination, sequence, payload = new Uint8Array(), source = null) {
      assert(familyOf(destination) === family, `${destination} on an echo socket of ${family}`);
      if (!open.has(socket)) return { ok: false, reason: 'the echo socket is closed' };
      const packet = write(destination, sequence, payload, source);
      try {
        nameSource(source !== null);
        const sentAt = now();
        socket.wrap.send(packet, 0, packet.length, destination, nothing);
        return { ok: true, sentAt };
      } catch (error) {
        return { ok: false, reason: messageOf(error) };
      }
    },
  };
}

/** raw-socket would turn what a listener throws into an `error` event: keep the two apart. */
function deliver(options: EchoOptions, sequence: number, source: IpAddress): void {
  try {
    options.onReply(sequence, source, now());
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Echo replies only: a raw socket would otherwise hear every ICMP packet of the host. */
function setOptions(
  raw: RawSocketModule,
  socket: Socket,
  family: Family,
  interfaceName: string | undefined,
): void {
  const { SocketLevel, SocketOption } = raw;
  socket.setOption(SocketLevel.SOL_SOCKET, SocketOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  if (family === 'ipv4') {
    socket.setOption(SOL_RAW, ICMP_FILTER, ~(1 << REPLY_TYPE.ipv4) >>> 0);
  } else {
    const blocked = new Uint32Array(8).fill(0xffff_ffff);
    blocked[REPLY_TYPE.ipv6 >> 5] = ~(1 << (REPLY_TYPE.ipv6 & 31)) >>> 0;
    const bytes = Buffer.from(blocked.buffer);
    socket.setOption(IPPROTO_ICMPV6, ICMP_FILTER, bytes, bytes.length);
  }
  if (interfaceName !== undefined) {
    const name = Buffer.from(interfaceName);
    try {
      socket.setOption(SocketLevel.SOL_SOCKET, SocketOption.SO_BINDTODEVICE, name, name.length);
    } catch (error) {
      throw new Error(`interface "${interfaceName}": ${messageOf(error)}`, { cause: error });
    }
  }
}

/**
 * Tells the kernel, whenever that changes, whether packets come with an IP header of ours: the only way to name
 * the source on a socket of raw-socket, which has no bind(2).
 */
function createNaming(
  raw: RawSocketModule,
  socket: Socket,
  family: Family,
): (named: boolean) => void {
  const { SocketLevel, SocketOption } = raw;
  const [level, option] =
    family === 'ipv4'
      ? [SocketLevel.IPPROTO_IP, SocketOption.IP_HDRINCL]
      : [SocketLevel.IPPROTO_IPV6, IPV6_HDRINCL];
  let before = false;
  return (named) => {
    if (named === before) return;
    socket.setOption(level, option, named ? 1 : 0);
    before = named;
  };
}

type Write = (
  destination: IpAddress,
  sequence: number,
  payload: Uint8Array,
  source: IpAddress | null,
) => Buffer;

/** Writes echo requests, each into the same buffer, since sendto(2) copies; an IP header when the source is named. */
function createWriter(raw: RawSocketModule, family: Family, identifier: number): Write {
  const space = IP_HEADER_LENGTH[family];
  const buffer = Buffer.alloc(space + HEADER_LENGTH + ECHO_MAXIMUM_PAYLOAD);
  return (destination, sequence, payload, source) => {
    assertUint16(sequence, 'sequence');
    assert(payload.length <= ECHO_MAXIMUM_PAYLOAD, `${payload.length} bytes of echo payload`);
    const request = buffer.subarray(space, space + HEADER_LENGTH + payload.length);
    request.fill(0, 0, HEADER_LENGTH);
    request[0] = REQUEST_TYPE[family];
    request.writeUInt16BE(identifier, 4);
    request.writeUInt16BE(sequence, 6);
    request.set(payload, HEADER_LENGTH);
    const header = buffer.subarray(0, space);
    if (source !== null) writeIpHeader(header, family, request.length, source, destination);
    if (family === 'ipv4') {
      raw.writeChecksum(request, 2, raw.createChecksum(request));
    } else if (source !== null) {
      // Else the kernel puts it in, since it alone knows the source (RFC 3542 §3.1).
      raw.writeChecksum(request, 2, raw.createChecksum(pseudoHeader(header), request));
    }
    return source === null ? request : buffer.subarray(0, space + request.length);
  };
}

/** RFC 791 §3.1, of which the kernel fills in the rest; RFC 8200 §3. */
function writeIpHeader(
  header: Buffer,
  family: Family,
  length: number,
  source: IpAddress,
  destination: IpAddress,
): void {
  header.fill(0);
  if (family === 'ipv4') {
    header[0] = 0x45; // version 4, five words
    header[8] = HOP_LIMIT;
    header[9] = IPPROTO_ICMP;
  } else {
    header[0] = 0x60; // version 6
    header.writeUInt16BE(length, 4);
    header[6] = IPPROTO_ICMPV6;
    header[7] = HOP_LIMIT;
  }
  const addresses = header.length - 2 * ADDRESS_LENGTH[family];
  header.set(addressBytes(source), addresses);
  header.set(addressBytes(destination), addresses + ADDRESS_LENGTH[family]);
}

/** RFC 8200 §8.1: both addresses, the length, and the protocol. */
function pseudoHeader(header: Buffer): Buffer {
  const rest = Buffer.alloc(8);
  header.copy(rest, 2, 4, 6);
  rest[7] = IPPROTO_ICMPV6;
  return Buffer.concat([header.subarray(8), rest]);
}

/** The sequence number when `message` is an intact echo reply with our identifier, else null. */
function replySequence(
  raw: RawSocketModule,
  family: Family,
  message: Buffer,
  identifier: number,
): number | null {
  // IPv4 raw sockets deliver the IP header too, IPv6 ones do not.
  const start = family === 'ipv4' ? ((message.at(0) ?? 0) % 16) * 4 : 0;
  const reply = message.subarray(start);
  if (reply.length < HEADER_LENGTH) return null;
  if (reply[0] !== REPLY_TYPE[family] || reply[1] !== 0) return null;
  if (reply.readUInt16BE(4) !== identifier) return null;
  // An IPv4 raw socket gets the packet before the kernel has verified it.
  if (family === 'ipv4' && raw.createChecksum(reply) !== 0) return null;
  return reply.readUInt16BE(6);
}

/** CLOCK_MONOTONIC, the clock of `Kernel.now`. */
function now(): Instant {
  const [seconds, nanoseconds] = process.hrtime();
  return instant(seconds * 1_000_000 + Math.floor(nanoseconds / 1_000));
}

/** Says what to do, where we know. */
function explain(error: unknown): string {
  const message = messageOf(error);
  return message === 'Operation not permitted'
    ? 'ICMP needs CAP_NET_RAW: run as root, or grant the capability to the service'
    : `no echo socket: ${message}`;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const nothing = (): void => undefined;

const assertUint16 = (value: number, name: string): void => {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xffff, `${name} ${value}, 0..65535`);
};
