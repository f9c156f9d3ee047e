// Which own address each virtual router advertises from. No sockets, no packets.
import type { VirtualRouterSettings } from '../config/settings.js';
import { isLinkLocal, isWithin, type Family, type IpAddress } from '../model/address.js';
import type { LinkAddress } from '../model/link.js';

/** The sources on one interface, in one family. */
export interface Sources {
  /** Of all virtual routers but those that have another; null when there is none. */
  readonly usual: IpAddress | null;
  /** By the name of the virtual router: those that speak to routers of another reach. */
  readonly others: ReadonlyMap<string, IpAddress | null>;
}

export const NO_SOURCES: Sources = { usual: null, others: new Map() };

export const sourceOf = ({ usual, others }: Sources, virtualRouter: string): IpAddress | null =>
  others.has(virtualRouter) ? (others.get(virtualRouter) ?? null) : usual;

export const isSameSources = (a: Sources, b: Sources): boolean =>
  a.usual === b.usual &&
  a.others.size === b.others.size &&
  [...b.others].every(([name, address]) => a.others.get(name) === address);

/** `found`, with what was there `before` wherever an address is missing now. */
export const keepSources = (before: Sources, found: Sources): Sources => ({
  usual: found.usual ?? before.usual,
  others: new Map(
    [...found.others].map(([name, address]) => [name, address ?? before.others.get(name) ?? null]),
  ),
});

/** What others share: the virtual addresses, but for the address owner, whose they are. */
export function virtualAddresses(routers: readonly VirtualRouterSettings[]): Set<IpAddress> {
  const virtual = new Set<IpAddress>();
  for (const { priority, addresses: listed } of routers) {
    if (priority !== 255) for (const { address } of listed) virtual.add(address);
  }
  return virtual;
}

/** None of what others share is ours. */
export const ownAddresses = (
  virtual: ReadonlySet<IpAddress>,
  addresses: readonly LinkAddress[],
): LinkAddress[] => addresses.filter(({ address }) => !virtual.has(address));

/**
 * The addresses to send from (RFC 9568 §5.1.1.1, §5.1.2.1): IPv6, a link-local one; IPv4, the first of the
 * interface. The RFC speaks of the group alone: IPv6 unicast to routers that are not link-local comes from
 * an address that they can list in turn, the one whose subnet has them, else the first.
 * @param own of the family on the interface.
 */
export function sourcesOf(
  family: Family,
  routers: readonly VirtualRouterSettings[],
  own: readonly LinkAddress[],
): Sources {
  const usable = own.filter((one) => one.usable);
  const reaching = usable.filter(({ address }) => !isLinkLocal(address));
  const others = new Map<string, IpAddress | null>();
  for (const { name, unicastPeers } of routers) {
    const far = family === 'ipv6' ? unicastPeers.find((peer) => !isLinkLocal(peer)) : undefined;
    if (far !== undefined) others.set(name, nearest(far, reaching));
  }
  return { usual: first(family === 'ipv4' ? usable : usable.filter(isOfTheLink)), others };
}

const isOfTheLink = ({ address }: LinkAddress): boolean => isLinkLocal(address);

const first = (own: readonly LinkAddress[]): IpAddress | null =>
  (own.find(({ secondary }) => !secondary) ?? own[0])?.address ?? null;

const nearest = (destination: IpAddress, own: readonly LinkAddress[]): IpAddress | null =>
  own.find((one) => isWithin(destination, one))?.address ?? first(own);
