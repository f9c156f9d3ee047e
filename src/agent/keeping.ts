// What the keeper knows of one virtual router's addresses. No kernel, no script.
import { PACKAGE_ACCEPT_MODE, PACKAGE_VIP_SCRIPT } from '../config/defaults.js';
import { INSTALLED_VIP_SCRIPT } from '../config/schema.js';
import type { Settings, VirtualRouterSettings } from '../config/settings.js';
import type { PlacedRouter } from './placement.js';
import { activeDownInterval } from '../core/machine/timing.js';
import type { RunRequest } from '../executor/executor.js';
import {
  after,
  instant,
  microseconds,
  milliseconds,
  type Instant,
  type Microseconds,
} from '../model/units.js';
import { formatAddressWithPrefix } from '../model/address.js';
import { closesAddresses, downScript, releaseScript } from '../model/netlink-script.js';
import type { Wish } from './address-plan.js';
import { placesOf } from './own-addresses.js';

/**
 * The kernel takes an IPv6 address into service a little after the script that added it, even without
 * duplicate address detection. Where it is not known that the script puts them on this interface, one that does not stand
 * there by then is not waited for any longer: a script of the user's own may put it elsewhere.
 */
const SERVICE_DELAY = microseconds(50_000);

/**
 * One that stands there is not answered for until the kernel has checked it, and on a busy machine that is
 * a matter of a thread that has to wait for its turn. This is how long the check may take; a script that
 * asks for duplicate address detection (a second and more) must not leave the role without anybody.
 */
const CHECKED_WITHIN = microseconds(500_000);

/** A thread of the kernel puts them in place, and may have to wait for its turn: more than 400 ms have been seen. */
const STANDS_WITHIN = microseconds(2_000_000);

export interface Keeping {
  settings: PlacedRouter;
  wanted: boolean;
  /** When its lines belong in a script: with the next one, when the retry is due, or not at all. */
  due: 'now' | 'retry' | null;
  /** A script that is to put them in place is under way. */
  adding: boolean;
  /** What is done before they come has been done, or tried, since they were last wanted. */
  prepared: boolean;
  /** They have stood since they were last wanted: the kernel has said so, or the script. */
  confirmed: boolean;
  /** The script has succeeded, but the kernel does not answer for every address: waits until then. */
  serviceBy: Instant | null;
  /** Addresses that stand may be checked by the kernel until then. Of `serviceBy`. */
  checkedBy: Instant;
  /** Addresses that do not stand yet may come until then. Of `serviceBy`. */
  standsBy: Instant;
  /** Somebody removed an address that is wanted; told once. */
  disturbed: boolean;
  /** The interface that they were last put on: its index, whatever it is called meanwhile. */
  linkIndex: number | null;
  /** The kernel has shown all of them there since they were last wanted: what it no longer shows is lost. */
  seen: boolean;
  /**
   * An agent that died as Active has left the addresses: they stay until its successor is heard, or
   * until then, as its last will would have it. Null when that is over, or was never so.
   */
  inheritedUntil: Instant | null;
}

const NEVER_YET = instant(0);

/** `left`: some of its addresses stand, of an agent before this one, and whether that one died as Active. */
export const begin = (
  settings: PlacedRouter,
  linkIndex: number | null,
  left: { readonly inherits: boolean; readonly now: Instant } | null,
): Keeping => ({
  settings,
  wanted: false,
  due: left?.inherits === false ? 'now' : null,
  adding: false,
  prepared: false,
  confirmed: false,
  serviceBy: null,
  checkedBy: NEVER_YET,
  standsBy: NEVER_YET,
  disturbed: false,
  linkIndex,
  seen: false,
  inheritedUntil: left?.inherits === true ? after(left.now, longestActiveDown(settings)) : null,
});

/**
 * The script has succeeded, and the kernel does not answer for every address yet.
 * @param putsHere whether it is known to put them on this interface, so that those that do not stand there are late.
 */
export function awaitService(keeping: Keeping, now: Instant, putsHere: boolean): void {
  keeping.serviceBy = after(now, SERVICE_DELAY);
  keeping.checkedBy = after(now, CHECKED_WITHIN);
  keeping.standsBy = putsHere ? after(now, STANDS_WITHIN) : keeping.serviceBy;
}

/** Whether they may be late, or those that stand may still be checked: then it goes on waiting. */
export function isAwaited(keeping: Keeping, now: Instant, lacking: boolean): boolean {
  const until = lacking ? keeping.standsBy : keeping.checkedBy;
  if (now >= until) return false;
  keeping.serviceBy = until;
  return true;
}

/** The netlink script runner, behind what closes addresses where some are. */
export const runnerOf = (script: string, closes: boolean): readonly string[] =>
  closes ? [PACKAGE_ACCEPT_MODE, script] : [script];

/** The netlink script runner, and how long it may take. */
export type Runner = Pick<Settings['vip'], 'script' | 'timeoutSeconds'>;

/** Whether it is the one that comes with understudy. */
export const isOfThePackage = ({ script }: Pick<Runner, 'script'>): boolean =>
  script === PACKAGE_VIP_SCRIPT || script === INSTALLED_VIP_SCRIPT;

/** The call of the netlink script runner that runs these lines. */
export const scriptRequest = (
  { script, timeoutSeconds }: Runner,
  lines: readonly string[],
): RunRequest => ({
  argv: runnerOf(script, closesAddresses(lines)),
  input: `${lines.join('\n')}\n`,
  timeout: milliseconds(timeoutSeconds * 1_000),
});

/** The least that a netlink script of this host needs, whatever it does. */
const QUICK_SECONDS = 5;

/** Whether the script may take long, as one does that asks a cloud. An address that must go does not wait for such a script. */
export const isSlow = ({ timeoutSeconds }: Runner): boolean => timeoutSeconds > QUICK_SECONDS;

/**
 * The call that takes its addresses off the interface while a slow script is still running, which may have put them there
 * already. The next script undoes what else that one does.
 */
export const letGoRequest = (settings: PlacedRouter): RunRequest =>
  scriptRequest(
    { script: PACKAGE_VIP_SCRIPT, timeoutSeconds: QUICK_SECONDS },
    settings.virtualMac ? downScript(settings) : releaseScript(settings),
  );

/**
 * A script that concerned it has ended. `made`: it was to put the addresses there, not to take them off.
 * @returns what follows: another try to take them off, a failure that the core must know, a look whether they stand.
 */
export function settled(
  keeping: Keeping,
  made: boolean,
  failed: boolean,
): 'stuck' | 'failed' | 'stands' | null {
  if (!made) {
    if (!failed || keeping.wanted) return null;
    keeping.due = 'retry';
    return 'stuck';
  }
  if (!keeping.wanted) return null;
  keeping.adding = false;
  if (failed) return 'failed';
  return keeping.due === 'now' || keeping.confirmed ? null : 'stands';
}

export function disinherit(keeping: Keeping): void {
  keeping.inheritedUntil = null;
  keeping.due = 'now';
}

/** Priority 1 has the longest Active_Down_Interval: whoever is there has taken over by then. */
const longestActiveDown = ({ advertisementInterval }: VirtualRouterSettings): Microseconds =>
  activeDownInterval(1, advertisementInterval);

/** The same virtual router (RFC 9568 §6), whatever it is called. */
export const identityOf = ({ parent, family, vrid }: PlacedRouter): string =>
  `${parent} ${family} ${vrid}`;

/** What is known of its addresses is out of date: they belong in the next script. */
export function renew(keeping: Keeping): void {
  keeping.inheritedUntil = null;
  keeping.adding = false;
  keeping.confirmed = false;
  keeping.serviceBy = null;
  keeping.disturbed = false;
  keeping.seen = false;
  keeping.due = 'now';
}

export function wishOf(
  virtualRouter: string,
  { settings, wanted, inheritedUntil }: Keeping,
  due: boolean,
): Wish {
  const kept = inheritedUntil === null ? 'released' : 'kept';
  return {
    virtualRouter,
    target: settings,
    state: wanted ? 'wanted' : kept,
    due,
  };
}

/** Nobody wants its addresses, and nothing has to be done about them. */
export const isIdle = ({ wanted, due, inheritedUntil }: Keeping): boolean =>
  !wanted && due === null && inheritedUntil === null;

/**
 * Whether a notice about the interface `index` concerns its addresses: it is the one that they were last put on, or,
 * while they are not wanted, the one that has the name now (`placeIndex`).
 */
export const concerns = (
  { wanted, linkIndex }: Keeping,
  placeIndex: number | null,
  index: number,
): boolean => (wanted ? linkIndex : placeIndex) === index;

/** Those that list an address, by its text: a notice is about one of hundreds. */
export function listing(kept: Iterable<Keeping>): Map<string, Keeping[]> {
  const found = new Map<string, Keeping[]>();
  for (const keeping of kept) {
    for (const text of new Set(keeping.settings.addresses.map(formatAddressWithPrefix))) {
      const others = found.get(text);
      if (others === undefined) found.set(text, [keeping]);
      else others.push(keeping);
    }
  }
  return found;
}

/** Whether the same addresses stand in the same place, and accept the same. */
export function isSamePlace(before: PlacedRouter, now: PlacedRouter): boolean {
  const places = new Set(placesOf(before));
  const same = before.acceptMode === now.acceptMode && now.addresses.length === places.size;
  return same && placesOf(now).every((place) => places.has(place));
}

export const isHolding = (keeping: Keeping | undefined): boolean =>
  keeping !== undefined && keeping.wanted && keeping.confirmed;

/** Whether something is due now: what the core has just decided does not wait for the retry of something else. */
export function isUrgent(kept: Iterable<Keeping>): boolean {
  for (const { due } of kept) if (due === 'now') return true;
  return false;
}
