// The virtual routers of the pair, and what a reload changes about them. Values only.
import type { PairPlan } from './storm.js';

/** A type, not an interface: it has to pass for any settings object. */
export type RouterSettings = {
  readonly name: string;
  readonly interface: string;
  readonly vrid: number;
  readonly addresses: readonly string[];
  /** In active-active. */
  readonly primary?: string;
};

/** `added`: an address more. `moved`: the second address to a virtual router of its own. */
export type Change = 'added' | 'moved';

const LAN: RouterSettings = {
  name: 'lan',
  interface: 'eth0',
  vrid: 51,
  addresses: ['10.99.0.100/24', '10.99.0.101/24'],
};

const LAN6: RouterSettings = {
  name: 'lan6',
  interface: 'eth0',
  vrid: 51,
  addresses: ['fe80::64/64', '2001:db8:99::100/64'],
};

/** What only active-active has, so that there is one for each. */
const WEST: RouterSettings = {
  name: 'west',
  interface: 'eth0',
  vrid: 53,
  addresses: ['10.99.0.105/24'],
};

export function routersOf({
  families,
  mode,
}: Pick<PairPlan, 'families' | 'mode'>): RouterSettings[] {
  const routers = families.map((family) => (family === 'ipv4' ? LAN : LAN6));
  if (mode === 'active-passive') return routers;
  return [...routers.map((router) => ({ ...router, primary: 'a' })), { ...WEST, primary: 'b' }];
}

const isIpv6 = (addresses: readonly string[]): boolean =>
  addresses.some((address) => address.includes(':'));

/** Every address of `routers` stays one. */
export function changedRouters(
  routers: readonly Readonly<Record<string, unknown>>[],
  change: Change,
): Readonly<Record<string, unknown>>[] {
  const [first = {}, ...others] = routers;
  const [address = '', moved = ''] = first['addresses'] as readonly string[];
  const six = isIpv6([address]);
  if (change === 'added') {
    const added = six ? '2001:db8:99::102/64' : '10.99.0.102/24';
    return [{ ...first, addresses: [address, moved, added] }, ...others];
  }
  // Each virtual router of IPv6 begins with a link-local address.
  const addresses = six ? ['fe80::65/64', moved] : [moved];
  const second = { ...first, name: 'second', vrid: 52, addresses };
  return [{ ...first, addresses: [address] }, second, ...others];
}
