// The decision table: what the peer channel adds to RFC 9568. Pure questions and answers about one
// virtual router; who asks, and when, is pair.ts.
import { compareAddresses, familyOf, type Family, type IpAddress } from '../model/address.js';
import type { PeerReport, PeerRouter } from '../model/peer-report.js';
import type { TransitionReason } from '../model/reasons.js';
import { instant, type Instant } from '../model/units.js';
import { VOLUNTARY } from './conduct.js';
import type { Peer, PeerView } from './peers.js';
import type { BackupState, HoldCause } from './router-state.js';
import type { Backup } from './machine.js';
import { activeDownInterval, overdueInterval } from './timing.js';

/** How we stand in the election: priority first, then the address (RFC 9568 §6.4.3). */
export interface Rank {
  readonly priority: number;
  readonly family: Family;
  /** With which ties are broken; null when there is none. */
  readonly address: IpAddress | null;
  /** Fit, and without soft faults. */
  readonly sound: boolean;
  /** Holds a part of a group that moves together. */
  readonly holdsPart: boolean;
  /** Sent away by an operator: any other one first, unless it is asked back. */
  readonly standsBack: boolean;
}

/**
 * The address of the family with which an appliance breaks ties. It may have one on every link: the
 * highest is taken, on both sides, or each of two could think the other one the better.
 */
export function tieBreaker(addresses: readonly IpAddress[], family: Family): IpAddress | null {
  const candidates = addresses.filter((one) => familyOf(one) === family);
  return candidates.reduce<IpAddress | null>(
    (best, one) => (best === null || compareAddresses(one, best) > 0 ? one : best),
    null,
  );
}

/** Whether the peer's claim to the role is the better one. */
export function outranksUs({ router, report }: PeerView, own: Rank): boolean {
  if (router === null) return false;
  const difference = router.effectivePriority - own.priority;
  if (difference !== 0) return difference > 0;
  const address = tieBreaker(report.primaryAddresses, own.family);
  if (address === null) return false;
  return own.address === null || compareAddresses(address, own.address) > 0;
}

/**
 * Whether no other fit peer would be the better successor of the one that leaves; `asked`: that one does so
 * on an operator's order, which goes to the best of all others.
 */
export const isBestCandidate = (views: readonly PeerView[], own: Rank, asked = false): boolean =>
  !views.some((view) => isCandidate(view) && isBetterSuccessor(view, own, asked));

/** Whether a better candidate has our priority, and so the same Skew_Time. */
export const isTiedBehind = (views: readonly PeerView[], own: Rank): boolean =>
  views.some(
    (view) =>
      view.router?.effectivePriority === own.priority &&
      isCandidate(view) &&
      isBetterSuccessor(view, own, false),
  );

/** Whether we stand back and somebody else could take the role who does not: we are not needed. */
export const isNotNeeded = (views: readonly PeerView[], { standsBack }: Rank): boolean =>
  standsBack && views.some((view) => isCandidate(view) && view.report.standsBack !== true);

const isCandidate = ({ report, router }: PeerView): boolean =>
  report.fit && router?.state === 'Backup' && !router.releasing;

/** Whether it could take the role, and would keep it. */
export const isSoundCandidate = (view: PeerView): boolean => isCandidate(view) && view.report.sound;

/**
 * One without soft faults before one that would pass the role on at once; then one that no operator has
 * sent away; then one that holds another part of the group, so that it comes together again.
 */
function isBetterSuccessor(view: PeerView, own: Rank, asked: boolean): boolean {
  if (view.report.sound !== own.sound) return view.report.sound;
  const standsBack = view.report.standsBack === true;
  if (!asked && standsBack !== own.standsBack) return own.standsBack;
  const holdsPart = holdsPartOf(view.report);
  return holdsPart === own.holdsPart ? outranksUs(view, own) : holdsPart;
}

const holdsPartOf = ({ mode, routers }: PeerReport): boolean =>
  mode === 'active-passive' &&
  routers.some(({ state, releasing }) => state === 'Active' && !releasing);

/** Whether it could not add or keep its addresses just now, by its own word (priority 1 for 60 s). */
export const isYielding = ({
  report: { cause },
  router,
}: Pick<PeerView, 'report' | 'router'>): boolean =>
  cause?.reason === 'address-failed' ||
  cause?.reason === 'address-lost' ||
  router?.effectivePriority === 1;

/** The peer that holds the role by its own word, and does not want to be rid of it. */
export const holderAmong = (views: readonly PeerView[]): PeerView | null =>
  views.find(({ router }) => router?.state === 'Active' && !router.releasing) ?? null;

/**
 * The peer that asks for a successor, or has given the role up and knows of none. Not one that has
 * lost it to somebody else, whose advertisements are heard.
 */
export const leaverAmong = (
  views: readonly PeerView[],
  activeAddress: IpAddress | null,
): PeerView | null =>
  views.find(
    ({ router, peer }) =>
      router?.releasing === true &&
      (activeAddress === null || peer.knownBy.includes(activeAddress)),
  ) ?? null;

/** Who could take the role if we gave it up; `sound` asks for one without soft faults. */
export const successorAmong = (
  views: readonly PeerView[],
  quality: 'fit' | 'sound',
): PeerView | null => views.find(quality === 'fit' ? isCandidate : isSoundCandidate) ?? null;

/**
 * What this Backup does about a role that a peer gives up: takes it, and why; lets better candidates
 * go first; or nothing, when another peer holds it, or when somebody else's advertisements are heard:
 * then the peer has lost it to that one.
 */
export function whenReleased(
  views: readonly PeerView[],
  { activeAddress, unheard }: Pick<BackupState, 'activeAddress' | 'unheard'>,
  own: Rank,
): 'peer-released' | 'better-placed' | 'others-first' | 'not-ours' {
  const leaver = leaverAmong(views, activeAddress);
  if (leaver === null || holderAmong(views) !== null) return 'not-ours';
  if (!isBestCandidate(views, own, isAsked(leaver))) return 'others-first';
  return unheard !== null && isSplitFrom(leaver) ? 'better-placed' : 'peer-released';
}

/** Whether it leaves because an operator hands the role over. */
const isAsked = ({ report }: PeerView): boolean => report.cause?.reason === 'failover';

/** Whether a Backup that heard priority 0 from `source` need not wait for Skew_Time. */
export const isNextAfter = (views: readonly PeerView[], source: IpAddress, own: Rank): boolean =>
  views.some(({ router }) => router !== null) &&
  !views.some(({ router, peer }) => router?.state === 'Active' && !peer.knownBy.includes(source)) &&
  isBestCandidate(
    views,
    own,
    views.some((view) => view.peer.knownBy.includes(source) && isAsked(view)),
  );

/**
 * Whether the one that is Active on `first` would take this virtual router too: sound as we are, and
 * not standing back (priority 1). So a group that two have parted between them comes together.
 */
export const isGroupLeader = (
  view: PeerView,
  first: { readonly activeAddress: IpAddress | null; readonly theirs: PeerRouter | null },
  own: Rank,
): boolean =>
  first.activeAddress !== null &&
  view.peer.knownBy.includes(first.activeAddress) &&
  first.theirs?.state === 'Active' &&
  !first.theirs.releasing &&
  isCandidate(view) &&
  (view.report.sound || !own.sound) &&
  view.router?.effectivePriority !== 1;

/**
 * What a Backup does when its Active_Down_Timer fires: it takes the role unless a living peer says
 * that it holds it. Then advertisements are lost (the peer is reached on the link itself), or the
 * link is split (it is reached elsewhere only).
 */
export function whenActiveDown(
  views: readonly PeerView[],
): { readonly action: 'take-over' } | { readonly action: 'hold'; readonly cause: HoldCause } {
  const holder = holderAmong(views);
  if (holder === null) return { action: 'take-over' };
  return { action: 'hold', cause: isSplitFrom(holder) ? 'lan-split' : 'adverts-lost' };
}

/**
 * From when on an advertisement of the Active is overdue by half an interval. Then it is asked whether it
 * is there, so that the answer is known when the Active_Down_Timer fires.
 */
export const overdueFrom = (
  { activeDownAt, activeAdverInterval }: Backup,
  priority: number,
): Instant =>
  instant(
    activeDownAt -
      activeDownInterval(priority, activeAdverInterval) +
      overdueInterval(activeAdverInterval),
  );

/** Whether anything came from the peer since then, on any path. */
export const isHeardSince = ({ paths }: Peer, since: Instant): boolean =>
  paths.some(({ heardAt }) => heardAt !== null && heardAt >= since);

/** Whether the Active answers elsewhere, but not over the path on this link that there should be. */
export function isDeafLink(views: readonly PeerView[]): boolean {
  const holder = holderAmong(views);
  return holder !== null && holder.lanPath !== null && isSplitFrom(holder);
}

const isSplitFrom = ({ lanPath }: PeerView): boolean => lanPath?.state !== 'healthy';

/** Whether of two Actives the other one stays: on a split link the better side, else the higher rank. */
export function isBetterRival(view: PeerView, own: Rank, ownEvidence: number): boolean {
  const evidence = view.router?.evidence ?? ownEvidence;
  if (isSplitFrom(view) && evidence !== ownEvidence) return evidence > ownEvidence;
  return outranksUs(view, own);
}

/** Whether the link is split between us, the Active, and a peer that stands on its better side. */
export const isWorseSide = (view: PeerView, ownEvidence: number): boolean =>
  isCandidate(view) &&
  view.router !== null &&
  view.router.wantsUnicast &&
  isSplitFrom(view) &&
  view.router.evidence > ownEvidence;

/**
 * How well the LAN is seen: a gateway that answers is the best proof there is. Carrier is none: who
 * has lost it is not in the election. 0..15.
 */
export function evidenceOf(gateway: PeerReport['gateway']): number {
  if (gateway === 'reachable') return 8;
  return gateway === 'unknown' ? 4 : 0;
}

/** Whether a peer has taken the role over, and its addresses do not stand yet. */
export const isBeingTaken = (views: readonly PeerView[]): boolean =>
  views.some(({ router }) => router?.state === 'Active' && !router.addressesPresent);

/**
 * What an Active does whose handover nobody has completed in time: it leaves when an operator wants
 * it out still (`fit` is false then), or when a peer has taken the role;
 * else it stays, since nobody would hold the addresses.
 */
export const whenNobodyTook = (
  views: readonly PeerView[],
  reason: TransitionReason,
  fit: boolean,
): 'leave' | 'stay' =>
  (VOLUNTARY.has(reason) && !fit) || views.some(({ router }) => router?.state === 'Active')
    ? 'leave'
    : 'stay';
