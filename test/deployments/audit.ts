// Whose address Octopus notes for a request, by its rule for trusted proxies: the rightmost of
// X-Forwarded-For that is not trusted itself. Pure.
import { isWithin, parseAddress, parseAddressWithPrefix } from '../../src/model/address.js';
import type { Asked } from './stand-in.js';

/** @param trusted are addresses, or ranges with a prefix length. */
export function auditedAddress({ from, forwardedFor }: Asked, trusted: readonly string[]): string {
  const isTrusted = (text: string): boolean => {
    const address = parseAddress(text);
    return trusted.some((one) => {
      const range = parseAddressWithPrefix(one.includes('/') ? one : `${one}/32`);
      return address !== null && range !== null && isWithin(address, range);
    });
  };
  const chain = (forwardedFor ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  if (!isTrusted(from) || chain.length === 0) return from;
  return chain.findLast((one) => !isTrusted(one)) ?? chain[0] ?? from;
}
