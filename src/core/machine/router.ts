// One virtual router as an instance keeps it: settings, facts about its interface, machine, counters. No steps
// (virtual-router.ts), no decisions, and no peers.
import type { AddressWithPrefix, Family, IpAddress } from '../../model/address.js';
import type { ChecksumDialect, Remark } from '../../model/advertisement.js';
import type { Adjustment } from '../../model/monitor.js';
import type { TransitionReason } from '../../model/reasons.js';
import type { Centiseconds, Instant } from '../../model/units.js';
import { undisturbed, type AddressDefence } from './address-defence.js';
import { initialState, releasingOf as releasingIn, type Releasing } from './states.js';
import { notStarted, type RouterState } from './router-state.js';

/** The settings of one virtual router, as the core needs them. */
export interface RouterConfiguration {
  readonly name: string;
  readonly interface: string;
  readonly vrid: number;
  readonly family: Family;
  readonly addresses: readonly AddressWithPrefix[];
  readonly advertisementInterval: Centiseconds;
  /** Configured priority, 1..255. */
  readonly priority: number;
  readonly preempt: boolean;
  readonly checksum: ChecksumDialect | 'auto';
  /** In active-active: the instance that is to hold it, by its name. */
  readonly primary?: string;
}

export interface RouterCounters {
  advertisementsSent: number;
  advertisementsReceived: number;
  priorityZeroSent: number;
  priorityZeroReceived: number;
  transitions: number;
  readonly remarks: Partial<Record<Remark, number>>;
}

export interface Router {
  configuration: RouterConfiguration;
  /** The machine of RFC 9568, and what is known in this state only. */
  state: RouterState;
  /** The address to send from; null when there is none, undefined when not known yet. */
  primaryAddress: IpAddress | null | undefined;
  /** Whether the advertisement socket is open; undefined when not tried yet. */
  socketOpen: boolean | undefined;
  /**
   * Whether a fault of this router keeps the others out. One that is added to a running instance does so only after it
   * has worked once: the role must not be lost by a slip in the settings, or while an interface gets its link, address
   * and socket one after the other.
   */
  joined: boolean;
  defence: AddressDefence;
  effectivePriority: number;
  adjustments: readonly Adjustment[];
  sending: ChecksumDialect;
  received: ChecksumDialect | null;
  /**
   * Could not add its addresses, on an order or for the second time, since a peer gave the role up. As long as that
   * peer does, this one does not try again.
   */
  triedInVain: boolean;
  /** Handed over by `failover`, and not taken back since. */
  sentAway: boolean;
  /** It preempts from then on. */
  preemptFrom: Instant;
  /** A successor may be asked again from then on, after nobody took the role. */
  askFrom: Instant;
  reason: TransitionReason;
  /** Who caused the last transition and why; empty when there is nothing to say. */
  because: string;
  since: Instant;
  /** The last advertisement of an Active: not priority 0. */
  heardAt: Instant | null;
  /** When somebody, ourselves included, is last known to have had the addresses. */
  heldAt: Instant | null;
  counters: RouterCounters;
}

export const createRouter = (
  configuration: RouterConfiguration,
  joined: boolean,
  now: Instant,
): Router => ({
  configuration,
  state: notStarted(initialState),
  primaryAddress: undefined,
  socketOpen: undefined,
  joined,
  defence: undisturbed,
  effectivePriority: configuration.priority,
  adjustments: [],
  sending: configuration.checksum === 'auto' ? 'rfc9568' : configuration.checksum,
  received: null,
  triedInVain: false,
  sentAway: false,
  preemptFrom: now,
  askFrom: now,
  reason: joined ? 'startup' : 'settings-changed',
  because: '',
  since: now,
  heardAt: null,
  heldAt: null,
  counters: {
    advertisementsSent: 0,
    advertisementsReceived: 0,
    priorityZeroSent: 0,
    priorityZeroReceived: 0,
    transitions: 0,
    remarks: {},
  },
});

/** The handover under way; null when there is none. */
export const releasingOf = ({ state }: Pick<Router, 'state'>): Releasing | null =>
  state.kind === 'Active' ? releasingIn(state.machine) : null;

/** Whether any of these virtual routers is Active. */
export function isAnyActive({
  routers,
}: {
  readonly routers: ReadonlyMap<string, Router>;
}): boolean {
  for (const { state } of routers.values()) if (state.kind === 'Active') return true;
  return false;
}

/** The counters as they stand now. */
export const countersOf = ({ counters }: Router): RouterCounters => ({
  ...counters,
  remarks: { ...counters.remarks },
});

/** Same interface, family and VRID: the same virtual router (RFC 9568 §6), whatever else changed. */
export const sameRouter = (a: RouterConfiguration, b: RouterConfiguration): boolean =>
  a.interface === b.interface && a.family === b.family && a.vrid === b.vrid;

/**
 * Where a virtual router stands in its group. It is made only of what all appliances have configured alike, so that
 * they agree on the order without asking each other.
 */
export function groupRank({ vrid, family, addresses }: RouterConfiguration): string {
  const listed = addresses.map(({ address }) => address).sort();
  return [String(vrid).padStart(3, '0'), family, ...listed].join(' ');
}

/** Whether both list the same addresses, in any order. None stands twice in `own`. */
export function sameAddresses(own: readonly string[], other: readonly string[]): boolean {
  const listed = new Set(other);
  return own.length === other.length && own.every((address) => listed.has(address));
}
