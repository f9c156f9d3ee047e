// The ports of an appliance: one for each interface and family in use, with its virtual routers and what they
// advertise from. No kernel: network.ts opens and closes them.
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import type { AdvertisementSocket } from '../kernel/kernel.js';
import type { Family, IpAddress } from '../model/address.js';
import { after, microseconds, type Instant } from '../model/units.js';
import type { DeliveryScope } from '../wire/advertisement.js';
import {
  isSameSources,
  keepSources,
  NO_SOURCES,
  virtualAddresses,
  type Sources,
} from './sources.js';

/**
 * For so long a missing primary address is still advertised from. Whatever configures the network may take all
 * addresses off an interface and put them back (systemd-networkd, NetworkManager, a DHCP client): the role and the
 * virtual addresses stay meanwhile. Duplicate address detection is over by then, too.
 */
const ADDRESS_GRACE = microseconds(3_000_000);

/** One interface and family with the virtual routers on it. */
export interface Port {
  readonly key: string;
  readonly interface: string;
  readonly family: Family;
  /** By VRID. */
  readonly routers: ReadonlyMap<number, VirtualRouterSettings>;
  /** What its virtual routers share with others: none of our own addresses. */
  readonly virtual: ReadonlySet<IpAddress>;
  scope: DeliveryScope;
  /** Addresses of peers that this interface reaches directly. */
  neighbours: readonly IpAddress[];
  sources: Sources;
  /** Since when a primary address has been missing that is still advertised from; null when none is. */
  missingSince: Instant | null;
  socket: AdvertisementSocket | null;
  linkIndex: number | null;
  failure: string | null;
  /** What its virtual routers were told, so that only changes are; undefined before the first time. */
  told: { readonly sources: Sources; readonly open: boolean } | undefined;
}

/**
 * The sources of the port are `found` from now on. One that is missing is kept for ADDRESS_GRACE while the link is
 * there: a link that is down has a fault of its own.
 * @returns when to look again; null for nothing missing.
 */
export function setSources(
  port: Port,
  found: Sources,
  { linked, now }: { readonly linked: boolean; readonly now: Instant },
): Instant | null {
  const kept = keepSources(port.sources, found);
  const since = port.missingSince ?? now;
  const until = after(since, ADDRESS_GRACE);
  const keeps = linked && now < until && !isSameSources(kept, found);
  port.sources = keeps ? kept : found;
  port.missingSince = keeps ? since : null;
  return keeps ? until : null;
}

const NOBODY: DeliveryScope = {
  ownAddresses: new Set(),
  ownSources: new Set(),
  unicastPeers: new Set(),
  networks: [],
};

/** The ports that the settings need, closed. */
export function portsOf(settings: Settings): Map<string, Port> {
  const routers = new Map<string, Map<number, VirtualRouterSettings>>();
  const virtuals = new Map<string, Set<IpAddress>>();
  const ports = new Map<string, Port>();
  for (const router of settings.virtualRouters) {
    const key = `${router.interface}/${router.family}`;
    const known = routers.get(key) ?? new Map<number, VirtualRouterSettings>();
    known.set(router.vrid, router);
    routers.set(key, known);
    const virtual = virtuals.get(key) ?? new Set<IpAddress>();
    virtuals.set(key, virtual);
    for (const address of virtualAddresses([router])) virtual.add(address);
    if (ports.has(key)) continue;
    ports.set(key, {
      key,
      interface: router.interface,
      family: router.family,
      routers: known,
      virtual,
      scope: NOBODY,
      neighbours: [],
      sources: NO_SOURCES,
      missingSince: null,
      socket: null,
      linkIndex: null,
      failure: null,
      told: undefined,
    });
  }
  return ports;
}
