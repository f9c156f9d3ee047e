// The virtual routers of the pair, and what a reload changes about them. Values only.

/** A type, not an interface: it has to pass for any settings object. */
export type RouterSettings = {
  readonly name: string;
  readonly interface: string;
  readonly vrid: number;
  readonly addresses: readonly string[];
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

export const routersOf = (families: readonly ('ipv4' | 'ipv6')[]): RouterSettings[] =>
  families.map((family) => (family === 'ipv4' ? LAN : LAN6));

/** Every address of `routers` stays one. */
export function changedRouters(
  routers: readonly Readonly<Record<string, unknown>>[],
  change: Change,
): Readonly<Record<string, unknown>>[] {
  const [first = {}, ...others] = routers;
  const [address, moved] = first['addresses'] as readonly string[];
  if (change === 'added') {
    return [{ ...first, addresses: [address, moved, '10.99.0.102/24'] }, ...others];
  }
  const second = { ...first, name: 'second', vrid: 52, addresses: [moved] };
  return [{ ...first, addresses: [address] }, second, ...others];
}
