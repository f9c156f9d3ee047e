// The evidence about one virtual router, which is all that a decision may look at: its peers as it sees them, how it
// stands among them, and its group. Types only: instance-sight.ts gathers it.
import type { Family, IpAddress } from '../../model/address.js';
import type { PeerReport } from '../../model/peer-report.js';
import type { Instant } from '../../model/units.js';
import type { PeerCheckParameters } from './peer-check.js';
import type { Peer, PeerView, Place } from './peers.js';
import type { Router } from '../machine/router.js';

/** How we stand in the election: priority first, then the address (RFC 9568 §6.4.3). */
export interface Rank {
  readonly priority: number;
  readonly family: Family;
  /** With which ties are broken; null when there is none. */
  readonly address: IpAddress | null;
  /** Fit, and without soft faults. */
  readonly sound: boolean;
  /** Holds a part of a group that moves together. */
  readonly holdsPart: boolean;
  /** Sent away by an operator: any other one first, unless it is asked back. */
  readonly standsBack: boolean;
}

/** What the witness and the contacts with the peers amount to. */
export interface WitnessSight {
  /** A peer is out of touch, and may be Active: its silence proves nothing. */
  readonly guards: boolean;
  /** Some peer is in touch. */
  readonly inTouch: boolean;
  /** Of a Backup: from when on the lease is enough to take the role; null while it is not ours. */
  readonly grantedFrom: Instant | null;
  /** Of an Active: when it gives the role up for want of a lease; null: not for that. */
  readonly leaveAt: Instant | null;
}

/** What a decision may look at. */
export interface Sight {
  readonly router: Router;
  readonly now: Instant;
  readonly place: Place;
  readonly peers: Iterable<Peer>;
  readonly peerCheck: PeerCheckParameters;
  /** The healthy peers. */
  readonly views: readonly PeerView[];
  /** The peers that speak, healthy or not. */
  readonly speaking: readonly PeerView[];
  readonly rank: Rank;
  readonly gateway: PeerReport['gateway'];
  /** Whether this appliance takes part in the election. */
  readonly fit: boolean;
  /** Until when an answer to a handover that begins now is awaited. */
  readonly handoverUntil: Instant;
  /** Null where there is none. */
  readonly witness: WitnessSight | null;
  /** Whether this peer leads a virtual router before this one, in a group that moves together (`isLedBy`). */
  leads(peer: Peer): boolean;
}
