// The decision table: what the peer channel adds to RFC 9568. Pure questions and answers about one
// virtual router; who asks, and when, is pair.ts.
import { compareAddresses, familyOf, type Family, type IpAddress } from '../model/address.js';
import type { PeerReport } from '../model/peer-report.js';
import type { TransitionReason } from '../model/reasons.js';
import {
  after,
  centisecondsToMicroseconds,
  instant,
  microseconds,
  type Instant,
} from '../model/units.js';
import { VOLUNTARY } from './conduct.js';
import { fellSilent, lastHeard, tolerance, type PeerCheckParameters } from './peer-check.js';
import { lanPathOf, routerAt, type Peer, type PeerView, type Place } from './peers.js';
import type { Router } from './router.js';

/** How we stand in the election: priority first, then the address (RFC 9568 §6.4.3). */
export interface Rank {
  readonly priority: number;
  readonly family: Family;
  /** With which ties are broken; null when there is none. */
  readonly address: IpAddress | null;
  /** Fit, and without soft faults. */
  readonly sound: boolean;
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

/** Whether no other fit peer would be the better successor of the one that leaves. */
export const isBestCandidate = (views: readonly PeerView[], own: Rank): boolean =>
  !views.some((view) => isCandidate(view) && isBetterSuccessor(view, own));

const isCandidate = ({ report, router }: PeerView): boolean =>
  report.fit && router?.state === 'Backup' && !router.releasing;

/** One without soft faults before one that would pass the role on at once. */
const isBetterSuccessor = (view: PeerView, own: Rank): boolean =>
  view.report.sound === own.sound ? outranksUs(view, own) : view.report.sound;

/** The peer that holds the role by its own word, and does not want to be rid of it. */
export const holderAmong = (views: readonly PeerView[]): PeerView | null =>
  views.find(({ router }) => router?.state === 'Active' && !router.releasing) ?? null;

/** The peer that asks for a successor, or has given the role up and knows of none. */
export const leaverAmong = (views: readonly PeerView[]): PeerView | null =>
  views.find(({ router }) => router?.releasing === true) ?? null;

/** Who could take the role if we gave it up; `sound` asks for one without soft faults. */
export const successorAmong = (
  views: readonly PeerView[],
  quality: 'fit' | 'sound',
): PeerView | null =>
  views.find((view) => isCandidate(view) && (quality === 'fit' || view.report.sound)) ?? null;

/**
 * Whether this Backup takes the role that a peer gives up, and why. Not when another peer holds it,
 * and not when somebody else's advertisements are heard: then the peer has lost it to that one.
 */
export function whenReleased(
  views: readonly PeerView[],
  { activeAddress, wantsUnicast }: Pick<Router, 'activeAddress' | 'wantsUnicast'>,
  own: Rank,
): 'peer-released' | 'better-placed' | null {
  const leaver = leaverAmong(views);
  if (leaver === null || holderAmong(views) !== null) return null;
  if (activeAddress !== null && !leaver.peer.knownBy.includes(activeAddress)) return null;
  if (!isBestCandidate(views, own)) return null;
  return wantsUnicast && isSplitFrom(leaver) ? 'better-placed' : 'peer-released';
}

/** Whether a Backup that heard priority 0 from `source` need not wait for Skew_Time. */
export const isNextAfter = (views: readonly PeerView[], source: IpAddress, own: Rank): boolean =>
  views.some(({ router }) => router !== null) &&
  !views.some(({ router, peer }) => router?.state === 'Active' && !peer.knownBy.includes(source)) &&
  isBestCandidate(views, own);

export type HoldCause = 'adverts-lost' | 'lan-split';

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

const isSplitFrom = ({ lanPath }: PeerView): boolean => lanPath?.state !== 'healthy';

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

/**
 * What an Active does whose handover nobody has completed in time: it leaves when an operator wants
 * it out, when its group has moved, or when a peer is taking the role; else it stays, since nobody
 * would hold the addresses.
 */
export const whenNobodyTook = (
  views: readonly PeerView[],
  reason: TransitionReason,
): 'leave' | 'stay' =>
  VOLUNTARY.has(reason) ||
  reason === 'group-moved' ||
  views.some(({ router }) => router?.state === 'Active')
    ? 'leave'
    : 'stay';

/**
 * When a Backup may take the role from this peer because it is silent on every path: at once when a
 * path on the virtual router's own link fell silent with the others and nothing was heard there
 * since; else when an advertisement is overdue by half an interval. Null when it is not silent, was
 * not the Active, or we were not its Backup when it spoke last: a router that has just started
 * knows nothing yet.
 */
export function silenceProvenAt(
  router: Router,
  peer: Peer,
  place: Place,
  parameters: PeerCheckParameters,
  now: Instant,
): Instant | null {
  const { heardAt, machine, since, activeAddress } = router;
  if (machine.kind !== 'Backup' || !fellSilent(peer.paths)) return null;
  const peerHeardAt = lastHeard(peer.paths);
  if (peerHeardAt === null || routerAt(peer, place)?.state !== 'Active') return null;
  if (peerHeardAt < since) return null;
  if (activeAddress !== null && !peer.knownBy.includes(activeAddress)) return null;
  if (heardAt === null) return now;
  if (heardAt <= peerHeardAt && lanFellSilentToo(peer, place, parameters, peerHeardAt)) return now;
  const interval = centisecondsToMicroseconds(machine.activeAdverInterval);
  return instant(Math.max(now, after(heardAt, microseconds(interval * 1.5))));
}

/** A path that was dead long before says nothing about the link now. */
function lanFellSilentToo(
  peer: Peer,
  place: Place,
  parameters: PeerCheckParameters,
  peerHeardAt: Instant,
): boolean {
  const heardAt = lanPathOf(peer, place.interface)?.heardAt ?? null;
  if (heardAt === null) return false;
  const together = microseconds(parameters.interval + tolerance(parameters));
  return after(heardAt, together) >= peerHeardAt;
}
