// Addresses in received records turned to text, each of them once. No parsing.
import { addressFromBytes, type Family, type IpAddress } from '../model/address.js';

interface Entry {
  readonly words: readonly [number, number, number, number];
  readonly text: IpAddress;
}

/** Strangers may send from any address: when so many were seen, all are forgotten. */
const REMEMBERED_ADDRESSES = 1024;

/** Every packet names two addresses, nearly always the same: their text is made once. */
export class AddressTexts {
  readonly #family: Family;
  readonly #buckets = new Map<number, Entry[]>();
  #size = 0;

  constructor(family: Family) {
    this.#family = family;
  }

  /** The address in the four words at `index` of `words`; IPv4 has its bytes in the first. */
  at(words: Int32Array, index: number): IpAddress {
    const a = words[index] ?? 0;
    const b = words[index + 1] ?? 0;
    const c = words[index + 2] ?? 0;
    const d = words[index + 3] ?? 0;
    const bucket = this.#bucket(a ^ b ^ c ^ d);
    for (const { words: known, text } of bucket) {
      if (known[0] === a && known[1] === b && known[2] === c && known[3] === d) return text;
    }
    const bytes = new Uint8Array(words.buffer, words.byteOffset + index * 4, 16);
    const text = addressFromBytes(bytes, 0, this.#family);
    bucket.push({ words: [a, b, c, d], text });
    this.#size += 1;
    return text;
  }

  #bucket(key: number): Entry[] {
    if (this.#size >= REMEMBERED_ADDRESSES) {
      this.#buckets.clear();
      this.#size = 0;
    }
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, (bucket = []));
    return bucket;
  }
}
