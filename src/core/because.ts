// Who caused a transition and why, in words for its record. Nothing is decided here.
import type { IpAddress } from '../model/address.js';
import type { TransitionReason } from '../model/reasons.js';
import { causeOfReason } from './cause.js';
import { routerAt, type Peer } from './peers/peers.js';
import type { Router } from './machine/router.js';
import type { InstanceState } from './instance-state.js';
import { causeText } from './successors.js';

/** A text is empty where nothing is known. */
export interface Doing {
  readonly because: string;
  /** Who ordered it, and where. */
  readonly orderedBy: string;
}

/**
 * Who had the role before this Active, why that router gave it up, and who ordered it to.
 * @param activeAddress where the advertisements of the router before us came from; null when not known.
 */
export function takenFrom(
  instance: InstanceState,
  router: Router,
  activeAddress: IpAddress | null,
): Doing {
  const place = instance.placeOf(router);
  const peers = [...instance.peers.values()];
  // What one that is silent said last is worth nothing by now.
  const isLeaving = (peer: Peer): boolean =>
    peer.state !== 'unhealthy' && routerAt(peer, place)?.releasing === true;
  const isHeard = ({ knownBy }: Peer): boolean =>
    activeAddress !== null && knownBy.includes(activeAddress);
  const former = peers.find(isLeaving) ?? peers.find(isHeard);
  if (former === undefined) return { because: '', orderedBy: '' };
  const { state, report, configuration } = former;
  const { name } = configuration;
  if (state === 'unhealthy' || report?.cause === undefined) return { because: name, orderedBy: '' };
  const { reason, detail } = report.cause;
  const by = BY_SOMEBODY.has(reason) && detail !== '' ? `${detail} at ${name}` : '';
  return { because: `${name}: ${causeText(report)}`, orderedBy: by };
}

/** Why this virtual router left the role, and who ordered it to. */
export function leftFor(instance: InstanceState, router: Router, reason: TransitionReason): Doing {
  const because = causeOfReason(instance, router, reason);
  return { because, orderedBy: BY_SOMEBODY.has(reason) ? because : '' };
}

/** Reasons whose detail names who gave the order. */
const BY_SOMEBODY: ReadonlySet<string> = new Set(['failover', 'maintenance', 'bypassed']);
