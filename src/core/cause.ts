// Why this appliance gives the role up, stays out of the election, or would be a doubtful successor, in the words
// that it tells its peers. Nothing is decided here.
import type { MonitorStatus } from '../model/monitor.js';
import type { PeerCause } from '../model/peer-report.js';
import type { TransitionReason } from '../model/reasons.js';
import { bypassDesired, obstacleOf } from './fitness/restraint.js';
import { ownFault } from './fitness/fitness.js';
import { isAnyActive, releasingOf, type Router } from './machine/router.js';
import type { InstanceState } from './instance-state.js';
import { mayBeFailing, softFaults } from './fitness/tracker.js';

/** What keeps all virtual routers of this appliance out of the election; null when nothing does. */
export function commonObstacle({
  phase,
  configuration,
  restraint,
}: InstanceState): TransitionReason | null {
  if (phase === 'stopped') return 'shutdown';
  if (configuration.mode === 'off') return 'mode-off';
  return obstacleOf(restraint, configuration);
}

/** The first virtual router that yields, at priority 1; null when none does. */
export function yieldingOf({ routers }: InstanceState): Router | null {
  for (const router of routers.values()) if (router.defence.yieldingUntil !== null) return router;
  return null;
}

/** The weightiest cause there is; undefined when all is well. */
export function causeOf(instance: InstanceState): PeerCause | undefined {
  const { restraint, fitness } = instance;
  for (const router of instance.routers.values()) {
    const releasing = releasingOf(router);
    if (releasing !== null) return cause(instance, releasing.reason);
  }
  if (!fitness.fit) return obstacleCause(instance);
  const yielding = yieldingOf(instance);
  if (yielding !== null) {
    const reason = yielding.reason === 'address-lost' ? 'address-lost' : 'address-failed';
    return cause(instance, reason, yielding.configuration.name);
  }
  if (!fitness.sound) return cause(instance, 'soft-fault');
  // If we are Active again since, because we were needed, the order is no longer why we are not.
  if (restraint.standBack === null || isAnyActive(instance)) return undefined;
  return cause(instance, 'failover', restraint.standBack.by);
}

function obstacleCause(instance: InstanceState): PeerCause {
  const common = commonObstacle(instance);
  if (common !== null) return cause(instance, common);
  const failed = [...instance.monitors.values()].filter(({ state }) => state === 'failed');
  const faults = [...instance.routers.values()].flatMap((router) => {
    const fault = ownFault(router, failed);
    return fault === null ? [] : [cause(instance, fault, router.configuration.interface)];
  });
  const [first] = [...faults, cause(instance, 'group-fault', '')];
  return first;
}

function cause(instance: InstanceState, reason: TransitionReason, detail?: string): PeerCause {
  const faults = softFaults([...instance.monitors.values()], false);
  const isSoft = reason === 'soft-fault';
  const doubtful = isSoft && faults.length === 0;
  const { by, forced } = instance.restraint.order;
  const isForced = forced && (reason === 'failover' || reason === 'maintenance');
  return {
    reason,
    detail: detail ?? (isSoft ? namesOf(instance, faults) : orderedBy(instance, reason, by)),
    forced: isForced,
    doubtful,
  };
}

/** Faults that are located by the name of the interface. */
const OF_INTERFACE: ReadonlySet<TransitionReason> = new Set([
  'interface-missing',
  'interface-down',
  'no-carrier',
  'no-primary-address',
  'socket-failed',
]);

/** Who ordered a departure for this reason, or which interface or monitors are at fault; else empty. */
export function causeOfReason(
  instance: InstanceState,
  router: Router,
  reason: TransitionReason,
): string {
  return OF_INTERFACE.has(reason) ? router.configuration.interface : cause(instance, reason).detail;
}

function namesOf(instance: InstanceState, faults: readonly MonitorStatus[]): string {
  const concerned =
    faults.length > 0 ? faults : [...instance.monitors.values()].filter(mayBeFailing);
  return concerned.map(({ name }) => name).join(', ');
}

/** Who gave the order; empty where nobody did. */
function orderedBy(
  { restraint, configuration }: InstanceState,
  reason: TransitionReason,
  by: string,
): string {
  if (reason === 'failover' || reason === 'maintenance') return by;
  const engaged = restraint.bypassEngaged && bypassDesired(restraint, configuration) === 'bypass';
  return reason === 'bypassed' && engaged ? by : '';
}
