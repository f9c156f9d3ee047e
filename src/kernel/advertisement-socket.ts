// The raw socket of protocol 112 over the addon: batches in, packets out. Does not look into a
// message; that is wire's.
import type { Family, IpAddress } from '../model/address.js';
import { instant, type Instant, type Microseconds } from '../model/units.js';
import type { Addon, Handle } from './addon.js';
import { AddressTexts } from './address-texts.js';
import type {
  AdvertisementSocket,
  OutgoingMessage,
  ReceivedPacket,
  SendFailure,
} from './kernel.js';
import { OutgoingBatch } from './outgoing.js';
import { PacketRepetitions } from './packet-repetitions.js';
import { attempt, refusal } from './refusal.js';

/** PACKET_BATCH, PACKET_SIZE and struct packet_record of native/addon/packet_socket.h. */
const BATCH = 32;
const PACKET_SIZE = 4096 + 60;
const RECORD_SIZE = 56;
const DOUBLES = RECORD_SIZE / 8;
const WORDS = RECORD_SIZE / 4;
const WORD = {
  linkIndex: 2,
  hopLimit: 3,
  offset: 4,
  length: 5,
  source: 6,
  destination: 10,
} as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class NativeAdvertisementSocket implements AdvertisementSocket {
  readonly #addon: Addon;
  readonly #handle: Handle;
  readonly #link: { readonly index: number; readonly name: string };
  readonly #repetitions = new PacketRepetitions(BATCH * RECORD_SIZE, BATCH * PACKET_SIZE);
  readonly #batch = this.#repetitions.buffer;
  readonly #doubles = new Float64Array(this.#batch, 0, BATCH * DOUBLES);
  readonly #words = new Int32Array(this.#batch, 0, BATCH * WORDS);
  readonly #messages = new Uint8Array(this.#batch, BATCH * RECORD_SIZE, BATCH * PACKET_SIZE);
  readonly #texts: AddressTexts;
  /** The same for every packet, and for each place in the batch the view of the last message that lay there. */
  readonly #packet: Mutable<ReceivedPacket>;
  readonly #views: Uint8Array[] = [];
  readonly #outgoing = new OutgoingBatch();
  #receiving = false;
  /** Of the packet that a handler has now. */
  #index = 0;
  #closed = false;

  constructor(
    addon: Addon,
    handle: Handle,
    family: Family,
    link: { readonly index: number; readonly name: string },
  ) {
    this.#addon = addon;
    this.#handle = handle;
    this.#link = link;
    this.#texts = new AddressTexts(family);
    this.#packet = {
      family,
      linkIndex: 0,
      source: '' as IpAddress,
      destination: '' as IpAddress,
      hopLimit: 0,
      message: this.#messages,
      arrivedAt: instant(0),
    };
    addon.attach(handle, this.#batch);
  }

  know(): void {
    this.#repetitions.know(this.#index);
  }

  isKnown(place: number): boolean {
    return this.#repetitions.isKnown(place);
  }

  forget(place: number): void {
    this.#repetitions.forget(place);
  }

  forgetAll(): void {
    this.#repetitions.forgetAll();
  }

  get hasRepetitions(): boolean {
    return this.#repetitions.isAny;
  }

  repetitions(handler: (place: number, count: number, last: Instant) => void): void {
    this.#repetitions.take(handler);
  }

  receive(handler: (packet: ReceivedPacket) => void, limit: number): number {
    if (this.#receiving) {
      throw new Error('receive was called from its own handler: the packets share one buffer');
    }
    this.#receiving = true;
    try {
      return this.#drain(handler, limit);
    } finally {
      this.#receiving = false;
    }
  }

  #drain(handler: (packet: ReceivedPacket) => void, limit: number): number {
    let total = this.#handOver(handler, this.#repetitions.takeWaiting());
    if (total > 0 && this.#closed) return total;
    while (total < limit) {
      const capacity = Math.min(BATCH, limit - total);
      const count = this.#receiveBatch(capacity);
      total += this.#handOver(handler, count);
      if (count < capacity || this.#closed) break;
    }
    return total;
  }

  /** A handler may close the socket; what is left of the batch then concerns nobody. */
  #handOver(handler: (packet: ReceivedPacket) => void, count: number): number {
    for (let index = 0; index < count; index += 1) {
      if (this.#closed) return index;
      this.#index = index;
      handler(this.#packetAt(index));
    }
    return count;
  }

  #receiveBatch(capacity: number): number {
    const what = `receiving advertisements on ${this.#link.name}`;
    const count = attempt(what, () =>
      this.#addon.receivePackets(this.#handle, this.#batch, capacity),
    );
    if (count < 0) throw refusal(what, count, 'recvmmsg');
    return count;
  }

  #packetAt(index: number): ReceivedPacket {
    const words = this.#words;
    const word = index * WORDS;
    const packet = this.#packet;
    packet.linkIndex = words[word + WORD.linkIndex] ?? 0;
    packet.source = this.#texts.at(words, word + WORD.source);
    packet.destination = this.#texts.at(words, word + WORD.destination);
    packet.hopLimit = words[word + WORD.hopLimit] ?? 0;
    packet.message = this.#messageAt(index, words[word + WORD.offset] ?? 0, word + WORD.length);
    packet.arrivedAt = instant(this.#doubles[index * DOUBLES] ?? 0);
    return packet;
  }

  /** An Active's messages are of one length: its view is made once. */
  #messageAt(index: number, offset: number, lengthAt: number): Uint8Array {
    const length = this.#words[lengthAt] ?? 0;
    const known = this.#views[index];
    const start = this.#messages.byteOffset + offset;
    if (known?.byteOffset === start && known.length === length) return known;
    const view = this.#messages.subarray(offset, offset + length);
    this.#views[index] = view;
    return view;
  }

  send(batch: readonly OutgoingMessage[], notAfter?: Microseconds): SendFailure[] {
    let payload = 0;
    for (const { message } of batch) payload += message.length;
    this.#outgoing.begin(batch.length, payload);
    let index = 0;
    for (const { source, destination, message } of batch) {
      this.#outgoing.put(index, message, this.#link.index);
      this.#outgoing.putAddresses(index, source, destination);
      index += 1;
    }
    return attempt(`sending advertisements on ${this.#link.name}`, () =>
      this.#outgoing.send(this.#addon, this.#handle, batch.length, notAfter),
    );
  }

  close(): void {
    this.#closed = true;
    this.#addon.close(this.#handle);
  }
}

/** Opens the socket; see Kernel.openAdvertisementSocket. */
export function openAdvertisementSocket(
  addon: Addon,
  family: Family,
  link: { readonly index: number; readonly name: string },
  onReadable: () => void,
): AdvertisementSocket {
  const handle = attempt(`opening an ${family} advertisement socket on ${link.name}`, () =>
    addon.openAdvertisementSocket(family === 'ipv4' ? 4 : 6, link.index, link.name, onReadable),
  );
  return new NativeAdvertisementSocket(addon, handle, family, link);
}
