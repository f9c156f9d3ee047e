// What the peers add to RFC 9568: checks, and the decision table (arbiter.ts) applied to every virtual
// router. It orders steps and says why; it keeps nothing.
import type { IpAddress } from '../model/address.js';
import { after, microseconds, type Instant } from '../model/units.js';
import { differencesWith } from './agreement.js';
import {
  evidenceOf,
  holderAmong,
  isBestCandidate,
  isNextAfter,
  isWorseSide,
  outranksUs,
  silenceProvenAt,
  successorAmong,
  whenActiveDown,
  whenNobodyTook,
  whenReleased,
} from './arbiter.js';
import type { InstanceEvent } from './interface.js';
import { lastHeard } from './peer-check.js';
import {
  checkDue,
  excusePeer,
  peerDeadline,
  peerHeard,
  peerSilent,
  type Peer,
  type PeerView,
} from './peers.js';
import { releasingOf, type Router } from './router.js';
import type { Soonest } from './soonest.js';
import type { Stage } from './stage.js';

/** After a handover that nobody completed, nobody is asked again for so long. */
const ASK_AGAIN = microseconds(5_000_000);

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
  const changed = peerHeard(peer, stage.configuration.peerCheck, message, stage.clock);
  if (changed.state) stage.report('peer-healthy', message.peer);
  if (changed.report) compareSettings(stage);
  // Who has a soft fault asks for a successor until there is one.
  const { fit, sound } = stage.standing;
  if (changed.state || changed.report || (fit && !sound)) stage.unsettled = true;
  for (const router of stage.routers.values()) arbitrate(stage, router);
}

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
  const found = differencesWith(peers.values(), configuration, agreement.digests);
  if (found.join() === stage.differences.join()) return;
  stage.differences = found;
  if (found.length === 0) stage.report('settings-agree', configuration.name);
  else stage.report('settings-differ', found.join('; '));
}

/** Requests and silences that are due, and what follows from them. */
export function passPeerDeadlines(stage: Stage): void {
  if (stage.phase !== 'running') return;
  const { peerCheck } = stage.configuration;
  for (const peer of stage.peers.values()) {
    if (peerSilent(peer, peerCheck, stage.clock)) fellSilent(stage, peer);
    if (checkDue(peer, peerCheck, stage.clock)) {
      stage.push({ kind: 'check-peer', peer: peer.configuration.name });
    }
  }
  for (const router of stage.routers.values()) {
    takeFromTheDead(stage, router);
    settleDual(stage, router);
  }
}

/** Offers what the pair waits for. */
export function peerDeadlines(stage: Stage, soonest: Soonest): void {
  if (stage.phase !== 'running' || stage.peers.size === 0) return;
  for (const peer of stage.peers.values()) {
    soonest.offer(peerDeadline(peer), peer.configuration.name, 'peer-check');
  }
  for (const router of stage.routers.values()) {
    const owner = router.configuration.name;
    const proven = silenceOf(stage, router);
    // What is proven already waits for news, not for the clock.
    if (proven !== null && proven > stage.clock) soonest.offer(proven, owner, 'silence-proven');
    if (router.dualSince !== null) {
      soonest.offer(dualUntil(stage, router.dualSince), owner, 'dual-active');
    }
  }
}

/** A Backup heard priority 0: with a known pair nobody needs to wait for Skew_Time. */
export function priorityZeroHeard(stage: Stage, router: Router, source: IpAddress): void {
  if (!isNextAfter(stage.views(router), source, stage.rankOf(router))) return;
  const grantedUntil = stage.handoverUntil();
  stage.step(router, { kind: 'take-over', reason: 'priority-zero', grantedUntil });
}

/** An advertisement came by multicast: that ends the need for unicast. */
export function multicastHeard(stage: Stage, router: Router): void {
  if (!router.wantsUnicast) return;
  router.wantsUnicast = false;
  stage.unsettled = true;
  stage.report('adverts-back', router.configuration.interface, router);
}

/** Whether a Backup whose Active_Down_Timer has fired waits instead, and says why. */
export function holdsInstead(stage: Stage, router: Router): boolean {
  const decision = whenActiveDown(stage.views(router));
  if (decision.action === 'take-over') return false;
  if (!router.wantsUnicast) {
    router.wantsUnicast = true;
    stage.unsettled = true;
    stage.report(decision.cause, router.configuration.interface, router);
  }
  stage.step(router, { kind: 'hold' });
  return true;
}

/** Whether an Active whose handover nobody has completed in time keeps the role, and says so. */
export function staysInstead(stage: Stage, router: Router): boolean {
  const releasing = releasingOf(router);
  if (releasing === null || stage.clock < releasing.until) return false;
  const { reason } = releasing;
  if (whenNobodyTook(stage.views(router), reason) === 'leave') return false;
  router.askFrom = after(stage.clock, ASK_AGAIN);
  stage.report('refused', `${reason}: nobody took the role over`, router);
  if (reason === 'failover') stage.conduct = { ...stage.conduct, standBack: false };
  stage.step(router, { kind: 'keep' });
  return true;
}

/** Whether somebody could take the role of this virtual router from us. */
export const hasSuccessor = (stage: Stage, router: Router, quality: 'fit' | 'sound'): boolean =>
  successorAmong(stage.views(router), quality) !== null;

/** Whether all healthy peers see less traffic than their minimum too. */
export function bandwidthLowEverywhere({ peers }: Stage): boolean {
  const healthy = [...peers.values()].filter(({ state }) => state === 'healthy');
  return healthy.length > 0 && healthy.every(({ report }) => report?.bandwidthLow === true);
}

function arbitrate(stage: Stage, router: Router): void {
  const views = stage.views(router);
  const holder = holderAmong(views);
  if (holder !== null && router.vacated) {
    router.vacated = false;
    stage.unsettled = true;
  }
  if (router.machine.kind === 'Backup') arbitrateBackup(stage, router, views);
  else if (router.machine.kind === 'Active') arbitrateActive(stage, router, views, holder);
}

function arbitrateBackup(stage: Stage, router: Router, views: readonly PeerView[]): void {
  const reason = whenReleased(views, router, stage.rankOf(router));
  if (reason === null) return;
  stage.step(router, { kind: 'take-over', reason, grantedUntil: stage.handoverUntil() });
}

function arbitrateActive(
  stage: Stage,
  router: Router,
  views: readonly PeerView[],
  holder: PeerView | null,
): void {
  if (router.machine.kind !== 'Active') return;
  const { releasing, listenUntil } = router.machine;
  const stands = holder?.router?.addressesPresent === true;
  if (stands && releasing !== null) {
    stage.step(router, { kind: 'successor', reason: releasing.reason });
    return;
  }
  if (stands && listenUntil !== null && stage.clock < listenUntil) {
    stage.step(router, { kind: 'successor', reason: 'stalled' });
    return;
  }
  const both = stands && isHeardAfter(holder, router.since);
  router.dualSince = both ? (router.dualSince ?? stage.clock) : null;
  if (releasing !== null || stage.clock < router.askFrom) return;
  const evidence = evidenceOf(stage.standing.gateway);
  if (views.some((view) => isWorseSide(view, evidence))) {
    stage.report('lan-split', router.configuration.interface, router);
    stage.release(router, 'lan-split');
  }
}

/** Both Active for longer than a handover takes: the lower one yields, the other says so. */
function settleDual(stage: Stage, router: Router): void {
  const { dualSince, machine } = router;
  if (dualSince === null || stage.clock < dualUntil(stage, dualSince)) return;
  router.dualSince = null;
  const holder = holderAmong(stage.views(router));
  if (machine.kind !== 'Active' || holder === null) return;
  if (!isHeardAfter(holder, dualSince)) return;
  stage.report('dual-active', holder.peer.configuration.name, router);
  if (outranksUs(holder, stage.rankOf(router))) {
    stage.step(router, { kind: 'successor', reason: 'dual-active' });
  } else stage.step(router, { kind: 'outvoted' });
}

/** The report of one that died meanwhile says nothing about now. */
const isHeardAfter = ({ peer }: PeerView, instant: Instant): boolean =>
  (lastHeard(peer.paths) ?? instant) > instant;

const dualUntil = ({ configuration }: Stage, since: Instant): Instant =>
  after(since, configuration.peerCheck.interval);

function fellSilent(stage: Stage, peer: Peer): void {
  stage.unsettled = true;
  const { name } = peer.configuration;
  stage.report('peer-unhealthy', name);
  for (const router of stage.routers.values()) {
    const proven = provenAt(stage, router, peer);
    if (proven !== null && proven > stage.clock) stage.report('ha-path-lost', name, router);
  }
}

function takeFromTheDead(stage: Stage, router: Router): void {
  const proven = silenceOf(stage, router);
  if (proven === null || proven > stage.clock) return;
  if (!isBestCandidate(stage.views(router), stage.rankOf(router))) return;
  stage.step(router, { kind: 'take-over', reason: 'peer-dead', grantedUntil: null });
}

/** When the silence of the dead Active of this Backup is proven; null when there is no such thing. */
function silenceOf(stage: Stage, router: Router): Instant | null {
  if (router.machine.kind !== 'Backup') return null;
  for (const peer of stage.peers.values()) {
    const proven = provenAt(stage, router, peer);
    if (proven !== null) return proven;
  }
  return null;
}

const provenAt = (stage: Stage, router: Router, peer: Peer): Instant | null =>
  silenceProvenAt(router, peer, stage.placeOf(router), stage.configuration.peerCheck, stage.clock);
