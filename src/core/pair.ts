// What the peers add to RFC 9568: checks, and the decision table (arbiter.ts) applied to every virtual
// router. It orders steps and says why; it keeps nothing.
import type { IpAddress } from '../model/address.js';
import type { PeerRouter } from '../model/peer-report.js';
import { after, instant, microseconds, type Instant } from '../model/units.js';
import { differencesWith } from './agreement.js';
import {
  evidenceOf,
  holderAmong,
  isBetterRival,
  isDeafLink,
  isGroupLeader,
  isHeardSince,
  isTiedBehind,
  isNextAfter,
  isNotNeeded,
  isWorseSide,
  outranksUs,
  overdueFrom,
  whenActiveDown,
} from './arbiter.js';
import { isEmptyHanded } from './empty-handed.js';
import { arbitrateBackup } from './handover.js';
import type { InstanceEvent } from './interface.js';
import { wordEnded } from './nobody-held.js';
import {
  checkDue,
  excusePeer,
  peerDeadline,
  peerHeard,
  peerSilent,
  routerAt,
  type Peer,
  type PeerView,
} from './peers.js';
import { listensUntil } from './machine.js';
import { groupRank, releasingOf, type Router } from './router.js';
import type { ActiveState, BackupState } from './router-state.js';
import { askTheSilent, fellSilent, silenceDeadlines, takeFromTheDead } from './silent-peer.js';
import type { Soonest } from './soonest.js';
import { HANDOVER_MINIMUM, type Stage } from './stage.js';

/** That there are two Actives is said at most so often. */
const SAY_AGAIN = microseconds(1_000_000);

/** Checks begin, or this process was silent itself: every path gets a full term. */
export function excusePeers(stage: Stage): void {
  const { peerCheck } = stage.configuration;
  for (const peer of stage.peers.values()) excusePeer(peer, peerCheck, stage.clock);
}

/** Takes a report, then looks at every virtual router again. */
export function takeReport(
  stage: Stage,
  message: Extract<InstanceEvent, { kind: 'peer-report' }>,
): void {
  const peer = stage.peers.get(message.peer);
  if (peer === undefined) return;
  const { paths, state, report } = peer;
  const changed = peerHeard(peer, stage.configuration.peerCheck, message, stage.clock);
  if (state === 'healthy') sayPaths(stage, peer, paths);
  if (changed.state) becameHealthy(stage, message.peer);
  if (changed.report) wordEnded(stage, peer, { report, paths });
  if (changed.report) compareSettings(stage);
  // Who has a soft fault asks for a successor until there is one.
  const { fit, sound } = stage.standing;
  if (changed.state || changed.report || (fit && !sound)) stage.unsettled = true;
  if (isQuiet(stage)) return;
  for (const router of stage.routers.values()) arbitrate(stage, router);
}

/**
 * Whether there is nothing to arbitrate, as nearly always: nobody leaves, nobody is unheard, and nobody
 * else is Active while we are. Hundreds of virtual routers need not be looked at with every message.
 */
function isQuiet({ routers, peers }: Stage): boolean {
  let active = false;
  for (const { state, triedInVain } of routers.values()) {
    if (triedInVain) return false;
    if (state.kind !== 'Active') {
      if (state.vacated) return false;
      continue;
    }
    if (state.dualSince !== null) return false;
    active = true;
  }
  for (const { report } of peers.values()) {
    if (report?.routers.some((one) => isOfConcern(one, active)) === true) return false;
  }
  return true;
}

const isOfConcern = ({ releasing, wantsUnicast, state }: PeerRouter, active: boolean): boolean =>
  releasing || wantsUnicast || (active && state === 'Active');

/** The interface that reaches a peer's address directly; null when none does. */
export function setPathInterface(
  { peers }: Stage,
  { peer: name, address, ...where }: Extract<InstanceEvent, { kind: 'path-interface' }>,
): void {
  const peer = peers.get(name);
  if (peer === undefined) return;
  peer.paths = peer.paths.map((path) =>
    path.address === address ? { ...path, interface: where.interface } : path,
  );
}

/** Says when settings that must agree with the peers no longer do, or do so again. */
export function compareSettings(stage: Stage): void {
  const { peers, configuration, agreement } = stage;
  const found = differencesWith(peers.values(), configuration, agreement);
  if (found.join() === stage.differences.join()) return;
  // No name holds a colon.
  const named = (of: readonly string[]): Set<string> =>
    new Set(of.map((difference) => difference.slice(0, difference.indexOf(': '))));
  const still = named(found);
  for (const name of named(stage.differences)) {
    if (!still.has(name)) stage.report('settings-agree', name);
  }
  stage.differences = found;
  if (found.length > 0) stage.report('settings-differ', found.join('; '));
}

/** Requests and silences that are due, and what follows from them. */
export function passPeerDeadlines(stage: Stage): void {
  if (stage.phase !== 'running') return;
  const { peerCheck } = stage.configuration;
  for (const peer of stage.peers.values()) {
    const { paths } = peer;
    const found = peerSilent(peer, peerCheck, stage.clock);
    if (peer.state === 'healthy') sayPaths(stage, peer, paths);
    if (found.state) becameUnhealthy(stage, peer);
    if (found.silent) fellSilent(stage, peer);
    if (checkDue(peer, peerCheck, stage.clock)) {
      stage.push({ kind: 'check-peer', peer: peer.configuration.name });
    }
  }
  for (const router of stage.routers.values()) {
    askOverdue(stage, router);
    askTheSilent(stage, router);
    takeFromTheDead(stage, router);
  }
}

/** Of one that stands back: after anybody else's Active_Down_Timer. */
const LAST_RESORT = 1;

/** Says which paths of a peer that answers were lost, or are back; the first answer is no news. */
function sayPaths(stage: Stage, { configuration, paths }: Peer, before: Peer['paths']): void {
  for (const [at, { address, state }] of paths.entries()) {
    const former = before[at]?.state;
    if (former === state || former === 'unknown') continue;
    const report = state === 'healthy' ? 'path-back' : 'path-lost';
    stage.report(report, `${configuration.name} at ${address}`);
  }
}

/**
 * Whether a Backup that hears nobody lets another candidate go first: two of one priority would both take
 * the role at the same instant, and who was sent away is not needed yet. Once: the other one may be gone too.
 */
export function defersInstead(stage: Stage, router: Router, state: BackupState): boolean {
  if (state.deferred) return false;
  const views = stage.views(router);
  const own = stage.rankOf(router);
  const isLast = isNotNeeded(views, own);
  if (!isLast && !isTiedBehind(views, own)) return false;
  state.deferred = true;
  stage.step(router, { kind: 'defer', priority: isLast ? LAST_RESORT : own.priority });
  return true;
}

/** Asks the peer whose advertisement is overdue, unless it has been asked since. */
function askOverdue(stage: Stage, router: Router): void {
  if (router.state.kind !== 'Backup') return;
  const overdue = overdueFrom(router.state.machine, router.effectivePriority);
  if (overdue > stage.clock) return;
  const peer = peerToAsk(stage, router, overdue);
  if (peer !== null) ask(stage, peer);
}

function peerToAsk(stage: Stage, router: Router, overdue: Instant): Peer | null {
  const holder = holderAmong(stage.speakingViews(router));
  return holder !== null && isQuestionDue(holder, overdue) ? holder.peer : null;
}

/** One question for all virtual routers whose advertisements are overdue at about the same time. */
const ASKED_JUST_NOW = microseconds(2_000);

const isQuestionDue = ({ peer }: PeerView, overdue: Instant): boolean =>
  after(peer.askedAt, ASKED_JUST_NOW) < overdue && !isHeardSince(peer, justBefore(overdue));

const justBefore = (overdue: Instant): Instant => instant(overdue - ASKED_JUST_NOW);

function ask(stage: Stage, peer: Peer): void {
  peer.askedAt = stage.clock;
  stage.push({ kind: 'check-peer', peer: peer.configuration.name });
}

/** Offers what the pair waits for. */
export function peerDeadlines(stage: Stage, soonest: Soonest): void {
  if (stage.phase !== 'running' || stage.peers.size === 0) return;
  for (const peer of stage.peers.values()) {
    const at = peerDeadline(peer, stage.configuration.peerCheck, stage.clock);
    soonest.offer(at, peer.configuration.name, 'peer-check');
  }
  for (const router of stage.routers.values()) {
    const { state, configuration, effectivePriority } = router;
    const owner = configuration.name;
    silenceDeadlines(stage, router, soonest);
    if (state.kind !== 'Backup') continue;
    const overdue = overdueFrom(state.machine, effectivePriority);
    // After priority 0 it is overdue at once.
    if (overdue > stage.clock || peerToAsk(stage, router, overdue) !== null) {
      soonest.offer(instant(Math.max(overdue, stage.clock)), owner, 'advertisement-overdue');
    }
  }
}

/**
 * A Backup heard priority 0: with a known pair nobody needs to wait for Skew_Time. But for one that could
 * not add its addresses just now: whoever said farewell may have failed likewise.
 */
export function priorityZeroHeard(stage: Stage, router: Router, source: IpAddress): void {
  if (router.defence.yieldingUntil !== null) return;
  if (!isNextAfter(stage.views(router), source, stage.rankOf(router))) return;
  const grantedUntil = stage.handoverUntil();
  stage.step(router, { kind: 'take-over', reason: 'priority-zero', grantedUntil });
}

/** An advertisement came by multicast: that ends the need for unicast. */
export function multicastHeard(stage: Stage, router: Router): void {
  if (router.state.kind !== 'Backup' || router.state.unheard === null) return;
  router.state.unheard = null;
  stage.unsettled = true;
  stage.report('adverts-back', router.configuration.interface, router);
}

/**
 * Whether a Backup does not preempt although it could: the Active's answers do not come over the link,
 * so that whoever is served by it would not hear us either.
 */
export function forgoesPreemption(stage: Stage, router: Router): boolean {
  if (!isDeafLink(stage.views(router))) return false;
  stage.step(router, { kind: 'hold' });
  return true;
}

/** An advertisement of less than our rank came: its sender is Active too. */
export function rivalHeard(
  stage: Stage,
  router: Router,
  state: ActiveState,
  source: IpAddress,
): void {
  state.rivalAddress = source;
  const known = [...stage.peers.values()].find(({ knownBy }) => knownBy.includes(source));
  sayDual(stage, router, state, known?.configuration.name ?? source);
}

/** Anybody on the link can cause it: not with every advertisement. */
function sayDual(stage: Stage, router: Router, state: ActiveState, rival: string): void {
  const { dualSaidAt } = state;
  if (dualSaidAt !== null && stage.clock < after(dualSaidAt, SAY_AGAIN)) return;
  state.dualSaidAt = stage.clock;
  stage.report('dual-active', rival, router);
}

/**
 * Whether a Backup whose Active_Down_Timer has fired waits instead, and says why. The peer's word that it
 * is Active counts when it was given since its advertisement is overdue: it was asked then, and one that
 * is there answers at once.
 */
export function holdsInstead(stage: Stage, router: Router, state: BackupState): boolean {
  const overdue = overdueFrom(state.machine, router.effectivePriority);
  const unasked = peerToAsk(stage, router, overdue);
  if (unasked !== null) {
    // We were late ourselves.
    ask(stage, unasked);
    stage.step(router, { kind: 'hold' });
    return true;
  }
  const decision = whenActiveDown(
    stage
      .speakingViews(router)
      .filter(({ peer }) => isHeardSince(peer, justBefore(overdue)))
      .filter((view) => !isEmptyHanded(stage, router, view)),
  );
  if (decision.action === 'take-over') return false;
  const { cause } = decision;
  if (state.unheard !== cause) {
    state.unheard = cause;
    stage.unsettled = true;
    stage.report(cause, router.configuration.interface, router);
  }
  stage.step(router, { kind: 'hold' });
  return true;
}

/**
 * Whether a Backup that is about to take over after priority 0, in its turn, or from a lower priority, knows of a
 * peer that has done so rightly: it advertises itself only when its addresses stand.
 */
export function isTakenAlready(stage: Stage, router: Router): boolean {
  if (router.state.kind !== 'Backup') return false;
  const { takeoverReason } = router.state.machine;
  const holder = holderAmong(stage.speakingViews(router));
  if (holder === null || takeoverReason === 'no-response') return false;
  return takeoverReason !== 'priority' || outranksUs(holder, stage.rankOf(router));
}

/** Whether all healthy peers see less traffic than their minimum too. */
export function bandwidthLowEverywhere({ peers }: Stage): boolean {
  const healthy = [...peers.values()].filter(({ state }) => state === 'healthy');
  return healthy.length > 0 && healthy.every(({ report }) => report?.bandwidthLow === true);
}

function arbitrate(stage: Stage, router: Router): void {
  const holder = holderAmong(stage.speakingViews(router));
  if (holder !== null) foundHolder(stage, router);
  const { state } = router;
  if (state.kind === 'Backup') arbitrateBackup(stage, router, state);
  else if (state.kind === 'Active') arbitrateActive(stage, router, state, holder);
}

/** Somebody has the role that we gave up. */
export function foundHolder(stage: Stage, { state }: Router): void {
  if (state.kind === 'Active' || !state.vacated) return;
  state.vacated = false;
  stage.unsettled = true;
}

function arbitrateActive(
  stage: Stage,
  router: Router,
  state: ActiveState,
  holder: PeerView | null,
): void {
  const releasing = releasingOf(router);
  const { lacking } = state.machine;
  const stands = holder?.router?.addressesPresent === true;
  if (stands && releasing !== null) {
    stage.step(router, { kind: 'successor', reason: releasing.reason });
    return;
  }
  if (stands && listensUntil(state.machine, stage.clock) !== null) {
    stage.step(router, { kind: 'successor', reason: 'stalled' });
    return;
  }
  if (stands && lacking?.lost === true && isHeardAfter(holder, lacking.since)) {
    stage.step(router, { kind: 'successor', reason: 'addresses-gone' });
    return;
  }
  settleDual(stage, router, state, stands && isHeardAfter(holder, router.since) ? holder : null);
  if (releasing !== null || stage.clock < router.askFrom) return;
  const evidence = evidenceOf(stage.standing.gateway);
  if (stage.views(router).some((view) => isWorseSide(view, evidence))) {
    stage.report('lan-split', router.configuration.interface, router);
    stage.release(router, 'lan-split');
  } else if (isGroupElsewhere(stage, router)) stage.release(router, 'group-moved');
}

const isBefore = (a: Router, b: Router): boolean =>
  groupRank(a.configuration) < groupRank(b.configuration);

/** Whether those before it in the group have a better Active that could take this one too. */
function isGroupElsewhere(stage: Stage, router: Router): boolean {
  if (!stage.movesTogether()) return false;
  for (const first of stage.routers.values()) {
    const { state } = first;
    // The ranks are texts made for this: with hundreds of Actives none is needed.
    if (state.kind !== 'Backup' || !isBefore(first, router)) continue;
    const { followsSuperior, activeAddress } = state;
    if (!followsSuperior && stage.preempts(first)) continue;
    const own = stage.rankOf(router);
    const place = stage.placeOf(first);
    const leads = (view: PeerView): boolean =>
      isGroupLeader(view, { activeAddress, theirs: routerAt(view.peer, place) }, own);
    if (stage.views(router).some(leads)) return true;
  }
  return false;
}

/**
 * Both Active for longer than a handover takes: the lower one yields, the other says so. Looked at
 * with every report, so that only what the rival says now counts.
 */
function settleDual(
  stage: Stage,
  router: Router,
  state: ActiveState,
  rival: PeerView | null,
): void {
  const { dualSince } = state;
  if (rival === null) {
    // It has gone by itself, but it may have announced itself after we did.
    if (dualSince !== null) stage.step(router, { kind: 'rival-gone' });
    state.dualSince = null;
    return;
  }
  state.dualSince ??= stage.clock;
  if (!isHeardAfter(rival, dualUntil(stage, state.dualSince))) return;
  state.dualSince = stage.clock;
  sayDual(stage, router, state, rival.peer.configuration.name);
  if (isBetterRival(rival, stage.rankOf(router), evidenceOf(stage.standing.gateway))) {
    stage.step(router, { kind: 'successor', reason: 'dual-active' });
  } else stage.step(router, { kind: 'outvoted' });
}

/** The report of one that died meanwhile says nothing about now. */
const isHeardAfter = ({ peer }: PeerView, since: Instant): boolean =>
  peer.paths.some(({ heardAt }) => heardAt !== null && heardAt > since);

const dualUntil = ({ configuration }: Stage, since: Instant): Instant =>
  after(since, microseconds(Math.min(configuration.peerCheck.interval, HANDOVER_MINIMUM)));

/** One more to ask: whoever asked in vain before may ask again. */
function becameHealthy(stage: Stage, peer: string): void {
  stage.report('peer-healthy', peer);
  for (const router of stage.routers.values()) router.askFrom = stage.clock;
}

function becameUnhealthy(stage: Stage, peer: Peer): void {
  stage.unsettled = true;
  stage.report('peer-unhealthy', peer.configuration.name);
  // It may have been the best candidate for what another one is giving up.
  for (const router of stage.routers.values()) arbitrate(stage, router);
}
