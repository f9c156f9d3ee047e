// What sysctls a macvlan with a virtual MAC address needs, on itself and on its parent, and how they are put back.
import type { Ipv4LinkSettings, Kernel } from '../kernel/kernel.js';
import type { Family } from '../model/address.js';
import type { Link } from '../model/link.js';
import type { ParentSettings } from '../model/virtual-mac.js';

type Settable = Pick<Kernel, 'ipv4Settings' | 'setIpv4Settings' | 'setIpv6Settings'>;

/**
 * The least that the parent of an IPv4 one needs. arp_ignore 1: else it answers for the virtual address, too, with the
 * interface's own MAC address. arp_announce 2: else what is sent from the virtual address makes it ask for the next hop
 * in the name of that address, and the hosts learn the wrong MAC address from the question.
 */
export const PARENT_NEEDS = { arpIgnore: 1, arpAnnounce: 2 } as const;

/**
 * Of the macvlan. It answers for its own addresses alone, not for those of its parent. What comes in here is answered
 * over the parent, which a strict rp_filter would not let in; loose wins over strict in net.ipv4.conf.all.
 */
const OWN_IPV4 = { arpIgnore: 1, arpAnnounce: 2, rpFilter: 2 } as const;

/** No IPv6 at all, where IPv4 is what it is for. */
const NO_IPV6 = { disable_ipv6: 1 };

/**
 * No address and no route by a router's advertisement (RFC 9568 §7.4), no question for one, nothing that stays when it
 * goes down. `forwarding` has the kernel say that a router answers (RFC 9568 §8.2.2); whether anything is forwarded
 * is decided by net.ipv6.conf.all.
 */
const OWN_IPV6 = {
  accept_ra: 0,
  autoconf: 0,
  router_solicitations: 0,
  keep_addr_on_down: 0,
  forwarding: 1,
};

/** @throws the refusal, in words. */
export function prepareLink(kernel: Settable, family: Family, link: Link, parent: Link): void {
  if (family === 'ipv4') {
    kernel.setIpv6Settings(link.name, NO_IPV6);
    const { forwarding } = kernel.ipv4Settings(parent.name);
    kernel.setIpv4Settings(link.index, { ...OWN_IPV4, forwarding });
    return;
  }
  kernel.setIpv6Settings(link.name, OWN_IPV6);
  kernel.setIpv4Settings(link.index, { ...OWN_IPV4, forwarding: 0 });
}

export function parentOf(kernel: Settable, { name, index: linkIndex }: Link): ParentSettings {
  const { arpIgnore, arpAnnounce } = kernel.ipv4Settings(name);
  return { interface: name, linkIndex, arpIgnore, arpAnnounce };
}

const needed = ({ arpIgnore, arpAnnounce }: Pick<Ipv4LinkSettings, keyof typeof PARENT_NEEDS>) => ({
  arpIgnore: Math.max(arpIgnore, PARENT_NEEDS.arpIgnore),
  arpAnnounce: Math.max(arpAnnounce, PARENT_NEEDS.arpAnnounce),
});

/** Has the parent's settings be what they must. @throws the refusal, in words. */
export function holdsParent(kernel: Settable, parent: Link): void {
  const found = kernel.ipv4Settings(parent.name);
  const wanted = needed(found);
  if (wanted.arpIgnore === found.arpIgnore && wanted.arpAnnounce === found.arpAnnounce) return;
  kernel.setIpv4Settings(parent.index, wanted);
}

/** Of the parent's settings, those that are still as we set them, with what they were before. */
export function changedByUs(
  kernel: Settable,
  before: ParentSettings,
  link: Link,
): Partial<Ipv4LinkSettings> {
  const found = kernel.ipv4Settings(link.name);
  const ours = needed(before);
  const { arpIgnore, arpAnnounce } = before;
  return {
    ...(found.arpIgnore === ours.arpIgnore && arpIgnore !== ours.arpIgnore ? { arpIgnore } : {}),
    ...(found.arpAnnounce === ours.arpAnnounce && arpAnnounce !== ours.arpAnnounce
      ? { arpAnnounce }
      : {}),
  };
}

/** @returns what was put back. Best effort: an interface that goes meanwhile has nothing to be put back. */
export function putBackParent(
  kernel: Settable,
  before: ParentSettings,
  link: Link,
): Partial<Ipv4LinkSettings> {
  try {
    const values = changedByUs(kernel, before, link);
    if (Object.keys(values).length > 0) kernel.setIpv4Settings(link.index, values);
    return values;
  } catch {
    return {};
  }
}

/** Those of the parents that have still something of ours. */
export const stillChanged = (
  kernel: Settable,
  network: { readonly linkAt: (index: number) => Link | undefined },
  parents: Iterable<ParentSettings>,
): ParentSettings[] =>
  [...parents].filter((before) => {
    const link = network.linkAt(before.linkIndex);
    try {
      return link !== undefined && Object.keys(changedByUs(kernel, before, link)).length > 0;
    } catch {
      return false;
    }
  });
