// Carries verdicts out: the one place where a decision becomes steps, reports and orders. Nothing is decided here.
import { after, microseconds } from '../model/units.js';
import { isOrdered } from './fitness/restraint.js';
import { isForcedBy } from './decisions/handover.js';
import type { Verdict } from './decisions/rows.js';
import type { PeerView } from './peers/peers.js';
import type { Router } from './machine/router.js';
import { activeOf, backupOf, type ActiveState, type HoldCause } from './machine/router-state.js';
import type { InstanceState } from './instance-state.js';
import { advertise, release, shutDown, step } from './step.js';
import { softFaults } from './fitness/tracker.js';

/** For so long nobody is asked again after a handover that nobody completed. */
const ASK_AGAIN = microseconds(5_000_000);

/** Two Actives are reported at most this often. */
const SAY_AGAIN = microseconds(1_000_000);

/** Does what the verdict says; nothing when there is none. @returns whether there was one. */
export function apply(instance: InstanceState, router: Router, verdict: Verdict | null): boolean {
  if (verdict === null) return false;
  instance.decided(router, verdict.row);
  carryOut(instance, router, verdict);
  return true;
}

function carryOut(instance: InstanceState, router: Router, verdict: Verdict): void {
  switch (verdict.act) {
    case 'stay':
      return;
    case 'timer':
      step(instance, router, { kind: 'deadline' });
      return;
    case 'take-over':
      takeOver(instance, router, verdict);
      return;
    case 'take-from':
      takeFrom(instance, router, verdict);
      return;
    case 'wait-in-turn':
      step(instance, router, { kind: 'leaving' });
      return;
    case 'hold':
      hold(instance, router, verdict.cause);
      return;
    case 'defer':
      backupOf(router).deferred = true;
      step(instance, router, { kind: 'defer', priority: verdict.priority });
      return;
    case 'ask':
      ask(instance, router, verdict);
      return;
    case 'ask-on-link':
      backupOf(router).askedAt = instance.clock;
      advertise(instance, router, 0);
      return;
    case 'ask-gateway':
      askGateway(instance);
      return;
    case 'ask-witness':
      askWitness(instance, router);
      return;
    case 'say-path-lost':
      instance.report('ha-path-lost', verdict.peer, router);
      return;
    case 'succeeded':
      step(instance, router, { kind: 'successor', reason: verdict.reason });
      return;
    case 'see-rival':
      activeOf(router).dualSince = instance.clock;
      return;
    case 'rival-gone':
      rivalGone(instance, router);
      return;
    case 'outvote':
      outvote(instance, router, verdict);
      return;
    case 'release':
      if (verdict.reason === 'lan-split') {
        instance.report('lan-split', router.configuration.interface, router);
      }
      release(instance, router, verdict.reason);
      return;
    case 'yield':
      step(instance, router, { kind: 'yield', reason: verdict.reason });
      return;
    case 'await':
      step(instance, router, { kind: 'await', until: verdict.until });
      return;
    case 'keep':
      keep(instance, router, verdict.reason);
      return;
    case 'shut-down':
      shutDown(instance, router, verdict.reason);
  }
}

/**
 * Asks our gateway now, and has the peers ask theirs when they hear of it, so that the answers that are compared are of
 * the same moment.
 */
function askGateway(instance: InstanceState): void {
  instance.gatewayWish = { told: !instance.gatewayWish.told, at: instance.clock };
  instance.push({ kind: 'ask-gateway' });
  instance.unsettled = true;
}

function askWitness(instance: InstanceState, router: Router): void {
  backupOf(router).asks = true;
  step(instance, router, { kind: 'hold' });
}

type Of<Act extends Verdict['act']> = Extract<Verdict, { readonly act: Act }>;

function takeOver(
  instance: InstanceState,
  router: Router,
  { reason, agreed }: Of<'take-over'>,
): void {
  const grantedUntil = agreed ? instance.handoverUntil() : null;
  step(instance, router, { kind: 'take-over', reason, grantedUntil });
}

function ask(instance: InstanceState, router: Router, { peer, hold: waits }: Of<'ask'>): void {
  peer.askedAt = instance.clock;
  instance.push({ kind: 'check-peer', peer: peer.configuration.name });
  if (waits) step(instance, router, { kind: 'hold' });
}

function rivalGone(instance: InstanceState, router: Router): void {
  // The rival may have announced itself after we did.
  step(instance, router, { kind: 'rival-gone' });
  activeOf(router).dualSince = null;
}

function takeFrom(
  instance: InstanceState,
  router: Router,
  { reason, leaver }: Of<'take-from'>,
): void {
  step(instance, router, { kind: 'take-over', reason, grantedUntil: instance.handoverUntil() });
  const cause = leaver?.report.cause;
  activeOf(router).ordered = cause !== undefined && isOrdered(cause.reason);
  if (leaver !== null) excuseFaults(instance, leaver);
}

/** An operator has forced the role upon us in spite of our soft faults, so they are no reason to give it back. */
function excuseFaults(instance: InstanceState, leaver: PeerView): void {
  if (!isForcedBy(leaver) || leaver.report.cause?.reason !== 'failover') return;
  const excused = softFaults([...instance.monitors.values()], false).map(({ name }) => name);
  instance.restraint = { ...instance.restraint, excused };
}

/** The Active is there although it is not heard. */
function hold(instance: InstanceState, router: Router, cause: HoldCause | null): void {
  const state = backupOf(router);
  if (cause !== null && state.unheard !== cause) {
    state.unheard = cause;
    instance.unsettled = true;
    instance.report(cause, router.configuration.interface, router);
  }
  step(instance, router, { kind: 'hold' });
}

/** Both have been Active for too long: this is reported, and decided again if the other one stays. */
function outvote(instance: InstanceState, router: Router, { rival, yields }: Of<'outvote'>): void {
  const state = activeOf(router);
  state.dualSince = instance.clock;
  sayDual(instance, router, state, rival);
  if (yields) step(instance, router, { kind: 'successor', reason: 'dual-active' });
  else step(instance, router, { kind: 'outvoted' });
}

/** Anybody on the link can cause this report, so it is not made with every advertisement. */
export function sayDual(
  instance: InstanceState,
  router: Router,
  state: ActiveState,
  rival: string,
): void {
  const { dualSaidAt } = state;
  if (dualSaidAt !== null && instance.clock < after(dualSaidAt, SAY_AGAIN)) return;
  state.dualSaidAt = instance.clock;
  instance.report('dual-active', rival, router);
}

function keep(instance: InstanceState, router: Router, reason: Of<'keep'>['reason']): void {
  router.askFrom = after(instance.clock, ASK_AGAIN);
  instance.report('refused', `${reason}: nobody took the role over`, router);
  if (reason === 'failover') instance.restraint = { ...instance.restraint, standBack: null };
  step(instance, router, { kind: 'keep' });
}
