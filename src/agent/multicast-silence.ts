// What switches hear of the multicast groups of macvlans with a virtual MAC address: nothing from the macvlan, and all
// from its parent. A report (IGMP, MLD) from the virtual MAC address would have them send us what is meant for whoever
// has the role: one is due when a macvlan goes up, and with each group that is left.
import type { Kernel, KernelError, Membership } from '../kernel/kernel.js';
import {
  addressBytes,
  addressFromBytes,
  familyOf,
  type AddressWithPrefix,
  type IpAddress,
} from '../model/address.js';
import type { Link } from '../model/link.js';

interface Silent {
  readonly name: string;
  readonly addresses: readonly AddressWithPrefix[];
}

/** What one macvlan was given, or was to be given. */
interface Given {
  readonly addresses: readonly AddressWithPrefix[];
  readonly linkIndex: number;
  readonly parentIndex: number;
  readonly membership: Membership | null;
  /** In words, why not; null when it was given. */
  readonly problem: string | null;
}

export class MulticastSilence {
  readonly #kernel: Pick<Kernel, 'dropMulticastReports' | 'openMembership'>;
  readonly #given = new Map<string, Given>();

  constructor(kernel: Pick<Kernel, 'dropMulticastReports' | 'openMembership'>) {
    this.#kernel = kernel;
  }

  /** In words, why switches hear of it nevertheless; null while they do not. */
  problemOf(name: string): string | null {
    return this.#given.get(name)?.problem ?? null;
  }

  /**
   * The macvlan says nothing from now on. Its parent is a member of the groups that neighbor solicitations for its
   * addresses are sent to (RFC 9568 §6.4.3), in Backup, too: a switch that snoops knows where to send them when the role
   * comes. Again it does nothing; what was refused is not tried again before `retry`.
   */
  keep({ name, addresses }: Silent, link: Link, parent: Link): void {
    const known = this.#given.get(name);
    const [linkIndex, parentIndex] = [link.index, parent.index];
    const same =
      known?.addresses === addresses &&
      known.linkIndex === linkIndex &&
      known.parentIndex === parentIndex;
    if (same) return;
    this.forget(name);
    let membership: Membership | null = null;
    let problem: string | null = null;
    try {
      this.#kernel.dropMulticastReports(linkIndex);
      const groups = groupsOf(addresses);
      if (groups.length > 0) membership = this.#kernel.openMembership(parentIndex, groups);
    } catch (error) {
      problem = `switches may send to ${name} too early: its IGMP and MLD cannot be kept back: ${reasonOf(error as KernelError)}`;
    }
    this.#given.set(name, { addresses, linkIndex, parentIndex, membership, problem });
  }

  /** Those that were refused are tried again with the next `keep`. */
  retry(): void {
    for (const [name, { problem }] of this.#given) if (problem !== null) this.forget(name);
  }

  forget(name: string): void {
    this.#given.get(name)?.membership?.close();
    this.#given.delete(name);
  }
}

/** A kernel that does not know a kind of filter answers ENOENT. */
const reasonOf = ({ code, syscall, message }: KernelError): string =>
  code === 'ENOENT' || code === 'EOPNOTSUPP'
    ? `${syscall} failed with ${code}: load the kernel modules sch_ingress and cls_bpf, then reload`
    : message;

/** IPv4 has no such groups: ARP is broadcast. */
const groupsOf = (addresses: readonly AddressWithPrefix[]) => [
  ...new Set(
    addresses
      .filter(({ address }) => familyOf(address) === 'ipv6')
      .map(({ address }) => solicitedNodeGroup(address)),
  ),
];

/** The group that a neighbor solicitation for the IPv6 address is sent to: ff02::1:ff00:0/104 (RFC 4291 §2.7.1). */
function solicitedNodeGroup(address: IpAddress): IpAddress {
  const group = new Uint8Array(16);
  group.set([0xff, 0x02]);
  group.set([1, 0xff], 11);
  group.set(addressBytes(address).subarray(13), 13);
  return addressFromBytes(group, 0, 'ipv6');
}
