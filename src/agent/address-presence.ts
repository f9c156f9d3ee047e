// Which addresses of a virtual router the kernel answers for, by its own word. Hundreds on either side: no
// comparing of each with each.
import { formatAddressWithPrefix, type AddressWithPrefix } from '../model/address.js';
import { kernelKeyOf } from './address-plan.js';
import type { Network } from './network.js';
import type { PlacedRouter } from './placement.js';

type Standing = Pick<Network, 'addressesOn' | 'addressTextsOn'>;
type Wanted = Pick<PlacedRouter, 'interface' | 'family' | 'addresses' | 'virtualMac'>;

export function presentOf(
  network: Standing,
  { interface: name, family, addresses }: Wanted,
): AddressWithPrefix[] {
  const texts = network.addressTextsOn(name);
  const present = addresses.filter((one) => texts.has(formatAddressWithPrefix(one)));
  if (family === 'ipv4' || present.length === addresses.length) return present;
  const keys = new Set(network.addressesOn(name).map(kernelKeyOf));
  return addresses.filter((one) => keys.has(kernelKeyOf(one)));
}

/** Whether the kernel answers for all of them: one that is tentative it does not. */
export function answersAll(
  network: Standing & Pick<Network, 'linkNamed'>,
  { interface: name, family, addresses, virtualMac }: Wanted,
): boolean {
  // An IPv4 address stays on a macvlan that goes down, and nobody answers for it.
  if (virtualMac && network.linkNamed(name)?.up !== true) return false;
  if (family === 'ipv4') {
    const texts = network.addressTextsOn(name);
    return addresses.every((virtual) => texts.has(formatAddressWithPrefix(virtual)));
  }
  const usable = network.addressesOn(name).filter((address) => address.usable);
  const keys = new Set(usable.map(kernelKeyOf));
  return addresses.every((virtual) => keys.has(kernelKeyOf(virtual)));
}
