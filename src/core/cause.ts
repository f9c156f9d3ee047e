// Why this appliance gives the role up, stays out of the election, or would be a doubtful successor, in
// the words that its peers are told. Nothing is decided here.
import type { MonitorStatus } from '../model/monitor.js';
import type { PeerCause } from '../model/peer-report.js';
import type { TransitionReason } from '../model/reasons.js';
import { bypassDesired, obstacleOf } from './fitness/restraint.js';
import { ownFault } from './fitness/fitness.js';
import { isAnyActive, releasingOf, type Router } from './machine/router.js';
import type { Stage } from './instance-state.js';
import { mayBeFailing, softFaults } from './fitness/tracker.js';

/** What keeps all virtual routers of this appliance out of the election; null when nothing does. */
export function commonObstacle({ phase, configuration, conduct }: Stage): TransitionReason | null {
  if (phase === 'stopped') return 'shutdown';
  if (configuration.mode === 'off') return 'mode-off';
  return obstacleOf(conduct, configuration);
}

/** The weightiest cause there is; undefined when all is well. */
export function causeOf(stage: Stage): PeerCause | undefined {
  const { conduct, fitness } = stage;
  const releasing = [...stage.routers.values()].map(releasingOf).find((one) => one !== null);
  if (releasing) return cause(stage, releasing.reason);
  if (!fitness.fit) return obstacleCause(stage);
  const yielding = [...stage.routers.values()].find((one) => one.defence.yieldingUntil !== null);
  if (yielding !== undefined) {
    const reason = yielding.reason === 'address-lost' ? 'address-lost' : 'address-failed';
    return cause(stage, reason, yielding.configuration.name);
  }
  if (!fitness.sound) return cause(stage, 'soft-fault');
  // Who has another one since, because it was needed, has not that one by the order.
  if (conduct.standBack === null || isAnyActive(stage)) return undefined;
  return cause(stage, 'failover', conduct.standBack.by);
}

function obstacleCause(stage: Stage): PeerCause {
  const common = commonObstacle(stage);
  if (common !== null) return cause(stage, common);
  const failed = [...stage.monitors.values()].filter(({ state }) => state === 'failed');
  const faults = [...stage.routers.values()].flatMap((router) => {
    const fault = ownFault(router, failed);
    return fault === null ? [] : [cause(stage, fault, router.configuration.interface)];
  });
  const [first] = [...faults, cause(stage, 'group-fault', '')];
  return first;
}

function cause(stage: Stage, reason: TransitionReason, detail?: string): PeerCause {
  const faults = softFaults([...stage.monitors.values()], false);
  const isSoft = reason === 'soft-fault';
  const doubtful = isSoft && faults.length === 0;
  const { by, forced } = stage.conduct.order;
  const isForced = forced && (reason === 'failover' || reason === 'maintenance');
  return {
    reason,
    detail: detail ?? (isSoft ? namesOf(stage, faults) : orderedBy(stage, reason, by)),
    forced: isForced,
    doubtful,
  };
}

/** The faults whose interface says where they are. */
const OF_INTERFACE: ReadonlySet<TransitionReason> = new Set([
  'interface-missing',
  'interface-down',
  'no-carrier',
  'no-primary-address',
  'socket-failed',
]);

/** Who ordered a departure for this reason, or which interface or monitors are at fault; else empty. */
export function causeOfReason(stage: Stage, router: Router, reason: TransitionReason): string {
  return OF_INTERFACE.has(reason) ? router.configuration.interface : cause(stage, reason).detail;
}

function namesOf(stage: Stage, faults: readonly MonitorStatus[]): string {
  const concerned = faults.length > 0 ? faults : [...stage.monitors.values()].filter(mayBeFailing);
  return concerned.map(({ name }) => name).join(', ');
}

/** Who ordered it, where it was ordered. */
function orderedBy(
  { conduct, configuration }: Stage,
  reason: TransitionReason,
  by: string,
): string {
  if (reason === 'failover' || reason === 'maintenance') return by;
  const engaged = conduct.bypassEngaged && bypassDesired(conduct, configuration) === 'bypass';
  return reason === 'bypassed' && engaged ? by : '';
}
