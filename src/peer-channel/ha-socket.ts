// One UDP socket of the HA port: bound, never throwing on send, what is sent and received in batches. No
// protocol, no key.
import {
  openCheckTimer,
  openDatagramSocket,
  type ArrivedDatagram,
  type CheckTimer,
  type DatagramSocket,
} from '../kernel/datagram-socket.js';
import type { KernelError } from '../kernel/kernel.js';
import type { PeerRoom } from '../kernel/peer-room.js';
import type { Family, IpAddress } from '../model/address.js';
import type { HaKey } from './ha-key.js';

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
  /** Something has arrived; it waits for `receive`. */
  readonly onReadable: () => void;
  /** The kernel refused to receive; the socket goes on. */
  readonly onError: (code: string) => void;
}

export interface HaSocket {
  /** Hands over what has arrived. Of a flood the rest comes in the next turn of the loop. */
  receive(handler: (datagram: ArrivedDatagram) => void): void;
  /**
   * Puts one behind those that `flush` sends at once or not at all; never throws, never waits. `done` then gets
   * the errno name of a refusal (ENETUNREACH, EHOSTUNREACH, EAGAIN when too much waits to be sent, …), or null.
   * @param source null leaves it to the kernel.
   */
  put(
    datagram: Uint8Array,
    source: IpAddress | null,
    address: IpAddress,
    port: number,
    done: (code: string | null) => void,
  ): void;
  flush(): void;
  /** From now on messages that only confirm what stands in this room are taken, and answered, before anybody is told. */
  confirm?(room: PeerRoom): void;
  /** The keys of the peers in that room, by their places. */
  useKeys?(keys: readonly HaKey[]): void;
  /** Resolves when the port is free again. */
  close(): Promise<void>;
}

/** How a socket is opened; tests hand in a network of their own. */
export type OpenHaSocket = (
  family: Family,
  port: number,
  events: HaSocketEvents,
) => Promise<HaSocket>;

/** A timer for checks that are made without us, over these sockets; null where nobody makes any. */
export type OpenCheckTimer = (
  room: PeerRoom,
  sockets: readonly HaSocket[],
  onDue: () => void,
) => CheckTimer | null;

/** The addon makes them over its own sockets. */
export const openAddonChecks: OpenCheckTimer = (_room, sockets, onDue) => {
  const udp = sockets.filter((socket) => socket instanceof UdpSocket);
  if (udp.length === 0 || udp.length < sockets.length) return null;
  return openCheckTimer(
    udp.map(({ socket }) => socket),
    onDue,
  );
};

/** Of a flood so many are looked at before anything else has its turn. */
const RECEIVED_AT_ONCE = 64;

/** @throws HaPortError (rejects) when the kernel refuses the port. */
export const openHaSocket: OpenHaSocket = (family, port, events) => {
  try {
    const socket = openDatagramSocket(family, port, events.onReadable);
    return Promise.resolve(new UdpSocket(socket, events.onError));
  } catch (error) {
    return Promise.reject(bindError(error as KernelError, family, port));
  }
};

class UdpSocket implements HaSocket {
  readonly socket: DatagramSocket;
  readonly #onError: HaSocketEvents['onError'];
  /** Of those that were put, in their order. */
  readonly #done: ((code: string | null) => void)[] = [];
  #closed = false;

  constructor(socket: DatagramSocket, onError: HaSocketEvents['onError']) {
    this.socket = socket;
    this.#onError = onError;
  }

  receive(handler: (datagram: ArrivedDatagram) => void): void {
    if (this.#closed) return;
    try {
      this.socket.receive(handler, RECEIVED_AT_ONCE);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#onError(error.code);
    }
  }

  put(
    datagram: Uint8Array,
    source: IpAddress | null,
    address: IpAddress,
    port: number,
    done: (code: string | null) => void,
  ): void {
    // Port 0 is what a forged source may show.
    if (this.#closed || port === 0) return;
    if (this.socket.isFull) this.flush();
    this.socket.put(datagram, source, address, port);
    this.#done.push(done);
  }

  flush(): void {
    const done = this.#done;
    if (done.length === 0) return;
    const failures = this.socket.flush();
    let next = 0;
    for (let index = 0; index < done.length; index += 1) {
      const failure = failures[next];
      const failed = failure?.index === index;
      if (failed) next += 1;
      done[index]?.(failed ? failure.code : null);
    }
    done.length = 0;
  }

  confirm(room: PeerRoom): void {
    this.socket.confirm(room);
  }

  useKeys(keys: readonly HaKey[]): void {
    this.socket.useKeys(keys.map(({ addonKey }) => addonKey));
  }

  close(): Promise<void> {
    this.flush();
    this.#closed = true;
    this.socket.close();
    return Promise.resolve();
  }
}

const isRefusal = (error: unknown): error is KernelError =>
  error instanceof Error && error.name === 'KernelError';

function bindError(error: KernelError, family: Family, port: number): HaPortError {
  const { code } = error;
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
