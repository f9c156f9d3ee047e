// What the keeper knows of the addresses of one virtual router, and the lines that put them on an
// interface or take them off. No script is run and nothing is decided here.
import type { VirtualRouterSettings } from '../config/settings.js';
import { activeDownInterval } from '../core/timing.js';
import type { RunRequest } from '../executor/executor.js';
import { formatAddressWithPrefix, type AddressWithPrefix } from '../model/address.js';
import { releaseScript, takeoverScript, type AddressTarget } from '../model/netlink-script.js';
import { milliseconds, type Instant, type Microseconds } from '../model/units.js';

/** A netlink script that takes longer than this hangs. */
export const SCRIPT_TIMEOUT = milliseconds(5_000);

export interface Keeping {
  settings: VirtualRouterSettings;
  /** An address owner's addresses are the interface's own: neither added nor removed. */
  owned: boolean;
  wanted: boolean;
  /** When its lines belong into a script: with the next one, when the retry is due, or not at all. */
  due: 'now' | 'retry' | null;
  /** A script that is to put them in place is under way. */
  adding: boolean;
  /** They have stood since they were last wanted: the kernel has said so, or the script. */
  confirmed: boolean;
  /** The script has succeeded, but the kernel does not answer for every address: waits until then. */
  serviceBy: Instant | null;
  /** Somebody removed an address that is wanted; told once. */
  disturbed: boolean;
  /** The interface that they were last put on: its index, whatever it is called meanwhile. */
  linkIndex: number | null;
  /** The kernel has shown all of them there since they were last wanted: what it no longer shows is lost. */
  seen: boolean;
  /** What may stand on the interface because of us. */
  standing: AddressTarget | null;
  /**
   * An agent that died as Active has left the addresses: they stay until its successor is heard, or
   * until then, as its last will would have it. Null when that is over, or was never so.
   */
  inheritedUntil: Instant | null;
}

/** The call of the netlink script runner that runs these lines. */
export const scriptRequest = (script: string, lines: readonly string[]): RunRequest => ({
  argv: [script],
  input: `${lines.join('\n')}\n`,
  timeout: SCRIPT_TIMEOUT,
});

export function disinherit(keeping: Keeping): void {
  keeping.inheritedUntil = null;
  keeping.due = 'now';
}

/** Priority 1 has the longest Active_Down_Interval: whoever is there has taken over by then. */
export const longestActiveDown = ({ advertisementInterval }: VirtualRouterSettings): Microseconds =>
  activeDownInterval(1, advertisementInterval);

export const targetOf = ({ interface: name, addresses }: VirtualRouterSettings): AddressTarget => ({
  interface: name,
  addresses,
});

/** Takeover also removes what the settings no longer list; release removes all that may stand. */
export function linesFor({ settings, standing, wanted }: Keeping, leaseSeconds: number): string[] {
  const target = targetOf(settings);
  const former = (standing?.addresses ?? []).filter(
    (address) => !settings.addresses.some((current) => sameAddress(current, address)),
  );
  const dropped = releaseScript({ interface: settings.interface, addresses: former });
  return [...dropped, ...(wanted ? takeoverScript(target, leaseSeconds) : releaseScript(target))];
}

export const sameAddress = (a: AddressWithPrefix, b: AddressWithPrefix): boolean =>
  a.address === b.address && a.prefixLength === b.prefixLength;

export const keyOf = (interfaceName: string, address: AddressWithPrefix): string =>
  `${interfaceName} ${formatAddressWithPrefix(address)}`;

export const keysOf = ({ interface: name, addresses }: AddressTarget): string[] =>
  addresses.map((address) => keyOf(name, address));

/** The leftovers that belong to no virtual router any longer. */
export function unclaimed(
  leftovers: readonly AddressTarget[],
  claimed: ReadonlySet<string>,
): AddressTarget[] {
  return leftovers
    .map(({ interface: name, addresses }) => ({
      interface: name,
      addresses: addresses.filter((address) => !claimed.has(keyOf(name, address))),
    }))
    .filter(({ addresses }) => addresses.length > 0);
}
