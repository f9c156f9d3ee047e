// The netlink scripts (`ip -batch` lines) that put virtual addresses on an interface and take them
// off again. Text only: nothing is run here. `understudy plan` prints exactly this.
import { familyOf, formatAddressWithPrefix, type AddressWithPrefix } from './address.js';

export interface AddressTarget {
  readonly interface: string;
  /** The interface that had the name when they were put there, where that is known. */
  readonly linkIndex?: number;
  readonly addresses: readonly AddressWithPrefix[];
}

/**
 * The lines that make the addresses present, for `leaseSeconds` unless they are renewed (0: for
 * ever). `replace` makes them repeatable. An IPv6 virtual address skips duplicate address detection
 * (the previous Active may hold it for another moment) and is deprecated, so that the kernel never
 * picks it as a source (both measured on Linux 6.18).
 */
export function takeoverScript(target: AddressTarget, leaseSeconds: number): string[] {
  const valid = leaseSeconds === 0 ? '' : ` valid_lft ${leaseSeconds}`;
  return target.addresses.map((value) => {
    const line = `address replace ${formatAddressWithPrefix(value)} dev ${target.interface}`;
    if (familyOf(value.address) === 'ipv6') return `${line} nodad${valid} preferred_lft 0`;
    return leaseSeconds === 0 ? line : `${line}${valid} preferred_lft ${leaseSeconds}`;
  });
}

/** The lines that make the addresses absent. */
export function releaseScript(target: AddressTarget): string[] {
  return target.addresses.map(
    (value) => `address del ${formatAddressWithPrefix(value)} dev ${target.interface}`,
  );
}

/**
 * The line that puts back an address of somebody else's that the kernel took away with one of ours, for
 * `lifetime` seconds (null: for ever). It changes nothing where the address still stands.
 */
export function putBackScript(
  interfaceName: string,
  value: AddressWithPrefix,
  lifetime: number | null,
): string {
  const line = `address add ${formatAddressWithPrefix(value)} dev ${interfaceName}`;
  return lifetime === null ? line : `${line} valid_lft ${lifetime} preferred_lft ${lifetime}`;
}
