// An interface and the addresses on it as the kernel reports them. No policy on what is good enough.
import type { AddressWithPrefix } from './address.js';

/** One network interface (rtnetlink RTM_NEWLINK). */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** Carrier (IFLA_CARRIER and IFF_LOWER_UP). */
  readonly carrier: boolean;
  readonly mtu: number;
  /** `02:00:00:00:00:01`; empty for an interface without a link-layer address. */
  readonly macAddress: string;
  /** IFF_NOARP, else absent: nobody can look for an address there. */
  readonly noArp?: true;
  /** Without IFF_MULTICAST, else absent. */
  readonly noMulticast?: true;
  /** Index of the interface that a macvlan or a VLAN stands on, else absent. In another namespace it says nothing. */
  readonly lower?: number;
  /** Index of the bridge, bond or VRF that it belongs to, else absent. */
  readonly controller?: number;
}

/** One address on an interface (rtnetlink RTM_NEWADDR). */
export interface LinkAddress extends AddressWithPrefix {
  readonly linkIndex: number;
  /** Duplicate address detection has not finished (IFA_F_TENTATIVE) or has failed (DADFAILED). */
  readonly usable: boolean;
  /** IFA_F_SECONDARY: an IPv4 address after the first of its subnet. */
  readonly secondary: boolean;
  /** What was left of its lifetime when the kernel last told of it, in seconds; null for ever. */
  readonly validSeconds: number | null;
}
