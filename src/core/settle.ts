// After each event: who may take part, with which priority, and what the peers are told. What the event itself did is
// done by then.
import type { MonitorStatus } from '../model/monitor.js';
import type { TransitionReason } from '../model/reasons.js';
import { isSamePeerRouter, type PeerReport, type PeerRouter } from '../model/peer-report.js';
import { after } from '../model/units.js';
import { apply } from './apply.js';
import { causeOf, commonObstacle, yieldingOf } from './cause.js';
import { bypassDesired, isPassedBy, type Restraint } from './fitness/restraint.js';
import { hasSuccessor, whenFaulty, whenKeptOut } from './decisions/handover.js';
import { needsLease } from './decisions/witness.js';
import { evidenceOf } from './decisions/rivals.js';
import { isKnown, ownFault, startupReason } from './fitness/fitness.js';
import { bandwidthLowEverywhere } from './peer-events.js';
import { isAnyActive, releasingOf, type Router } from './machine/router.js';
import { hasAddresses, isVacated } from './machine/router-state.js';
import { InstanceSight } from './instance-sight.js';
import type { OwnFitness, InstanceState } from './instance-state.js';
import { step } from './step.js';
import { witnessOf } from './witness-sight.js';
import {
  gatewayOf,
  isBandwidthLow,
  judge,
  lowersPriority,
  mayBeFailing,
  softFaults,
} from './fitness/tracker.js';

/** Settling may change something itself (a flap may latch), so it is repeated. It comes to rest in two rounds. */
const ROUNDS = 4;

/** Brings the instance to rest; does nothing when nothing has changed. */
export function settle(instance: InstanceState): void {
  if (instance.restated !== null && !instance.unsettled) restate(instance, instance.restated);
  if (!instance.unsettled) return;
  for (let round = 0; isMoved(instance) && round < ROUNDS; round += 1) {
    instance.unsettled = false;
    instance.restated = null;
    settleOnce(instance);
  }
  instance.unsettled = false;
  if (instance.phase !== 'new') tellPeers(instance);
}

const isMoved = ({ unsettled, restated }: InstanceState): boolean => unsettled || restated !== null;

function settleOnce(instance: InstanceState): void {
  const routers = [...instance.routers.values()];
  const monitors = [...instance.monitors.values()];
  const lowered = monitors.some(lowersPriority);
  // This runs for each address of hundreds of virtual routers, so those that nothing lowers are passed over.
  for (const router of routers) if (lowered || !isUnmoved(router)) reassess(instance, router);
  if (instance.phase === 'new') return;
  forgetExcuses(instance, monitors);
  const common = commonObstacle(instance);
  const failed = monitors.filter(({ state }) => state === 'failed');
  const faults = routers.map((router) => ownFault(router, failed));
  const groupFault =
    instance.movesTogether() && routers.some(({ joined }, at) => joined && faults[at] !== null);
  instance.fitness = fitnessOf(instance, common === null && !groupFault);
  const { restraint } = instance;
  const isCalm =
    instance.fitness.sound &&
    restraint.standBack === null &&
    faults.every((fault) => fault === null);
  instance.calmUnder = isCalm ? restraint : null;
  routers.forEach((router, at) => {
    const obstacle = common ?? faults[at] ?? (groupFault ? 'group-fault' : null);
    if (obstacle !== null) keepOut(instance, router, obstacle);
    else if (isKnown(router)) letIn(instance, router);
  });
  yieldToSoundPeer(instance);
  orderBypass(instance);
}

/** Whether nothing lowers its priority now, and nothing did before. */
const isUnmoved = ({ configuration, effectivePriority, adjustments, defence }: Router): boolean =>
  defence.yieldingUntil === null &&
  adjustments.length === 0 &&
  effectivePriority === configuration.priority;

function fitnessOf(instance: InstanceState, fit: boolean): OwnFitness {
  const monitors = [...instance.monitors.values()];
  return {
    fit,
    sound:
      fit &&
      yieldingOf(instance) === null &&
      countedFaults(instance).length === 0 &&
      !monitors.some(mayBeFailing),
    gateway: gatewayOf(monitors),
    bandwidthLow: isBandwidthLow(monitors),
  };
}

/** The soft faults. Low bandwidth is not counted while all peers see too little traffic, too. */
function countedFaults(instance: InstanceState): MonitorStatus[] {
  const monitors = [...instance.monitors.values()];
  const excused = isBandwidthLow(monitors) && bandwidthLowEverywhere(instance);
  return softFaults(monitors, excused);
}

/** A fault that went away and comes back is not the one that the operator knew of. */
function forgetExcuses(instance: InstanceState, monitors: readonly MonitorStatus[]): void {
  const { excused } = instance.restraint;
  if (excused.length === 0) return;
  const failed = new Set(softFaults(monitors, false).map(({ name }) => name));
  if (excused.every((name) => failed.has(name))) return;
  instance.restraint = {
    ...instance.restraint,
    excused: excused.filter((name) => failed.has(name)),
  };
}

/** Recomputes the effective priority, and tells the machine when it changed. */
export function reassess(instance: InstanceState, router: Router): void {
  const { priority } = router.configuration;
  const extra =
    router.defence.yieldingUntil === null ? [] : [{ name: 'address-lost', amount: 1 - priority }];
  const assessed = judge(priority, instance.monitors.values(), extra);
  router.adjustments = assessed.adjustments;
  const previousPriority = router.effectivePriority;
  if (assessed.effectivePriority === previousPriority) return;
  router.effectivePriority = assessed.effectivePriority;
  const change = `${previousPriority} to ${assessed.effectivePriority}`;
  instance.report('priority-changed', change, router);
  step(instance, router, { kind: 'parameters-changed', previousPriority });
}

function keepOut(instance: InstanceState, router: Router, reason: TransitionReason): void {
  const verdict = whenKeptOut(
    new InstanceSight(instance, router),
    reason,
    isPassedBy(instance.restraint),
  );
  if (apply(instance, router, verdict) || router.reason === reason) return;
  router.reason = reason;
  // A virtual router that is being stopped does not wait for anything.
  if (reason !== 'shutdown') instance.report('waiting', reason, router);
}

function letIn(instance: InstanceState, router: Router): void {
  router.joined = true;
  if (router.state.kind !== 'Initialize') return;
  router.preemptFrom = after(instance.clock, instance.configuration.preemptDelay);
  // The address owner would be Active at once.
  const waits = needsLease(new InstanceSight(instance, router), false);
  step(instance, router, { kind: 'startup', reason: startupReason(router.reason), waits });
}

/**
 * With a soft fault the role goes only to a peer that has none: an address is never given up to nobody. Nor is it
 * given up for a fault that seems to be over: two appliances see the same gateway come back at different instants.
 */
function yieldToSoundPeer(instance: InstanceState): void {
  const { excused } = instance.restraint;
  const pressing = countedFaults(instance).some(
    ({ name, doubtful }) => doubtful !== true && !excused.includes(name),
  );
  if (!instance.fitness.fit || !pressing) return;
  const active = [...instance.routers.values()].filter(({ state: { kind } }) => kind === 'Active');
  const movable = active.filter(
    (router) =>
      instance.clock >= router.askFrom &&
      isAtHome(instance, router) &&
      hasSuccessor(new InstanceSight(instance, router), 'sound'),
  );
  if (instance.movesTogether() && movable.length < active.length) return;
  for (const router of movable)
    apply(instance, router, whenFaulty(new InstanceSight(instance, router)));
}

/**
 * Whether it has had the role for longer than a handover takes. Until then a monitor may still speak of the time
 * before: a Backup gets no traffic, and that is no fault of a new Active.
 */
const isAtHome = (instance: InstanceState, { since }: Router): boolean =>
  instance.clock >= instance.handoverUntil(since);

function orderBypass(instance: InstanceState): void {
  const { restraint, configuration } = instance;
  const desired = bypassDesired(restraint, configuration);
  // The relay would cut off the handover.
  if (desired === 'bypass' && isAnyActive(instance)) return;
  const { bypassActual: actual } = restraint;
  // A relay that nobody has touched is left alone, unless it stands in the way.
  const ordered = instance.bypassOrdered;
  const before = ordered ?? (actual === 'unknown' ? 'inline' : actual);
  if (desired === before) return;
  instance.bypassOrdered = desired;
  instance.push({ kind: 'set-bypass', desired, reason: reasonFor(desired, ordered, restraint) });
}

/** Flaps engage it; that it is released is an operator's doing, unless nobody had engaged it. */
function reasonFor(
  desired: 'inline' | 'bypass',
  ordered: InstanceState['bypassOrdered'],
  { bypassEngaged }: Restraint,
): string {
  if (desired === 'inline') return ordered === null ? 'not-ordered' : 'operator';
  return bypassEngaged ? 'operator' : 'flaps';
}

/** Tells the peers what has changed of this virtual router, if anything has. What goes beyond it is settled as a whole. */
function restate(instance: InstanceState, router: Router): void {
  const { told, calmUnder, restraint } = instance;
  const { position } = instance.placeOf(router);
  const before = told?.routers[position];
  const now = standingOf(router, evidenceOf(instance.fitness.gateway));
  const isTold = instance.peers.size > 0;
  if (calmUnder !== restraint || (isTold && before?.releasing !== now.releasing)) {
    instance.unsettled = true;
  } else if (isTold && told !== null && before !== undefined && !isSamePeerRouter(before, now)) {
    const routers = [...told.routers];
    routers[position] = now;
    tell(instance, { ...told, routers });
  }
}

/** Tells the peers what has changed, if anything has. */
function tellPeers(instance: InstanceState): void {
  if (instance.peers.size === 0) return;
  const report = compose(instance, instance.told?.routers ?? []);
  if (instance.told !== null && isSameReport(report, instance.told)) return;
  tell(instance, report);
}

function tell(instance: InstanceState, report: PeerReport): void {
  instance.told = report;
  instance.push({ kind: 'peer-news', report });
}

/** The virtual routers are those told before where nothing has changed (`compose`): hundreds need not be compared. */
const isSameReport = (report: PeerReport, told: PeerReport): boolean =>
  report.routers === told.routers &&
  JSON.stringify({ ...report, routers: [] }) === JSON.stringify({ ...told, routers: [] });

/** @param told what was told of the virtual routers last. */
function compose(instance: InstanceState, told: readonly PeerRouter[]): PeerReport {
  const { configuration, fitness } = instance;
  const { name, mode, primary } = configuration;
  const evidence = evidenceOf(fitness.gateway);
  const cause = causeOf(instance);
  return {
    name,
    mode,
    primary,
    ...fitness,
    ...(instance.restraint.standBack === null ? {} : { standsBack: true }),
    ...(instance.gatewayWish.told ? { gatewayWish: true } : {}),
    ...(witnessOf(instance) === null ? {} : { witness: instance.witness.word }),
    ...(cause === undefined ? {} : { cause }),
    digests: instance.agreement.digests,
    primaryAddresses: instance.primaryAddresses(),
    routers: standingsOf(instance, evidence, told),
  };
}

/** In the order of `routerOrder`; `told` itself when nothing has changed. */
function standingsOf(
  instance: InstanceState,
  evidence: number,
  told: readonly PeerRouter[],
): readonly PeerRouter[] {
  const standings = instance.inOrder().map((router, position) => {
    const before = told[position];
    const now = standingOf(router, evidence);
    return before !== undefined && isSamePeerRouter(before, now) ? before : now;
  });
  const same = standings.every((standing, position) => standing === told[position]);
  return same && standings.length === told.length ? told : standings;
}

/** What is told of one virtual router: a new field comes in here, and model/peer-report.ts has it compared. */
const standingOf = (router: Router, evidence: number): PeerRouter => ({
  state: router.state.kind,
  effectivePriority: router.effectivePriority,
  addressesPresent: hasAddresses(router.state),
  wantsUnicast: wantsUnicast(router),
  releasing: isReleasing(router),
  evidence,
});

const wantsUnicast = ({ state }: Router): boolean =>
  state.kind === 'Backup' && state.unheard !== null;

const isReleasing = (router: Router): boolean =>
  isVacated(router.state) || releasingOf(router) !== null;
