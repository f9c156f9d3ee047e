// Carries verdicts out: the one place where a decision becomes steps, reports and orders. Nothing is decided here.
import { after, microseconds } from '../model/units.js';
import { isOrdered } from './fitness/restraint.js';
import { isForcedBy } from './decisions/handover.js';
import type { Verdict } from './decisions/rows.js';
import type { PeerView } from './peers/peers.js';
import type { Router } from './machine/router.js';
import { activeOf, backupOf, type ActiveState, type HoldCause } from './machine/router-state.js';
import type { Stage } from './instance-state.js';
import { advertise, release, shutDown, step } from './step.js';
import { softFaults } from './fitness/tracker.js';

/** After a handover that nobody completed, nobody is asked again for so long. */
const ASK_AGAIN = microseconds(5_000_000);

/** That there are two Actives is said at most so often. */
const SAY_AGAIN = microseconds(1_000_000);

/** Does what the verdict says; nothing when there is none. @returns whether there was one. */
export function apply(stage: Stage, router: Router, verdict: Verdict | null): boolean {
  if (verdict === null) return false;
  stage.decided(router, verdict.row);
  carryOut(stage, router, verdict);
  return true;
}

function carryOut(stage: Stage, router: Router, verdict: Verdict): void {
  switch (verdict.act) {
    case 'stay':
      return;
    case 'timer':
      step(stage, router, { kind: 'deadline' });
      return;
    case 'take-over': {
      const grantedUntil = verdict.agreed ? stage.handoverUntil() : null;
      step(stage, router, { kind: 'take-over', reason: verdict.reason, grantedUntil });
      return;
    }
    case 'take-from':
      takeFrom(stage, router, verdict);
      return;
    case 'wait-in-turn':
      step(stage, router, { kind: 'leaving' });
      return;
    case 'hold':
      hold(stage, router, verdict.cause);
      return;
    case 'defer':
      backupOf(router).deferred = true;
      step(stage, router, { kind: 'defer', priority: verdict.priority });
      return;
    case 'ask':
      verdict.peer.askedAt = stage.clock;
      stage.push({ kind: 'check-peer', peer: verdict.peer.configuration.name });
      if (verdict.hold) step(stage, router, { kind: 'hold' });
      return;
    case 'ask-on-link':
      backupOf(router).askedAt = stage.clock;
      advertise(stage, router, 0);
      return;
    case 'say-path-lost':
      stage.report('ha-path-lost', verdict.peer, router);
      return;
    case 'succeeded':
      step(stage, router, { kind: 'successor', reason: verdict.reason });
      return;
    case 'see-rival':
      activeOf(router).dualSince = stage.clock;
      return;
    case 'rival-gone':
      // It may have announced itself after we did.
      step(stage, router, { kind: 'rival-gone' });
      activeOf(router).dualSince = null;
      return;
    case 'outvote':
      outvote(stage, router, verdict);
      return;
    case 'release':
      if (verdict.reason === 'lan-split') {
        stage.report('lan-split', router.configuration.interface, router);
      }
      release(stage, router, verdict.reason);
      return;
    case 'yield':
      step(stage, router, { kind: 'yield', reason: verdict.reason });
      return;
    case 'await':
      step(stage, router, { kind: 'await', until: verdict.until });
      return;
    case 'keep':
      keep(stage, router, verdict.reason);
      return;
    case 'shut-down':
      shutDown(stage, router, verdict.reason);
  }
}

type Of<Act extends Verdict['act']> = Extract<Verdict, { readonly act: Act }>;

function takeFrom(stage: Stage, router: Router, { reason, leaver }: Of<'take-from'>): void {
  step(stage, router, { kind: 'take-over', reason, grantedUntil: stage.handoverUntil() });
  const cause = leaver?.report.cause;
  activeOf(router).ordered = cause !== undefined && isOrdered(cause.reason);
  if (leaver !== null) excuseFaults(stage, leaver);
}

/** An operator has forced the role upon us in spite of our soft faults: they are no reason to give it back. */
function excuseFaults(stage: Stage, leaver: PeerView): void {
  if (!isForcedBy(leaver) || leaver.report.cause?.reason !== 'failover') return;
  const excused = softFaults([...stage.monitors.values()], false).map(({ name }) => name);
  stage.conduct = { ...stage.conduct, excused };
}

/** The Active is there although it is not heard. */
function hold(stage: Stage, router: Router, cause: HoldCause | null): void {
  const state = backupOf(router);
  if (cause !== null && state.unheard !== cause) {
    state.unheard = cause;
    stage.unsettled = true;
    stage.report(cause, router.configuration.interface, router);
  }
  step(stage, router, { kind: 'hold' });
}

/** Both have been Active for too long: said, and settled anew if the other one stays. */
function outvote(stage: Stage, router: Router, { rival, yields }: Of<'outvote'>): void {
  const state = activeOf(router);
  state.dualSince = stage.clock;
  sayDual(stage, router, state, rival);
  if (yields) step(stage, router, { kind: 'successor', reason: 'dual-active' });
  else step(stage, router, { kind: 'outvoted' });
}

/** Anybody on the link can cause it: not with every advertisement. */
export function sayDual(stage: Stage, router: Router, state: ActiveState, rival: string): void {
  const { dualSaidAt } = state;
  if (dualSaidAt !== null && stage.clock < after(dualSaidAt, SAY_AGAIN)) return;
  state.dualSaidAt = stage.clock;
  stage.report('dual-active', rival, router);
}

function keep(stage: Stage, router: Router, reason: Of<'keep'>['reason']): void {
  router.askFrom = after(stage.clock, ASK_AGAIN);
  stage.report('refused', `${reason}: nobody took the role over`, router);
  if (reason === 'failover') stage.conduct = { ...stage.conduct, standBack: null };
  step(stage, router, { kind: 'keep' });
}
