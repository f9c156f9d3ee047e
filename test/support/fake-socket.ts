// A socket for advertisements in memory: what has arrived waits, or is only counted, as the addon does it. What becomes of
// what it sends is the kernel's.
import type { Family } from '../../src/model/address.js';
import type { Instant } from '../../src/model/units.js';
import type { AdvertisementSocket, ReceivedPacket } from '../../src/kernel/kernel.js';

interface KnownPacket {
  /** Null: what was counted waits to be taken, and nothing more is. */
  packet: ReceivedPacket | null;
  count: number;
  last: Instant;
}

export const refusal = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${syscall}: ${code}`), { code, syscall });

export class FakeSocket implements AdvertisementSocket {
  readonly family: Family;
  readonly linkIndex: number;
  readonly onReadable: () => void;
  readonly pending: ReceivedPacket[] = [];
  readonly send: AdvertisementSocket['send'];
  /** What is only counted, by the second byte of the message. */
  readonly #known = new Map<number, KnownPacket>();
  /** The same object for each packet, as the kernel's: whoever keeps it keeps the last. */
  readonly #shared = {} as ReceivedPacket;
  readonly #now: () => Instant;
  open = true;

  constructor(
    family: Family,
    linkIndex: number,
    onReadable: () => void,
    kernel: Pick<AdvertisementSocket, 'send'> & { readonly now: () => Instant },
  ) {
    this.family = family;
    this.linkIndex = linkIndex;
    this.onReadable = onReadable;
    this.send = (batch, notAfter) => kernel.send(batch, notAfter);
    this.#now = kernel.now;
  }

  /** A packet lands in its buffer; `wake` tells the reader. */
  arrive(packet: ReceivedPacket, wake: boolean): void {
    if (wake && this.pending.length === 0 && this.#counts(packet)) return;
    this.pending.push(packet);
    if (wake) this.onReadable();
  }

  /** What repeats a packet is counted, and from one that differs on nothing is known in its place. */
  #counts(packet: ReceivedPacket): boolean {
    const place = this.#known.get(packet.message[1] ?? 0);
    const before = place?.packet ?? null;
    if (place === undefined || before === null) return false;
    const repeats =
      before.source === packet.source &&
      before.destination === packet.destination &&
      before.hopLimit === packet.hopLimit &&
      before.linkIndex === packet.linkIndex &&
      Buffer.compare(before.message, packet.message) === 0;
    if (!repeats) {
      place.packet = null;
      return false;
    }
    place.count += 1;
    place.last = packet.arrivedAt;
    return true;
  }

  know(): void {
    const place = this.#shared.message[1] ?? 0;
    const before = this.#known.get(place) ?? { count: 0, last: this.#now() };
    const packet = { ...this.#shared, message: this.#shared.message.slice() };
    this.#known.set(place, { ...before, packet });
  }

  isKnown(place: number): boolean {
    return (this.#known.get(place)?.packet ?? null) !== null;
  }

  forget(place: number): void {
    const known = this.#known.get(place);
    if (known !== undefined) known.packet = null;
  }

  forgetAll(): void {
    for (const place of this.#known.keys()) this.forget(place);
  }

  get hasRepetitions(): boolean {
    return [...this.#known.values()].some(({ count }) => count > 0);
  }

  repetitions(handler: (place: number, count: number, last: Instant) => void): void {
    for (const [place, known] of this.#known) {
      const { count } = known;
      known.count = 0;
      if (count > 0) handler(place, count, known.last);
    }
  }

  receive(handler: (packet: ReceivedPacket) => void, limit: number): number {
    if (!this.open) throw refusal('ENODEV', 'recvmmsg');
    const batch = this.pending.splice(0, limit);
    for (const packet of batch) handler(Object.assign(this.#shared, packet));
    return batch.length;
  }

  close(): void {
    this.open = false;
  }
}
