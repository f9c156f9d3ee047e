// Links and addresses as the addon lays them out, read into values. No memory of earlier ones.
import { addressFromBytes } from '../model/address.js';
import type { Link, LinkAddress } from '../model/link.js';

/** struct network_record of native/addon/netlink.h. */
const RECORD_SIZE = 92;
const WORDS = RECORD_SIZE / 4;
const CAPACITY = 64;
const WORD = {
  kind: 0,
  linkIndex: 1,
  flags: 2,
  mtuOrLifetime: 3,
  lower: 21,
  controller: 22,
} as const;
const BYTE = {
  family: 16,
  prefixLength: 17,
  carrier: 18,
  hardwareLength: 19,
  hardware: 20,
  address: 52,
  name: 68,
} as const;
const NAME_SIZE = 16;
const HARDWARE_SIZE = 32;

/** if(7). */
const IFF = { up: 0x1, noArp: 0x80, multicast: 0x1000, lowerUp: 0x1_0000 } as const;
/** linux/if_addr.h. */
const IFA_F = { secondary: 0x01, optimistic: 0x04, dadFailed: 0x08, tentative: 0x40 } as const;

export type NetworkRecord =
  | { readonly kind: 'link' | 'link-removed'; readonly link: Link }
  | { readonly kind: 'address' | 'address-removed'; readonly address: LinkAddress };

const KINDS = [null, 'link', 'link-removed', 'address', 'address-removed'] as const;

/** The buffer that the addon fills, or has filled, and what stands in it. */
export class NetworkRecords {
  readonly buffer: ArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(buffer = new ArrayBuffer(CAPACITY * RECORD_SIZE)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#bytes = Buffer.from(buffer);
  }

  /** All that it has room for. */
  all(): NetworkRecord[] {
    const length = Math.floor(this.buffer.byteLength / RECORD_SIZE);
    return Array.from({ length }, (_, index) => this.at(index));
  }

  at(index: number): NetworkRecord {
    const kind = KINDS[this.#word(index, WORD.kind)] ?? null;
    switch (kind) {
      case 'link':
      case 'link-removed':
        return { kind, link: this.#linkAt(index) };
      case 'address':
      case 'address-removed':
        return { kind, address: this.#addressAt(index) };
      case null:
        throw new RangeError(`a network record of kind 1 to 4 expected at ${index}: rebuild`);
    }
  }

  #linkAt(index: number): Link {
    const flags = this.#word(index, WORD.flags);
    const name = this.#slice(index, BYTE.name, NAME_SIZE);
    const end = name.indexOf(0);
    const length = Math.min(this.#byte(index, BYTE.hardwareLength), HARDWARE_SIZE);
    const lower = this.#word(index, WORD.lower);
    const controller = this.#word(index, WORD.controller);
    return {
      index: this.#word(index, WORD.linkIndex),
      name: name.toString('utf8', 0, end < 0 ? NAME_SIZE : end),
      up: (flags & IFF.up) !== 0,
      carrier: this.#byte(index, BYTE.carrier) !== 0 && (flags & IFF.lowerUp) !== 0,
      mtu: this.#word(index, WORD.mtuOrLifetime),
      macAddress: this.#slice(index, BYTE.hardware, length)
        .toString('hex')
        .replace(/(..)(?!$)/g, '$1:'),
      ...((flags & IFF.noArp) === 0 ? {} : { noArp: true }),
      ...((flags & IFF.multicast) === 0 ? { noMulticast: true } : {}),
      ...(lower === 0 ? {} : { lower }),
      ...(controller === 0 ? {} : { controller }),
    };
  }

  #addressAt(index: number): LinkAddress {
    const flags = this.#word(index, WORD.flags);
    const family = this.#byte(index, BYTE.family) === 4 ? 'ipv4' : 'ipv6';
    const lifetime = this.#word(index, WORD.mtuOrLifetime) >>> 0;
    // An optimistic address is tentative too, but may be used while detection runs (RFC 4429).
    const waiting = (flags & IFA_F.tentative) !== 0 && (flags & IFA_F.optimistic) === 0;
    return {
      address: addressFromBytes(this.#slice(index, BYTE.address, 16), 0, family),
      prefixLength: this.#byte(index, BYTE.prefixLength),
      linkIndex: this.#word(index, WORD.linkIndex),
      usable: !waiting && (flags & IFA_F.dadFailed) === 0,
      // The same bit means "temporary" on an IPv6 address (RFC 8981).
      secondary: family === 'ipv4' && (flags & IFA_F.secondary) !== 0,
      validSeconds: lifetime === 0 ? null : lifetime,
    };
  }

  #word(index: number, word: number): number {
    return this.#words[index * WORDS + word] ?? 0;
  }

  #byte(index: number, byte: number): number {
    return this.#bytes[index * RECORD_SIZE + byte] ?? 0;
  }

  #slice(index: number, byte: number, length: number): Buffer {
    const start = index * RECORD_SIZE + byte;
    return this.#bytes.subarray(start, start + length);
  }
}
