// One plan over all virtual routers: which lines make the kernel's addresses what they want together. What
// nobody wants goes, what somebody wants stays untouched. Nothing is run here.
import {
  familyOf,
  formatAddressWithPrefix,
  isWithin,
  type AddressWithPrefix,
} from '../model/address.js';
import type { LinkAddress } from '../model/link.js';
import {
  acceptModeLine,
  linkDownLine,
  linkRemovalLines,
  linkUpLine,
  putBackScript,
  releaseBeforeDown,
  releaseScript,
  takeoverScript,
  type AddressTarget,
} from '../model/netlink-script.js';
import { virtualMacNamed } from '../model/virtual-mac.js';
import { placeOf, placesOf, type OwnAddresses } from './own-addresses.js';
import type { PlannedLine } from '../executor/script-outcome.js';

/** What a virtual router wants of its addresses. */
export interface Wish {
  readonly virtualRouter: string;
  readonly target: AddressTarget;
  /** `wanted`: to be there; `kept`: they stay as they are; `released`: those that are ours go. */
  readonly state: 'wanted' | 'kept' | 'released';
  /** Whether its lines belong in this plan. */
  readonly due: boolean;
}

interface PlanInput {
  readonly own: OwnAddresses;
  readonly wishes: readonly Wish[];
  /** What stands on the interface, by the kernel's word. */
  readonly standingOn: (interfaceName: string) => readonly LinkAddress[];
  /** vip.leaseSeconds. */
  readonly leaseSeconds: number;
  /** Whether this interface is there and up. */
  readonly isUp: (interfaceName: string) => boolean;
}

/** One address on one interface, and the virtual router that it is for; null for nobody's any more. */
interface PlannedAddress {
  readonly interface: string;
  readonly address: AddressWithPrefix;
  readonly owner: string | null;
  /** False: nothing but ARP, neighbor discovery and echo is accepted there. */
  readonly acceptMode?: boolean;
}

/** What goes with a removed address; `lifetime` in seconds, null for ever. */
interface Victim extends PlannedAddress {
  readonly lifetime: number | null;
}

export interface Plan {
  readonly lines: readonly PlannedLine[];
  readonly added: readonly PlannedAddress[];
  readonly removed: readonly PlannedAddress[];
  /** What the kernel takes away with a removed one, and the plan puts back. */
  readonly putBack: readonly PlannedAddress[];
}

/**
 * Additions come first, so that an address that moves is answered for all the time; but an IPv6 address cannot
 * stand on an interface with two prefix lengths: there the other one goes first.
 */
export function planAddresses(input: PlanInput): Plan {
  const added = additionsOf(input);
  const removed = removalsOf(input);
  const comes = new Set(added.map(kernelPlaceOf));
  const [before, after] = parted(removed, (one) => comes.has(kernelPlaceOf(one)));
  const putBack = victimsOf(input, removed, added);
  const addition = (one: PlannedAddress): PlannedLine[] =>
    takeoverScript(targetOf(one), input.leaseSeconds).map((line) => ({ line, owner: one.owner }));
  const { ups, downs } = linkLines(input);
  const goesDown = new Set(downs.map(({ interface: name }) => name));
  const removal = (one: PlannedAddress): PlannedLine[] =>
    // With the macvlan, which says nothing when it goes down (downScript).
    goesDown.has(one.interface) && familyOf(one.address.address) === 'ipv6'
      ? []
      : releaseScript(targetOf(one)).map((line) => ({ line, owner: one.owner }));
  const restoration = (one: Victim): PlannedLine[] =>
    one.owner === null
      ? [{ line: putBackScript(one.interface, one.address, one.lifetime), owner: null }]
      : addition(one);
  const lines = [
    ...before.flatMap(removal),
    ...ups,
    ...added.flatMap(addition),
    ...after.flatMap(removal),
    ...putBack.flatMap(restoration),
    ...downs.map(({ line, owner }) => ({ line, owner })),
  ];
  return { lines: [...closing(input, lines, added), ...lines], added, removed, putBack };
}

/**
 * The line that closes addresses before they stand, where any is closed, is to be, or may have been: all that stay
 * are named each time, so that what is not named was given up.
 */
function closing(
  { own, wishes }: PlanInput,
  lines: readonly PlannedLine[],
  added: readonly PlannedAddress[],
): PlannedLine[] {
  const some = own.closesSome || wishes.some(({ target }) => target.acceptMode === false);
  if (lines.length === 0 || !some) return [];
  const stay = wishes.filter(({ state }) => state !== 'released').map(({ target }) => target);
  const opened = added.filter(
    (one) => one.acceptMode !== false && own.closes(one.interface, one.address),
  );
  return [{ line: acceptModeLine(stay, opened.map(targetOf)), owner: null }];
}

/**
 * Each waits 20 ms for the kernel, and a takeover waits for the script. The keeper finds the others when these are down;
 * their addresses are gone by then.
 */
const DOWN_AT_ONCE = 16;

interface LinkLine extends PlannedLine {
  readonly interface: string;
}

/** A macvlan of ours is up as long as it holds addresses, and no longer. */
function linkLines({ wishes, isUp }: PlanInput): { ups: PlannedLine[]; downs: LinkLine[] } {
  const due = wishes.filter((wish) => wish.due && virtualMacNamed(wish.target.interface) !== null);
  const ups = due
    .filter(({ state }) => state === 'wanted')
    .map(({ virtualRouter: owner, target }) => ({ line: linkUpLine(target.interface), owner }));
  const downs = due
    .filter(({ state, target }) => state === 'released' && isUp(target.interface))
    .slice(0, DOWN_AT_ONCE)
    .map(({ virtualRouter: owner, target: { interface: name } }) => ({
      interface: name,
      line: linkDownLine(name),
      owner,
    }));
  return { ups, downs };
}

/**
 * The lines that take all of these away, and put back what is not among them and the kernel takes away with
 * them. `links`: macvlans of ours that are there, and go with what stands on them.
 */
export function removalLines(
  targets: readonly AddressTarget[],
  standingOn: PlanInput['standingOn'],
  links: readonly string[] = [],
): string[] {
  const goes = new Set(links);
  const staying = targets.filter(({ interface: name }) => !goes.has(name));
  const removed = staying.flatMap(({ interface: name, addresses }) =>
    addresses.map((address) => ({ interface: name, address, owner: null })),
  );
  return [
    ...(targets.some(({ acceptMode }) => acceptMode === false) ? [acceptModeLine([])] : []),
    ...staying.flatMap(releaseScript),
    ...targets.filter(({ interface: name }) => goes.has(name)).flatMap(releaseBeforeDown),
    ...victims(removed, standingOn).map(({ interface: name, address, lifetime }) =>
      putBackScript(name, address, lifetime),
    ),
    ...linkRemovalLines(links),
  ];
}

/**
 * What the kernel takes for one address of an interface: it takes no second IPv6 address that differs in the
 * prefix length only.
 */
export const kernelKeyOf = (one: AddressWithPrefix): string =>
  familyOf(one.address) === 'ipv6' ? one.address : formatAddressWithPrefix(one);

const kernelPlaceOf = ({ interface: name, address }: PlannedAddress): string =>
  `${name} ${kernelKeyOf(address)}`;

function additionsOf({ wishes, own, standingOn }: PlanInput): PlannedAddress[] {
  /** By interface: hundreds of virtual routers have the same one. */
  const foreign = new Map<string, ReadonlySet<string>>();
  const foreignOn = (name: string): ReadonlySet<string> => {
    const known = foreign.get(name);
    if (known !== undefined) return known;
    const others = standingOn(name).filter((standing) => !own.has(name, standing));
    const keys = new Set(others.map(kernelKeyOf));
    foreign.set(name, keys);
    return keys;
  };
  return wishes
    .filter(({ state, due }) => state === 'wanted' && due)
    .flatMap(({ virtualRouter: owner, target: { interface: name, addresses, acceptMode } }) => {
      const accepts = acceptMode === false ? { acceptMode } : {};
      const taken = foreignOn(name);
      return addresses
        .filter((address) => !taken.has(kernelKeyOf(address)))
        .map((address) => ({ interface: name, address, owner, ...accepts }));
    });
}

function removalsOf({ wishes, own }: PlanInput): PlannedAddress[] {
  const held = new Set<string>();
  const released = new Map<string, Wish>();
  for (const wish of wishes) {
    for (const place of placesOf(wish.target)) {
      if (wish.state === 'released') released.set(place, wish);
      else held.add(place);
    }
  }
  return [...own].flatMap(({ interface: name, address }) => {
    const place = placeOf(name, address);
    const wish = released.get(place);
    if (held.has(place) || wish?.due === false) return [];
    return [{ interface: name, address, owner: wish?.virtualRouter ?? null }];
  });
}

/** What goes with the removed ones, and who wants it. What was just added goes too. */
function victimsOf(
  { wishes, own, standingOn }: PlanInput,
  removed: readonly PlannedAddress[],
  added: readonly PlannedAddress[],
): Victim[] {
  const owners = new Map<string, string>();
  for (const { virtualRouter, target, state } of wishes) {
    if (state === 'wanted') for (const place of placesOf(target)) owners.set(place, virtualRouter);
  }
  const adding = new Set(added.map(({ interface: name, address }) => placeOf(name, address)));
  return victims(removed, standingOn, added).flatMap((one) => {
    const place = placeOf(one.interface, one.address);
    const owner = owners.get(place) ?? null;
    const ours = own.has(one.interface, one.address) || adding.has(place);
    return ours && owner === null ? [] : [{ ...one, owner: ours ? owner : null }];
  });
}

/**
 * With the first IPv4 address of a subnet Linux removes all others of that subnet on the interface, unless
 * net.ipv4.conf.*.promote_secondaries is set.
 */
function victims(
  removed: readonly PlannedAddress[],
  standingOn: PlanInput['standingOn'],
  added: readonly PlannedAddress[] = [],
): Victim[] {
  const gone = new Set(removed.map(({ interface: name, address }) => placeOf(name, address)));
  const found = new Map<string, Victim>();
  for (const name of new Set(removed.map((one) => one.interface))) {
    const standing = standingOn(name);
    const firsts = standing.filter(
      (one) => !one.secondary && familyOf(one.address) === 'ipv4' && gone.has(placeOf(name, one)),
    );
    const later = added
      .filter((one) => one.interface === name)
      .map(({ address }) => ({ ...address, validSeconds: null }));
    const others = [...standing.filter(({ secondary }) => secondary), ...later];
    for (const first of firsts) {
      for (const { validSeconds: lifetime, address, prefixLength } of others) {
        const other = { address, prefixLength };
        const place = placeOf(name, other);
        if (gone.has(place) || prefixLength !== first.prefixLength) continue;
        if (!isWithin(address, first)) continue;
        found.set(place, { interface: name, address: other, owner: null, lifetime });
      }
    }
  }
  return [...found.values()];
}

const targetOf = ({ interface: name, address }: PlannedAddress): AddressTarget => ({
  interface: name,
  addresses: [address],
});

function parted<T>(all: readonly T[], is: (one: T) => boolean): [T[], T[]] {
  const [first, second]: [T[], T[]] = [[], []];
  for (const one of all) (is(one) ? first : second).push(one);
  return [first, second];
}
