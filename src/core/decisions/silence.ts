// When the silence of a peer proves that the Active is dead: the one rule, and the question that is asked
// before it is believed. Pure questions about one virtual router; what follows from them is takeover.ts.
//
// The Active speaks in two voices: messages of the HA port, on every path, and advertisements. It is taken
// for dead before its Active_Down_Interval is over only when both ended in one event:
//
// - Its advertisements did not go on after the HA port fell silent. When one came later than the next
//   message was due, the HA port is what failed, for a minute or for a day: from then on
//   Active_Down_Interval is the proof (RFC 9568 §6.4.2), and nothing less. One advertisement that is late
//   is none.
// - The path on the virtual router's own link fell silent with the others: a dying host falls silent on one
//   path after the other, so their last words may lie peerFailureThreshold checks apart. Then the role is
//   taken as soon as the last path is silent. A path that was dead long before, or was never heard, proves
//   nothing about the link now: then an advertisement must be overdue by half an interval, too.
// - It was asked on the link itself, and did not answer. A filter on the HA port, on every path at once,
//   looks like a power cut until the next advertisement is due; but a living Active answers an
//   advertisement of priority 0 at once (§6.4.3). It is asked before the last tolerance of the silence, so
//   that the question costs a dead one's successor no time.
import { after, instant, microseconds, type Instant } from '../../model/units.js';
import {
  isHeardSince,
  lastHeard,
  silenceDue,
  tolerance,
  type PeerCheckParameters,
} from '../peers/peer-check.js';
import { lanPathOf, routerAt, type Peer, type Place } from '../peers/peers.js';
import type { Router } from '../machine/router.js';
import { backupOf } from '../machine/router-state.js';
import { overdueInterval } from '../machine/timing.js';

/**
 * When a Backup asks this peer on the link, by priority 0, whether it is there; null when there is no
 * reason to, or it has asked since the peer spoke last.
 */
export function questionDueAt(
  router: Router,
  peer: Peer,
  place: Place,
  parameters: PeerCheckParameters,
  now: Instant,
): Instant | null {
  const silentAt = peer.silent ? now : lastSilentAt(peer);
  // Nearly always: the end of the silence is a deadline of the peer.
  if (now < before(silentAt, parameters) || askedSince(router, peer) !== null) return null;
  const provenAt = silenceProvenAt(router, peer, place, parameters, silentAt);
  return provenAt === null ? null : before(provenAt, parameters);
}

/** When its silence is proven and the question has had its time; null as long as it was not asked. */
export function takeAt(
  router: Router,
  peer: Peer,
  place: Place,
  parameters: PeerCheckParameters,
  now: Instant,
): Instant | null {
  const askedAt = peer.silent ? askedSince(router, peer) : null;
  if (askedAt === null) return null;
  const provenAt = silenceProvenAt(router, peer, place, parameters, now);
  const answerDue = after(askedAt, tolerance(parameters));
  return provenAt === null ? null : instant(Math.max(provenAt, answerDue));
}

/** When it was asked since it spoke last; null when it was not. */
function askedSince(router: Router, peer: Peer): Instant | null {
  const { askedAt } = backupOf(router);
  return askedAt !== null && !isHeardSince(peer, askedAt) ? askedAt : null;
}

/** When the last of its paths will have been silent for long enough, unless something comes first. */
function lastSilentAt({ paths }: Peer): Instant {
  let last = Number.NEGATIVE_INFINITY;
  for (const { silentAt } of paths) last = Math.max(last, silentAt);
  return instant(last);
}

/** Whether its silence may be asked about, or be proof, whichever virtual router it is about; nearly always not. */
export const isNearlySilent = (
  peer: Peer,
  parameters: PeerCheckParameters,
  now: Instant,
): boolean => peer.silent || now >= before(lastSilentAt(peer), parameters);

const before = (at: Instant, parameters: PeerCheckParameters): Instant =>
  instant(at - tolerance(parameters));

/**
 * When the silence is proof, if the peer is silent on every path from `silentAt` on. Null when it was not
 * the Active, goes on advertising, or we were not its Backup when it spoke last: a router that has just
 * started knows nothing yet.
 */
export function silenceProvenAt(
  router: Router,
  peer: Peer,
  place: Place,
  parameters: PeerCheckParameters,
  silentAt: Instant,
): Instant | null {
  const { heardAt, state, since } = router;
  if (state.kind !== 'Backup' || routerAt(peer, place)?.state !== 'Active') return null;
  const { activeAddress, machine } = state;
  const peerHeardAt = lastHeard(peer.paths);
  if (peerHeardAt === null) return null;
  // What it said before may be out of date, but for its advertisement.
  if (activeAddress === null ? peerHeardAt < since : !peer.knownBy.includes(activeAddress)) {
    return null;
  }
  if (heardAt !== null && heardAt > nextWordDue(parameters, peerHeardAt)) return null;
  if (lanFellSilentToo(peer, place, parameters, peerHeardAt)) return silentAt;
  // Who became a Backup only then could not have heard anything before.
  const listeningSince = Math.max(heardAt ?? since, since);
  const overdue = overdueInterval(machine.activeAdverInterval);
  return instant(Math.max(silentAt, listeningSince + overdue));
}

/** An advertisement before the next message was due says no more than the message before it. */
function nextWordDue(parameters: PeerCheckParameters, peerHeardAt: Instant): Instant {
  const { interval, failureThreshold } = parameters;
  // Never later than the question: its answer counts.
  const term = Math.min(interval + tolerance(parameters), failureThreshold * interval);
  return after(peerHeardAt, microseconds(term));
}

/** Whether the path on the virtual router's own link and the one that spoke last ended in one event. */
function lanFellSilentToo(
  peer: Peer,
  place: Place,
  parameters: PeerCheckParameters,
  peerHeardAt: Instant,
): boolean {
  const heardAt = lanPathOf(peer, place.interface)?.heardAt ?? null;
  return heardAt !== null && silenceDue(parameters, heardAt) >= peerHeardAt;
}
