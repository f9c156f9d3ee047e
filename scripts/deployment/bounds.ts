// What a part's failure may cost: the bound of the decision table at the settings of the pages (peer check
// every 100 ms, three failures), and the next slower mechanism, which must not have been what ended it.
import type { ApplianceName } from '../lab/network.js';
import type { Part } from './part.js';

/** The peer check finds a dead peer after this. */
const PEER_FAILURE_MS = 300;
/** Active_Down_Interval at 1000 ms and priority 100 (RFC 9568 §6.1). */
const ACTIVE_DOWN_MS = 3600;

/** Something an operator does: no request may fail. */
export const planned = (part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'planned',
  heir,
  boundMs: null,
});

/** A fault that nobody but the operator notices: no request may fail either. */
export const unnoticed = (part: string, heir: ApplianceName = 'a'): Part => ({
  part,
  kind: 'fault',
  heir,
  boundMs: null,
});

/** A fault that only requests of these targets may meet: nginx must not give them to another back end. */
export const met = (part: string, exposed: readonly string[]): Part => ({
  ...unnoticed(part),
  exposed,
});

/** The appliance sees it itself and tells its peer: below the time of a peer check. */
export const told = (part: string, heir: ApplianceName): Part => ({
  part,
  kind: 'fault',
  heir,
  boundMs: 100,
  limitMs: PEER_FAILURE_MS,
});

/** A check finds it after this long; then it is a handover. */
export const checked = (afterMs: number, part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'fault',
  heir,
  boundMs: afterMs,
  limitMs: ACTIVE_DOWN_MS,
});

/** Silence: the peer check finds it. */
export const silence = (part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'fault',
  heir,
  boundMs: PEER_FAILURE_MS + 100,
  limitMs: ACTIVE_DOWN_MS,
});

/** Nothing is left that could serve: what matters is who holds the address. */
export const dark = (part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'fault',
  heir,
  boundMs: Number.POSITIVE_INFINITY,
  dark: true,
});

/** Begins in the dark, and ends it. */
export const untilMended = (part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'planned',
  heir,
  boundMs: Number.POSITIVE_INFINITY,
});
