// What the peers say of one virtual router, for the record of a move. Nothing is decided here.
import type { PeerSight } from '../../model/status.js';
import type { Instant } from '../../model/units.js';
import { isSpeaking, routerAt, type Peer, type Place } from './peers.js';

/** Of the peers that speak; of one that is silent it is not known. */
export function peerSights(peers: Iterable<Peer>, place: Place, now: Instant): PeerSight[] {
  return [...peers].flatMap((peer) => {
    const theirs = isSpeaking(peer, now) ? routerAt(peer, place) : null;
    if (theirs === null) return [];
    const { state, addressesPresent } = theirs;
    return [{ peer: peer.configuration.name, state, addressesPresent }];
  });
}
