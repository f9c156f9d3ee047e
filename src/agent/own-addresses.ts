// Which addresses stand on an interface because of us. Whatever else stands there was put there by somebody
// else: it is never removed, and gets no lifetime. No kernel, no script, no file.
import { formatAddressWithPrefix, type AddressWithPrefix } from '../model/address.js';
import type { LinkAddress } from '../model/link.js';
import type { AddressTarget } from '../model/netlink-script.js';

/** One address on one interface, in words. */
export const placeOf = (interfaceName: string, address: AddressWithPrefix): string =>
  `${interfaceName} ${formatAddressWithPrefix(address)}`;

export const placesOf = ({ interface: name, addresses }: AddressTarget): string[] =>
  addresses.map((address) => placeOf(name, address));

/** An address that we put on an interface, or are about to. */
export interface OwnAddress {
  readonly interface: string;
  /** The interface when it was put there; null when it was not there. */
  readonly linkIndex: number | null;
  readonly address: AddressWithPrefix;
  /** Accept_Mode, as it was put there; true when not said. */
  readonly acceptMode?: boolean;
}

export class OwnAddresses {
  readonly #own = new Map<string, OwnAddress>();
  /** Taken off by a script, if it found them under that name. */
  #released: OwnAddress[] = [];

  [Symbol.iterator](): Iterator<OwnAddress> {
    return this.#own.values();
  }

  get size(): number {
    return this.#own.size;
  }

  /** Whether it is ours, and stands with Accept_Mode false. */
  closes(interfaceName: string, address: AddressWithPrefix): boolean {
    return this.#own.get(placeOf(interfaceName, address))?.acceptMode === false;
  }

  /** Whether any stands with Accept_Mode false. */
  get closesSome(): boolean {
    return [...this.#own.values()].some(({ acceptMode }) => acceptMode === false);
  }

  has(interfaceName: string, address: AddressWithPrefix): boolean {
    return this.#own.has(placeOf(interfaceName, address));
  }

  add(own: OwnAddress): void {
    this.#own.set(placeOf(own.interface, own.address), own);
  }

  delete(interfaceName: string, address: AddressWithPrefix): void {
    this.#own.delete(placeOf(interfaceName, address));
  }

  /** A script has taken it off. */
  release(interfaceName: string, address: AddressWithPrefix): void {
    const own = this.#own.get(placeOf(interfaceName, address));
    if (own !== undefined) this.#released.push(own);
    this.delete(interfaceName, address);
  }

  /**
   * An interface is its index: what we put on one goes by the name that it has now, and what a script has looked
   * for under another one is there still. What was on one that is gone keeps its name: a script of the
   * user's own may have put it elsewhere.
   * @returns whether anything has another name than before.
   */
  follow(nameOf: (linkIndex: number) => string | undefined): boolean {
    const all = [...this.#own.values()];
    const followed = all.map((own) => underNewName(own, nameOf));
    const missed = this.#released
      .map((own) => underNewName(own, nameOf))
      .filter((own, at) => own !== this.#released[at]);
    this.#released = [];
    if (missed.length === 0 && followed.every((own, at) => own === all[at])) return false;
    this.#own.clear();
    for (const own of [...missed, ...followed]) this.add(own);
    return true;
  }

  /** All of them, by interface. */
  targets(): AddressTarget[] {
    const byLink = new Map<string, { target: AddressTarget; addresses: AddressWithPrefix[] }>();
    for (const { interface: name, linkIndex, address, acceptMode } of this.#own.values()) {
      const key = `${name} ${linkIndex ?? ''} ${acceptMode !== false}`;
      const known = byLink.get(key);
      if (known !== undefined) {
        known.addresses.push(address);
        continue;
      }
      const addresses = [address];
      const index = linkIndex === null ? {} : { linkIndex };
      const accepts = acceptMode === false ? { acceptMode } : {};
      byLink.set(key, { target: { interface: name, ...index, addresses, ...accepts }, addresses });
    }
    return [...byLink.values()].map(({ target }) => target);
  }
}

/** The same one, unless its interface has another name now. */
function underNewName(
  own: OwnAddress,
  nameOf: (linkIndex: number) => string | undefined,
): OwnAddress {
  const name = own.linkIndex === null ? undefined : nameOf(own.linkIndex);
  return name === undefined || name === own.interface ? own : { ...own, interface: name };
}

/**
 * Whether an address that nobody has recorded is ours by its lifetime: what we put there ends within
 * `vip.leaseSeconds`, unless we renew it. A renewal that crosses a removal brings one back.
 */
export const endsLikeOurs = (
  { validSeconds }: Pick<LinkAddress, 'validSeconds'>,
  leaseSeconds: number,
): boolean => validSeconds !== null && validSeconds <= leaseSeconds;
