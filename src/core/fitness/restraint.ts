// What keeps an appliance from the role although nothing is broken: maintenance, flaps and their latch, the bypass,
// standing back after a handover. Pure; whoever carries it out is elsewhere.
import type { TransitionReason } from '../../model/reasons.js';
import type { BypassState } from '../../model/status.js';
import type { Instant } from '../../model/units.js';
import { countFlap, noFlaps, type FlapCounter, type FlapParameters } from './flap-counter.js';

/** What must survive the agent. Its instants lie before the start of this one. */
export interface Memory {
  readonly maintenance: boolean;
  readonly bypassEngaged: boolean;
  readonly flaps: FlapCounter;
  readonly standBack: StandBack | null;
}

/** What operators and flaps allow the instance to do. */
export interface Restraint {
  readonly maintenance: boolean;
  /** An operator wants the bypass. */
  readonly bypassEngaged: boolean;
  readonly flaps: FlapCounter;
  readonly bypassActual: BypassState;
  /** An operator handed the role over: we take it back when we are needed or asked, and not before. */
  readonly standBack: StandBack | null;
  /** The last order to leave, as long as it may still be carried out. */
  readonly order: Order;
  /** Soft faults that were there when an operator forced the role upon us: no reason to give it back. */
  readonly excused: readonly string[];
  /** A virtual router became Active since the last flap. Those that are lost together count once. */
  readonly heldSinceFlap: boolean;
}

/** What an operator gave with the command. */
export interface Order {
  /** Who gave it; empty when not known. */
  readonly by: string;
  /** The operator insists, although no successor is fit and sound. */
  readonly forced: boolean;
}

/** Sent away by an operator. */
interface StandBack {
  readonly by: string;
  readonly since: Instant;
}

export const unrestrained: Restraint = {
  maintenance: false,
  bypassEngaged: false,
  flaps: noFlaps,
  bypassActual: 'unknown',
  standBack: null,
  order: { by: '', forced: false },
  excused: [],
  heldSinceFlap: false,
};

export const memoryOf = ({ maintenance, bypassEngaged, flaps, standBack }: Restraint): Memory => ({
  maintenance,
  bypassEngaged,
  flaps,
  standBack,
});

/** What the settings say of the hardware bypass. */
interface Relay {
  readonly primary: boolean;
  readonly hasBypass: boolean;
}

/** The latch engages the hardware bypass of the primary; any other appliance is suspended instead. */
export function bypassDesired(
  { bypassEngaged, flaps }: Restraint,
  { primary, hasBypass }: Relay,
): 'inline' | 'bypass' {
  return hasBypass && (bypassEngaged || (flaps.latched && primary)) ? 'bypass' : 'inline';
}

/** What keeps the instance out of the election, other than a fault; null when nothing does. */
export function obstacleOf(restraint: Restraint, relay: Relay): TransitionReason | null {
  if (restraint.maintenance) return 'maintenance';
  if (bypassDesired(restraint, relay) === 'bypass') return 'bypassed';
  if (isPassedBy(restraint)) return 'bypassed';
  return restraint.flaps.latched ? 'suspended' : null;
}

/** Departures that an operator ordered: they count as no flap. */
const ORDERED: ReadonlySet<string> = new Set(['failover', 'maintenance', 'mode-off', 'shutdown']);

export const isOrdered = (reason: string): boolean => ORDERED.has(reason);

/** Whether frames bypass the appliance, so that what it sends reaches nobody. */
export const isPassedBy = ({ bypassActual }: Restraint): boolean =>
  bypassActual === 'bypass' || bypassActual === 'disconnect';

/** Departures from Active that no operator, shutdown or preemption asked for. */
export const FLAPS: ReadonlySet<TransitionReason> = new Set([
  'interface-missing',
  'interface-renamed',
  'interface-down',
  'no-carrier',
  'no-primary-address',
  'socket-failed',
  'links-below-minimum',
  'group-fault',
  'address-lost',
  'address-failed',
  'soft-fault',
  'lan-split',
  'addresses-gone',
  'dual-active',
  'stalled',
  'lease-lapsed',
]);

/**
 * A virtual router became Active because it was needed or asked. So we no longer stand back, unless another one that
 * was handed over by itself is still elsewhere.
 */
export function afterTakeover(restraint: Restraint, isStillSentAway: boolean): Restraint {
  const standBack = isStillSentAway ? restraint.standBack : null;
  return restraint.heldSinceFlap && restraint.standBack === standBack
    ? restraint
    : { ...restraint, heldSinceFlap: true, standBack };
}

/** The restraint after any departure: no fault is excused any longer. Unchanged when none was. */
export const afterDeparture = (restraint: Restraint): Restraint =>
  restraint.excused.length === 0 ? restraint : { ...restraint, excused: [] };

/** The restraint after a departure at `now` that nobody wanted; unchanged when it belongs to the last one. */
export const afterFlap = (
  restraint: Restraint,
  parameters: FlapParameters,
  now: Instant,
): Restraint =>
  restraint.heldSinceFlap
    ? {
        ...restraint,
        heldSinceFlap: false,
        flaps: countFlap(restraint.flaps, parameters, now),
      }
    : restraint;
