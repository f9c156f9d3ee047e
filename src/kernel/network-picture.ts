// Which links and addresses there are, and how that differs from what was known. No netlink: it is
// told record by record.
import type { Link, LinkAddress } from '../model/link.js';
import type { NetworkChange } from './kernel.js';
import type { NetworkRecord } from './network-records.js';

type Handler = (change: NetworkChange) => void;

/** Everything a full dump showed. */
export interface Dump {
  readonly links: readonly Link[];
  readonly addresses: readonly LinkAddress[];
}

/**
 * The links and addresses known, brought up to date by notifications and by full dumps. A handler
 * must not call back into it.
 */
export class NetworkPicture {
  readonly links = new Map<number, Link>();
  readonly #addresses = new Map<number, Map<string, LinkAddress>>();

  *addresses(): Iterable<LinkAddress> {
    for (const onLink of this.#addresses.values()) yield* onLink.values();
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
    const addresses = new Set(dump.addresses.map((value) => `${value.linkIndex} ${keyOf(value)}`));
    for (const address of this.addresses()) {
      if (!addresses.has(`${address.linkIndex} ${keyOf(address)}`)) {
        this.#removeAddress(address, handler);
      }
    }
    for (const index of this.links.keys()) {
      if (!links.has(index)) this.#removeLink(index, handler);
    }
    for (const link of dump.links) this.#setLink(link, handler);
    for (const address of dump.addresses) this.#setAddress(address, handler);
  }

  #setLink(link: Link, handler: Handler): void {
    const known = this.links.get(link.index);
    if (known !== undefined && isSameLink(known, link)) return;
    this.links.set(link.index, link);
    handler({ kind: 'link', link });
  }

  #removeLink(index: number, handler: Handler): void {
    const onLink = this.#addresses.get(index)?.values() ?? [];
    for (const address of onLink) this.#removeAddress(address, handler);
    const link = this.links.get(index);
    if (link === undefined) return;
    this.links.delete(index);
    handler({ kind: 'link-removed', link });
  }

  #setAddress(address: LinkAddress, handler: Handler): void {
    let onLink = this.#addresses.get(address.linkIndex);
    if (onLink === undefined) this.#addresses.set(address.linkIndex, (onLink = new Map()));
    const known = onLink.get(keyOf(address));
    onLink.set(keyOf(address), address);
    // A renewed lifetime is no change: one that our executor renews is told of every second.
    if (known !== undefined && isSameAddress(known, address)) return;
    handler({ kind: 'address', address });
  }

  #removeAddress(address: LinkAddress, handler: Handler): void {
    const onLink = this.#addresses.get(address.linkIndex);
    const known = onLink?.get(keyOf(address));
    if (onLink === undefined || known === undefined) return;
    onLink.delete(keyOf(address));
    if (onLink.size === 0) this.#addresses.delete(address.linkIndex);
    handler({ kind: 'address-removed', address: known });
  }
}

/** One address with two prefix lengths is two addresses to the kernel. */
const keyOf = ({ address, prefixLength }: LinkAddress): string => `${address}/${prefixLength}`;

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
