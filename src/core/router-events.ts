// What happens to one virtual router: advertisements, its timers, its addresses. Of the rules between virtual routers
// two are here: who follows a better Active, and what happens once there is a successor.
import type { IpAddress } from '../model/address.js';
import type { TransitionReason } from '../model/reasons.js';
import { after, type Instant } from '../model/units.js';
import { isLackDue } from './machine/active.js';
import { addressRemoved, expireYield, yieldingFrom } from './machine/address-defence.js';
import { apply } from './apply.js';
import { foundHolder } from './arbitrate.js';
import { leaverAmong } from './decisions/candidates.js';
import { whenSuperiorCame } from './decisions/group.js';
import { whenNobodyCame } from './decisions/handover.js';
import { isQuestion, whenLeft, whenTimerFires } from './decisions/takeover.js';
import { isEmptyClaim } from './decisions/empty-handed.js';
import type { InstanceEvent } from './interface.js';
import { isSignOfHolder, nobodyHeld, sawHeld } from './nobody-held.js';
import { observe } from './machine/observe.js';
import { multicastHeard, rivalHeard } from './peer-events.js';
import { isSpeaking, peerLeft } from './peers/peers.js';
import type { Router } from './machine/router.js';
import { activeAddressOf, hasAddresses, type BackupState } from './machine/router-state.js';
import { isRepetition, takeRepetition } from './repetition.js';
import { reassess } from './settle.js';
import { InstanceSight } from './instance-sight.js';
import type { Soonest } from './soonest.js';
import type { InstanceState } from './instance-state.js';
import { step } from './step.js';
import { nextDeadline } from './machine/virtual-router.js';

export function takeForRouter(
  instance: InstanceState,
  event: Extract<InstanceEvent, { virtualRouter: string }>,
): void {
  const router = instance.routers.get(event.virtualRouter);
  // A script or packet may still speak of a virtual router that a reload has removed meanwhile.
  if (router === undefined) return;
  switch (event.kind) {
    case 'primary-address':
      instance.setPrimaryAddress(router, event.address);
      return;
    case 'socket':
      router.socketOpen = event.open;
      return;
    case 'advertisement':
      if (isRepetition(instance, router, event)) takeRepetition(instance, router);
      else takeAdvertisement(instance, router, event);
      return;
    case 'addresses-present':
      addressesPresent(instance, router);
      return;
    case 'addresses-removed':
      addressesRemoved(instance, router);
      return;
    case 'addresses-failed':
      addressesFailed(instance, router, event.detail);
  }
}

/** Does what is due for this virtual router. */
export function passRouterDeadline(instance: InstanceState, router: Router): void {
  const defence = expireYield(router.defence, instance.clock);
  if (defence !== router.defence) instance.unsettled = true;
  router.defence = defence;
  const { state } = router;
  const at = nextDeadline(state.machine);
  if (at === null || at > instance.clock) return;
  if (state.kind === 'Active' && isLackDue(state.machine, instance.clock)) {
    if (state.machine.lacking.askedAgain)
      addressesFailed(instance, router, 'asked for twice in vain');
    else {
      instance.report('address-overdue', router.configuration.interface, router);
      step(instance, router, { kind: 'deadline' });
    }
    return;
  }
  const sight = new InstanceSight(instance, router);
  if (state.kind === 'Backup') apply(instance, router, whenTimerFires(sight, state));
  else if (!apply(instance, router, whenNobodyCame(sight)))
    step(instance, router, { kind: 'deadline' });
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

/** Takes any advertisement. Of one that says nothing new `takeRepetition` does the same, and less work. */
export function takeAdvertisement(
  instance: InstanceState,
  router: Router,
  event: Extract<InstanceEvent, { kind: 'advertisement' }>,
): void {
  for (const { report, detail } of observe(router, event, instance.clock)) {
    instance.report(report, detail, router);
  }
  const { advertisement, source } = event;
  const { priority, maxAdvertiseInterval: interval } = advertisement;
  if (event.multicast) multicastHeard(instance, router);
  const { peers, clock } = instance;
  const place = instance.placeOf(router);
  const spokeForAddresses = isSignOfHolder(instance, router, source, priority);
  if (priority === 0) {
    if (isQuestion(new InstanceSight(instance, router), source)) return;
    const until = after(clock, instance.configuration.peerCheck.interval);
    peerLeft(peers.values(), source, place, until, activeAddressOf(router.state));
  }
  if (priority > 0 && isEmptyClaim(peers.values(), place, source, clock)) return;
  if (spokeForAddresses) sawHeld(router, instance.happenedAt);
  // For the time of a handover the router that we preempted may not have heard us yet.
  const isSettled = router.reason !== 'priority' || clock >= instance.handoverUntil(router.since);
  const wasHeard = isSettled && isHeardAsActive(router, clock);
  const wasActive = router.state.kind === 'Active';
  const leaving = isLeaving(instance, router, source);
  step(instance, router, { kind: 'advertisement', priority, interval, source, leaving });
  const { state } = router;
  if (wasActive && state.kind === 'Backup' && router.reason === 'preempted') {
    lostToSuperior(instance, router, state, event);
  }
  if (wasHeard && state.kind === 'Active' && priority > 0) {
    rivalHeard(instance, router, state, source);
  }
  if (priority > 0) foundHolder(instance, router);
  else if (state.kind === 'Backup') {
    apply(instance, router, whenLeft(new InstanceSight(instance, router), source));
  }
  if (router.state.kind === 'Backup') {
    followActive(instance, router, router.state, priority, source);
  }
}

/** Whether the peer of this address waits for a successor. It is asked where that is to be us, in turn. */
const isLeaving = (instance: InstanceState, router: Router, source: IpAddress): boolean =>
  router.state.kind === 'Backup' &&
  router.state.machine.takeoverReason === 'peer-released' &&
  leaverAmong(new InstanceSight(instance, router).views, source) !== null;

/**
 * A better Active has taken this virtual router; those behind it in the group's order follow. Those before it do
 * not: two appliances that each win one of two virtual routers would both give up the other one, for ever. Nothing
 * follows a stranger either: a stranger takes what it wants by itself, and what we gave up would go to somebody else.
 */
function lostToSuperior(
  instance: InstanceState,
  router: Router,
  state: BackupState,
  { source, advertisement }: Extract<InstanceEvent, { kind: 'advertisement' }>,
): void {
  const isPeer = [...instance.peers.values()].some(({ knownBy }) => knownBy.includes(source));
  if (instance.peers.size > 0 && !isPeer) {
    // It matters more that it was a stranger than that it was better.
    instance.report('stranger-active', `${source} with priority ${advertisement.priority}`, router);
  }
  if (!instance.movesTogether()) return;
  state.followsSuperior = true;
  if (isSurelyStranger(instance, source)) return;
  const place = instance.groupPlaceOf(router);
  for (const other of instance.routers.values()) {
    if (other.state.kind !== 'Active' || instance.groupPlaceOf(other) <= place) continue;
    apply(instance, other, whenSuperiorCame(new InstanceSight(instance, other), source));
  }
}

/** Whether this address is no peer's for certain: all of them speak, and have said where they advertise from. */
function isSurelyStranger({ peers, clock }: InstanceState, address: IpAddress): boolean {
  if (peers.size === 0) return false;
  return [...peers.values()].every(
    (peer) => isSpeaking(peer, clock) && peer.knownBy.length > 0 && !peer.knownBy.includes(address),
  );
}

/** A Backup has heard an advertisement: who the Active is, and whether it is at least our equal. */
function followActive(
  instance: InstanceState,
  router: Router,
  state: BackupState,
  priority: number,
  source: IpAddress,
): void {
  const followed = state.followsSuperior;
  state.followsSuperior = priority >= router.effectivePriority;
  state.activeAddress = priority === 0 ? null : source;
  if (priority > 0) state.asks = false;
  if (!followed && state.followsSuperior) successorHeard(instance, router);
}

function addressesPresent(instance: InstanceState, router: Router): void {
  step(instance, router, { kind: 'addresses-present' });
  instance.restate(router);
  const { state } = router;
  if (state.kind !== 'Active') return;
  state.ordered = false;
  if (state.nobodyHeld !== 'awaited') return;
  state.nobodyHeld = nobodyHeld(instance, router);
  if (state.nobodyHeld !== null) instance.reportTakenOver(router, state.nobodyHeld);
}

/** Whether we are Active and heard by now. Before that, a rival may be the router before us that has not heard us. */
const isHeardAsActive = ({ state }: Router, now: Instant): boolean =>
  state.kind === 'Active' &&
  state.machine.claim.kind === 'made' &&
  hasAddresses(state) &&
  now >= state.machine.claim.obeysFrom;

/** A virtual router that yielded has a successor now. Until now the others of the group had nowhere to go. */
function successorHeard(instance: InstanceState, router: Router): void {
  if (router.defence.yieldingUntil === null) return;
  for (const other of instance.routers.values()) {
    if (other !== router) step(instance, other, { kind: 'yield', reason: 'group-moved' });
  }
}

function addressesRemoved(instance: InstanceState, router: Router): void {
  if (router.state.kind !== 'Active') return;
  const { state, decision } = addressRemoved(router.defence, instance.clock);
  router.defence = state;
  if (decision === 'yield') {
    const detail = 'removed again after 5 restorations within 10 s';
    yieldRole(instance, router, 'address-lost', detail);
    return;
  }
  instance.report('address-restored', `restoration ${state.restorations.length} of 5`, router);
  step(instance, router, { kind: 'addresses-missing' });
}

function addressesFailed(instance: InstanceState, router: Router, detail: string): void {
  if (router.state.kind !== 'Active') return;
  router.triedInVain = router.state.ordered || router.defence.yieldingUntil !== null;
  router.defence = yieldingFrom(instance.clock);
  yieldRole(instance, router, 'address-failed', detail);
}

/** Lowers the priority to 1 before it yields, so that our own timer is the last to fire. */
function yieldRole(
  instance: InstanceState,
  router: Router,
  reason: TransitionReason,
  detail: string,
): void {
  instance.report('address-yielded', detail, router);
  reassess(instance, router);
  step(instance, router, { kind: 'yield', reason });
}
