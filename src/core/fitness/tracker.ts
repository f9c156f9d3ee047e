// Turns what the monitors report into what the election needs: effective priority and faults. It keeps no state and
// measures nothing; thresholds are the monitors' affair.
import type { Adjustment, MonitorStatus } from '../../model/monitor.js';
import type { FaultReason } from '../../model/reasons.js';

interface Assessment {
  /** 1..254, or 255 for the address owner, whose priority no monitor changes (RFC 9568 §5.2.4). */
  readonly effectivePriority: number;
  readonly adjustments: readonly Adjustment[];
}

/**
 * The priority of a virtual router with these statuses; `extra` are adjustments for other causes. An `unknown` monitor
 * changes nothing: not to know is not to fail.
 */
export function judge(
  configuredPriority: number,
  statuses: Iterable<MonitorStatus>,
  extra: readonly Adjustment[],
): Assessment {
  if (configuredPriority === 255) return { effectivePriority: 255, adjustments: [] };
  const adjustments = [...extra];
  for (const status of statuses) {
    if (lowersPriority(status)) {
      adjustments.push({ name: status.name, amount: -Math.abs(status.weight) });
    }
  }
  const sum = adjustments.reduce((total, { amount }) => total + amount, configuredPriority);
  return { effectivePriority: Math.min(254, Math.max(1, sum)), adjustments };
}

/** A weight of 0 lowers nothing: somebody else acts upon that check. */
export const lowersPriority = (
  status: MonitorStatus,
): status is MonitorStatus & { readonly weight: number } =>
  status.state === 'failed' && typeof status.weight === 'number' && status.weight !== 0;

/** The hard fault that concerns a virtual router on this interface; null when there is none. */
export function hardFault(
  interfaceName: string,
  statuses: Iterable<MonitorStatus>,
): FaultReason | null {
  for (const status of statuses) {
    if (status.state !== 'failed' || status.weight !== 'hard') continue;
    if (status.interface === undefined || status.interface === interfaceName) return status.fault;
  }
  return null;
}

/** Whether the interface itself is at fault and sends nothing; a renamed one still sends. */
export function interfaceFailed(interfaceName: string, statuses: Iterable<MonitorStatus>): boolean {
  for (const status of statuses) {
    if (status.state !== 'failed' || status.weight !== 'hard') continue;
    if (status.interface === interfaceName && status.fault !== 'interface-renamed') return true;
  }
  return false;
}

/** The names of two monitors whose results are told to the peers. */
const GATEWAY_MONITOR = 'gateway';
const BANDWIDTH_MONITOR = 'bandwidth';

/** The soft faults; low bandwidth is excused while the peers see no more traffic than we do. */
export const softFaults = (
  statuses: Iterable<MonitorStatus>,
  bandwidthExcused: boolean,
): MonitorStatus[] =>
  [...statuses].filter(
    ({ name, state, weight }) =>
      state === 'failed' && weight === 'soft' && !(bandwidthExcused && name === BANDWIDTH_MONITOR),
  );

/** Whether there is any soft fault. This is asked with every packet. */
export function hasSoftFault(statuses: Iterable<MonitorStatus>): boolean {
  for (const { state, weight } of statuses) {
    if (state === 'failed' && weight === 'soft') return true;
  }
  return false;
}

/**
 * Whether a soft fault may be about to be found. Two appliances that lose the same gateway find out at different
 * instants: one that is still in doubt is no successor for one that is sure.
 */
export const mayBeFailing = ({ state, weight, doubtful }: MonitorStatus): boolean =>
  weight === 'soft' && state !== 'failed' && doubtful === true;

/** Whether traffic is below the minimum here. */
export const isBandwidthLow = (statuses: readonly MonitorStatus[]): boolean =>
  statuses.some(({ name, state }) => name === BANDWIDTH_MONITOR && state === 'failed');

/** What the gateway monitor says; `unknown` where there is none. */
export function gatewayOf(
  statuses: readonly MonitorStatus[],
): 'reachable' | 'unreachable' | 'unknown' {
  const state = statuses.find(({ name }) => name === GATEWAY_MONITOR)?.state;
  if (state === undefined || state === 'unknown') return 'unknown';
  return state === 'ok' ? 'reachable' : 'unreachable';
}
