// The netlink scripts (`ip -batch` lines) that put virtual addresses on an interface and take them
// off again. Text only: nothing is run here. `understudy plan` prints exactly this.
import {
  familyOf,
  formatAddressWithPrefix,
  isLinkLocal,
  type AddressWithPrefix,
} from './address.js';
import { placeOfAddresses, virtualMacNamed, type Placeable } from './virtual-mac.js';

export interface AddressTarget {
  readonly interface: string;
  /** The interface that had the name when they were put there, where that is known. */
  readonly linkIndex?: number;
  readonly addresses: readonly AddressWithPrefix[];
  /** False: nothing but ARP, neighbor discovery and echo is accepted there (RFC 9568 §6.1). */
  readonly acceptMode?: boolean;
}

/** With this begins the line for scripts/accept-mode; a comment to everybody else. */
const ACCEPT_MODE = '#accept-mode false:';

/**
 * The first line of a script that is to run through scripts/accept-mode. It names everything that is to stand
 * and accepts nothing. What it does not name is accepted as soon as it stands no longer, and what is `opened` at once.
 */
export function acceptModeLine(
  targets: readonly AddressTarget[],
  opened: readonly AddressTarget[] = [],
): string {
  const names = (all: readonly AddressTarget[]): Set<string> =>
    new Set(
      all.flatMap(({ interface: name, addresses }) =>
        addresses.map(({ address }) => (isLinkLocal(address) ? `${address}%${name}` : address)),
      ),
    );
  const closed = names(targets.filter(({ acceptMode }) => acceptMode === false));
  const open = opened.length === 0 ? [] : ['true:', ...names(opened)];
  return [ACCEPT_MODE, ...closed, ...open].join(' ');
}

/** Whether the script is to run through scripts/accept-mode. */
export const closesAddresses = (lines: readonly string[]): boolean =>
  lines[0]?.startsWith(ACCEPT_MODE) === true;

/** As `understudy plan` shows a script of one virtual router: what is accepted at its addresses is said first. */
const withAcceptMode = (
  { acceptMode }: AddressTarget,
  named: readonly AddressTarget[],
  lines: readonly string[],
): string[] => (acceptMode === false ? [acceptModeLine(named), ...lines] : [...lines]);

/**
 * The lines that make the addresses present, for `leaseSeconds` unless they are renewed (0: for
 * ever). `replace` makes them repeatable. An IPv6 virtual address skips duplicate address detection
 * (the previous Active may hold it for another moment) and is deprecated, so that the kernel never
 * picks it as a source (both measured on Linux 6.18). On a macvlan of ours the route to its subnet comes
 * last: what is sent there leaves by the interface itself as long as that has a route.
 */
export function takeoverScript(target: AddressTarget, leaseSeconds: number): string[] {
  const valid = leaseSeconds === 0 ? '' : ` valid_lft ${leaseSeconds}`;
  const metric = virtualMacNamed(target.interface) === null ? '' : ` metric ${LAST_METRIC}`;
  return target.addresses.map((value) => {
    const line = `address replace ${formatAddressWithPrefix(value)} dev ${target.interface}${metric}`;
    if (familyOf(value.address) === 'ipv6') return `${line} nodad${valid} preferred_lft 0`;
    return leaseSeconds === 0 ? line : `${line}${valid} preferred_lft ${leaseSeconds}`;
  });
}

/** Of the route that comes with an address: behind every other one of the same subnet. */
const LAST_METRIC = 60_000;

/** A group of interfaces that nothing else is in (ip-link(8)); deleted together, 250 take as long as three. */
const DELETED_GROUP = 1_970_496_118;

/** The line that has our macvlan receive frames; addresses come behind it. */
export const linkUpLine = (name: string): string => `link set dev ${name} up`;

/** The line that has it receive no frame; an IPv6 address goes with it. */
export const linkDownLine = (name: string): string => `link set dev ${name} down`;

/** The lines that delete our macvlans, and what stands on them. */
export const linkRemovalLines = (names: readonly string[]): string[] =>
  names.length === 0
    ? []
    : [
        ...names.map((name) => `link set dev ${name} group ${DELETED_GROUP}`),
        `link del group ${DELETED_GROUP}`,
      ];

/** The lines that make the addresses absent. */
export function releaseScript(target: AddressTarget): string[] {
  return target.addresses.map(
    (value) => `address del ${formatAddressWithPrefix(value)} dev ${target.interface}`,
  );
}

/**
 * The line that puts back an address of somebody else's that the kernel took away with one of ours, for
 * `lifetime` seconds (null: for ever). It changes nothing where the address still stands.
 */
export function putBackScript(
  interfaceName: string,
  value: AddressWithPrefix,
  lifetime: number | null,
): string {
  const line = `address add ${formatAddressWithPrefix(value)} dev ${interfaceName}`;
  return lifetime === null ? line : `${line} valid_lft ${lifetime} preferred_lft ${lifetime}`;
}

type Router = AddressTarget & Placeable;

/** Where its addresses stand: on its macvlan, where it has one. */
const targetOf = ({ addresses, acceptMode, ...router }: Router): AddressTarget => ({
  interface: placeOfAddresses(router),
  addresses,
  ...(acceptMode === undefined ? {} : { acceptMode }),
});

/** What a virtual router runs when it becomes Active. */
export function takeoverOf(router: Router, leaseSeconds: number): string[] {
  const target = targetOf(router);
  const lines = takeoverScript(target, leaseSeconds);
  const up = router.virtualMac ? [linkUpLine(target.interface)] : [];
  return withAcceptMode(router, [target], [...up, ...lines]);
}

/** What it runs when it leaves. */
export function releaseOf(router: Router): string[] {
  const target = targetOf(router);
  return withAcceptMode(router, [], router.virtualMac ? downScript(target) : releaseScript(target));
}

/** The lines that have a macvlan of ours hold nothing and receive nothing. */
export const downScript = (target: AddressTarget): string[] => [
  ...releaseBeforeDown(target),
  linkDownLine(target.interface),
];

/**
 * What of these goes before their macvlan goes down. IPv4 does, at once, however many there are (to take a macvlan down
 * waits for the kernel, 20 ms each). IPv6 goes with it: taken off before, an address would say so in a frame from the
 * virtual MAC address, and the switches would send us what is meant for the successor.
 */
export const releaseBeforeDown = (target: AddressTarget): string[] =>
  releaseScript({
    ...target,
    addresses: target.addresses.filter(({ address }) => familyOf(address) === 'ipv4'),
  });
