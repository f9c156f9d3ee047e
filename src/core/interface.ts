// What an instance takes and gives: its configuration, events, effects and snapshot. Types only.
import type { IpAddress } from '../model/address.js';
import type { Advertisement, ChecksumDialect, Remark } from '../model/advertisement.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { PeerReport } from '../model/peer-report.js';
import type { BypassState, HaMode } from '../model/status.js';
import type { Report, TransitionReason, VirtualRouterState } from '../model/reasons.js';
import type { Instant, Microseconds } from '../model/units.js';
import type { WitnessFact, WitnessOrder } from '../model/witness.js';
import type { Memory } from './fitness/restraint.js';
import type { FlapParameters } from './fitness/flap-counter.js';
import type { PeerCheckParameters } from './peers/peer-check.js';
import type { Peer, PeerConfiguration } from './peers/peers.js';
import type { RouterConfiguration } from './machine/router.js';
import type { RouterSnapshot } from './router-snapshot.js';

export type { Memory } from './fitness/restraint.js';
export type { Deadline } from './soonest.js';

export interface InstanceConfiguration {
  readonly name: string;
  readonly mode: HaMode;
  readonly primary: boolean;
  readonly virtualRouters: readonly RouterConfiguration[];
  readonly peers: readonly PeerConfiguration[];
  readonly peerCheck: PeerCheckParameters;
  readonly flaps: FlapParameters;
  /** Whether there is a relay for the hardware bypass. */
  readonly hasBypass: boolean;
  /** How long a router that has become fit waits before it preempts. */
  readonly preemptDelay: Microseconds;
  /** Further settings that are usually the same on all appliances, as one text. Without it they are not compared. */
  readonly rules?: string;
  /** Asked when nothing is heard of a peer. Absent or null: there is none. Without peers it is never asked. */
  readonly witness?: WitnessParameters | null;
}

export interface WitnessParameters {
  /** How long a lease lasts, as the settings have it. */
  readonly ttl: Microseconds;
  /** So long before the lease ends the role is given up: the addresses must be gone by then. */
  readonly margin: Microseconds;
}

export type OperatorCommand =
  | 'failover'
  | 'maintenance-on'
  | 'maintenance-off'
  | 'flaps-clear'
  | 'bypass-engage'
  | 'bypass-release';

export type InstanceEvent =
  /** Everything known so far has been told: take part from now on. */
  | { readonly kind: 'start' }
  /** Leave the election for good. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'configure'; readonly configuration: InstanceConfiguration }
  /** What an earlier agent left in its state file; after `start` it is ignored. `crashed`: it was Active and was not stopped. */
  | { readonly kind: 'remember'; readonly memory: Memory; readonly crashed: boolean }
  | { readonly kind: 'monitor'; readonly status: MonitorStatus }
  /** The settings no longer ask for this monitor. */
  | { readonly kind: 'monitor-removed'; readonly name: string }
  | {
      readonly kind: 'operator';
      readonly command: OperatorCommand;
      /** Although no successor is fit and sound. */
      readonly force?: boolean;
      /** Who gives the order, for people who read of it. */
      readonly by?: string;
    }
  /** The relay of the hardware bypass, read back. */
  | { readonly kind: 'bypass-state'; readonly actual: BypassState }
  /** An authentic, fresh message of a peer arrived on the path to `address`. */
  | {
      readonly kind: 'peer-report';
      readonly peer: string;
      readonly address: IpAddress;
      readonly report: PeerReport;
      /** An answer in time to the latest check: a success. Any other message is a sign of life. */
      readonly answered: boolean;
    }
  /** The interface that reaches a peer's address directly; null when none does. */
  | {
      readonly kind: 'path-interface';
      readonly peer: string;
      readonly address: IpAddress;
      readonly interface: string | null;
    }
  /** This process was silent for longer than Active_Down_Interval. */
  | { readonly kind: 'stalled' }
  /**
   * This process hung while it was Active: the lease on its addresses lapsed, another router was seen
   * as Active, and the addresses have been removed.
   */
  | { readonly kind: 'revoked' }
  | {
      readonly kind: 'primary-address';
      readonly virtualRouter: string;
      readonly address: IpAddress | null;
    }
  | { readonly kind: 'socket'; readonly virtualRouter: string; readonly open: boolean }
  /** An advertisement that passed every check of RFC 9568 §7.1. */
  | {
      readonly kind: 'advertisement';
      readonly virtualRouter: string;
      readonly advertisement: Advertisement;
      readonly source: IpAddress;
      readonly dialect: ChecksumDialect;
      /** True: it came to the multicast group. False: to our own address. */
      readonly multicast: boolean;
    }
  /** The takeover script has put the addresses in place. */
  | { readonly kind: 'addresses-present'; readonly virtualRouter: string }
  /** Somebody else removed addresses that should be there. */
  | { readonly kind: 'addresses-removed'; readonly virtualRouter: string }
  /** The takeover script failed. */
  | { readonly kind: 'addresses-failed'; readonly virtualRouter: string; readonly detail: string }
  /** What the witness said last. */
  | { readonly kind: 'witness'; readonly fact: WitnessFact }
  /** The machine was suspended for so long: clocks that count this have moved on, and our instants have not. */
  | { readonly kind: 'suspended'; readonly by: Microseconds }
  /** So many checks of this peer were made without the core, each when it was due (`checkPlan`), the last at that time. */
  | {
      readonly kind: 'checked';
      readonly peer: string;
      readonly at: Instant;
      readonly made: number;
    }
  | { readonly kind: 'deadline' };

export type InstanceEffect =
  | {
      readonly kind: 'send-advertisement';
      readonly virtualRouter: string;
      readonly priority: number;
      readonly source: IpAddress;
      readonly dialect: ChecksumDialect;
      /** Peers that asked for it by unicast too, because the group does not reach them. */
      readonly alsoTo: readonly IpAddress[];
    }
  /** Send a request on every path of the peer. */
  | { readonly kind: 'check-peer'; readonly peer: string }
  /** Ask the gateways at once and at short distance, instead of in their turn. */
  | { readonly kind: 'ask-gateway' }
  /** What peers must know has changed. It is sent at once, and with every request from now on. */
  | { readonly kind: 'peer-news'; readonly report: PeerReport }
  /** What the relay of the hardware bypass should be. */
  | { readonly kind: 'set-bypass'; readonly desired: 'inline' | 'bypass'; readonly reason: string }
  | { readonly kind: 'set-addresses'; readonly virtualRouter: string; readonly present: boolean }
  | { readonly kind: 'announce'; readonly virtualRouter: string }
  /** What the client of the witness is to do; said again and again, so that it knows that we live. */
  | { readonly kind: 'witness'; readonly order: WitnessOrder }
  /** Addresses may be kept, by whomever, until then, unless this is put off. Null: for ever. */
  | { readonly kind: 'hold-until'; readonly until: Instant | null }
  | {
      readonly kind: 'transition';
      readonly virtualRouter: string;
      readonly from: VirtualRouterState;
      readonly to: VirtualRouterState;
      readonly reason: TransitionReason;
      /** Who caused it and why: a peer and its cause, or an operator. Empty when there is nothing to say. */
      readonly because: string;
      /** Who ordered it, and at which peer. Absent when nobody did, or it is not known who. */
      readonly orderedBy?: string;
      readonly effectivePriority: number;
    }
  | {
      readonly kind: 'report';
      /** Absent when it concerns the instance as a whole. */
      readonly virtualRouter?: string;
      readonly report: Report | Remark;
      readonly detail: string;
      /** Of a refusal: what to do about it. */
      readonly remedy?: string;
      /** Of `taken-over`. */
      readonly nobodyHeldAtMostMs?: number;
    };

/** Who could take a virtual router that is Active here if it were handed over now. */
export interface Prospect {
  readonly virtualRouter: string;
  /** The peers that are fit and sound. */
  readonly successors: readonly string[];
  /** What is against each of the others, and what to do about it. */
  readonly objections: readonly { readonly text: string; readonly remedy: string }[];
}

export interface InstanceSnapshot {
  readonly mode: HaMode;
  readonly virtualRouters: readonly RouterSnapshot[];
  readonly monitors: readonly MonitorStatus[];
  readonly peers: readonly Peer[];
  readonly memory: Memory;
  readonly bypass: { readonly desired: 'inline' | 'bypass'; readonly actual: BypassState };
  /** Flaps within the window. */
  readonly flapCount: number;
  readonly differences: readonly string[];
  /** What this appliance tells its peers about itself. */
  readonly own: Pick<PeerReport, 'fit' | 'sound' | 'cause'>;
  /** Of each virtual router that is Active here. */
  readonly prospects: readonly Prospect[];
  /** Every peer has said that it is out of the election, so there is nobody to wait for. */
  readonly isAlone: boolean;
  /** Null where there is none. */
  readonly witness: WitnessSnapshot | null;
}

/** What is known of the witness, and what the role hangs on. */
export interface WitnessSnapshot {
  /** What it said last; null before the first word. */
  readonly fact: WitnessFact | null;
  /** What its client is to do; null before the start. */
  readonly order: WitnessOrder | null;
  /** Until when the lease is ours, as last granted; null when it is not. */
  readonly oursUntil: Instant | null;
  /** Until when our addresses may be kept unless this is put off; null: for ever, or we have none. */
  readonly holdUntil: Instant | null;
  /** The peers that have not answered lately. */
  readonly outOfTouch: readonly string[];
  /** The peers with whom the last word on both sides was that the witness is away. */
  readonly without: readonly string[];
  /** A Backup of ours has only silence to go by, and waits for the lease. */
  readonly asks: boolean;
}
