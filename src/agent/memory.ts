// Between the state file, which counts in wall time, and the core, which counts on the monotonic clock.
// No file access, no decisions.
import type { InstanceSnapshot, Memory } from '../core/interface.js';
import type { AddressTarget } from '../model/netlink-script.js';
import { instant, type Instant } from '../model/units.js';
import type { State } from './state-file.js';

export interface Clocks {
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly now: () => Instant;
}

/** What the next agent must know. */
export function stateOf(
  { memory, virtualRouters }: InstanceSnapshot,
  standing: readonly AddressTarget[],
  { wallClock, now }: Clocks,
): State {
  const { maintenance, bypassEngaged, flaps } = memory;
  return {
    standing,
    maintenance,
    bypassEngaged,
    flaps: flaps.flaps.map((at) => wallClock() - (now() - at) / 1_000),
    latched: flaps.latched,
    active: virtualRouters.some(({ state }) => state === 'Active'),
  };
}

/** What an earlier agent left, on our clock. A flap of the future (the clock was set back) is now. */
export function memoryAt(state: State, { wallClock, now }: Clocks): Memory {
  const flaps = state.flaps.map((time) => instant(now() - Math.max(0, wallClock() - time) * 1_000));
  return {
    maintenance: state.maintenance,
    bypassEngaged: state.bypassEngaged,
    flaps: { flaps, latched: state.latched },
  };
}
