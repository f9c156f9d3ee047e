// For how long nobody had the addresses before this Active, by our own clock. It is an upper bound, since we only see
// signs of the router before us. Nothing is decided here.
import { between, type Instant, type Microseconds, microseconds } from '../model/units.js';
import { lastHeard } from './peers/peer-check.js';
import { routerAt, type Peer } from './peers/peers.js';
import type { Router } from './machine/router.js';
import type { InstanceState } from './instance-state.js';

/** A new report ends the one before: until its last message the peer had what that one said. */
export function wordEnded(
  instance: InstanceState,
  peer: Peer,
  { report, paths }: Pick<Peer, 'report' | 'paths'>,
): void {
  const at = lastHeard(paths);
  if (report === null || at === null) return;
  for (const router of instance.routers.values()) {
    if (saysHeld(instance, { ...peer, report }, router)) sawHeld(router, at);
  }
}

/** Somebody had the addresses at that instant. */
export function sawHeld(router: Router, at: Instant): void {
  if (router.heldAt === null || router.heldAt < at) router.heldAt = at;
}

/**
 * Asked when the addresses of a new Active stand: for how long nobody had them, at most. 0 when a peer that still
 * has them handed them over; null when nobody is known to have had them.
 */
export function nobodyHeld(instance: InstanceState, router: Router): Microseconds | null {
  const { clock, peers } = instance;
  for (const peer of peers.values()) {
    if (!saysHeld(instance, peer, router)) continue;
    const at = lastHeard(peer.paths);
    const isKept = peer.state === 'healthy' && router.reason === 'peer-released';
    if (isKept || (at !== null && at >= router.since)) return microseconds(0);
    if (at !== null) sawHeld(router, at);
  }
  return router.heldAt === null ? null : between(router.heldAt, clock);
}

function saysHeld(instance: InstanceState, peer: Peer, router: Router): boolean {
  const theirs = routerAt(peer, instance.placeOf(router));
  return theirs?.state === 'Active' && theirs.addressesPresent;
}
