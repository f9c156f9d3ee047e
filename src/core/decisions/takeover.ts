// When a Backup takes the role, and when it waits instead: after priority 0, when the Active is silent, when the
// Active_Down_Timer fires. A role that is given up by agreement is handover.ts. Verdicts only.
import type { IpAddress } from '../../model/address.js';
import { after, instant, microseconds, type Instant } from '../../model/units.js';
import { isEmptyHanded } from './empty-handed.js';
import type { Backup } from '../machine/states.js';
import { isHeardSince } from '../peers/peer-check.js';
import { routerAt, type Peer, type PeerView } from '../peers/peers.js';
import type { BackupState, HoldCause } from '../machine/router-state.js';
import type { Router } from '../machine/router.js';
import type { Rank, Sight } from '../peers/sight.js';
import { activeDownInterval, overdueInterval } from '../machine/timing.js';
import {
  holderAmong,
  isAsked,
  isBestCandidate,
  isNotNeeded,
  isSplitFrom,
  isTiedBehind,
  leaverAmong,
  outranksUs,
} from './candidates.js';
import type { Verdict } from './rows.js';
import { questionDueAt, silenceProvenAt, takeAt } from './silence.js';
import { needsLease, unlessLeased } from './witness.js';

/** The priority by which one that stands back waits: its timer fires after everybody else's. */
const LAST_RESORT = 1;

/** One question for all virtual routers whose advertisements are overdue at about the same time. */
const ASKED_JUST_NOW = microseconds(2_000);

// --- priority 0 --------------------------------------------------------------------------------------

/**
 * What a Backup does that heard priority 0. Peers that know each other agree on who comes next, so that one need not wait
 * for Skew_Time. It waits all the same if it could not add its addresses just now, since the router that said farewell
 * may have failed likewise; and where there is a witness and the two are out of touch, since it needs the lease then.
 */
export const whenLeft = (sight: Sight, source: IpAddress): Verdict =>
  sight.router.defence.yieldingUntil === null &&
  !needsLease(sight, true) &&
  isNextAfter(sight.views, source, sight.rank)
    ? { row: 'priority 0: ours', act: 'take-over', reason: 'priority-zero', agreed: true }
    : { row: 'priority 0: in turn', act: 'stay' };

/** Whether a Backup that heard priority 0 from `source` need not wait for Skew_Time. */
export const isNextAfter = (views: readonly PeerView[], source: IpAddress, own: Rank): boolean =>
  views.some(({ router }) => router !== null) &&
  !views.some(({ router, peer }) => router?.state === 'Active' && !peer.knownBy.includes(source)) &&
  isBestCandidate(
    views,
    own,
    views.some((view) => view.peer.knownBy.includes(source) && isAsked(view)),
  );

/**
 * Whether priority 0 is another Backup's question and no farewell: it comes from a peer that says that it is a Backup,
 * and that is not the Active heard last. The answer to it may be lost, or come first; or the question was meant for us, and
 * we wake up only now.
 */
export function isQuestion({ router, place, peers }: Sight, source: IpAddress): boolean {
  if (router.state.kind !== 'Backup') return false;
  const { activeAddress } = router.state;
  for (const peer of peers) {
    if (!peer.knownBy.includes(source)) continue;
    if (activeAddress !== null && peer.knownBy.includes(activeAddress)) continue;
    if (routerAt(peer, place)?.state === 'Backup') return true;
  }
  return false;
}

// --- silence -----------------------------------------------------------------------------------------

/** Asks the peer whose advertisement is overdue over the HA port, unless it has been asked since. */
export function whenOverdue(sight: Sight, state: BackupState): Verdict | null {
  const overdue = overdueFrom(state.machine, sight.router.effectivePriority);
  if (overdue > sight.now) return null;
  const peer = peerToAsk(sight, overdue);
  return peer && { row: 'overdue: ask', act: 'ask', peer, hold: false };
}

/** When a Backup has to ask because an advertisement is overdue; null when there is nobody to ask. */
export function overdueAt(sight: Sight, state: BackupState): Instant | null {
  const overdue = overdueFrom(state.machine, sight.router.effectivePriority);
  // After priority 0 it is overdue at once.
  if (overdue > sight.now) return overdue;
  return peerToAsk(sight, overdue) === null ? null : sight.now;
}

function peerToAsk(sight: Sight, overdue: Instant): Peer | null {
  const holder = holderAmong(sight.speaking);
  return holder !== null && isQuestionDue(holder, overdue) ? holder.peer : null;
}

const isQuestionDue = ({ peer }: PeerView, overdue: Instant): boolean =>
  after(peer.askedAt, ASKED_JUST_NOW) < overdue && !isHeardSince(peer, justBefore(overdue));

const justBefore = (overdue: Instant): Instant => instant(overdue - ASKED_JUST_NOW);

/**
 * From when on an advertisement of the Active is overdue by half an interval. Then it is asked whether it
 * is there, so that the answer is known when the Active_Down_Timer fires.
 */
export const overdueFrom = (
  { activeDownAt, activeAdverInterval }: Backup,
  priority: number,
): Instant =>
  instant(
    activeDownAt -
      activeDownInterval(priority, activeAdverInterval) +
      overdueInterval(activeAdverInterval),
  );

/** When the clock alone proves that the Active is dead; null when it is proven already, or nothing is. */
export function provenAt(sight: Sight): Instant | null {
  const proven = soonestOf(sight, takeAt);
  return proven !== null && proven > sight.now ? proven : null;
}

/** When the Active is to be asked on the link. One question is enough: that of whoever would take the role. */
export function questionAt(sight: Sight): Instant | null {
  const due = soonestOf(sight, questionDueAt);
  return due !== null && isBest(sight) ? due : null;
}

/** Asks the Active on the link before its silence is believed: whoever is there answers priority 0. */
export function whenNearlySilent(sight: Sight): Verdict | null {
  const due = questionAt(sight);
  return due === null || due > sight.now ? null : { row: 'silent: ask', act: 'ask-on-link' };
}

/** Takes the role of an Active whose silence is proof, unless a peer has found out first. */
export function whenSilent(sight: Sight): Verdict | null {
  const due = soonestOf(sight, takeAt);
  if (due === null || due > sight.now || needsLease(sight, false)) return null;
  if (holderAmong(sight.views) !== null || !isBest(sight)) return null;
  return { row: 'silent: dead', act: 'take-over', reason: 'peer-dead', agreed: false };
}

/** Says that this peer, the Active, is silent on every path, where nothing follows from it at once. */
export function whenPathsLost(sight: Sight, peer: Peer): Verdict | null {
  const { router, place, peerCheck, now } = sight;
  if (router.state.kind !== 'Backup' || routerAt(peer, place)?.state !== 'Active') return null;
  const proven = silenceProvenAt(router, peer, place, peerCheck, now);
  if (proven !== null && proven <= now) return null;
  return { row: 'silent: no proof', act: 'say-path-lost', peer: peer.configuration.name };
}

const isBest = ({ views, rank }: Sight): boolean => isBestCandidate(views, rank);

/** What `ask` says of the peer whose silence concerns this Backup; null when there is no such thing. */
function soonestOf(sight: Sight, ask: typeof takeAt): Instant | null {
  const { router, place, peers, peerCheck, now } = sight;
  for (const peer of peers) {
    const due = ask(router, peer, place, peerCheck, now);
    if (due !== null) return due;
  }
  return null;
}

// --- the Active_Down_Timer ---------------------------------------------------------------------------

/** What a Backup does whose Active_Down_Timer has fired. */
export function whenTimerFires(sight: Sight, state: BackupState): Verdict {
  const { takeoverReason } = state.machine;
  const isSilent = hasHeardNothing(sight.router, state.machine, sight.now);
  return (
    (isSilent ? unlessHeld(sight, state) : null) ??
    (takeoverReason === 'no-response' ? unlessOthersFirst(sight, state) : null) ??
    unlessTaken(sight, state.machine) ??
    (takeoverReason === 'priority' ? unlessDeaf(sight) : null) ??
    unlessLeased(sight, state, isSilent) ??
    (takeoverReason === 'peer-released'
      ? inTurn(sight, state)
      : { row: 'down: as the RFC says', act: 'timer' })
  );
}

/**
 * Whether this Backup has nothing but silence to go by, which may have other causes than a dead Active. So it is after
 * an advertisement of lower priority, too, unless more of them come: the link may have died since.
 */
function hasHeardNothing({ heardAt }: Router, state: Backup, now: Instant): boolean {
  if (state.takeoverReason !== 'priority') return state.takeoverReason !== 'priority-zero';
  return heardAt === null || after(heardAt, overdueInterval(state.activeAdverInterval)) < now;
}

/**
 * A peer says that it is Active. Its word counts if it gave it after its advertisement was overdue: it was asked then,
 * and answers at once if it is there.
 */
function unlessHeld(sight: Sight, state: BackupState): Verdict | null {
  const overdue = overdueFrom(state.machine, sight.router.effectivePriority);
  const peer = peerToAsk(sight, overdue);
  // We were too late ourselves to ask before the timer fired.
  if (peer !== null) return { row: 'down: not asked yet', act: 'ask', peer, hold: true };
  const decision = whenActiveDown(
    sight.speaking
      .filter((view) => isHeardSince(view.peer, justBefore(overdue)))
      .filter((view) => !isEmptyHanded(sight, view)),
  );
  if (decision.action === 'take-over') return null;
  const { cause } = decision;
  const row = cause === 'adverts-lost' ? 'down: adverts lost' : 'down: link split';
  return { row, act: 'hold', cause };
}

/**
 * What a Backup does when its Active_Down_Timer fires: it takes the role unless a living peer says
 * that it holds it. Then advertisements are lost (the peer is reached on the link itself), or the
 * link is split (it is reached elsewhere only).
 */
export function whenActiveDown(
  views: readonly PeerView[],
): { readonly action: 'take-over' } | { readonly action: 'hold'; readonly cause: HoldCause } {
  const holder = holderAmong(views);
  if (holder === null) return { action: 'take-over' };
  return { action: 'hold', cause: isSplitFrom(holder) ? 'lan-split' : 'adverts-lost' };
}

/**
 * Whether another candidate goes first: two of the same priority would take the role at the same instant, and a router
 * that was sent away is not needed yet. It does so once, since the other one may be gone, too.
 */
function unlessOthersFirst({ views, rank }: Sight, { deferred }: BackupState): Verdict | null {
  if (deferred) return null;
  if (isNotNeeded(views, rank)) {
    return { row: 'down: stands back', act: 'defer', priority: LAST_RESORT };
  }
  return isTiedBehind(views, rank)
    ? { row: 'down: tied', act: 'defer', priority: rank.priority }
    : null;
}

/**
 * Our turn has come (after priority 0, after a release, or from a lower priority), but a peer has taken the role
 * rightly. It advertises only when its addresses stand.
 */
function unlessTaken(sight: Sight, { takeoverReason }: Backup): Verdict | null {
  const holder = holderAmong(sight.speaking);
  if (holder === null || takeoverReason === 'no-response') return null;
  if (takeoverReason === 'priority' && !outranksUs(holder, sight.rank)) return null;
  return { row: 'down: taken', act: 'hold', cause: null };
}

/** We could preempt, but the Active does not answer over the link: the hosts that it serves would not hear us. */
const unlessDeaf = ({ views }: Sight): Verdict | null =>
  isDeafLink(views) ? { row: 'down: deaf link', act: 'hold', cause: null } : null;

/** Whether the Active answers elsewhere, but not over the path on this link that there should be. */
export function isDeafLink(views: readonly PeerView[]): boolean {
  const holder = holderAmong(views);
  return holder !== null && holder.lanPath !== null && isSplitFrom(holder);
}

/** The one that leaves has agreed to whoever comes. */
const inTurn = (sight: Sight, { activeAddress }: BackupState): Verdict => ({
  row: 'released: in turn',
  act: 'take-from',
  reason: 'peer-released',
  leaver: leaverAmong(sight.views, activeAddress),
});
