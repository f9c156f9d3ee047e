// What of an interface does not fit the virtual router on it: it is not there, nobody hears it, nobody finds it,
// or it has no address to send from. Each is handled by the agent, and told here before it surprises. Pure.
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import { familyOf, isLinkLocal } from '../model/address.js';
import { virtualAddresses } from '../model/own-source.js';
import type { HostFacts, LinkKind } from './facts.js';
import { advice, type HostFinding } from './finding.js';
import { namedInterfaces } from './named.js';

export function interfaceFindings(settings: Settings, host: HostFacts): HostFinding[] {
  const { links } = host;
  if (links === null) return [];
  const gone = namedInterfaces(settings)
    .filter(({ name }) => !links.has(name))
    .map(({ setting, name, effect }) =>
      advice(setting, `there is no interface ${name} on this host now; ${effect}`),
    );
  const virtual = virtualAddresses(settings);
  // Of an Active of many, nearly all that stands is virtual.
  const unshared = host.addresses.filter(({ address }) => !virtual.has(address));
  const there = settings.virtualRouters.flatMap((router, index) => {
    const kind = links.get(router.interface);
    if (kind === undefined || kind === 'unknown') return [];
    return [
      ...kindProblems(router, kind),
      ...(kind === 'loopback' ? [] : groupProblems(router, host)),
      ...(kind === 'loopback' ? [] : sourceProblems(router, unshared)),
    ].map((message) => advice(`virtualRouters[${index}].interface`, message));
  });
  return [...gone, ...there];
}

function kindProblems({ interface: name, family }: VirtualRouterSettings, kind: LinkKind) {
  switch (kind) {
    case 'no-mac':
      return [
        `${name} has no MAC address (tun, WireGuard, PPP): nothing can be announced on it, so clients must route to it`,
      ];
    case 'loopback':
      return [
        `${name} is the loopback: no other router hears an advertisement on it, and none comes from there`,
      ];
    case 'no-arp':
      return family === 'ipv4'
        ? [
            `${name} has ARP switched off: nobody finds an address on it; ip link set ${name} arp on`,
          ]
        : [];
    case 'ethernet':
    case 'unknown':
      return [];
  }
}

/** Advertisements go to the group unless other routers are listed. */
function groupProblems(
  { interface: name, unicastPeers }: VirtualRouterSettings,
  { noMulticast }: HostFacts,
): string[] {
  if (unicastPeers.length > 0 || noMulticast?.has(name) !== true) return [];
  return [
    `${name} carries no multicast: advertisements may reach nobody; ip link set ${name} multicast on, or list unicastPeers`,
  ];
}

/** Where a virtual router would wait: it has no address of its own to advertise from. */
function sourceProblems(
  { interface: name, family, unicastPeers }: VirtualRouterSettings,
  unshared: HostFacts['addresses'],
): string[] {
  const own = unshared.filter((one) => one.interface === name && familyOf(one.address) === family);
  if (family === 'ipv4') {
    return own.length > 0 ? [] : [`${name} has no IPv4 address of its own to advertise from`];
  }
  const far = unicastPeers.some((peer) => !isLinkLocal(peer));
  if (own.some(({ address }) => isLinkLocal(address) !== far)) return [];
  return far
    ? [
        `${name} has no IPv6 address of its own, other than link-local ones, to reach unicastPeers from`,
      ]
    : [
        `${name} has no IPv6 link-local address of its own to advertise from: it is down, IPv6 is disabled there (sysctl net.ipv6.conf.${name}.disable_ipv6), or its MTU is below 1280`,
      ];
}
