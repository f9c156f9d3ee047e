// What the peers say of one virtual router, for the record of a move. Nothing is decided here.
import type { PeerSight } from '../../model/status.js';
import { isSpeaking, routerAt } from './peers.js';
import type { Stage } from '../instance-state.js';

/** Of the peers that speak; of one that is silent it is not known. Empty for a name that there is not. */
export function peerSights(stage: Stage, virtualRouter: string): PeerSight[] {
  const place = stage.agreement.places.get(virtualRouter);
  if (place === undefined) return [];
  return [...stage.peers.values()].flatMap((peer) => {
    const theirs = isSpeaking(peer, stage.clock) ? routerAt(peer, place) : null;
    if (theirs === null) return [];
    const { state, addressesPresent } = theirs;
    return [{ peer: peer.configuration.name, state, addressesPresent }];
  });
}
