// Whose doing a transition was, and what for, in words for the record of it. Nothing is decided here.
import type { IpAddress } from '../model/address.js';
import { routerAt, type Peer } from './peers.js';
import type { Router } from './router.js';
import type { Stage } from './stage.js';
import { causeText } from './successors.js';

/**
 * Who had the role before this Active, and what that one gave it up for; empty when it is not known.
 * @param activeAddress where the advertisements of the one before us came from; null when not known.
 */
export function takenFrom(stage: Stage, router: Router, activeAddress: IpAddress | null): string {
  const place = stage.placeOf(router);
  const peers = [...stage.peers.values()];
  const isLeaving = (peer: Peer): boolean => routerAt(peer, place)?.releasing === true;
  const isHeard = ({ knownBy }: Peer): boolean =>
    activeAddress !== null && knownBy.includes(activeAddress);
  const former = peers.find(isLeaving) ?? peers.find(isHeard);
  if (former === undefined) return '';
  const { report, configuration } = former;
  return report?.cause === undefined
    ? configuration.name
    : `${configuration.name}: ${causeText(report)}`;
}
