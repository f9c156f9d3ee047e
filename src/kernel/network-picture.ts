// Which links and addresses there are, and how that differs from what was known. No netlink: it is
// told record by record.
import { formatAddressWithPrefix } from '../model/address.js';
import type { Link, LinkAddress } from '../model/link.js';
import type { AddressesOfLink, NetworkChange } from './kernel.js';
import { LinkAddresses, NO_ADDRESSES } from './link-addresses.js';
import type { NetworkRecord } from './network-records.js';

type Handler = (change: NetworkChange) => void;

/** Everything a full dump showed. */
export interface Dump {
  readonly links: readonly Link[];
  readonly addresses: readonly LinkAddress[];
}

export const dumpOf = (records: readonly NetworkRecord[]): Dump => ({
  links: records.flatMap((record) => ('link' in record ? [record.link] : [])),
  addresses: records.flatMap((record) => ('address' in record ? [record.address] : [])),
});

/**
 * The links and addresses known, brought up to date by notifications and by full dumps. A handler
 * must not call back into it.
 */
export class NetworkPicture {
  readonly links = new Map<number, Link>();
  readonly #byName = new Map<string, Link>();
  readonly #addresses = new Map<number, LinkAddresses>();

  linkNamed(name: string): Link | undefined {
    return this.#byName.get(name);
  }

  *addresses(): Iterable<LinkAddress> {
    for (const onLink of this.#addresses.values()) yield* onLink.all();
  }

  addressesOn(linkIndex: number | undefined): AddressesOfLink {
    return (linkIndex === undefined ? undefined : this.#addresses.get(linkIndex)) ?? NO_ADDRESSES;
  }

  /** Takes in one notification and hands over what it changed, if anything. */
  apply(record: NetworkRecord, handler: Handler): void {
    switch (record.kind) {
      case 'link':
        return this.#setLink(record.link, handler);
      case 'link-removed':
        return this.#removeLink(record.link.index, handler);
      case 'address':
        return this.#setAddress(record.address, handler);
      case 'address-removed':
        return this.#removeAddress(record.address, handler);
    }
  }

  /** Makes the picture equal to the dump: what went is handed over before what came. */
  replace(dump: Dump, handler: Handler): void {
    const links = new Set(dump.links.map(({ index }) => index));
    const addresses = new Set(dump.addresses.map(placeOf));
    for (const address of this.addresses()) {
      if (!addresses.has(placeOf(address))) this.#removeAddress(address, handler);
    }
    for (const index of this.links.keys()) {
      if (!links.has(index)) this.#removeLink(index, handler);
    }
    for (const link of dump.links) this.#setLink(link, handler);
    for (const address of dump.addresses) this.#setAddress(address, handler);
  }

  /** Whether `replace` would hand over nothing. */
  isOf(dump: Dump): boolean {
    const addresses = [...this.#addresses.values()].reduce((sum, { size }) => sum + size, 0);
    return (
      dump.links.length === this.links.size &&
      dump.addresses.length === addresses &&
      dump.links.every((link) => {
        const known = this.links.get(link.index);
        return known !== undefined && isSameLink(known, link);
      }) &&
      dump.addresses.every((address) => {
        const text = formatAddressWithPrefix(address);
        const known = this.#addresses.get(address.linkIndex)?.get(text);
        return known !== undefined && isSameAddress(known, address);
      })
    );
  }

  #setLink(link: Link, handler: Handler): void {
    const known = this.links.get(link.index);
    if (known !== undefined && isSameLink(known, link)) return;
    this.links.set(link.index, link);
    if (known !== undefined && known.name !== link.name) this.#forgetName(known);
    this.#byName.set(link.name, link);
    handler({ kind: 'link', link });
  }

  /** Where links swap names another one may have it already; and while a dump is taken in, two may have one. */
  #forgetName({ index, name }: Link): void {
    if (this.#byName.get(name)?.index !== index) return;
    this.#byName.delete(name);
    for (const link of this.links.values()) if (link.name === name) this.#byName.set(name, link);
  }

  #removeLink(index: number, handler: Handler): void {
    for (const address of this.addressesOn(index).all()) this.#removeAddress(address, handler);
    const link = this.links.get(index);
    if (link === undefined) return;
    this.links.delete(index);
    this.#forgetName(link);
    handler({ kind: 'link-removed', link });
  }

  #setAddress(address: LinkAddress, handler: Handler): void {
    let onLink = this.#addresses.get(address.linkIndex);
    if (onLink === undefined) {
      this.#addresses.set(address.linkIndex, (onLink = new LinkAddresses()));
    }
    const known = onLink.set(address);
    // A renewed lifetime is no change: one that our executor renews is told of every second.
    if (known !== undefined && isSameAddress(known, address)) return;
    handler({ kind: 'address', address });
  }

  #removeAddress(address: LinkAddress, handler: Handler): void {
    const onLink = this.#addresses.get(address.linkIndex);
    const known = onLink?.delete(formatAddressWithPrefix(address));
    if (onLink === undefined || known === undefined) return;
    if (onLink.size === 0) this.#addresses.delete(address.linkIndex);
    handler({ kind: 'address-removed', address: known });
  }
}

/** An address on a link, as one text. */
export const placeOf = (address: LinkAddress): string =>
  `${address.linkIndex} ${formatAddressWithPrefix(address)}`;

const isSameAddress = (a: LinkAddress, b: LinkAddress): boolean =>
  a.usable === b.usable &&
  a.secondary === b.secondary &&
  (a.validSeconds === null) === (b.validSeconds === null);

const isSameLink = (a: Link, b: Link): boolean =>
  a.name === b.name &&
  a.up === b.up &&
  a.carrier === b.carrier &&
  a.mtu === b.mtu &&
  a.macAddress === b.macAddress &&
  a.noArp === b.noArp &&
  a.noMulticast === b.noMulticast &&
  a.lower === b.lower &&
  a.controller === b.controller;
