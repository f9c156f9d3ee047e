// For how long nobody had the addresses before this Active, by our own clock: at most, since we only see signs of the router
// before us (docs/CLI.md says when it may be longer). Nothing is decided here.
import type { IpAddress } from '../model/address.js';
import { between, type Instant, type Microseconds, microseconds } from '../model/units.js';
import { lastHeard } from './peers/peer-check.js';
import { isLacking, isSpeaking, routerAt, type Peer } from './peers/peers.js';
import type { Router } from './machine/router.js';
import { activeAddressOf } from './machine/router-state.js';
import type { InstanceState } from './instance-state.js';

/** A new report ends the one before: until its last message the peer had what that one said. */
export function wordEnded(
  instance: InstanceState,
  peer: Peer,
  { report, paths }: Pick<Peer, 'report' | 'paths'>,
): void {
  const at = lastHeard(paths);
  if (report === null || at === null) return;
  const before = { ...peer, report };
  for (const router of instance.routers.values()) {
    if (saysHeld(instance, before, router)) sawHeld(router, at);
  }
}

/** Somebody had the addresses at that instant. */
export function sawHeld(router: Router, at: Instant): void {
  if (router.heldAt === null || router.heldAt < at) router.heldAt = at;
}

/**
 * Whether who sent this advertisement had the addresses. A farewell is sent before they go (RFC 9568 §6.4.3). A peer that
 * speaks says itself what it has: it may have come after a silence, and advertise before its addresses stand, or
 * although they never do.
 */
export function isSignOfHolder(
  instance: InstanceState,
  router: Router,
  source: IpAddress,
  priority: number,
): boolean {
  const isFollowed = source === activeAddressOf(router.state);
  for (const peer of instance.peers.values()) {
    if (!peer.knownBy.includes(source) || !isSpeaking(peer, instance.clock)) continue;
    const place = instance.placeOf(router);
    return priority === 0
      ? isFollowed && saysHeld(instance, peer, router)
      : isFollowed && !isLacking(peer, place);
  }
  return priority > 0 || isFollowed;
}

/**
 * Asked when the addresses of a new Active stand: for how long nobody had them, at most. 0 when a peer said, since we
 * took the role, that it still has them; null when nobody is known to have had them.
 */
export function nobodyHeld(instance: InstanceState, router: Router): Microseconds | null {
  const { clock, peers } = instance;
  for (const peer of peers.values()) {
    if (!saysHeld(instance, peer, router)) continue;
    const at = lastHeard(peer.paths);
    // One that gives the role up may die before our turn comes: it counts until its last word.
    if (at !== null && at >= router.since) return microseconds(0);
    if (at !== null) sawHeld(router, at);
  }
  return router.heldAt === null ? null : between(router.heldAt, clock);
}

function saysHeld(instance: InstanceState, peer: Peer, router: Router): boolean {
  const theirs = routerAt(peer, instance.placeOf(router));
  return theirs?.state === 'Active' && theirs.addressesPresent;
}
