// What keeps a group of virtual routers together: when one has lost the role to a better Active, those behind it
// follow, at once or as soon as it is seen. Verdicts only.
import type { IpAddress } from '../../model/address.js';
import { routerAt, type Peer, type PeerView, type Place } from '../peers/peers.js';
import type { Sight } from '../peers/sight.js';
import { isCandidate } from './candidates.js';
import type { Verdict } from './rows.js';

/** A virtual router before this one in the group has a better Active, which could take this one, too. */
export const whenGroupIsElsewhere = (sight: Sight): Verdict | null =>
  sight.views.some((view) => isGroupLeader(sight, view))
    ? { row: 'group: elsewhere', act: 'release', reason: 'group-moved' }
    : null;

/**
 * Whether the peer that leads a virtual router before this one would take this one, too: its own move together (while a
 * new mode reaches one appliance after the other, not everybody's do), it is as sound as we are, and is not yielding
 * (priority 1). So a group that is split between two appliances comes together.
 */
const isGroupLeader = (sight: Sight, view: PeerView): boolean =>
  view.report.mode === 'active-passive' &&
  isCandidate(view) &&
  view.router?.effectivePriority !== 1 &&
  sight.leads(view.peer) &&
  (view.report.sound || !sight.rank.sound);

/** Whether the peer is the Active that a Backup hears from this address, by its own word, too, and means to stay it. */
export function isLedBy(peer: Peer, activeAddress: IpAddress, place: Place): boolean {
  if (!peer.knownBy.includes(activeAddress)) return false;
  const theirs = routerAt(peer, place);
  return theirs?.state === 'Active' && !theirs.releasing;
}

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
