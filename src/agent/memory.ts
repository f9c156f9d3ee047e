// Between the state file, which counts in wall time, and the core, which counts on the monotonic clock.
// No file access, no decisions.
import type { InstanceSnapshot, Memory } from '../core/interface.js';
import { instant, type Instant } from '../model/units.js';
import { NO_VIRTUAL_MACS } from '../model/virtual-mac.js';
import type { Leftovers } from './leftovers.js';
import type { State } from '../journal/state-file.js';

export interface Clocks {
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly now: () => Instant;
}

/** What the next agent must know. */
export function stateOf(
  { memory, virtualRouters }: InstanceSnapshot,
  { standing, mayAdd = [], inherits: keeps = false, virtualMacs = NO_VIRTUAL_MACS }: Leftovers,
  { wallClock, now }: Clocks,
): State {
  const { maintenance, bypassEngaged, flaps, standBack } = memory;
  const wallTime = (at: Instant): number => wallClock() - (now() - at) / 1_000;
  return {
    standing,
    mayAdd,
    virtualMacs,
    maintenance,
    bypassEngaged,
    flaps: flaps.flaps.map(wallTime),
    standBack: standBack && { by: standBack.by, since: wallTime(standBack.since) },
    latched: flaps.latched,
    active: virtualRouters.some(({ state }) => state === 'Active'),
    keeps,
  };
}

/** What the next agent must know of the addresses that this one leaves. */
export const leftoversOf = ({
  standing,
  mayAdd,
  virtualMacs,
  active,
  keeps,
}: State): Leftovers => ({
  standing,
  mayAdd,
  virtualMacs,
  inherits: active || keeps,
});

/** What an earlier agent left, on our clock. A flap of the future (the clock was set back) is now. */
export function memoryAt(state: State, { wallClock, now }: Clocks): Memory {
  const ownTime = (time: number): Instant =>
    instant(now() - Math.max(0, wallClock() - time) * 1_000);
  const flaps = state.flaps.map(ownTime);
  const { standBack } = state;
  return {
    maintenance: state.maintenance,
    bypassEngaged: state.bypassEngaged,
    flaps: { flaps, latched: state.latched },
    standBack: standBack && { by: standBack.by, since: ownTime(standBack.since) },
  };
}
