// What keeps a group of virtual routers together: when one has lost the role to a better Active, those behind it
// follow, at once or as soon as it is seen. Verdicts only.
import type { IpAddress } from '../../model/address.js';
import type { PeerRouter } from '../../model/peer-report.js';
import { routerAt, type PeerView } from '../peers/peers.js';
import type { Rank, Sight } from '../peers/sight.js';
import { isCandidate } from './candidates.js';
import type { Verdict } from './rows.js';

/** A virtual router before this one in the group has a better Active, which could take this one, too. */
export function whenGroupIsElsewhere(sight: Sight): Verdict | null {
  for (const { stays, activeAddress, place } of sight.leaders) {
    if (!stays) continue;
    const own = sight.rank;
    const leads = (view: PeerView): boolean =>
      isGroupLeader(view, { activeAddress, theirs: routerAt(view.peer, place) }, own);
    if (sight.views.some(leads)) {
      return { row: 'group: elsewhere', act: 'release', reason: 'group-moved' };
    }
  }
  return null;
}

/**
 * Whether the peer that is Active on `first` would take this virtual router, too: its own move together (while a new mode
 * reaches one appliance after the other, not everybody's do), it is as sound as we are, and is not yielding (priority 1).
 * So a group that is split between two appliances comes together.
 */
const isGroupLeader = (
  view: PeerView,
  first: { readonly activeAddress: IpAddress | null; readonly theirs: PeerRouter | null },
  own: Rank,
): boolean =>
  first.activeAddress !== null &&
  view.peer.knownBy.includes(first.activeAddress) &&
  first.theirs?.state === 'Active' &&
  !first.theirs.releasing &&
  view.report.mode === 'active-passive' &&
  isCandidate(view) &&
  (view.report.sound || !own.sound) &&
  view.router?.effectivePriority !== 1;

/**
 * The router at `superior` has just taken a virtual router before this one. If it is a peer it is about to take the
 * others, which stay until it has them. It need not answer reliably yet, since it has just advertised.
 */
export const whenSuperiorCame = ({ speaking }: Sight, superior: IpAddress): Verdict =>
  speaking.some(
    ({ peer, report, router: theirs }) =>
      peer.knownBy.includes(superior) && report.fit && theirs !== null,
  )
    ? { row: 'group: to follow', act: 'release', reason: 'group-moved' }
    : { row: 'group: given up', act: 'yield', reason: 'group-moved' };
