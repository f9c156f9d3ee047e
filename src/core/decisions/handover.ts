// A planned handover, from both sides: whether a Backup takes the role that a peer gives up, whom an Active asks to
// take over, and what it does when nobody comes. Verdicts only.
import type { TransitionReason } from '../../model/reasons.js';
import { instant } from '../../model/units.js';
import type { PeerView } from '../peers/peers.js';
import type { BackupState } from '../machine/router-state.js';
import { releasingOf, type Router } from '../machine/router.js';
import type { Sight } from '../peers/sight.js';
import {
  holderAmong,
  isAsked,
  isBeingTaken,
  isBestCandidate,
  isSplitFrom,
  isYielding,
  successorAmong,
} from './candidates.js';
import type { Verdict } from './rows.js';
import { needsLease } from './witness.js';

// --- the Backup --------------------------------------------------------------------------------------

/**
 * What a Backup does about a role that `leaver` gives up. Where there is a witness and no peer is in touch, it could hold
 * the role by the lease only: without it, it would give the role up in the same instant, and the next one likewise.
 */
export function whenReleased(sight: Sight, state: BackupState, leaver: PeerView): Verdict {
  const { router, views, rank } = sight;
  if (isLeftAlone(router, leaver)) return { row: 'released: failed before', act: 'stay' };
  if (holderAmong(views) !== null) return { row: 'released: taken', act: 'stay' };
  if (needsLease(sight, true)) return { row: 'released: out of touch', act: 'wait-in-turn' };
  if (!isBestCandidate(views, rank, isAsked(leaver))) {
    return { row: 'released: others first', act: 'wait-in-turn' };
  }
  return state.unheard !== null && isSplitFrom(leaver)
    ? { row: 'released: better side', act: 'take-from', reason: 'better-placed', leaver }
    : { row: 'released: ours', act: 'take-from', reason: 'peer-released', leaver };
}

/**
 * A router that could not put its addresses in place just now does not take the role from one that has them, unless an
 * operator insists, once for each order. Nor does it take the role at once from one that failed likewise, nor from
 * anybody when it has failed again: it would do so as fast as its script fails. Its timer goes on, since somebody has
 * to try.
 */
function isLeftAlone({ defence, triedInVain }: Router, leaver: PeerView): boolean {
  if (defence.yieldingUntil === null) return false;
  if (triedInVain) return true;
  return !isForcedBy(leaver) && (leaver.router?.state === 'Active' || isYielding(leaver));
}

/** Whether an operator insists that it leaves. */
export const isForcedBy = ({ report }: PeerView): boolean => report.cause?.forced === true;

// --- the Active --------------------------------------------------------------------------------------

/** Reasons that leave time for a handover: nothing is broken. */
const VOLUNTARY: ReadonlySet<TransitionReason> = new Set([
  'maintenance',
  'mode-off',
  'bypassed',
  'suspended',
]);

/** What an Active does when nobody has completed its handover in time; null while there is time. */
export function whenNobodyCame(sight: Sight): Verdict | null {
  const releasing = releasingOf(sight.router);
  if (releasing === null || sight.now < releasing.until) return null;
  const { reason, atMost } = releasing;
  if (sight.now < atMost && isBeingTaken(sight.views)) {
    const until = instant(Math.min(sight.handoverUntil, atMost));
    return { row: 'handover: being taken', act: 'await', until };
  }
  return whenNobodyTook(sight.views, reason, sight.fit) === 'leave'
    ? { row: 'handover: ordered out', act: 'timer' }
    : { row: 'handover: nobody', act: 'keep', reason };
}

/**
 * What an Active does when nobody has completed its handover in time. It leaves when an operator still wants it out
 * (`fit` is false then), or when a peer has taken the role. Otherwise it stays, since nobody else would hold the
 * addresses.
 */
export const whenNobodyTook = (
  views: readonly PeerView[],
  reason: TransitionReason,
  fit: boolean,
): 'leave' | 'stay' =>
  (VOLUNTARY.has(reason) && !fit) || views.some(({ router }) => router?.state === 'Active')
    ? 'leave'
    : 'stay';

/** Whether somebody could take the role of this virtual router from us. */
export const hasSuccessor = ({ views }: Sight, quality: 'fit' | 'sound'): boolean =>
  successorAmong(views, quality) !== null;

/**
 * What a virtual router does when something keeps it out of the election; null when it is out already. Where nothing is
 * broken the addresses stay until the peer has them.
 * @param passedBy whether the relay of the hardware bypass is engaged, so that what we send reaches nobody.
 */
export function whenKeptOut(
  sight: Sight,
  reason: TransitionReason,
  passedBy: boolean,
): Verdict | null {
  const { state } = sight.router;
  if (state.kind === 'Initialize') return null;
  if (state.kind === 'Active' && VOLUNTARY.has(reason) && !passedBy) {
    if (releasingOf(sight.router) !== null) return { row: 'out: asked already', act: 'stay' };
    if (hasSuccessor(sight, 'fit')) return { row: 'out: to a successor', act: 'release', reason };
  }
  return { row: 'out: at once', act: 'shut-down', reason };
}

/** What an Active with a soft fault does, when a peer without one could take the role. */
export const whenFaulty = ({ router }: Sight): Verdict | null =>
  releasingOf(router) === null
    ? { row: 'soft fault: to a sound peer', act: 'release', reason: 'soft-fault' }
    : null;
