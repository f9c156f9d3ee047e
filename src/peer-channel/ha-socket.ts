// One UDP socket of the HA port: bound, never throwing on send, with a source that the peer knows. No
// protocol, no key.
import { createSocket, type Socket } from 'node:dgram';
import { openDatagramSocket, type DatagramSocket } from '../kernel/datagram-socket.js';
import type { KernelError } from '../kernel/kernel.js';
import type { Family, IpAddress } from '../model/address.js';

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
  /** The address to send from; null leaves it to the kernel. */
  readonly sourceFor: (destination: IpAddress) => IpAddress | null;
}

export interface HaSocket {
  /**
   * Sends at once or not at all; never throws, never waits. `done` gets the errno name of a refusal
   * (ENETUNREACH, EHOSTUNREACH, EAGAIN when too much waits to be sent, …), or null.
   */
  send(
    datagram: Uint8Array,
    address: IpAddress,
    port: number,
    done: (code: string | null) => void,
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
  let out: DatagramSocket;
  try {
    out = openDatagramSocket(family, port);
  } catch (error) {
    throw bindError(error as KernelError, family, port);
  }
  const socket = createSocket(family === 'ipv4' ? 'udp4' : 'udp6');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => reject(bindError(error, family, port)));
    socket.bind({ fd: out.fd, exclusive: true }, resolve);
  });
  socket.removeAllListeners('error');
  socket.on('error', (error) => events.onError(codeOf(error)));
  socket.on('message', (datagram, from) => events.onDatagram(datagram, from.address, from.port));
  return new UdpSocket(socket, out, events.sourceFor);
};

class UdpSocket implements HaSocket {
  readonly #socket: Socket;
  /** The same descriptor. */
  readonly #out: DatagramSocket;
  readonly #sourceFor: HaSocketEvents['sourceFor'];
  #closed = false;

  constructor(socket: Socket, out: DatagramSocket, sourceFor: HaSocketEvents['sourceFor']) {
    this.#socket = socket;
    this.#out = out;
    this.#sourceFor = sourceFor;
  }

  send(
    datagram: Uint8Array,
    address: IpAddress,
    port: number,
    done: (code: string | null) => void,
  ): void {
    // Port 0 is what a forged source may show.
    if (this.#closed || port === 0) return;
    done(this.#out.send(datagram, this.#sourceFor(address), address, port));
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
