// What one appliance tells the other over the HA port, as a value. No bytes (wire), no trust
// (authenticity and freshness are settled before a report becomes an event).
import type { IpAddress } from './address.js';
import type { HaMode } from './status.js';
import type { VirtualRouterState } from './reasons.js';
import type { WitnessWord } from './witness.js';

/** How a virtual router stands at the sender, in the order of `routerOrder` on both sides. */
export interface PeerRouter {
  readonly state: VirtualRouterState;
  /** 1..255. */
  readonly effectivePriority: number;
  /** The addresses stand on the interface, by the kernel's word. */
  readonly addressesPresent: boolean;
  /** The Active's advertisements do not arrive: please send them to our own address too. */
  readonly wantsUnicast: boolean;
  /** Giving the role up: whoever is best may take it now. */
  readonly releasing: boolean;
  /** How well the sender sees this virtual router's LAN; higher is better. 0..15. */
  readonly evidence: number;
}

/** By field, so that the compiler refuses a field of `PeerRouter` that is not compared. */
const SAME: {
  readonly [Field in keyof PeerRouter]-?: (a: PeerRouter, b: PeerRouter) => boolean;
} = {
  state: (a, b) => a.state === b.state,
  effectivePriority: (a, b) => a.effectivePriority === b.effectivePriority,
  addressesPresent: (a, b) => a.addressesPresent === b.addressesPresent,
  wantsUnicast: (a, b) => a.wantsUnicast === b.wantsUnicast,
  releasing: (a, b) => a.releasing === b.releasing,
  evidence: (a, b) => a.evidence === b.evidence,
};
const COMPARISONS = Object.values(SAME);

/** Whether both say the same of a virtual router. It is asked for hundreds of them after an event. */
export function isSamePeerRouter(a: PeerRouter, b: PeerRouter): boolean {
  for (const same of COMPARISONS) if (!same(a, b)) return false;
  return true;
}

/** Numbers that differ when settings that must agree do not. 32 bits each. */
export interface SettingsDigests {
  /** Family and VRID of every virtual router. */
  readonly virtualRouters: number;
  readonly addresses: number;
  readonly intervals: number;
  /** Peer check interval and thresholds. */
  readonly thresholds: number;
  /** The primary of every virtual router, in active-active. Null: not told. */
  readonly primaries: number | null;
  /** When a fault counts, and what follows: monitoring, flaps, preemption. Null: the same. */
  readonly rules: number | null;
}

/** Why the sender gives the role up, stays out of the election, or is a doubtful successor. */
export interface PeerCause {
  /** A transition reason by its name; a later release may know others. At most 32 bytes. */
  readonly reason: string;
  /** Who ordered it, or which interface or monitors are at fault; empty when there is no more to say. */
  readonly detail: string;
  /** An operator wants it although no successor is fit and sound. */
  readonly forced: boolean;
  /** A monitor has not come to its verdict yet. */
  readonly doubtful: boolean;
}

export interface PeerReport {
  /** The sender's `name` setting; at most 64 bytes of UTF-8 on the wire. */
  readonly name: string;
  readonly mode: HaMode;
  readonly primary: boolean;
  /** Can hold the role: no hard fault, not in maintenance, not suspended, not bypassed. */
  readonly fit: boolean;
  /** Fit, and no soft fault either. */
  readonly sound: boolean;
  readonly gateway: 'reachable' | 'unreachable' | 'unknown';
  /** Traffic below the minimum (bandwidth monitoring). */
  readonly bandwidthLow: boolean;
  /** Sent away by an operator: takes the role when it is asked or needed. Absent: not told, or no. */
  readonly standsBack?: boolean;
  /** Changes whenever the sender wants the gateways asked at once. Absent: false, as at the start. */
  readonly gatewayWish?: boolean;
  /** Whether the witness answers the sender. Absent: its settings name none, or an earlier release. */
  readonly witness?: WitnessWord;
  /** Absent: not told by an earlier release, or nothing to say. */
  readonly cause?: PeerCause;
  readonly digests: SettingsDigests;
  /** Addresses the sender advertises from, at most 8: they break ties as in RFC 9568 §6.4.3. */
  readonly primaryAddresses: readonly IpAddress[];
  readonly routers: readonly PeerRouter[];
}
