// The only way to change a virtual router: a step of its machine, and what follows from it at once. The caller decides
// that there is a step: something has happened (router-events.ts), or there is a verdict (apply.ts).
import { assert } from '../model/assert.js';
import { familyOf, type IpAddress } from '../model/address.js';
import type { TransitionReason } from '../model/reasons.js';
import { after, microseconds } from '../model/units.js';
import { leftFor, takenFrom } from './because.js';
import { afterDeparture, afterFlap, afterTakeover, FLAPS } from './fitness/restraint.js';
import { canSayFarewell } from './fitness/fitness.js';
import { sawHeld } from './nobody-held.js';
import type { Router } from './machine/router.js';
import {
  activeAddressOf,
  advance,
  entered,
  hasAddresses,
  type ActiveState,
  type RouterState,
} from './machine/router-state.js';
import { named, type InstanceState } from './instance-state.js';
import * as machine from './machine/virtual-router.js';

/** For so long a successor's address script may run; then it is ended. */
export const SCRIPT_PATIENCE = microseconds(5_000_000);

/** Steps the machine of a virtual router. */
export function step(instance: InstanceState, router: Router, event: machine.Event): void {
  const { state: before } = router;
  const had = hasAddresses(before);
  const { state, effects } = machine.step(
    instance.parametersOf(router),
    before.machine,
    event,
    instance.clock,
  );
  if (!advance(before, state)) {
    router.state = entered(state, before, vacates(event));
    instance.entries += 1;
  }
  if (event.kind === 'release' || event.kind === 'keep') instance.unsettled = true;
  for (const effect of effects) {
    // When the lease has lapsed, we do not know since when the addresses are gone.
    if (effect.kind === 'set-addresses' && had && event.kind !== 'revoked') {
      sawHeld(router, instance.clock);
    }
    emit(instance, router, effect, before);
  }
}

/** Asks for a successor: the addresses stay until there is one, or the time is over. */
export function release(instance: InstanceState, router: Router, reason: TransitionReason): void {
  const atMost = after(instance.clock, SCRIPT_PATIENCE);
  step(instance, router, {
    kind: 'release',
    releasing: { reason, until: instance.handoverUntil(), atMost },
  });
}

/** Sends a farewell unless the interface is dead: a fault elsewhere must not cost the peer time. */
export function shutDown(instance: InstanceState, router: Router, reason: TransitionReason): void {
  const farewell = canSayFarewell(router, instance.monitors.values());
  step(instance, router, { kind: 'shutdown', reason, farewell });
}

/** Events by which an Active leaves although there is no other Active. */
const LEAVING: ReadonlySet<machine.Event['kind']> = new Set(['shutdown', 'yield', 'deadline']);

/** Two Actives may yield to each other at once, each by what it heard last; vacated, they find out. */
const vacates = (event: machine.Event): boolean =>
  LEAVING.has(event.kind) || (event.kind === 'successor' && event.reason === 'dual-active');

function emit(
  instance: InstanceState,
  router: Router,
  effect: machine.Effect,
  before: RouterState,
): void {
  switch (effect.kind) {
    case 'set-addresses':
      instance.push({ kind: 'set-addresses', ...named(router), present: effect.present });
      return;
    case 'announce':
      instance.push({ kind: 'announce', ...named(router) });
      return;
    case 'send-advertisement':
      advertise(instance, router, effect.priority);
      return;
    case 'transition':
      transition(instance, router, effect, before);
  }
}

/** Sends an advertisement: as the machine says, or as a question on the link (decisions/silence.ts). */
export function advertise(instance: InstanceState, router: Router, priority: number): void {
  router.counters.advertisementsSent += 1;
  if (priority === 0) router.counters.priorityZeroSent += 1;
  const { primaryAddress: source, sending: dialect } = router;
  assert(typeof source === 'string', 'who takes part has an address to send from');
  const alsoTo = unicastTo(instance, router);
  const virtualRouter = router.configuration.name;
  instance.push({ kind: 'send-advertisement', virtualRouter, priority, source, dialect, alsoTo });
}

const NOBODY: readonly IpAddress[] = [];

/**
 * Peers on the virtual router's link that asked for its advertisements by unicast, at the addresses that
 * they advertise from: the path's own may be of another family, and IPv6 advertisements come from
 * link-local addresses (RFC 9568 §5.1.2.1), which no path has.
 */
function unicastTo(instance: InstanceState, router: Router): readonly IpAddress[] {
  if (instance.peers.size === 0) return NOBODY;
  const { family } = router.configuration;
  return instance.views(router).flatMap(({ router: theirs, lanPath, report }) => {
    if (theirs?.wantsUnicast !== true || lanPath === null) return [];
    const { address } = lanPath;
    if (family === 'ipv4' && familyOf(address) === 'ipv4') return [address];
    return report.primaryAddresses.filter((one) => familyOf(one) === family);
  });
}

function transition(
  instance: InstanceState,
  router: Router,
  { from, to, reason }: Extract<machine.Effect, { kind: 'transition' }>,
  before: RouterState,
): void {
  if (from === 'Initialize' || to === 'Initialize') instance.unsettled = true;
  else instance.restate(router);
  const isFlap =
    before.kind === 'Active' && FLAPS.has(reason) && !wasCalled(instance, router, before, reason);
  router.reason = reason;
  const { because, orderedBy } =
    to === 'Active'
      ? takenFrom(instance, router, activeAddressOf(before))
      : leftFor(instance, router, reason);
  router.because = because;
  router.since = instance.clock;
  router.counters.transitions += 1;
  const { effectivePriority } = router;
  instance.push({
    kind: 'transition',
    ...named(router),
    from,
    to,
    reason,
    because,
    ...(orderedBy === '' ? {} : { orderedBy }),
    effectivePriority,
  });
  if (to === 'Active') {
    router.sentAway = false;
    instance.restraint = afterTakeover(instance.restraint, isStillSentAway(instance));
  }
  if (isFlap) flap(instance, reason);
  if (from === 'Active') instance.restraint = afterDeparture(instance.restraint);
}

/**
 * Whether this Active only took the role because it was called: by an operator, or by the farewell of a router that
 * is Active all the same. Anybody on the link can send priority 0 in another's name; that must not add up until the
 * standby is suspended.
 */
function wasCalled(
  instance: InstanceState,
  router: Router,
  before: ActiveState,
  reason: TransitionReason,
): boolean {
  if (before.ordered) return true;
  if (reason !== 'dual-active' || router.reason !== 'priority-zero') return false;
  // We put up with a rival for as long as a handover takes, and it must be heard once more after that.
  return instance.clock <= instance.handoverUntil(instance.handoverUntil(router.since));
}

/** Whether virtual routers move alone, and one that was handed over has not come back. */
const isStillSentAway = (instance: InstanceState): boolean =>
  !instance.movesTogether() && [...instance.routers.values()].some(({ sentAway }) => sentAway);

/** Counts a departure that nobody asked for. */
export function flap(instance: InstanceState, detail: string): void {
  const { restraint, configuration } = instance;
  instance.restraint = afterFlap(restraint, configuration.flaps, instance.clock);
  if (instance.restraint === restraint) return;
  const { flaps, latched } = instance.restraint.flaps;
  const { maximum } = configuration.flaps;
  const limit = maximum === 0 ? '' : ` of ${maximum}`;
  instance.report('flap', `${flaps.length}${limit}: ${detail}`);
  if (latched && !restraint.flaps.latched) instance.report('latched', detail);
}
