// The addresses of one link, found by their text or by the address alone. Who put them there is not known here.
import { formatAddressWithPrefix, type IpAddress } from '../model/address.js';
import type { LinkAddress } from '../model/link.js';
import type { AddressesOfLink } from './kernel.js';

const NONE: readonly LinkAddress[] = [];

/** Hundreds of virtual routers look into it at every notice: no question costs more the more addresses there are. */
export class LinkAddresses implements AddressesOfLink {
  readonly #byText = new Map<string, LinkAddress>();
  /** One address with two prefix lengths is two addresses to the kernel. */
  readonly #byAddress = new Map<IpAddress, readonly LinkAddress[]>();
  /** As long as nothing has changed. */
  #all: readonly LinkAddress[] | null = null;

  get size(): number {
    return this.#byText.size;
  }

  all(): readonly LinkAddress[] {
    return (this.#all ??= [...this.#byText.values()]);
  }

  some(is: (address: LinkAddress) => boolean): boolean {
    for (const address of this.#byText.values()) if (is(address)) return true;
    return false;
  }

  get(text: string): LinkAddress | undefined {
    return this.#byText.get(text);
  }

  with(address: IpAddress): readonly LinkAddress[] {
    return this.#byAddress.get(address) ?? NONE;
  }

  /** @returns the one of the same text before it. */
  set(address: LinkAddress): LinkAddress | undefined {
    const text = formatAddressWithPrefix(address);
    const known = this.#byText.get(text);
    this.#byText.set(text, address);
    this.#all = null;
    this.#replace(address.address, known, address);
    return known;
  }

  /** @returns the one that was there. */
  delete(text: string): LinkAddress | undefined {
    const known = this.#byText.get(text);
    if (known === undefined) return undefined;
    this.#byText.delete(text);
    this.#all = null;
    this.#replace(known.address, known, undefined);
    return known;
  }

  #replace(
    address: IpAddress,
    before: LinkAddress | undefined,
    now: LinkAddress | undefined,
  ): void {
    const alike = this.with(address).filter((one) => one !== before);
    if (now !== undefined) alike.push(now);
    if (alike.length === 0) this.#byAddress.delete(address);
    else this.#byAddress.set(address, alike);
  }
}

/** Of a link that has none. */
export const NO_ADDRESSES: AddressesOfLink = new LinkAddresses();
