// A batch of packets or frames laid out flat for one call into the addon. Sends nothing by itself.
import { addressBytes, type IpAddress } from '../model/address.js';
import type { Addon, Handle } from './addon.js';
import type { SendFailure } from './kernel.js';
import { errorName } from './refusal.js';

/** struct outgoing_record of native/addon/outgoing.h. */
const RECORD = { size: 48, offset: 0, length: 1, error: 2, linkIndex: 3 } as const;
const SOURCE = 16;
const DESTINATION = 32;
const WORDS = RECORD.size / 4;

/** Of a source: the kernel chooses. */
const ANY = new Uint8Array(16);

/** Addresses remembered as bytes; a host has few. */
const REMEMBERED_ADDRESSES = 1024;

/** One buffer, reused by every batch and grown when one does not fit. */
export class OutgoingBatch {
  #buffer = new ArrayBuffer(0);
  #bytes = new Uint8Array(this.#buffer);
  #words = new Int32Array(this.#buffer);
  #end = 0;
  readonly #addresses = new Map<IpAddress, Uint8Array>();

  /** Makes room for `count` payloads of `payload` bytes in all. */
  begin(count: number, payload: number): void {
    this.#end = count * RECORD.size;
    const needed = this.#end + payload;
    if (needed <= this.#buffer.byteLength) return;
    this.#buffer = new ArrayBuffer(Math.ceil(needed / 4096) * 4096);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#words = new Int32Array(this.#buffer);
  }

  /** @param linkIndex of a frame; of a datagram its port. */
  put(index: number, payload: Uint8Array, linkIndex: number): void {
    const word = index * WORDS;
    this.#words[word + RECORD.offset] = this.#end;
    this.#words[word + RECORD.length] = payload.length;
    this.#words[word + RECORD.linkIndex] = linkIndex;
    this.#bytes.set(payload, this.#end);
    this.#end += payload.length;
  }

  /** @param source null: the kernel chooses. */
  putAddresses(index: number, source: IpAddress | null, destination: IpAddress): void {
    const start = index * RECORD.size;
    this.#bytes.set(source === null ? ANY : this.#bytesOf(source), start + SOURCE);
    this.#bytes.set(this.#bytesOf(destination), start + DESTINATION);
  }

  /**
   * Sends the batch and reads off which of it failed.
   * @param notAfter see AdvertisementSocket.send
   */
  send(addon: Addon, handle: Handle, count: number, notAfter = Infinity): SendFailure[] {
    if (addon.sendBatch(handle, this.#buffer, count, notAfter) === 0) return [];
    const failures: SendFailure[] = [];
    for (let index = 0; index < count; index += 1) {
      const error = this.#words[index * WORDS + RECORD.error] ?? 0;
      if (error !== 0) failures.push({ index, code: errorName(-error) });
    }
    return failures;
  }

  #bytesOf(address: IpAddress): Uint8Array {
    const known = this.#addresses.get(address);
    if (known !== undefined) return known;
    if (this.#addresses.size >= REMEMBERED_ADDRESSES) this.#addresses.clear();
    const bytes = addressBytes(address);
    this.#addresses.set(address, bytes);
    return bytes;
  }
}
