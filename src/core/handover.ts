// A planned handover, from both sides: whether a Backup takes the role that a peer gives up, and what an
// Active does whose successor does not come. No steps of the machine but those.
import { after, instant, microseconds } from '../model/units.js';
import {
  isBeingTaken,
  isYielding,
  leaverAmong,
  successorAmong,
  whenNobodyTook,
  whenReleased,
} from './arbiter.js';
import { isOrdered } from './conduct.js';
import type { TakeoverReason } from './machine.js';
import type { PeerView } from './peers.js';
import { releasingOf, type Router } from './router.js';
import { activeOf, type BackupState } from './router-state.js';
import type { Stage } from './stage.js';
import { softFaults } from './tracker.js';

/** After a handover that nobody completed, nobody is asked again for so long. */
const ASK_AGAIN = microseconds(5_000_000);

/** Whether an Active whose handover nobody has completed in time keeps the role, and says so. */
export function staysInstead(stage: Stage, router: Router): boolean {
  const releasing = releasingOf(router);
  if (releasing === null || stage.clock < releasing.until) return false;
  const { reason, atMost } = releasing;
  const views = stage.views(router);
  if (stage.clock < atMost && isBeingTaken(views)) {
    const until = instant(Math.min(stage.handoverUntil(), atMost));
    stage.step(router, { kind: 'await', until });
    return true;
  }
  if (whenNobodyTook(views, reason, stage.standing.fit) === 'leave') return false;
  router.askFrom = after(stage.clock, ASK_AGAIN);
  stage.report('refused', `${reason}: nobody took the role over`, router);
  if (reason === 'failover') stage.conduct = { ...stage.conduct, standBack: null };
  stage.step(router, { kind: 'keep' });
  return true;
}

/** Whether somebody could take the role of this virtual router from us. */
export const hasSuccessor = (stage: Stage, router: Router, quality: 'fit' | 'sound'): boolean =>
  successorAmong(stage.views(router), quality) !== null;

/** Takes a role that a peer gives up, waits for its turn, or does nothing. */
export function arbitrateBackup(stage: Stage, router: Router, state: BackupState): void {
  const views = stage.views(router);
  // Nearly always nobody leaves, and nothing more needs to be known.
  const leaver = leaverAmong(views, state.activeAddress);
  if (leaver === null) {
    router.triedInVain = false;
    return;
  }
  if (isLeftAlone(router, leaver)) return;
  const answer = whenReleased(views, state, stage.rankOf(router));
  if (answer === 'not-ours') return;
  if (answer === 'others-first') stage.step(router, { kind: 'leaving' });
  else takeFrom(stage, router, answer, leaver);
}

/** Takes the role in our turn; the one that leaves has agreed to whoever comes. */
export function takeInTurn(stage: Stage, router: Router, state: BackupState): void {
  const leaver = leaverAmong(stage.views(router), state.activeAddress);
  takeFrom(stage, router, 'peer-released', leaver);
}

function takeFrom(
  stage: Stage,
  router: Router,
  reason: TakeoverReason,
  leaver: PeerView | null,
): void {
  stage.step(router, { kind: 'take-over', reason, grantedUntil: stage.handoverUntil() });
  const cause = leaver?.report.cause;
  activeOf(router).ordered = cause !== undefined && isOrdered(cause.reason);
  if (leaver === null || !isForcedBy(leaver) || cause?.reason !== 'failover') return;
  const excused = softFaults([...stage.monitors.values()], false).map(({ name }) => name);
  stage.conduct = { ...stage.conduct, excused };
}

/**
 * Who could not put the addresses in place just now does not take them from one that has them, unless an
 * operator insists: once for each order. Nor at once from one that could not either, nor from anybody when
 * it has failed again: it would do so as fast as its script fails. Its timer goes on: somebody has to try.
 */
function isLeftAlone({ defence, triedInVain }: Router, leaver: PeerView): boolean {
  if (defence.yieldingUntil === null) return false;
  if (triedInVain) return true;
  return !isForcedBy(leaver) && (leaver.router?.state === 'Active' || isYielding(leaver));
}

const isForcedBy = ({ report }: PeerView): boolean => report.cause?.forced === true;
