// The orders of operators. Maintenance, latches and the bypass take effect when the instance settles; a failover
// begins at once. An order that would leave the role to nobody is refused, unless the operator insists.
import { isSoundCandidate, outranksUs } from './decisions/candidates.js';
import { noFlaps } from './fitness/flap-counter.js';
import type { InstanceEvent } from './interface.js';
import type { Router } from './machine/router.js';
import type { InstanceState } from './instance-state.js';
import { release, step } from './step.js';
import { isHeldElsewhere, objectionsTo, type Objection } from './successors.js';

type Operator = Extract<InstanceEvent, { kind: 'operator' }>;

export function operate(instance: InstanceState, event: Operator): void {
  const order = { by: event.by ?? '', forced: event.force === true };
  switch (event.command) {
    case 'failover':
      failover(instance, order);
      return;
    case 'maintenance-on':
      maintenanceOn(instance, order);
      return;
    case 'maintenance-off':
      instance.restraint = { ...instance.restraint, maintenance: false };
      instance.report('maintenance', `off${byWhom(order)}: back in the election`);
      return;
    case 'bypass-engage':
      if (!instance.configuration.hasBypass) {
        instance.refuse(
          'bypass engage: the settings name no bypass hook',
          'name one: hooks.bypass',
        );
        return;
      }
      instance.restraint = { ...instance.restraint, bypassEngaged: true, order };
      return;
    case 'bypass-release':
      instance.restraint = { ...instance.restraint, bypassEngaged: false, flaps: noFlaps };
      return;
    case 'flaps-clear':
      instance.restraint = { ...instance.restraint, flaps: noFlaps };
  }
}

type GivenOrder = InstanceState['restraint']['order'];

/** ` by root (pid 4711)`. */
const byWhom = ({ by }: GivenOrder): string => (by === '' ? '' : ` by ${by}`);

const activeRouters = (instance: InstanceState): Router[] =>
  [...instance.routers.values()].filter(({ state: { kind } }) => kind === 'Active');

/** Hands everything over, or nothing: a virtual router without a successor stays with the others. */
function failover(instance: InstanceState, order: GivenOrder): void {
  const active = activeRouters(instance);
  if (active.length === 0) {
    instance.refuse('failover: not Active', 'order it on the appliance that holds the role');
    return;
  }
  for (const router of active) {
    const objections = objectionsTo(instance, router);
    if (objections === null || (order.forced && isForcible(objections))) continue;
    refuseTo(instance, 'failover', objections, router);
    return;
  }
  const returns = active.every((router) => goesToOneAbove(instance, router));
  const standBack = returns ? null : { by: order.by, since: instance.clock };
  instance.restraint = { ...instance.restraint, standBack, order };
  for (const router of instance.routers.values()) router.sentAway = active.includes(router);
  const names = active.map(({ configuration: { name } }) => name).join(', ');
  instance.report('failover', `${names}${byWhom(order)}${order.forced ? ', forced' : ''}`);
  for (const router of active) {
    const objections = objectionsTo(instance, router);
    const canTake = objections === null || objections.some(({ forcible }) => forcible);
    if (canTake) release(instance, router, 'failover');
    // No peer can be asked. A router that only listens to advertisements takes the role after Skew_Time.
    else step(instance, router, { kind: 'yield', reason: 'failover' });
  }
}

/** The role goes to a router that ranks above us. We would not take it back from there, so we need not stand back. */
function goesToOneAbove(instance: InstanceState, router: Router): boolean {
  const own = instance.rankOf(router);
  return instance.views(router).some((view) => isSoundCandidate(view) && outranksUs(view, own));
}

/** Whether somebody may take the role all the same: a peer that is there, or one of which nothing is known. */
const isForcible = (objections: readonly Objection[]): boolean =>
  objections.length === 0 || objections.some((one) => one.forcible || one.unknown);

/** Leaves the election; refused where that would leave a virtual router to nobody, unless forced. */
function maintenanceOn(instance: InstanceState, order: GivenOrder): void {
  for (const router of instance.routers.values()) {
    if (instance.restraint.maintenance || order.forced || !wouldBeMissed(instance, router))
      continue;
    const objections = objectionsTo(instance, router);
    if (objections === null) continue;
    refuseTo(instance, 'maintenance on', objections, router);
    return;
  }
  instance.restraint = { ...instance.restraint, maintenance: true, order };
  instance.report('maintenance', `on${byWhom(order)}${order.forced ? ', forced' : ''}`);
}

/** Whether this appliance holds the role, or is the one that would take it. */
function wouldBeMissed(instance: InstanceState, router: Router): boolean {
  const { kind } = router.state;
  return kind === 'Active' || (kind === 'Backup' && !isHeldElsewhere(instance, router));
}

function refuseTo(
  instance: InstanceState,
  what: string,
  objections: readonly Objection[],
  router: Router,
): void {
  const { name } = router.configuration;
  if (objections.length === 0) {
    const text = `${what}: no peer is configured, so nobody is known who could take ${name}`;
    instance.refuse(text, 'name the peer in ha.peers, or insist with --force', router);
    return;
  }
  const why = objections.map(({ text }) => text).join('; ');
  const remedies = objections.map(({ remedy }) => remedy);
  const insist = what === 'failover' || remedies.some((one) => one.includes('--force'));
  const remedy = insist ? remedies.join('; ') : `${remedies.join('; ')}, or insist with --force`;
  instance.refuse(`${what}: nobody is fit and sound to take ${name}: ${why}`, remedy, router);
}

/**
 * Before a stop, which cannot be refused: reports each virtual router that nobody can take over. Without peers there is
 * nothing to report.
 */
export function reportNoSuccessor(instance: InstanceState): void {
  if (instance.peers.size === 0) return;
  for (const router of activeRouters(instance)) {
    const objections = objectionsTo(instance, router);
    if (objections === null) continue;
    instance.report('no-successor', objections.map(({ text }) => text).join('; '), router);
  }
}
