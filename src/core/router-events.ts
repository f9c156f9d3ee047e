// What happens to one virtual router: advertisements, its timers, its addresses. The rules between
// virtual routers are elsewhere, but for two: who follows a superior, and who has a successor.
import type { IpAddress } from '../model/address.js';
import type { TransitionReason } from '../model/reasons.js';
import { after, type Instant } from '../model/units.js';
import { isLackDue } from './machine/active.js';
import { addressRemoved, expireYield, yieldingFrom } from './machine/address-defence.js';
import { apply } from './apply.js';
import { whenSuperiorCame } from './decisions/group.js';
import { whenNobodyCame } from './decisions/handover.js';
import { isQuestion, whenLeft, whenTimerFires } from './decisions/takeover.js';
import { isEmptyClaim } from './decisions/empty-handed.js';
import type { InstanceEvent } from './interface.js';
import { nobodyHeld, sawHeld } from './nobody-held.js';
import { observe } from './machine/observe.js';
import { foundHolder, multicastHeard, rivalHeard } from './peer-events.js';
import { isSpeaking, peerLeft } from './peers/peers.js';
import { groupRank, type Router } from './machine/router.js';
import { activeAddressOf, hasAddresses, type BackupState } from './machine/router-state.js';
import { reassess } from './settle.js';
import { StageSight } from './instance-sight.js';
import type { Soonest } from './soonest.js';
import type { Stage } from './instance-state.js';
import { step } from './step.js';
import { nextDeadline } from './machine/virtual-router.js';

export function takeForRouter(
  stage: Stage,
  event: Extract<InstanceEvent, { virtualRouter: string }>,
): void {
  const router = stage.routers.get(event.virtualRouter);
  // A script or packet may still speak of a virtual router that a reload has removed meanwhile.
  if (router === undefined) return;
  switch (event.kind) {
    case 'primary-address':
      router.primaryAddress = event.address;
      return;
    case 'socket':
      router.socketOpen = event.open;
      return;
    case 'advertisement':
      takeAdvertisement(stage, router, event);
      return;
    case 'addresses-present':
      addressesPresent(stage, router);
      return;
    case 'addresses-removed':
      addressesRemoved(stage, router);
      return;
    case 'addresses-failed':
      addressesFailed(stage, router, event.detail);
  }
}

/** Whatever of this virtual router is due. */
export function passRouterDeadline(stage: Stage, router: Router): void {
  const defence = expireYield(router.defence, stage.clock);
  if (defence !== router.defence) stage.unsettled = true;
  router.defence = defence;
  const { state } = router;
  const at = nextDeadline(state.machine);
  if (at === null || at > stage.clock) return;
  if (state.kind === 'Active' && isLackDue(state.machine, stage.clock)) {
    if (state.machine.lacking.askedAgain) addressesFailed(stage, router, 'asked for twice in vain');
    else {
      stage.report('address-overdue', router.configuration.interface, router);
      step(stage, router, { kind: 'deadline' });
    }
    return;
  }
  const sight = new StageSight(stage, router);
  if (state.kind === 'Backup') apply(stage, router, whenTimerFires(sight, state));
  else if (!apply(stage, router, whenNobodyCame(sight))) step(stage, router, { kind: 'deadline' });
}

/** Offers what this virtual router waits for. */
export function routerDeadlines(router: Router, soonest: Soonest): void {
  const owner = router.configuration.name;
  const at = nextDeadline(router.state.machine);
  if (at !== null) {
    const timer = router.state.kind === 'Active' ? 'Adver_Timer' : 'Active_Down_Timer';
    soonest.offer(at, owner, timer);
  }
  const { yieldingUntil } = router.defence;
  if (yieldingUntil !== null) soonest.offer(yieldingUntil, owner, 'yield-over');
}

function takeAdvertisement(
  stage: Stage,
  router: Router,
  event: Extract<InstanceEvent, { kind: 'advertisement' }>,
): void {
  for (const { report, detail } of observe(router, event, stage.clock)) {
    stage.report(report, detail, router);
  }
  const { advertisement, source } = event;
  const { priority, maxAdvertiseInterval: interval } = advertisement;
  if (event.multicast) multicastHeard(stage, router);
  const sight = new StageSight(stage, router);
  if (priority === 0) {
    if (isQuestion(sight, source)) return;
    const until = after(stage.clock, stage.configuration.peerCheck.interval);
    const place = stage.placeOf(router);
    peerLeft(stage.peers.values(), source, place, until, activeAddressOf(router.state));
  }
  if (priority > 0 && isEmptyClaim(sight, source)) return;
  // A farewell is said before the addresses go (RFC 9568 §6.4.3).
  if (priority > 0 || source === activeAddressOf(router.state)) sawHeld(router, stage.clock);
  // After a preemption the one before us may not have heard us yet, for the time of a handover.
  const isSettled =
    router.reason !== 'priority' || stage.clock >= stage.handoverUntil(router.since);
  const wasHeard = isSettled && isHeardAsActive(router, stage.clock);
  const wasActive = router.state.kind === 'Active';
  step(stage, router, { kind: 'advertisement', priority, interval, source });
  const { state } = router;
  if (wasActive && state.kind === 'Backup' && router.reason === 'preempted') {
    lostToSuperior(stage, router, state, event);
  }
  if (wasHeard && state.kind === 'Active' && priority > 0) rivalHeard(stage, router, state, source);
  if (priority === 0) {
    if (state.kind === 'Backup')
      apply(stage, router, whenLeft(new StageSight(stage, router), source));
  } else foundHolder(stage, router);
  if (router.state.kind === 'Backup') followActive(stage, router, router.state, priority, source);
}

/**
 * A better Active has taken this one's role: those behind it in the group's order follow. Not
 * those before it: two appliances that each win one of two virtual routers would both give up the
 * other one, for ever. Nor does anything follow a stranger: what it wants of the others it takes
 * itself, and what is given up meanwhile would go to somebody else.
 */
function lostToSuperior(
  stage: Stage,
  router: Router,
  state: BackupState,
  { source, advertisement }: Extract<InstanceEvent, { kind: 'advertisement' }>,
): void {
  const isPeer = [...stage.peers.values()].some(({ knownBy }) => knownBy.includes(source));
  if (stage.peers.size > 0 && !isPeer) {
    // Who it was is worth more than that it was better.
    stage.report('stranger-active', `${source} with priority ${advertisement.priority}`, router);
  }
  if (!stage.movesTogether()) return;
  state.followsSuperior = true;
  if (isStranger(stage, source)) return;
  const rank = groupRank(router.configuration);
  for (const other of stage.routers.values()) {
    if (other.state.kind !== 'Active' || groupRank(other.configuration) <= rank) continue;
    apply(stage, other, whenSuperiorCame(new StageSight(stage, other), source));
  }
}

/** Known to be none of the peers, since all of them speak and say where they advertise from. */
function isStranger({ peers, clock }: Stage, address: IpAddress): boolean {
  if (peers.size === 0) return false;
  return [...peers.values()].every(
    (peer) => isSpeaking(peer, clock) && peer.knownBy.length > 0 && !peer.knownBy.includes(address),
  );
}

/** A Backup has heard an advertisement: who the Active is, and whether it is at least our equal. */
function followActive(
  stage: Stage,
  router: Router,
  state: BackupState,
  priority: number,
  source: IpAddress,
): void {
  const followed = state.followsSuperior;
  state.followsSuperior = priority >= router.effectivePriority;
  state.activeAddress = priority === 0 ? null : source;
  if (!followed && state.followsSuperior) successorHeard(stage, router);
}

function addressesPresent(stage: Stage, router: Router): void {
  step(stage, router, { kind: 'addresses-present' });
  const { state } = router;
  if (state.kind !== 'Active') return;
  state.ordered = false;
  if (state.nobodyHeld !== 'awaited') return;
  state.nobodyHeld = nobodyHeld(stage, router);
  if (state.nobodyHeld !== null) stage.reportTakenOver(router, state.nobodyHeld);
}

/** Active, and heard by now: before that it may be the one before us, who has not heard us yet. */
const isHeardAsActive = ({ state }: Router, now: Instant): boolean =>
  state.kind === 'Active' &&
  state.machine.claim.kind === 'made' &&
  hasAddresses(state) &&
  now >= state.machine.claim.obeysFrom;

/** One that yielded has a successor now; until then the others had nobody to move to. */
function successorHeard(stage: Stage, router: Router): void {
  if (router.defence.yieldingUntil === null) return;
  for (const other of stage.routers.values()) {
    if (other !== router) step(stage, other, { kind: 'yield', reason: 'group-moved' });
  }
}

function addressesRemoved(stage: Stage, router: Router): void {
  if (router.state.kind !== 'Active') return;
  const { state, decision } = addressRemoved(router.defence, stage.clock);
  router.defence = state;
  if (decision === 'yield') {
    const detail = 'removed again after 5 restorations within 10 s';
    yieldRole(stage, router, 'address-lost', detail);
    return;
  }
  stage.report('address-restored', `restoration ${state.restorations.length} of 5`, router);
  step(stage, router, { kind: 'addresses-missing' });
}

function addressesFailed(stage: Stage, router: Router, detail: string): void {
  if (router.state.kind !== 'Active') return;
  router.triedInVain = router.state.ordered || router.defence.yieldingUntil !== null;
  router.defence = yieldingFrom(stage.clock);
  yieldRole(stage, router, 'address-failed', detail);
}

/** Priority 1 first, so that the Backup's timer is that of the last resort. */
function yieldRole(stage: Stage, router: Router, reason: TransitionReason, detail: string): void {
  stage.report('address-yielded', detail, router);
  reassess(stage, router);
  step(stage, router, { kind: 'yield', reason });
}
