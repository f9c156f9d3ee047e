// Who could take a virtual router, who comes first, who holds it and who gives it up, by what the peers say.
// Pure questions; what follows from the answers is in the files beside this one.
import { compareAddresses, familyOf, type Family, type IpAddress } from '../../model/address.js';
import type { PeerReport } from '../../model/peer-report.js';
import type { PeerView } from '../peers/peers.js';
import type { Rank } from '../peers/sight.js';

/**
 * The address of the family by which an appliance breaks ties. It may have one on every link; both sides take the
 * highest, since otherwise each of two could think that the other one is better.
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
 * Whether no other fit peer would be a better successor of the router that leaves. `asked`: it leaves on an operator's
 * order, which goes to the best of all others.
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

/** Whether we stand back and are not needed: a peer that does not stand back could take the role. */
export const isNotNeeded = (views: readonly PeerView[], { standsBack }: Rank): boolean =>
  standsBack && views.some((view) => isCandidate(view) && view.report.standsBack !== true);

/** Whether it could take the role. */
export const isCandidate = ({ report, router }: PeerView): boolean =>
  report.fit && router?.state === 'Backup' && !router.releasing;

/** Whether it could take the role, and would keep it. */
export const isSoundCandidate = (view: PeerView): boolean => isCandidate(view) && view.report.sound;

/**
 * First comes a candidate without soft faults, as another one would pass the role on at once; then one that no operator
 * has sent away; then one that holds another part of the group, so that the group comes together again.
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

/** Whether it says that it could not add or keep its addresses just now (priority 1 for 60 s). */
export const isYielding = ({
  report: { cause },
  router,
}: Pick<PeerView, 'report' | 'router'>): boolean =>
  cause?.reason === 'address-failed' ||
  cause?.reason === 'address-lost' ||
  router?.effectivePriority === 1;

/** The peer that says that it has the role, and does not ask for a successor. */
export const holderAmong = (views: readonly PeerView[]): PeerView | null =>
  views.find(({ router }) => router?.state === 'Active' && !router.releasing) ?? null;

/**
 * The peer that asks for a successor, or has given the role up and knows of none. A peer that has lost the role to
 * another router, whose advertisements we hear, does not count.
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

/** Whether a peer has taken the role over, and its addresses do not stand yet. */
export const isBeingTaken = (views: readonly PeerView[]): boolean =>
  views.some(({ router }) => router?.state === 'Active' && !router.addressesPresent);

/** Whether it leaves because an operator hands the role over. */
export const isAsked = ({ report }: PeerView): boolean => report.cause?.reason === 'failover';

/** Whether the path on the virtual router's own link is not known to work. */
export const isSplitFrom = ({ lanPath }: PeerView): boolean => lanPath?.state !== 'healthy';
