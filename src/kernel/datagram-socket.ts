// UDP over the addon: batches in, batches out, each datagram with the source that its sender names; and what
// source the kernel would choose. No protocol: a datagram is bytes.
import { addressBytes, addressFromBytes, type Family, type IpAddress } from '../model/address.js';
import { loadAddon, type Addon, type AddonKey, type Handle } from './addon.js';
import { AddressTexts } from './address-texts.js';
import type { SendFailure } from './kernel.js';
import { OutgoingBatch } from './outgoing.js';
import type { PeerRoom } from './peer-room.js';
import { attempt, refusal } from './refusal.js';

/** DATAGRAM_BATCH, DATAGRAM_SIZE and struct datagram_record of native/addon/datagram_socket.h. */
const BATCH = 32;
const DATAGRAM_SIZE = 1216;
const RECORD_SIZE = 24;
const WORDS = RECORD_SIZE / 4;
const WORD = { length: 0, port: 1, source: 2 } as const;

/** CONFIRMATION_KEYS of native/addon/confirmations.h. */
const KEYS = 8;

/** struct datagram_addresses. */
const SOURCE = 0;
const DESTINATION = 16;
const HEAD = 32;

const VERSION = { ipv4: 4, ipv6: 6 } as const;

/** One datagram in a buffer that many share. The object is the same for all: valid until the handler returns. */
export interface ArrivedDatagram {
  readonly bytes: Buffer;
  /** Over the same memory. */
  readonly view: DataView;
  /** Where it begins in both. */
  readonly start: number;
  /** As it was sent. Of what is longer than 1216 bytes the rest is lost. */
  readonly length: number;
  readonly source: IpAddress;
  /** That it came from. */
  readonly port: number;
}

/** Its bytes as a view; of one that was cut off, what was kept. */
export const bytesOf = ({ bytes, start, length }: ArrivedDatagram): Uint8Array =>
  bytes.subarray(start, start + Math.min(length, DATAGRAM_SIZE));

export interface DatagramSocket {
  /**
   * Hands over what has arrived, at most `limit`. @returns how many; `limit` means there may be more.
   * @throws KernelError when the kernel refuses.
   */
  receive(handler: (datagram: ArrivedDatagram) => void, limit: number): number;
  /** Puts one behind those that `flush` sends; it is copied. `source` null: the kernel chooses. */
  put(datagram: Uint8Array, source: IpAddress | null, to: IpAddress, port: number): void;
  /**
   * From now on what only confirms what stands in this room is taken before anybody is told
   * (native/addon/confirmations.h).
   */
  confirm(room: PeerRoom): void;
  /** The keys that verify it, by their places; those without one, and the ninth and later, verify nothing. */
  useKeys(keys: readonly (AddonKey | null)[]): void;
  /** No other one may be put before `flush`. */
  readonly isFull: boolean;
  /**
   * Sends all that was put since, each at once or not at all, with one system call. Those that were refused
   * come by their place: ENETUNREACH, EAGAIN when too much waits already, EINVAL for a source that does not
   * stand on this host.
   */
  flush(): readonly SendFailure[];
  /** The port is free when it returns. */
  close(): void;
}

/** The timer of checks that are left to the addon (native/addon/checks.h). */
export interface CheckTimer {
  /** The room has another plan. */
  arm(): void;
  close(): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NO_FAILURES: readonly SendFailure[] = [];

class NativeDatagramSocket implements DatagramSocket {
  readonly #addon: Addon;
  readonly handle: Handle;
  readonly family: Family;
  /** struct datagram_room. */
  readonly #batch = new ArrayBuffer(BATCH * (RECORD_SIZE + DATAGRAM_SIZE) + 8);
  readonly #words = new Int32Array(this.#batch, 0, BATCH * WORDS);
  /** Where the first one stands that waits in the batch, and how many do. */
  readonly #left = new Uint32Array(this.#batch, BATCH * (RECORD_SIZE + DATAGRAM_SIZE), 2);
  readonly #texts: AddressTexts;
  readonly #arrived: Mutable<ArrivedDatagram> = {
    bytes: Buffer.from(this.#batch),
    view: new DataView(this.#batch),
    start: 0,
    length: 0,
    source: '' as IpAddress,
    port: 0,
  };
  readonly #outgoing = new OutgoingBatch();
  /** Put and not sent. */
  #count = 0;
  #closed = false;

  constructor(addon: Addon, handle: Handle, family: Family) {
    this.#addon = addon;
    this.handle = handle;
    this.family = family;
    this.#texts = new AddressTexts(family);
    this.#outgoing.begin(BATCH, BATCH * DATAGRAM_SIZE);
  }

  receive(handler: (datagram: ArrivedDatagram) => void, limit: number): number {
    let total = this.#handOverLeft(handler);
    while (total < limit && !this.#closed) {
      const capacity = Math.min(BATCH, limit - total);
      const count = this.#addon.receivePackets(this.handle, this.#batch, capacity);
      if (count < 0) throw refusal('receiving datagrams', count, 'recvmmsg');
      // A handler may close the socket; what is left of the batch then concerns nobody.
      for (let index = 0; index < count && !this.#closed; index += 1) handler(this.#at(index));
      total += count;
      if (count < capacity) break;
    }
    return total;
  }

  /** What the addon has received and left to us. */
  #handOverLeft(handler: (datagram: ArrivedDatagram) => void): number {
    const waiting = this.#left[1] ?? 0;
    if (waiting === 0) return 0;
    const first = this.#left[0] ?? 0;
    this.#left[1] = 0;
    for (let index = first; index < first + waiting && !this.#closed; index += 1) {
      handler(this.#at(index));
    }
    return waiting;
  }

  confirm(room: PeerRoom): void {
    const { buffer, peers, paths } = room;
    this.#addon.confirm(this.handle, this.#batch, buffer, peers.length, paths.length);
  }

  useKeys(keys: readonly (AddonKey | null)[]): void {
    for (let place = 0; place < KEYS; place += 1) {
      this.#addon.useKey(this.handle, place, keys[place] ?? null);
    }
  }

  #at(index: number): ArrivedDatagram {
    const word = index * WORDS;
    const arrived = this.#arrived;
    arrived.start = BATCH * RECORD_SIZE + index * DATAGRAM_SIZE;
    arrived.length = this.#words[word + WORD.length] ?? 0;
    arrived.port = this.#words[word + WORD.port] ?? 0;
    arrived.source = this.#texts.at(this.#words, word + WORD.source);
    return arrived;
  }

  put(datagram: Uint8Array, source: IpAddress | null, to: IpAddress, port: number): void {
    this.#outgoing.put(this.#count, datagram, port);
    this.#outgoing.putAddresses(this.#count, source, to);
    this.#count += 1;
  }

  get isFull(): boolean {
    return this.#count === BATCH;
  }

  flush(): readonly SendFailure[] {
    if (this.#count === 0 || this.#closed) return NO_FAILURES;
    const count = this.#count;
    this.#count = 0;
    const failures = this.#outgoing.send(this.#addon, this.handle, count);
    this.#outgoing.begin(BATCH, BATCH * DATAGRAM_SIZE);
    return failures;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#addon.close(this.handle);
  }
}

/**
 * Opens a socket on all addresses of the family; port 0 is any that is free.
 * @throws KernelError EADDRINUSE, EACCES, EAFNOSUPPORT.
 */
export function openDatagramSocket(
  family: Family,
  port: number,
  onReadable: () => void,
): DatagramSocket {
  const addon = loadAddon();
  const handle = attempt('opening a UDP socket', () =>
    addon.openDatagramSocket(VERSION[family], port, onReadable),
  );
  return new NativeDatagramSocket(addon, handle, family);
}

/**
 * Opens the timer for the checks of a port with these sockets: one of a family at most, all with the same room.
 * @param onDue called when something is due that is no ordinary check.
 */
export function openCheckTimer(sockets: readonly DatagramSocket[], onDue: () => void): CheckTimer {
  const addon = loadAddon();
  const native = sockets.filter((socket) => socket instanceof NativeDatagramSocket);
  const of = (family: Family): Handle | null =>
    native.find((socket) => socket.family === family)?.handle ?? null;
  const what = 'opening the timer of the checks';
  const handle = attempt(what, () => addon.openChecks(of('ipv4'), of('ipv6'), onDue));
  return {
    arm: () => addon.armChecks(handle),
    close: () => addon.close(handle),
  };
}

/**
 * The source that the kernel would choose for a destination; null when it has no route, or no address.
 * @param through the interface that it must leave by; any unless given.
 */
export function sourceTo(family: Family, to: IpAddress, through = ''): IpAddress | null {
  const name = Buffer.from(through);
  const addresses = new Uint8Array(HEAD + name.length);
  addresses.set(addressBytes(to), DESTINATION);
  addresses.set(name, HEAD);
  const answer = loadAddon().sourceTo(VERSION[family], addresses.buffer);
  return answer < 0 ? null : addressFromBytes(addresses, SOURCE, family);
}
