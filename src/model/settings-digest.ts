// Numbers by which two appliances see that settings that must agree do not. Not a defence against
// forgery: the messages that carry them are authenticated.
import { compareAddresses, formatAddressWithPrefix, type AddressWithPrefix } from './address.js';
import type { Family } from './address.js';

/** FNV-1a, 32 bits, over the UTF-16 code units of the text. */
export function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * How a difference of rules is called: not a fault, since one appliance may have a check that the other
 * has not; but nearly always a slip, so that it is said.
 */
export const OTHER_RULES = 'other monitoring, flap, preemption or witness settings';

interface Ordered {
  readonly name: string;
  readonly family: Family;
  readonly vrid: number;
}

/** The order in which both sides speak of their virtual routers: family, VRID, name. */
export const routerOrder = (a: Ordered, b: Ordered): number => {
  if (a.family !== b.family) return a.family < b.family ? -1 : 1;
  if (a.vrid !== b.vrid) return a.vrid - b.vrid;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
};

/** Addresses in an order that does not depend on how the settings list them. */
export const addressText = (addresses: readonly AddressWithPrefix[]): string =>
  [...addresses]
    .sort((a, b) => compareAddresses(a.address, b.address))
    .map(formatAddressWithPrefix)
    .join(' ');
