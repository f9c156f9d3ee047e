// Whether a virtual router can take part in the election, and what is broken if it cannot. No priorities (tracker.ts),
// no operators (restraint.ts), no consequences (settle.ts).
import type { MonitorStatus } from '../../model/monitor.js';
import type { FaultReason, TransitionReason } from '../../model/reasons.js';
import type { IpAddress } from '../../model/address.js';
import { hardFault, interfaceFailed } from './tracker.js';

/** What of a virtual router counts here. */
interface Participant {
  readonly configuration: { readonly interface: string };
  /** Null when there is none, undefined when not known yet. */
  readonly primaryAddress: IpAddress | null | undefined;
  /** Undefined when not tried yet. */
  readonly socketOpen: boolean | undefined;
}

/** The fault of this virtual router itself; null when it is fit or not known yet. */
export function ownFault(
  router: Participant,
  monitors: Iterable<MonitorStatus>,
): FaultReason | null {
  const fault = hardFault(router.configuration.interface, monitors);
  if (fault !== null) return fault;
  if (router.primaryAddress === null) return 'no-primary-address';
  return router.socketOpen === false ? 'socket-failed' : null;
}

/** Everything that must be known of a virtual router before it starts has been told. */
export const isKnown = (router: Participant): boolean =>
  router.primaryAddress !== undefined && router.socketOpen !== undefined;

/** Whether an advertisement of priority 0 would still leave the interface. */
export const canSayFarewell = (router: Participant, monitors: Iterable<MonitorStatus>): boolean =>
  typeof router.primaryAddress === 'string' &&
  router.socketOpen === true &&
  !interfaceFailed(router.configuration.interface, monitors);

/** What keeps one out until an operator says otherwise. */
const OPERATORS: ReadonlySet<TransitionReason> = new Set(['maintenance', 'bypassed', 'suspended']);

/** Why a virtual router starts, from why it stood still. */
export function startupReason(previous: TransitionReason): TransitionReason {
  if (previous === 'startup' || previous === 'settings-changed') return previous;
  if (OPERATORS.has(previous)) return 'readmitted';
  return previous === 'mode-off' ? 'mode-on' : 'fault-cleared';
}
