// The witness as the instance has it: facts and messages are noted, the client gets its orders, the addresses their
// deadline, and decisions their evidence. What follows for a role: decisions/witness.ts.
import { after, microseconds, type Instant, type Microseconds } from '../model/units.js';
import { ORDER_REPEATED, type WitnessFact, type WitnessOrder } from '../model/witness.js';
import { apply } from './apply.js';
import { grantedAt, needsLease, whenLeased, whenLeaseEnds } from './decisions/witness.js';
import { InstanceSight } from './instance-sight.js';
import { later, type InstanceState } from './instance-state.js';
import { isAnyActive } from './machine/router.js';
import { isInTouch } from './peers/witnessed.js';
import * as witnessed from './peers/witnessed.js';
import type { Soonest } from './soonest.js';
import { holdUntil, isTouching, leaveAtOf, outOfTouch, witnessOf } from './witness-sight.js';

export function takeFact(instance: InstanceState, fact: WitnessFact): void {
  const parameters = witnessOf(instance);
  if (parameters === null) return;
  const before = instance.witness.fact;
  if (fact.kind === 'away' && before?.kind !== 'away') instance.report('witness-away', fact.why);
  if (fact.kind !== 'away' && before?.kind === 'away') instance.report('witness-back', '');
  const known = witnessed.withFact(instance.witness, fact, parameters.ttl, instance.clock);
  const { peerCheck } = instance.configuration;
  const decides = fact.kind === 'ours' || fact.kind === 'others';
  instance.witness = decides
    ? witnessed.notWithout(known, (contact) => !isInTouch(contact, peerCheck, instance.clock))
    : known;
}

export function takeSuspension(instance: InstanceState, by: Microseconds): void {
  instance.witness = witnessed.suspended(instance.witness, by);
}

/** A message of this peer has been taken. */
export function noteContact(instance: InstanceState, name: string, answered: boolean): void {
  const peer = instance.peers.get(name);
  if (peer === undefined || witnessOf(instance) === null) return;
  const message = { answered, askedAt: peer.askedAt, word: peer.report?.witness };
  instance.witness = witnessed.withMessage(instance.witness, name, message);
}

/** A deadline has passed: who takes or leaves the role by the lease. Packets came first. */
export function watchTheLease(instance: InstanceState): void {
  const leaveAt = leaveAtOf(instance);
  const isOver = leaveAt !== null && leaveAt <= instance.clock;
  for (const router of instance.routers.values()) {
    const { state } = router;
    if (state.kind === 'Active' && isOver) {
      apply(instance, router, whenLeaseEnds(new InstanceSight(instance, router)));
    } else if (state.kind === 'Backup' && state.asks) {
      apply(instance, router, whenLeased(new InstanceSight(instance, router), state));
    }
  }
}

/** Offers what is waited for because of the witness. */
export function witnessDeadlines(instance: InstanceState, soonest: Soonest): void {
  const parameters = witnessOf(instance);
  if (parameters === null) return;
  const { clock, witness } = instance;
  const { order, orderedAt } = witness;
  if (order === 'hold') soonest.offer(repeatedAt(orderedAt, parameters.ttl), OWNER, 'lease');
  const leaveAt = leaveAtOf(instance);
  if (leaveAt !== null && isAnyActive(instance))
    soonest.offer(later(clock, leaveAt), OWNER, 'lease');
  for (const router of instance.routers.values()) {
    const { state, configuration } = router;
    if (state.kind !== 'Backup' || !state.asks) continue;
    const at = grantedAt(new InstanceSight(instance, router), state);
    if (at !== null) soonest.offer(later(clock, at), configuration.name, 'lease');
  }
}

const OWNER = 'witness';

/** Whole microseconds. */
const stepOf = (ttl: Microseconds): Microseconds => microseconds(Math.floor(ttl * ORDER_REPEATED));

const repeatedAt = (orderedAt: Instant, ttl: Microseconds): Instant =>
  after(orderedAt, stepOf(ttl));

/** After each event: what the client is to do, and until when addresses may be kept. */
export function followWitness(instance: InstanceState): void {
  const parameters = witnessOf(instance);
  if (parameters === null) {
    tellHoldUntil(instance, null, microseconds(0));
    return;
  }
  if (instance.phase === 'new') return;
  forgetQuestions(instance);
  giveOrder(instance, parameters.ttl);
  const until = isAnyActive(instance) ? holdUntil(instance, parameters) : null;
  tellHoldUntil(instance, until, stepOf(parameters.ttl));
  sayWithout(instance, until);
}

/** Nothing is asked of the witness about a peer that is in touch again. */
function forgetQuestions(instance: InstanceState): void {
  for (const router of instance.routers.values()) {
    const { state } = router;
    if (state.kind !== 'Backup' || !state.asks) continue;
    if (!needsLease(new InstanceSight(instance, router), false)) state.asks = false;
    // Whatever a peer says may be what it waits for.
    else instance.onlyDelayed = false;
  }
}

function giveOrder(instance: InstanceState, ttl: Microseconds): void {
  const { witness, clock } = instance;
  const order = orderOf(instance);
  if (order === witness.order) {
    if (order !== 'hold' || clock < repeatedAt(witness.orderedAt, ttl)) return;
  }
  instance.witness = { ...witness, order, orderedAt: clock };
  instance.push({ kind: 'witness', order });
}

/**
 * The lease is kept warm by whoever is Active, and asked for by a Backup that needs it. It is given back to a successor
 * that is there; without one it ends by its time, when our addresses are gone for certain.
 */
function orderOf(instance: InstanceState): WitnessOrder {
  const { phase, witness, routers } = instance;
  if (phase === 'stopped') return isCutOff(instance) ? 'watch' : 'release';
  for (const { state } of routers.values()) {
    if (state.kind === 'Active' || (state.kind === 'Backup' && state.asks)) return 'hold';
  }
  if (witness.order === 'release') return 'release';
  const mayBeOurs = witness.order === 'hold' || witness.fact?.kind === 'ours';
  return mayBeOurs && hasSuccessor(instance) ? 'release' : 'watch';
}

/**
 * Whether we are out of touch with all peers. Then a stop does not release the lease: nobody may take the role before our
 * addresses are gone for certain.
 */
const isCutOff = (instance: InstanceState): boolean =>
  outOfTouch(instance).length === instance.peers.size;

const hasSuccessor = (instance: InstanceState): boolean =>
  [...instance.peers.values()].some(
    (peer) =>
      isTouching(instance, peer) &&
      peer.report?.routers.some(
        ({ state, addressesPresent }) => state === 'Active' && addressesPresent,
      ),
  );

/** Every answer of a peer puts the end off. A later end is told only when it has moved on by `step`; a sooner one at once. */
function tellHoldUntil(instance: InstanceState, until: Instant | null, step: Microseconds): void {
  const { holdUntil: told } = instance.witness;
  if (until === told) return;
  if (until !== null && told !== null && until > told && until < after(told, step)) return;
  instance.witness = { ...instance.witness, holdUntil: until };
  instance.push({ kind: 'hold-until', until });
}

/** An alarm: nothing connects us with a peer, both have lost the witness, and we have the role. */
function sayWithout(instance: InstanceState, until: Instant | null): void {
  const out = outOfTouch(instance);
  const isWithout = until === null && isAnyActive(instance) && isCutOff(instance);
  if (isWithout === instance.witness.saidWithout) return;
  instance.witness = { ...instance.witness, saidWithout: isWithout };
  if (!isWithout) return;
  const names = out.map(({ configuration }) => configuration.name).join(', ');
  instance.report('without-witness', names);
}
