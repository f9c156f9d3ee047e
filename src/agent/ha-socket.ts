// One UDP socket of the HA port: bound, bounded, never throwing on send. No protocol, no key.
import { createSocket, type Socket } from 'node:dgram';
import type { Family, IpAddress } from '../model/address.js';

/** Datagrams libuv may hold for a socket whose buffer is full; more are dropped and counted. */
const MAXIMUM_QUEUED = 64;

/** The HA port cannot be opened. The message says what to do; `code` is the errno name. */
export class HaPortError extends Error {
  override readonly name = 'HaPortError';
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

export interface HaSocketEvents {
  readonly onDatagram: (datagram: Uint8Array, source: string, port: number) => void;
  /** The kernel refused to receive; the socket goes on. */
  readonly onError: (code: string) => void;
}

export interface HaSocket {
  /**
   * Sends at once or not at all; never throws, never waits. `onFailure` gets the errno name
   * (ENETUNREACH, EHOSTUNREACH, …), ENOBUFS when too many wait to be sent.
   */
  send(
    datagram: Uint8Array,
    address: IpAddress,
    port: number,
    onFailure: (code: string) => void,
  ): void;
  /** Resolves when the port is free again. */
  close(): Promise<void>;
}

/** How a socket is opened; tests hand in a network of their own. */
export type OpenHaSocket = (
  family: Family,
  port: number,
  events: HaSocketEvents,
) => Promise<HaSocket>;

/** @throws HaPortError (rejects) when the kernel refuses the port. */
export const openHaSocket: OpenHaSocket = async (family, port, events) => {
  const socket = createSocket({
    type: family === 'ipv4' ? 'udp4' : 'udp6',
    // Two agents on one port would each get an arbitrary half of the messages.
    reuseAddr: false,
    ipv6Only: family === 'ipv6',
    // Addresses only, answered at once: with the default a message is sent some ticks later, and
    // the last word before close() never.
    lookup: (address, _options, callback) => callback(null, address, family === 'ipv4' ? 4 : 6),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(bindError(error, family, port)));
    socket.bind({ port, address: family === 'ipv4' ? '0.0.0.0' : '::' }, resolve);
  });
  socket.removeAllListeners('error');
  socket.on('error', (error) => events.onError(codeOf(error)));
  socket.on('message', (datagram, from) => events.onDatagram(datagram, from.address, from.port));
  return new UdpSocket(socket);
};

class UdpSocket implements HaSocket {
  readonly #socket: Socket;
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(
    datagram: Uint8Array,
    address: IpAddress,
    port: number,
    onFailure: (code: string) => void,
  ): void {
    // Port 0 is what a forged source may show; dgram throws on it.
    if (this.#closed || port === 0) return;
    if (this.#socket.getSendQueueCount() >= MAXIMUM_QUEUED) {
      onFailure('ENOBUFS');
      return;
    }
    this.#socket.send(datagram, port, address, (error) => {
      if (error !== null) onFailure(codeOf(error));
    });
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => {
      this.#socket.close(resolve);
    });
  }
}

function bindError(error: Error, family: Family, port: number): HaPortError {
  const code = codeOf(error);
  const where = `HA port ${port}/udp (${family === 'ipv4' ? 'IPv4' : 'IPv6'})`;
  return new HaPortError(`${where} cannot be opened: ${remedy(code, port)}`, code);
}

function remedy(code: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another program has it. "ss -ulpn sport = :${port}" shows which; stop that program, or set ha.port to another number on every appliance.`;
    case 'EACCES':
      return 'ports below 1024 need root. Set ha.port to a higher number on every appliance.';
    case 'EAFNOSUPPORT':
    case 'EADDRNOTAVAIL':
      return 'the kernel has this address family switched off. List only peer addresses of the other family in ha.peers.';
    default:
      return `the kernel answers ${code}.`;
  }
}

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
