// For how long nobody had the addresses before this Active, by our own clock: a bound, since only signs of the one
// before are seen. Nothing is decided here.
import { between, type Instant, type Microseconds, microseconds } from '../model/units.js';
import { routerAt, type Peer } from './peers/peers.js';
import type { Router } from './machine/router.js';
import type { InstanceState } from './instance-state.js';

/** The last report before another one: until its last message the peer had what it says, by its own word. */
export function wordEnded(
  instance: InstanceState,
  peer: Peer,
  { report, paths }: Pick<Peer, 'report' | 'paths'>,
): void {
  const at = lastMessageAt(paths);
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
 * When the addresses of a new Active stand: for how long nobody had them, at most. 0 when they were handed over by
 * a peer that has them still; null when nobody is known to have had them.
 */
export function nobodyHeld(instance: InstanceState, router: Router): Microseconds | null {
  const { clock, peers } = instance;
  for (const peer of peers.values()) {
    if (!saysHeld(instance, peer, router)) continue;
    const at = lastMessageAt(peer.paths);
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

function lastMessageAt(paths: Peer['paths']): Instant | null {
  let last: Instant | null = null;
  for (const { heardAt } of paths) {
    if (heardAt !== null && (last === null || heardAt > last)) last = heardAt;
  }
  return last;
}
