// What to do about virtual addresses that somebody else takes off the interface, or that cannot be
// put on it: put back, a bounded number of times, then yield for a while. No kernel, no script.
import { after, instant, microseconds, type Instant } from '../../model/units.js';

/** So many restorations within the window are a fight, and the other program wins it. */
const RESTORATION_LIMIT = 5;
const RESTORATION_WINDOW = microseconds(10_000_000);
/** While this lasts the priority is 1: any peer is better, and nobody is worse than us. */
const YIELD_TIME = microseconds(60_000_000);

export interface AddressDefence {
  /** When addresses were put back, oldest first, within the window. */
  readonly restorations: readonly Instant[];
  /** Until when this virtual router stands back; null when it does not. */
  readonly yieldingUntil: Instant | null;
}

export const undisturbed: AddressDefence = { restorations: [], yieldingUntil: null };

/** Somebody removed addresses: put them back, or yield? */
export function addressRemoved(
  state: AddressDefence,
  now: Instant,
): { readonly state: AddressDefence; readonly decision: 'restore' | 'yield' } {
  const recent = state.restorations.filter((at) => after(at, RESTORATION_WINDOW) > now);
  if (recent.length >= RESTORATION_LIMIT) return { state: yieldingFrom(now), decision: 'yield' };
  return { state: { ...state, restorations: [...recent, now] }, decision: 'restore' };
}

/** The state of one that yields from now on. */
export const yieldingFrom = (now: Instant): AddressDefence => ({
  restorations: [],
  yieldingUntil: instant(now + YIELD_TIME),
});

/** The state without a yield that is over at `now`. */
export const expireYield = (state: AddressDefence, now: Instant): AddressDefence =>
  state.yieldingUntil !== null && now >= state.yieldingUntil ? undisturbed : state;
