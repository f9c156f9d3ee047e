// What the witness and the contacts with the peers amount to: who is out of touch, until when the role may be held, and
// the evidence for decisions/witness.ts. Nothing is decided here, and nothing is changed.
import { after, instant, type Instant } from '../model/units.js';
import type { InstanceState } from './instance-state.js';
import type { WitnessParameters, WitnessSnapshot } from './interface.js';
import type { Router } from './machine/router.js';
import { overdueFrom } from './decisions/takeover.js';
import { isHeardSince, lastHeard } from './peers/peer-check.js';
import { isSpeaking, type Peer } from './peers/peers.js';
import type { WitnessSight } from './peers/sight.js';
import { contactWith, isInTouch, sureOf, type Contact } from './peers/witnessed.js';

/** The witness that the settings name; null when there is none, or nobody to be witnessed. */
export const witnessOf = ({ configuration, peers }: InstanceState): WitnessParameters | null =>
  peers.size === 0 ? null : (configuration.witness ?? null);

const contactOf = ({ witness }: InstanceState, { configuration }: Peer): Contact =>
  contactWith(witness, configuration.name);

/** Whether the peer has answered lately. */
export const isTouching = (instance: InstanceState, peer: Peer): boolean =>
  isInTouch(contactOf(instance, peer), instance.configuration.peerCheck, instance.clock);

export const outOfTouch = (instance: InstanceState): Peer[] =>
  [...instance.peers.values()].filter((peer) => !isTouching(instance, peer));

/**
 * Until when an Active may hold: the lease is ours until then, or a peer has answered, and does not take the role
 * before. Null: for ever, since both have said that the witness is away.
 */
export function holdUntil(instance: InstanceState, { ttl }: WitnessParameters): Instant | null {
  const { oursUntil, startedAt } = instance.witness;
  let until = Math.max(oursUntil ?? startedAt, startedAt);
  let isAllWithout = true;
  for (const peer of instance.peers.values()) {
    const { askedAt, without } = contactOf(instance, peer);
    if (!without) isAllWithout = false;
    if (askedAt !== null) until = Math.max(until, after(askedAt, sureOf(ttl)));
  }
  return isAllWithout ? null : instant(until);
}

/** When an Active gives the role up, for its addresses to be gone in time; null: not for that. */
export function leaveAtOf(instance: InstanceState): Instant | null {
  const { holdUntil: until } = instance.witness;
  const parameters = witnessOf(instance);
  if (until === null || parameters === null) return null;
  return instant(until - parameters.margin);
}

/**
 * Whether a Backup whose advertisement is overdue has heard nothing else from the peer since. This is known sooner than
 * that its checks fail, since the peer was asked as soon as the advertisement was overdue.
 */
function isSilentTo(
  { clock }: InstanceState,
  { state, effectivePriority }: Router,
  peer: Peer,
): boolean {
  return (
    state.kind === 'Backup' && isOverdue(overdueFrom(state.machine, effectivePriority), clock, peer)
  );
}

const isOverdue = (overdue: Instant, now: Instant, peer: Peer): boolean =>
  overdue <= now && !isHeardSince(peer, overdue);

/** The evidence about one virtual router; null without a witness. */
export function witnessSight(instance: InstanceState, router: Router): WitnessSight | null {
  const parameters = witnessOf(instance);
  if (parameters === null) return null;
  const out = outOfTouch(instance);
  const suspects = [...instance.peers.values()].filter(
    (peer) =>
      !contactOf(instance, peer).without &&
      (!isTouching(instance, peer) || isSilentTo(instance, router, peer)),
  );
  return {
    guards: suspects.length > 0,
    inTouch: out.length < instance.peers.size,
    grantedFrom:
      router.state.kind === 'Backup' ? grantedFrom(instance, parameters, suspects) : null,
    leaveAt: router.state.kind === 'Active' ? leaveAtOf(instance) : null,
  };
}

/** This part of a ttl must be left of the lease when a role is taken by it, so that the addresses' lifetime fits in. */
const LEFT = 0.6;

/**
 * From when on the lease is enough to take the role; null while it is not ours for long enough. A peer that has fallen
 * silent may hold for a ttl by our last answer; one that speaks says itself whether it holds.
 */
function grantedFrom(
  { witness, clock }: InstanceState,
  { ttl }: WitnessParameters,
  suspects: readonly Peer[],
): Instant | null {
  const { oursUntil, countsFrom, startedAt } = witness;
  if (oursUntil === null || clock + LEFT * ttl > oursUntil) return null;
  let from: number = countsFrom;
  for (const peer of suspects) {
    if (isSpeaking(peer, clock)) continue;
    from = Math.max(from, after(lastHeard(peer.paths) ?? startedAt, ttl));
  }
  return instant(from);
}

export function witnessSnapshot(instance: InstanceState): WitnessSnapshot | null {
  if (witnessOf(instance) === null) return null;
  const { fact, order, oursUntil, holdUntil: until } = instance.witness;
  const named = (peers: readonly Peer[]): string[] =>
    peers.map(({ configuration: { name } }) => name);
  return {
    fact,
    order,
    oursUntil,
    holdUntil: until,
    outOfTouch: named(outOfTouch(instance)),
    without: named([...instance.peers.values()].filter((one) => contactOf(instance, one).without)),
    asks: [...instance.routers.values()].some(({ state }) => state.kind === 'Backup' && state.asks),
  };
}
