// What to do when somebody else takes virtual addresses off the interface, or they cannot be put on it: put them back a
// few times, then yield for a while. No kernel, no script.
import { after, instant, microseconds, type Instant } from '../../model/units.js';

/** After so many restorations within the window the other program wins. */
const RESTORATION_LIMIT = 5;
const RESTORATION_WINDOW = microseconds(10_000_000);
/** For so long the priority is 1: any peer is better than we are. */
const YIELD_TIME = microseconds(60_000_000);

export interface AddressDefence {
  /** When addresses were put back, oldest first, within the window. */
  readonly restorations: readonly Instant[];
  /** Until when this virtual router is yielding; null when it is not. */
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
