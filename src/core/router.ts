// One virtual router as an instance keeps it: settings, facts about its interface, machine, counters.
// No decisions: virtual-router.ts holds the machine, instance.ts the rules between routers.
import type { AddressWithPrefix, Family, IpAddress } from '../model/address.js';
import type { ChecksumDialect, Remark } from '../model/advertisement.js';
import type { TransitionReason, VirtualRouterState } from '../model/reasons.js';
import {
  after,
  between,
  centisecondsToMicroseconds,
  microseconds,
  type Centiseconds,
  type Instant,
  type Microseconds,
} from '../model/units.js';
import type { Peer } from './peers.js';
import { undisturbed, type AddressDefence } from './address-defence.js';
import type { Soonest } from './soonest.js';
import type { Releasing } from './machine.js';
import type { Adjustment } from './tracker.js';
import { initialState, nextDeadline, type State } from './virtual-router.js';

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

/** Why a Backup that hears nothing waits: the group does not reach it, or its link reaches nobody. */
export type HoldCause = 'adverts-lost' | 'lan-split';

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
  machine: State;
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
  /** In Backup: the Active heard last is at least our equal. */
  followsSuperior: boolean;
  /** Active and told that the addresses stand. */
  addressesPresent: boolean;
  /**
   * Why the Active is not heard although it is there; null when nothing of the kind is known. As long
   * as there is a cause, the Active is asked to send to our own address too.
   */
  unheard: HoldCause | null;
  /** In Backup: has let a better candidate go first, once, since the Active was heard. */
  deferred: boolean;
  /** Took the role from one that an operator ordered to leave, and has not had the addresses yet. */
  ordered: boolean;
  /**
   * Could not add its addresses, by an order or for the second time, since somebody gave the role up:
   * as long as that one does, it is not asked again.
   */
  triedInVain: boolean;
  /** Handed over by `failover`, and not taken back since. */
  sentAway: boolean;
  /** Gave the role up, and knows of nobody who has it since. */
  vacated: boolean;
  /** From when on it preempts. */
  preemptFrom: Instant;
  /** From when on a successor may be asked again, after nobody took the role. */
  askFrom: Instant;
  /** Since when a peer has been Active beside us; null when none is. */
  dualSince: Instant | null;
  /** When it was last said that another one is Active too. */
  dualSaidAt: Instant | null;
  reason: TransitionReason;
  /** Whose doing the last transition was, and what for; empty when there is no more to say. */
  because: string;
  since: Instant;
  /** In Backup: where the advertisements of the Active come from. */
  activeAddress: IpAddress | null;
  /** The last advertisement of an Active: not priority 0. */
  heardAt: Instant | null;
  /** When somebody, ourselves included, is last known to have had the addresses. */
  heldAt: Instant | null;
  /** In Active: for how long nobody had them before, at most; `awaited` until ours stand. Null: not known. */
  nobodyHeld: Microseconds | 'awaited' | null;
  /** In Active: the lesser router heard last. */
  rivalAddress: IpAddress | null;
  /** In Backup: when the Active was last asked on the link whether it is there (silence.ts). */
  askedAt: Instant | null;
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
  machine: initialState,
  primaryAddress: undefined,
  socketOpen: undefined,
  joined,
  defence: undisturbed,
  effectivePriority: configuration.priority,
  adjustments: [],
  sending: configuration.checksum === 'auto' ? 'rfc9568' : configuration.checksum,
  received: null,
  followsSuperior: false,
  addressesPresent: false,
  unheard: null,
  deferred: false,
  ordered: false,
  triedInVain: false,
  sentAway: false,
  vacated: false,
  preemptFrom: now,
  askFrom: now,
  dualSince: null,
  dualSaidAt: null,
  reason: joined ? 'startup' : 'settings-changed',
  because: '',
  since: now,
  activeAddress: null,
  heardAt: null,
  heldAt: null,
  nobodyHeld: null,
  rivalAddress: null,
  askedAt: null,
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
  rivalAddress: isRivalHeard(router, now) ? router.rivalAddress : null,
  unheard: router.unheard,
  configuration: router.configuration,
  state: router.machine.kind,
  reason: router.reason,
  because: router.because,
  since: router.since,
  nobodyHeld: router.nobodyHeld === 'awaited' ? null : router.nobodyHeld,
  releasing: releasingOf(router)?.reason ?? null,
  effectivePriority: router.effectivePriority,
  adjustments: router.adjustments,
  activeAddress: router.machine.kind === 'Active' ? primaryAddress(router) : router.activeAddress,
  activeAdverInterval:
    router.machine.kind === 'Backup'
      ? router.machine.activeAdverInterval
      : router.configuration.advertisementInterval,
  lastAdvertisementAge: router.heardAt === null ? null : between(router.heardAt, now),
  sending: router.sending,
  received: router.received,
  primaryAddress: primaryAddress(router),
  counters: countersOf(router),
});

/** Without peers everybody is a stranger. */
const isStrangerActive = (
  { activeAddress }: Router,
  peers: readonly Pick<Peer, 'knownBy'>[],
): boolean =>
  activeAddress !== null &&
  peers.length > 0 &&
  !peers.some(({ knownBy }) => knownBy.includes(activeAddress));

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
export const releasingOf = ({ machine }: Router): Releasing | null =>
  machine.kind === 'Active' ? machine.releasing : null;

/** Whether an appliance with these holds any. */
export const isAnyActive = ({
  routers,
}: {
  readonly routers: ReadonlyMap<string, Router>;
}): boolean => [...routers.values()].some(({ machine: { kind } }) => kind === 'Active');

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
  const at = nextDeadline(router.machine);
  if (at !== null) {
    soonest.offer(
      at,
      owner,
      router.machine.kind === 'Active' ? 'Adver_Timer' : 'Active_Down_Timer',
    );
  }
  const { yieldingUntil } = router.defence;
  if (yieldingUntil !== null) soonest.offer(yieldingUntil, owner, 'yield-over');
}
