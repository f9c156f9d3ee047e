// How often the role was lost although nobody wanted that, and when this is too often. Pure. What counts as a flap is
// decided in restraint.ts and step.ts.
import { after, type Instant, type Microseconds } from '../../model/units.js';

export interface FlapParameters {
  /** maximumFlaps; 0 means no limit. */
  readonly maximum: number;
  /** flapWindowSeconds. */
  readonly window: Microseconds;
}

export interface FlapCounter {
  /** When each flap of the window happened, oldest first. A flap before the boot has a negative instant. */
  readonly flaps: readonly Instant[];
  /** More than `maximum` happened within the window. Only an operator can end this. */
  readonly latched: boolean;
}

export const noFlaps: FlapCounter = { flaps: [], latched: false };

/** The flaps of the window that ends at `now`. */
export const recentFlaps = (
  { flaps }: FlapCounter,
  { window }: FlapParameters,
  now: Instant,
): readonly Instant[] => flaps.filter((at) => after(at, window) > now);

/** The counter after a flap at `now`. */
export function countFlap(
  counter: FlapCounter,
  parameters: FlapParameters,
  now: Instant,
): FlapCounter {
  const flaps = [...recentFlaps(counter, parameters, now), now];
  const exceeded = parameters.maximum > 0 && flaps.length > parameters.maximum;
  return { flaps, latched: counter.latched || exceeded };
}
