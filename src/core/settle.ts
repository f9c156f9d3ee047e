// After an event: who may take part, with which priority, and what the peers must hear of it. What
// the event itself did is over.
import type { MonitorStatus } from '../model/monitor.js';
import type { TransitionReason } from '../model/reasons.js';
import type { PeerReport } from '../model/peer-report.js';
import { routerOrder } from '../model/settings-digest.js';
import { after } from '../model/units.js';
import { apply } from './apply.js';
import { causeOf, commonObstacle } from './cause.js';
import { bypassDesired, isPassedBy, type Conduct } from './fitness/restraint.js';
import { hasSuccessor, whenFaulty, whenKeptOut } from './decisions/handover.js';
import { evidenceOf } from './decisions/rivals.js';
import { isKnown, ownFault, startupReason } from './fitness/fitness.js';
import { bandwidthLowEverywhere } from './peer-events.js';
import { isAnyActive, releasingOf, type Router } from './machine/router.js';
import { hasAddresses, isVacated } from './machine/router-state.js';
import { StageSight } from './instance-sight.js';
import type { OwnFitness, Stage } from './instance-state.js';
import { step } from './step.js';
import {
  gatewayOf,
  isBandwidthLow,
  judge,
  lowersPriority,
  mayBeFailing,
  softFaults,
} from './fitness/tracker.js';

/** What settling itself changes is settled again: a flap may latch. It comes to rest in two rounds. */
const ROUNDS = 4;

/** Brings the instance to rest; does nothing when nothing has changed. */
export function settle(stage: Stage): void {
  if (!stage.unsettled) return;
  for (let round = 0; stage.unsettled && round < ROUNDS; round += 1) {
    stage.unsettled = false;
    settleOnce(stage);
  }
  stage.unsettled = false;
  if (stage.phase !== 'new') tellPeers(stage);
}

function settleOnce(stage: Stage): void {
  const routers = [...stage.routers.values()];
  const monitors = [...stage.monitors.values()];
  const lowered = monitors.some(lowersPriority);
  // After every address of hundreds of virtual routers: those that nothing lowers are passed over.
  for (const router of routers) if (lowered || !isUnmoved(router)) reassess(stage, router);
  if (stage.phase === 'new') return;
  forgetExcuses(stage, monitors);
  const common = commonObstacle(stage);
  const failed = monitors.filter(({ state }) => state === 'failed');
  const faults = routers.map((router) => ownFault(router, failed));
  const groupFault =
    stage.movesTogether() && routers.some(({ joined }, at) => joined && faults[at] !== null);
  stage.fitness = fitnessOf(stage, common === null && !groupFault);
  routers.forEach((router, at) => {
    const obstacle = common ?? faults[at] ?? (groupFault ? 'group-fault' : null);
    if (obstacle !== null) keepOut(stage, router, obstacle);
    else if (isKnown(router)) letIn(stage, router);
  });
  yieldToSoundPeer(stage);
  orderBypass(stage);
}

/** Nothing of its own lowers its priority, and nothing did. */
const isUnmoved = ({ configuration, effectivePriority, adjustments, defence }: Router): boolean =>
  defence.yieldingUntil === null &&
  adjustments.length === 0 &&
  effectivePriority === configuration.priority;

function fitnessOf(stage: Stage, fit: boolean): OwnFitness {
  const monitors = [...stage.monitors.values()];
  const yielding = [...stage.routers.values()].some(
    ({ defence }) => defence.yieldingUntil !== null,
  );
  return {
    fit,
    sound: fit && !yielding && countedFaults(stage).length === 0 && !monitors.some(mayBeFailing),
    gateway: gatewayOf(monitors),
    bandwidthLow: isBandwidthLow(monitors),
  };
}

/** Soft faults; low bandwidth is none while all peers see too little traffic as well. */
function countedFaults(stage: Stage): MonitorStatus[] {
  const monitors = [...stage.monitors.values()];
  const excused = isBandwidthLow(monitors) && bandwidthLowEverywhere(stage);
  return softFaults(monitors, excused);
}

/** A fault that was gone once is no longer the one that the operator knew of. */
function forgetExcuses(stage: Stage, monitors: readonly MonitorStatus[]): void {
  const { excused } = stage.conduct;
  if (excused.length === 0) return;
  const failed = new Set(softFaults(monitors, false).map(({ name }) => name));
  if (excused.every((name) => failed.has(name))) return;
  stage.conduct = { ...stage.conduct, excused: excused.filter((name) => failed.has(name)) };
}

/** Recomputes the effective priority, and tells the machine when it changed. */
export function reassess(stage: Stage, router: Router): void {
  const { priority } = router.configuration;
  const extra =
    router.defence.yieldingUntil === null ? [] : [{ name: 'address-lost', amount: 1 - priority }];
  const assessed = judge(priority, stage.monitors.values(), extra);
  router.adjustments = assessed.adjustments;
  const previousPriority = router.effectivePriority;
  if (assessed.effectivePriority === previousPriority) return;
  router.effectivePriority = assessed.effectivePriority;
  const change = `${previousPriority} to ${assessed.effectivePriority}`;
  stage.report('priority-changed', change, router);
  step(stage, router, { kind: 'parameters-changed', previousPriority });
}

function keepOut(stage: Stage, router: Router, reason: TransitionReason): void {
  const verdict = whenKeptOut(new StageSight(stage, router), reason, isPassedBy(stage.conduct));
  if (apply(stage, router, verdict) || router.reason === reason) return;
  router.reason = reason;
  // Who stops waits for nothing any more.
  if (reason !== 'shutdown') stage.report('waiting', reason, router);
}

function letIn(stage: Stage, router: Router): void {
  router.joined = true;
  if (router.state.kind !== 'Initialize') return;
  router.preemptFrom = after(stage.clock, stage.configuration.preemptDelay);
  step(stage, router, { kind: 'startup', reason: startupReason(router.reason) });
}

/**
 * Soft faults yield only to a peer that has none: an address is never given up to nobody. Nor is it
 * for a fault that seems to be over: two that see the same gateway come back see it at different
 * instants.
 */
function yieldToSoundPeer(stage: Stage): void {
  const { excused } = stage.conduct;
  const pressing = countedFaults(stage).some(
    ({ name, doubtful }) => doubtful !== true && !excused.includes(name),
  );
  if (!stage.fitness.fit || !pressing) return;
  const active = [...stage.routers.values()].filter(({ state: { kind } }) => kind === 'Active');
  const movable = active.filter(
    (router) =>
      stage.clock >= router.askFrom &&
      isAtHome(stage, router) &&
      hasSuccessor(new StageSight(stage, router), 'sound'),
  );
  if (stage.movesTogether() && movable.length < active.length) return;
  for (const router of movable) apply(stage, router, whenFaulty(new StageSight(stage, router)));
}

/**
 * Whether it has had the role for longer than a handover takes. Until then a monitor may still speak of the
 * role before: traffic that a Backup does not get is none of its faults once it is Active.
 */
const isAtHome = (stage: Stage, { since }: Router): boolean =>
  stage.clock >= stage.handoverUntil(since);

function orderBypass(stage: Stage): void {
  const { conduct, configuration } = stage;
  const desired = bypassDesired(conduct, configuration);
  // The relay would cut the handover short.
  if (desired === 'bypass' && isAnyActive(stage)) return;
  const { bypassActual: actual } = conduct;
  // A relay that nobody has touched is left alone, unless it stands in the way.
  const ordered = stage.bypassOrdered;
  const before = ordered ?? (actual === 'unknown' ? 'inline' : actual);
  if (desired === before) return;
  stage.bypassOrdered = desired;
  stage.push({ kind: 'set-bypass', desired, reason: reasonFor(desired, ordered, conduct) });
}

/** Flaps engage it; that it is released is an operator's doing, unless nobody had engaged it. */
function reasonFor(
  desired: 'inline' | 'bypass',
  ordered: Stage['bypassOrdered'],
  { bypassEngaged }: Conduct,
): string {
  if (desired === 'inline') return ordered === null ? 'not-ordered' : 'operator';
  return bypassEngaged ? 'operator' : 'flaps';
}

/** Tells the peers what has changed, if anything has. */
function tellPeers(stage: Stage): void {
  if (stage.peers.size === 0) return;
  const report = compose(stage);
  if (JSON.stringify(report) === JSON.stringify(stage.told)) return;
  stage.told = report;
  stage.push({ kind: 'peer-news', report });
}

function compose(stage: Stage): PeerReport {
  const { configuration, fitness } = stage;
  const { name, mode, primary } = configuration;
  const evidence = evidenceOf(fitness.gateway);
  const cause = causeOf(stage);
  const routers = [...stage.routers.values()].sort((a, b) =>
    routerOrder(a.configuration, b.configuration),
  );
  return {
    name,
    mode,
    primary,
    ...fitness,
    ...(stage.conduct.standBack === null ? {} : { standsBack: true }),
    ...(cause === undefined ? {} : { cause }),
    digests: stage.agreement.digests,
    primaryAddresses: stage.primaryAddresses(),
    routers: routers.map((router) => ({
      state: router.state.kind,
      effectivePriority: router.effectivePriority,
      addressesPresent: hasAddresses(router.state),
      wantsUnicast: router.state.kind === 'Backup' && router.state.unheard !== null,
      releasing: isVacated(router.state) || releasingOf(router) !== null,
      evidence,
    })),
  };
}
