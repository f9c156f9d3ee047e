// What an agent before this one has left on the interfaces, told from what somebody else has put there. It
// changes nothing.
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import { formatAddressWithPrefix } from '../model/address.js';
import type { LinkAddress } from '../model/link.js';
import type { AddressTarget } from '../model/netlink-script.js';
import type { VirtualMacLeftovers } from '../model/virtual-mac.js';
import { presentOf } from './address-presence.js';
import type { Network } from './network.js';
import {
  endsLikeOurs,
  placeOf,
  placesOf,
  type OwnAddress,
  type OwnAddresses,
} from './own-addresses.js';
import type { PlacedRouter } from './placement.js';

/** What an agent before this one has recorded. */
export interface Leftovers {
  /** What it had put on an interface. */
  readonly standing: readonly AddressTarget[];
  /** What did not stand, and it might have put there any moment. */
  readonly mayAdd?: readonly AddressTarget[];
  /** It died as Active, or while it kept what such a one had left. */
  readonly inherits?: boolean;
  readonly virtualMacs?: VirtualMacLeftovers;
}

export const NOTHING_LEFT: Leftovers = { standing: [] };

/** The interfaces and addresses of this host. */
export type Standing = Pick<Network, 'linkNamed' | 'linkAt' | 'standingOn'>;

/**
 * Adds to `own` what is ours of what stands: it is recorded, or has a lifetime that only we give. For the next agent
 * and for a release alike.
 */
export function recognize(
  own: OwnAddresses,
  input: {
    readonly network: Standing;
    readonly vip: Pick<Settings['vip'], 'leaseSeconds'>;
    readonly routers: readonly VirtualRouterSettings[];
    readonly leftovers: Leftovers;
  },
): void {
  const { network, routers, leftovers } = input;
  const { leaseSeconds } = input.vip;
  const listed = new Set(routers.flatMap(placesOf));
  const placed = (target: AddressTarget): OwnAddress[] => {
    const { interface: former, linkIndex, addresses, acceptMode } = target;
    // It may have been renamed meanwhile, or made anew under its name.
    const byIndex = linkIndex === undefined ? undefined : network.linkAt(linkIndex);
    const link = byIndex ?? network.linkNamed(former);
    const name = link?.name ?? former;
    const index = link?.index ?? linkIndex ?? null;
    const accepts = acceptMode === false ? { acceptMode } : {};
    return addresses.map((address) => ({
      interface: name,
      linkIndex: index,
      address,
      ...accepts,
    }));
  };
  const standingAs = ({ interface: name, address }: OwnAddress): LinkAddress | undefined =>
    network.standingOn(name).get(formatAddressWithPrefix(address));
  for (const one of leftovers.standing.flatMap(placed)) {
    // A script of the user's own may have put elsewhere what no setting names any longer.
    const isListed = listed.has(placeOf(one.interface, one.address));
    if (standingAs(one) !== undefined || !isListed) own.add(one);
  }
  const mayBeOurs = (leftovers.mayAdd ?? []).flatMap(placed);
  for (const one of [...mayBeOurs, ...routers.flatMap(placed)]) {
    const there = standingAs(one);
    if (there === undefined) continue;
    // Without a lifetime of ours it may have been put there since by somebody else.
    const recorded = leaseSeconds === 0 && mayBeOurs.includes(one);
    if (!recorded && !endsLikeOurs(there, leaseSeconds)) continue;
    // What other settings have closed is closed until a script opens it.
    own.add(own.closes(one.interface, one.address) ? { ...one, acceptMode: false } : one);
  }
}

/** What of these virtual routers does not stand, and may any moment because of us: recorded before it is put there. */
export const mayAddOf = (
  network: Pick<Standing, 'linkNamed' | 'standingOn'>,
  own: OwnAddresses,
  routers: readonly PlacedRouter[],
): AddressTarget[] =>
  routers.flatMap((settings) => {
    const { interface: name } = settings;
    const present = new Set(presentOf(network, settings));
    const addresses = settings.addresses.filter((one) => !present.has(one) && !own.has(name, one));
    const index = network.linkNamed(name)?.index;
    const link = index === undefined ? {} : { linkIndex: index };
    const accepts = settings.acceptMode ? {} : { acceptMode: false };
    return addresses.length === 0 ? [] : [{ interface: name, ...link, addresses, ...accepts }];
  });

/** Of these, what the kernel says does stand there. */
export const remainingOf = (
  network: Pick<Standing, 'standingOn'>,
  standing: readonly AddressTarget[],
): AddressTarget[] =>
  standing
    .map(({ interface: name, addresses }) => {
      const present = network.standingOn(name);
      const left = addresses.filter(
        (one) => present.get(formatAddressWithPrefix(one)) !== undefined,
      );
      return { interface: name, addresses: left };
    })
    .filter(({ addresses }) => addresses.length > 0);
