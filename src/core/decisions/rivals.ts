// What an Active does about another one, and about a Backup on the better side of a split link. Verdicts only.
import type { PeerReport } from '../../model/peer-report.js';
import { after, instant, microseconds, type Instant } from '../../model/units.js';
import { listensUntil } from '../machine/states.js';
import type { PeerView } from '../peers/peers.js';
import type { ActiveState } from '../machine/router-state.js';
import { releasingOf } from '../machine/router.js';
import type { Rank, Sight } from '../peers/sight.js';
import { isCandidate, isSplitFrom, outranksUs } from './candidates.js';
import type { Verdict } from './rows.js';

/** We put up with a rival for a check interval, but not longer than this. */
const BORNE_AT_MOST = microseconds(100_000);

/**
 * What an Active does about a peer that says that it is Active, too. It is asked with every report, so that only what
 * the peer says now counts.
 * @param holder null when nobody says so.
 */
export function whenAnotherIsActive(
  sight: Sight,
  state: ActiveState,
  holder: PeerView | null,
): Verdict | null {
  const stands = holder?.router?.addressesPresent === true ? holder : null;
  return (stands && succeededBy(sight, state, stands)) ?? bothAreActive(sight, state, stands);
}

/** The other one is our successor: we asked for one, or have no claim of our own. */
function succeededBy(sight: Sight, { machine }: ActiveState, holder: PeerView): Verdict | null {
  const releasing = releasingOf(sight.router);
  if (releasing !== null) {
    return { row: 'handover: done', act: 'succeeded', reason: releasing.reason };
  }
  if (listensUntil(machine, sight.now) !== null) {
    return { row: 'stalled: another one', act: 'succeeded', reason: 'stalled' };
  }
  const { lacking } = machine;
  return lacking?.lost === true && isHeardAfter(holder, lacking.since)
    ? { row: 'addresses gone: another one', act: 'succeeded', reason: 'addresses-gone' }
    : null;
}

/** Both are Active. If this lasts longer than a handover takes, the lower one yields; both report it. */
function bothAreActive(
  sight: Sight,
  { dualSince }: ActiveState,
  holder: PeerView | null,
): Verdict | null {
  const rival = holder !== null && isHeardAfter(holder, sight.router.since) ? holder : null;
  if (rival === null) return dualSince === null ? null : { row: 'both: over', act: 'rival-gone' };
  if (dualSince === null) return { row: 'both: seen', act: 'see-rival' };
  if (!isHeardAfter(rival, borneUntil(sight, dualSince))) return null;
  const { name } = rival.peer.configuration;
  return isBetterRival(rival, sight.rank, evidenceOf(sight.gateway))
    ? { row: 'both: worse', act: 'outvote', rival: name, yields: true }
    : { row: 'both: better', act: 'outvote', rival: name, yields: false };
}

/** The old report of a peer that may have died meanwhile says nothing about now. */
const isHeardAfter = ({ peer }: PeerView, since: Instant): boolean =>
  peer.paths.some(({ heardAt }) => heardAt !== null && heardAt > since);

const borneUntil = ({ peerCheck }: Sight, since: Instant): Instant =>
  instant(Math.min(after(since, peerCheck.interval), after(since, BORNE_AT_MOST)));

/** Whether the other one of two Actives stays: on a split link the better side, otherwise the higher rank. */
export function isBetterRival(view: PeerView, own: Rank, ownEvidence: number): boolean {
  const evidence = view.router?.evidence ?? ownEvidence;
  if (isSplitFrom(view) && evidence !== ownEvidence) return evidence > ownEvidence;
  return outranksUs(view, own);
}

/**
 * How well we see the LAN, 0..15. A gateway that answers is the best proof. Carrier proves nothing, since a router that
 * has lost it is not in the election.
 */
export function evidenceOf(gateway: PeerReport['gateway']): number {
  if (gateway === 'reachable') return 8;
  return gateway === 'unknown' ? 4 : 0;
}

/** A Backup that does not hear us is on the better side of the split link: it is asked to take over. */
export function whenLinkIsSplit(sight: Sight): Verdict | null {
  const evidence = evidenceOf(sight.gateway);
  return sight.views.some((view) => isWorseSide(view, evidence))
    ? { row: 'split: worse side', act: 'release', reason: 'lan-split' }
    : null;
}

/** Whether the link is split between us, the Active, and a peer that stands on its better side. */
const isWorseSide = (view: PeerView, ownEvidence: number): boolean =>
  isCandidate(view) &&
  view.router !== null &&
  view.router.wantsUnicast &&
  isSplitFrom(view) &&
  view.router.evidence > ownEvidence;
