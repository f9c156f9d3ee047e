// The memory in which a socket for advertisements receives before JavaScript is called: the packets that are known, and
// how often each was repeated. No system calls: the addon fills it (native/addon/repetitions.h). No VRRP: a packet is
// known by the second byte of its message.
import { instant, type Instant } from '../model/units.js';

/** struct packet_room, behind the batch of records and packets. */
const HEAD_SIZE = 16 + 256;
const PLACES = 256;
const PLACE_SIZE = 184;
const MESSAGE_SIZE = 128;
const WORD = { known: 0, waiting: 1, heard: 2 } as const;
const ORDER = 16;
/** struct repetition. */
const PLACE = { arrivedAt: 0, count: 8, length: 12, linkIndex: 16, addresses: 24, message: 56 };
/** struct packet_record, from the index of the interface on: so do a repetition's fields. */
const RECORD = {
  size: 56,
  linkIndex: 8,
  hopLimit: 12,
  offset: 16,
  length: 20,
  source: 24,
} as const;

export class PacketRepetitions {
  readonly buffer: ArrayBuffer;
  readonly #head: number;
  readonly #packets: number;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #times: Float64Array;

  /** @param records of the batch in front. @param packets the bytes behind them. */
  constructor(records: number, packets: number) {
    this.#packets = records;
    this.#head = records + packets;
    this.buffer = new ArrayBuffer(this.#head + HEAD_SIZE + PLACES * PLACE_SIZE);
    this.#bytes = new Uint8Array(this.buffer);
    this.#words = new Int32Array(this.buffer);
    this.#times = new Float64Array(this.buffer);
  }

  /** Whether the packet of this place is known. */
  isKnown(place: number): boolean {
    return this.#words[this.#at(place, PLACE.length)] !== 0;
  }

  /** What repeats the packet of this record of the batch is counted from now on. One that is too long is not known. */
  know(record: number): void {
    const word = (record * RECORD.size) / 4;
    const length = this.#words[word + RECORD.length / 4] ?? 0;
    if (length < 2 || length > MESSAGE_SIZE) return;
    const message = this.#packets + (this.#words[word + RECORD.offset / 4] ?? 0);
    const place = this.#bytes[message + 1] ?? 0;
    const start = this.#startOf(place);
    const from = record * RECORD.size;
    this.#words[(start + PLACE.linkIndex) / 4] = this.#words[word + RECORD.linkIndex / 4] ?? 0;
    this.#words[(start + PLACE.linkIndex) / 4 + 1] = this.#words[word + RECORD.hopLimit / 4] ?? 0;
    this.#bytes.copyWithin(
      start + PLACE.addresses,
      from + RECORD.source,
      from + RECORD.source + 32,
    );
    this.#bytes.copyWithin(start + PLACE.message, message, message + length);
    this.#words[(start + PLACE.length) / 4] = length;
    this.#words[this.#head / 4 + WORD.known] = 1;
  }

  /** What repeats the packet of this place comes as a packet again. What was counted stays to be taken. */
  forget(place: number): void {
    this.#words[this.#at(place, PLACE.length)] = 0;
  }

  forgetAll(): void {
    for (let place = 0; place < PLACES; place += 1) this.forget(place);
    this.#words[this.#head / 4 + WORD.known] = 0;
  }

  /** Whether `take` would hand over anything. */
  get isAny(): boolean {
    return this.#words[this.#head / 4 + WORD.heard] !== 0;
  }

  /** Hands over what was counted, in the order of the first ones; from now on it counts anew. */
  take(handler: (place: number, count: number, last: Instant) => void): void {
    const heard = this.#words[this.#head / 4 + WORD.heard] ?? 0;
    if (heard === 0) return;
    this.#words[this.#head / 4 + WORD.heard] = 0;
    for (let index = 0; index < heard; index += 1) {
      const place = this.#bytes[this.#head + ORDER + index] ?? 0;
      const start = this.#startOf(place);
      const count = this.#words[(start + PLACE.count) / 4] ?? 0;
      this.#words[(start + PLACE.count) / 4] = 0;
      handler(place, count, instant(this.#times[(start + PLACE.arrivedAt) / 8] ?? 0));
    }
  }

  /** How many packets wait at the beginning of the batch; from now on none does. */
  takeWaiting(): number {
    const waiting = this.#words[this.#head / 4 + WORD.waiting] ?? 0;
    this.#words[this.#head / 4 + WORD.waiting] = 0;
    return waiting;
  }

  #startOf(place: number): number {
    return this.#head + HEAD_SIZE + place * PLACE_SIZE;
  }

  #at(place: number, field: number): number {
    return (this.#startOf(place) + field) / 4;
  }
}
