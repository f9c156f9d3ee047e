// One virtual router as an instance keeps it: settings, facts about its interface, machine, counters.
// No decisions: virtual-router.ts holds the machine, instance.ts the rules between routers.
import type { AddressWithPrefix, Family, IpAddress } from '../../model/address.js';
import type { ChecksumDialect, Remark } from '../../model/advertisement.js';
import type { TransitionReason, VirtualRouterState } from '../../model/reasons.js';
import {
  after,
  between,
  centisecondsToMicroseconds,
  microseconds,
  type Centiseconds,
  type Instant,
  type Microseconds,
} from '../../model/units.js';
import type { Peer } from '../peers/peers.js';
import { undisturbed, type AddressDefence } from './address-defence.js';
import type { Soonest } from '../soonest.js';
import { releasingOf as releasingIn, type Releasing } from './states.js';
import type { Adjustment } from '../fitness/tracker.js';
import { activeAddressOf, notStarted, type HoldCause, type RouterState } from './router-state.js';
import { initialState, nextDeadline } from './virtual-router.js';

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
   * Whether a fault of this router holds back the others. One added to a running instance does so
   * only once it has worked: a slip in the settings, or an interface whose link, address and socket
   * come one after the other, must not cost the role.
   */
  joined: boolean;
  defence: AddressDefence;
  effectivePriority: number;
  adjustments: readonly Adjustment[];
  sending: ChecksumDialect;
  received: ChecksumDialect | null;
  /**
   * Could not add its addresses, by an order or for the second time, since somebody gave the role up:
   * as long as that one does, it is not asked again.
   */
  triedInVain: boolean;
  /** Handed over by `failover`, and not taken back since. */
  sentAway: boolean;
  /** From when on it preempts. */
  preemptFrom: Instant;
  /** From when on a successor may be asked again, after nobody took the role. */
  askFrom: Instant;
  reason: TransitionReason;
  /** Whose doing the last transition was, and what for; empty when there is no more to say. */
  because: string;
  since: Instant;
  /** The last advertisement of an Active: not priority 0. */
  heardAt: Instant | null;
  /** When somebody, ourselves included, is last known to have had the addresses. */
  heldAt: Instant | null;
  counters: RouterCounters;
}

/** What a virtual router looks like from outside, at one instant. */
export interface RouterSnapshot {
  readonly configuration: RouterConfiguration;
  readonly state: VirtualRouterState;
  readonly reason: TransitionReason;
  readonly because: string;
  readonly since: Instant;
  /** In Active: for how long nobody had the addresses before ours stood, at most; null when it is not known. */
  readonly nobodyHeld: Microseconds | null;
  /** Why a successor is being asked to take over; null when none is. */
  readonly releasing: TransitionReason | null;
  readonly effectivePriority: number;
  readonly adjustments: readonly Adjustment[];
  readonly activeAddress: IpAddress | null;
  /** The Active heard is none of the peers that there are. */
  readonly strangerActive: boolean;
  /** The lesser router that advertises beside us, the Active; null when none goes on. */
  readonly rivalAddress: IpAddress | null;
  /** Why the peer that is Active is not heard. */
  readonly unheard: HoldCause | null;
  /** Active_Adver_Interval. */
  readonly activeAdverInterval: Centiseconds;
  readonly lastAdvertisementAge: Microseconds | null;
  readonly sending: ChecksumDialect;
  readonly received: ChecksumDialect | null;
  readonly primaryAddress: IpAddress | null;
  readonly counters: RouterCounters;
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

export const snapshotOf = (
  router: Router,
  peers: readonly Pick<Peer, 'knownBy'>[],
  now: Instant,
): RouterSnapshot => ({
  strangerActive: isStrangerActive(router, peers),
  rivalAddress: rivalAddressOf(router, now),
  unheard: router.state.kind === 'Backup' ? router.state.unheard : null,
  configuration: router.configuration,
  state: router.state.kind,
  reason: router.reason,
  because: router.because,
  since: router.since,
  nobodyHeld: nobodyHeldOf(router.state),
  releasing: releasingOf(router)?.reason ?? null,
  effectivePriority: router.effectivePriority,
  adjustments: router.adjustments,
  activeAddress:
    router.state.kind === 'Active' ? primaryAddress(router) : activeAddressOf(router.state),
  activeAdverInterval:
    router.state.kind === 'Backup'
      ? router.state.machine.activeAdverInterval
      : router.configuration.advertisementInterval,
  lastAdvertisementAge: router.heardAt === null ? null : between(router.heardAt, now),
  sending: router.sending,
  received: router.received,
  primaryAddress: primaryAddress(router),
  counters: countersOf(router),
});

/** Without peers everybody is a stranger. */
function isStrangerActive({ state }: Router, peers: readonly Pick<Peer, 'knownBy'>[]): boolean {
  const address = activeAddressOf(state);
  return (
    address !== null && peers.length > 0 && !peers.some(({ knownBy }) => knownBy.includes(address))
  );
}

/** Null before the addresses of an Active stand, too. */
export const nobodyHeldOf = (state: RouterState): Microseconds | null =>
  state.kind !== 'Active' || state.nobodyHeld === 'awaited' ? null : state.nobodyHeld;

const rivalAddressOf = (router: Router, now: Instant): IpAddress | null =>
  router.state.kind === 'Active' && isRivalHeard(router, now) ? router.state.rivalAddress : null;

/** For as long as any Active is believed without an advertisement, in intervals. */
const RIVAL_INTERVALS = 4;

const isRivalHeard = ({ heardAt, configuration }: Router, now: Instant): boolean =>
  heardAt !== null &&
  now <=
    after(
      heardAt,
      microseconds(
        RIVAL_INTERVALS * centisecondsToMicroseconds(configuration.advertisementInterval),
      ),
    );

/** The handover under way; null when there is none. */
export const releasingOf = ({ state }: Pick<Router, 'state'>): Releasing | null =>
  state.kind === 'Active' ? releasingIn(state.machine) : null;

/** Whether an appliance with these holds any. */
export const isAnyActive = ({
  routers,
}: {
  readonly routers: ReadonlyMap<string, Router>;
}): boolean => [...routers.values()].some(({ state: { kind } }) => kind === 'Active');

const primaryAddress = (router: Router): IpAddress | null => router.primaryAddress ?? null;

/** The counters as they stand now. */
export const countersOf = ({ counters }: Router): RouterCounters => ({
  ...counters,
  remarks: { ...counters.remarks },
});

/** Same interface, family and VRID: the same virtual router (RFC 9568 §6), whatever else changed. */
export const sameRouter = (a: RouterConfiguration, b: RouterConfiguration): boolean =>
  a.interface === b.interface && a.family === b.family && a.vrid === b.vrid;

/**
 * Where a virtual router stands in its group. Made only of what every appliance has configured
 * alike, so that all agree on the order without a word.
 */
export function groupRank({ vrid, family, addresses }: RouterConfiguration): string {
  const listed = addresses.map(({ address }) => address).sort();
  return [String(vrid).padStart(3, '0'), family, ...listed].join(' ');
}

/** Whether `other` lists the addresses of `own`, in which none stands twice, in any order. */
export function sameAddresses(own: readonly string[], other: readonly string[]): boolean {
  const listed = new Set(other);
  return own.length === other.length && own.every((address) => listed.has(address));
}

/** Offers what this virtual router waits for. */
export function routerDeadlines(router: Router, soonest: Soonest): void {
  const owner = router.configuration.name;
  const at = nextDeadline(router.state.machine);
  if (at !== null) {
    const timer = router.state.kind === 'Active' ? 'Adver_Timer' : 'Active_Down_Timer';
    soonest.offer(at, owner, timer);
  }
  const { yieldingUntil } = router.defence;
  if (yieldingUntil !== null) soonest.offer(yieldingUntil, owner, 'yield-over');
}
