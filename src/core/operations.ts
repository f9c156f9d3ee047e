// What operators order. Maintenance, latches and the bypass take effect when the instance settles; a
// failover begins at once. Who would leave the role to nobody is refused, unless the operator insists.
import { isSoundCandidate, outranksUs } from './decisions/candidates.js';
import { noFlaps } from './fitness/flap-counter.js';
import type { InstanceEvent } from './interface.js';
import type { Router } from './machine/router.js';
import type { Stage } from './instance-state.js';
import { release, step } from './step.js';
import { isHeldElsewhere, objectionsTo, type Objection } from './successors.js';

type Operator = Extract<InstanceEvent, { kind: 'operator' }>;

export function operate(stage: Stage, event: Operator): void {
  const order = { by: event.by ?? '', forced: event.force === true };
  switch (event.command) {
    case 'failover':
      failover(stage, order);
      return;
    case 'maintenance-on':
      maintenanceOn(stage, order);
      return;
    case 'maintenance-off':
      stage.conduct = { ...stage.conduct, maintenance: false };
      stage.report('maintenance', `off${byWhom(order)}: back in the election`);
      return;
    case 'bypass-engage':
      if (!stage.configuration.hasBypass) {
        stage.refuse('bypass engage: the settings name no bypass hook', 'name one: hooks.bypass');
        return;
      }
      stage.conduct = { ...stage.conduct, bypassEngaged: true, order };
      return;
    case 'bypass-release':
      stage.conduct = { ...stage.conduct, bypassEngaged: false, flaps: noFlaps };
      return;
    case 'flaps-clear':
      stage.conduct = { ...stage.conduct, flaps: noFlaps };
  }
}

type GivenOrder = Stage['conduct']['order'];

/** ` by root (pid 4711)`. */
const byWhom = ({ by }: GivenOrder): string => (by === '' ? '' : ` by ${by}`);

const activeRouters = (stage: Stage): Router[] =>
  [...stage.routers.values()].filter(({ state: { kind } }) => kind === 'Active');

/** Hands everything over, or nothing: a virtual router without a successor stays with the others. */
function failover(stage: Stage, order: GivenOrder): void {
  const active = activeRouters(stage);
  if (active.length === 0) {
    stage.refuse('failover: not Active', 'order it on the appliance that holds the role');
    return;
  }
  for (const router of active) {
    const objections = objectionsTo(stage, router);
    if (objections === null || (order.forced && isForcible(objections))) continue;
    refuseTo(stage, 'failover', objections, router);
    return;
  }
  const returns = active.every((router) => goesToOneAbove(stage, router));
  const standBack = returns ? null : { by: order.by, since: stage.clock };
  stage.conduct = { ...stage.conduct, standBack, order };
  for (const router of stage.routers.values()) router.sentAway = active.includes(router);
  const names = active.map(({ configuration: { name } }) => name).join(', ');
  stage.report('failover', `${names}${byWhom(order)}${order.forced ? ', forced' : ''}`);
  for (const router of active) {
    const isKnown = objectionsTo(stage, router)?.every((one) => !one.forcible) !== true;
    if (isKnown) release(stage, router, 'failover');
    // Whoever listens to advertisements alone takes it after Skew_Time.
    else step(stage, router, { kind: 'yield', reason: 'failover' });
  }
}

/** The role returns to whom it belongs: we would not take it from there, so there is nothing to hold us to. */
function goesToOneAbove(stage: Stage, router: Router): boolean {
  const own = stage.rankOf(router);
  return stage.views(router).some((view) => isSoundCandidate(view) && outranksUs(view, own));
}

/** Whether somebody may take it all the same: one that is there, or of whom nothing is known. */
const isForcible = (objections: readonly Objection[]): boolean =>
  objections.length === 0 || objections.some((one) => one.forcible || one.unknown);

/** Out of the election; not while that would leave a virtual router to nobody, unless forced. */
function maintenanceOn(stage: Stage, order: GivenOrder): void {
  for (const router of stage.routers.values()) {
    if (stage.conduct.maintenance || order.forced || !wouldBeMissed(stage, router)) continue;
    const objections = objectionsTo(stage, router);
    if (objections === null) continue;
    refuseTo(stage, 'maintenance on', objections, router);
    return;
  }
  stage.conduct = { ...stage.conduct, maintenance: true, order };
  stage.report('maintenance', `on${byWhom(order)}${order.forced ? ', forced' : ''}`);
}

/** It holds the role here, or is the one that would take it. */
function wouldBeMissed(stage: Stage, router: Router): boolean {
  const { kind } = router.state;
  return kind === 'Active' || (kind === 'Backup' && !isHeldElsewhere(stage, router));
}

function refuseTo(
  stage: Stage,
  what: string,
  objections: readonly Objection[],
  router: Router,
): void {
  const { name } = router.configuration;
  if (objections.length === 0) {
    const text = `${what}: no peer is configured, so nobody is known who could take ${name}`;
    stage.refuse(text, 'name the peer in ha.peers, or insist with --force', router);
    return;
  }
  const why = objections.map(({ text }) => text).join('; ');
  const remedies = objections.map(({ remedy }) => remedy);
  const insist = what === 'failover' || remedies.some((one) => one.includes('--force'));
  const remedy = insist ? remedies.join('; ') : `${remedies.join('; ')}, or insist with --force`;
  stage.refuse(`${what}: nobody is fit and sound to take ${name}: ${why}`, remedy, router);
}

/** A stop cannot be refused. Without peers nobody is known ever: there is nothing to say then. */
export function sayWhoIsMissed(stage: Stage): void {
  if (stage.peers.size === 0) return;
  for (const router of activeRouters(stage)) {
    const objections = objectionsTo(stage, router);
    if (objections === null) continue;
    stage.report('no-successor', objections.map(({ text }) => text).join('; '), router);
  }
}
