// What a virtual router looks like from outside, at one instant. Nothing is decided or changed here.
import type { IpAddress } from '../model/address.js';
import type { ChecksumDialect } from '../model/advertisement.js';
import type { Adjustment } from '../model/monitor.js';
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
import {
  countersOf,
  releasingOf,
  type Router,
  type RouterConfiguration,
  type RouterCounters,
} from './machine/router.js';
import { activeAddressOf, type HoldCause, type RouterState } from './machine/router-state.js';
import type { Peer } from './peers/peers.js';

/** What a virtual router looks like from outside, at one instant. */
export interface RouterSnapshot {
  readonly configuration: RouterConfiguration;
  readonly state: VirtualRouterState;
  readonly reason: TransitionReason;
  readonly because: string;
  readonly since: Instant;
  /** In Active: for how long nobody had the addresses before ours stood, at most. Null when it is not known. */
  readonly nobodyHeld: Microseconds | null;
  /** Why a successor is being asked to take over; null when none is. */
  readonly releasing: TransitionReason | null;
  readonly effectivePriority: number;
  readonly adjustments: readonly Adjustment[];
  readonly activeAddress: IpAddress | null;
  /** The Active that is heard is not one of the peers. */
  readonly strangerActive: boolean;
  /** A router of lower rank that advertises although we are Active; null when none does. */
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

/** Null, too, before the addresses of an Active stand. */
export const nobodyHeldOf = (state: RouterState): Microseconds | null =>
  state.kind !== 'Active' || state.nobodyHeld === 'awaited' ? null : state.nobodyHeld;

const rivalAddressOf = (router: Router, now: Instant): IpAddress | null =>
  router.state.kind === 'Active' && isRivalHeard(router, now) ? router.state.rivalAddress : null;

/** A rival counts as heard for so many intervals after its last advertisement, as long as an Active does. */
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

const primaryAddress = (router: Router): IpAddress | null => router.primaryAddress ?? null;
