// When peers are to be asked, and what is due on each path unless it is heard: for whoever makes the checks in the place of
// the core, which says so. Types only.
import type { IpAddress } from './address.js';
import type { Instant, Microseconds } from './units.js';

/** One way to a peer: what is due there unless a message comes first. */
export interface PathPlan {
  readonly address: IpAddress;
  /** A failure, unless an answer comes. */
  readonly failAt: Instant;
  /** The moment shortly before the peer is silent here, unless anything comes. */
  readonly nearlySilentAt: Instant;
}

export interface CheckPlan {
  readonly interval: Microseconds;
  /** An answer puts the failure on its path off to so long after it. */
  readonly failAfter: Microseconds;
  /** Any message puts the silence on its path off likewise. */
  readonly nearlySilentAfter: Microseconds;
  /** From then on a check may be more than a check; null for never. */
  readonly until: Instant | null;
  readonly peers: readonly {
    readonly name: string;
    readonly nextCheckAt: Instant;
    readonly paths: readonly PathPlan[];
  }[];
}
