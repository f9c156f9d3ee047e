// What a part's failure may cost, and which mechanism has to end it: that of the decision table at the settings
// of the pages (peer check every 100 ms, three failures). Milliseconds are aims: printed, and judged by nobody.
import type { Mechanism } from './ending.js';
import type { Part } from './part.js';

/** The peer check finds a dead peer after this. */
const PEER_FAILURE_MS = 300;

/** The one that gives up the role says so over the HA port, and keeps it until the heir has it. */
const HANDED_OVER: Mechanism = { taken: ['peer-released'] };
/**
 * The one that has to give up the role at once says so over the HA port; where a link is left that the virtual
 * router is on, its farewell there may come first (RFC 9568 §6.4.3, priority 0).
 */
const TOLD: Mechanism = { taken: ['peer-released', 'priority-zero'] };
/** The executor of a dead agent carries out its will: a farewell, as soon as the agent has died. */
const WILL: Mechanism = { taken: ['priority-zero'], dies: true };
/** The peer check: the heir waited for no Active_Down_Interval (`no-response`). */
const PEER_CHECK: Mechanism = { taken: ['peer-dead'] };

/** Something an operator does: no request may fail. */
export const planned = (part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'planned',
  heir,
  aimMs: null,
});

/** A fault that nobody but the operator notices: no request may fail either, and the role stays. */
export const unnoticed = (part: string, heir: Part['heir'] = 'a'): Part => ({
  part,
  kind: 'fault',
  heir,
  aimMs: null,
});

/** The agent dies; its executor says farewell and keeps the addresses until they are the heir's. */
export const agentDead = (part: string, heir: Part['heir']): Part => ({
  ...unnoticed(part, heir),
  by: WILL,
});

/** A monitor finds it, and the role is handed over: no request may fail. */
export const handedOver = (part: string, heir: Part['heir'], monitor: string): Part => ({
  ...unnoticed(part, heir),
  by: { ...HANDED_OVER, left: [monitor] },
});

/** A fault that only requests of these targets may meet: nginx must not give them to another back end. */
export const met = (part: string, exposed: readonly string[]): Part => ({
  ...unnoticed(part),
  exposed,
});

/** The appliance sees it itself and tells its peer: below the time of a peer check. */
export const told = (
  part: string,
  heir: Part['heir'],
  ...left: readonly [string, ...string[]]
): Part => ({
  part,
  kind: 'fault',
  heir,
  aimMs: 100,
  by: { ...TOLD, left },
});

/** A check finds it, at best after this long; then it is a handover. */
export const checked = (
  afterMs: number,
  part: string,
  heir: Part['heir'],
  monitor: string,
): Part => ({
  part,
  kind: 'fault',
  heir,
  aimMs: afterMs,
  by: { ...HANDED_OVER, left: [monitor] },
});

/** Silence: the peer check finds it. */
export const silence = (part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'fault',
  heir,
  aimMs: PEER_FAILURE_MS + 100,
  by: PEER_CHECK,
});

/** Nothing is left that could serve: what matters is who holds the address. */
export const dark = (part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'fault',
  heir,
  aimMs: Number.POSITIVE_INFINITY,
  mayMove: true,
  dark: true,
});

/** Begins in the dark, and ends it. */
export const untilMended = (part: string, heir: Part['heir']): Part => ({
  part,
  kind: 'planned',
  heir,
  aimMs: Number.POSITIVE_INFINITY,
  mayMove: true,
});
