// What is known of the witness, and what is asked of it. No engine, no clock, no decision.
import type { Instant, Microseconds } from './units.js';

/**
 * What the witness said last. One lease belongs to the whole group of virtual routers. Instants are of our own clock,
 * which goes on while the machine is suspended; only the rate of two clocks is ever compared, never their time.
 */
export type WitnessFact =
  /** The lease is ours until then: counted from when the request was sent, less 1 % for clocks that run apart. */
  | {
      readonly kind: 'ours';
      readonly token: string;
      readonly until: Instant;
      /** As granted, which may be another time than was asked for. */
      readonly ttl: Microseconds;
    }
  /** The lease is another instance's. It may end `expiresIn` after it was read, or be renewed. */
  | {
      readonly kind: 'others';
      readonly holder: string;
      readonly token: string;
      readonly expiresIn: Microseconds;
    }
  /** Nobody has the lease. */
  | { readonly kind: 'free' }
  /** No answer in time, no answer of the right shape, or none that a leader stands behind: why, in words. */
  | { readonly kind: 'away'; readonly why: string };

/** What an appliance tells its peers of the witness: whether it answers. */
export type WitnessWord = 'seen' | 'away';

/**
 * What the client is to do until told otherwise. `hold`: acquire the lease, again after each loss, and renew it.
 * `watch`: read only, also right after a lease of somebody else should have ended. `release`: give it back if it is
 * ours, then watch. The order is repeated (ORDER_REPEATED of a ttl); a `hold` that is older than ORDER_LAPSES of a ttl
 * counts as `watch`, since whoever gave it hangs. When whoever gave it is gone,
 * the lease ends by itself: the executor may yet have the addresses.
 */
export type WitnessOrder = 'hold' | 'watch' | 'release';

/** So often, in parts of a ttl, the order to the client is repeated. */
export const ORDER_REPEATED = 1 / 12;
/** An order to hold that was not repeated for this part of a ttl counts no longer. */
export const ORDER_LAPSES = 1 / 6;
