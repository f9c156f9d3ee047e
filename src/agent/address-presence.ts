// Which addresses of a virtual router the kernel answers for, by its own word. Hundreds on either side: no
// comparing of each with each.
import { formatAddressWithPrefix, type AddressWithPrefix } from '../model/address.js';
import type { Network } from './network.js';
import type { PlacedRouter } from './placement.js';

type Standing = Pick<Network, 'standingOn'>;
type Wanted = Pick<PlacedRouter, 'interface' | 'family' | 'addresses' | 'virtualMac'>;

export function presentOf(
  network: Standing,
  { interface: name, family, addresses }: Wanted,
): AddressWithPrefix[] {
  const standing = network.standingOn(name);
  // The kernel takes no second IPv6 address that differs in the prefix length only (kernelKeyOf).
  return addresses.filter((one) =>
    family === 'ipv4'
      ? standing.get(formatAddressWithPrefix(one)) !== undefined
      : standing.with(one.address).length > 0,
  );
}

/** Whether the kernel answers for all of them: one that is tentative it does not. */
export function answersAll(
  network: Standing & Pick<Network, 'linkNamed'>,
  { interface: name, family, addresses, virtualMac }: Wanted,
): boolean {
  // An IPv4 address stays on a macvlan that goes down, and nobody answers for it.
  if (virtualMac && network.linkNamed(name)?.up !== true) return false;
  const standing = network.standingOn(name);
  if (family === 'ipv4') {
    return addresses.every((one) => standing.get(formatAddressWithPrefix(one)) !== undefined);
  }
  return addresses.every(({ address }) => standing.with(address).some(({ usable }) => usable));
}
