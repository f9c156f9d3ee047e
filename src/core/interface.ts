// What an instance takes and gives: its configuration, events, effects and snapshot. Types only.
import type { IpAddress } from '../model/address.js';
import type { Advertisement, ChecksumDialect, Remark } from '../model/advertisement.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { Report, TransitionReason, VirtualRouterState } from '../model/reasons.js';
import type { Instant } from '../model/units.js';
import type { RouterConfiguration, RouterSnapshot } from './router.js';

export interface InstanceConfiguration {
  readonly mode: 'off' | 'active-passive';
  readonly virtualRouters: readonly RouterConfiguration[];
}

export type InstanceEvent =
  /** All facts known so far have been told; take part from now on. */
  | { readonly kind: 'start' }
  /** Leave the election for good. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'configure'; readonly configuration: InstanceConfiguration }
  | { readonly kind: 'monitor'; readonly status: MonitorStatus }
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
    }
  /** The takeover script has put the addresses in place. */
  | { readonly kind: 'addresses-present'; readonly virtualRouter: string }
  /** Somebody else removed addresses that should be there. */
  | { readonly kind: 'addresses-removed'; readonly virtualRouter: string }
  /** The takeover script failed. */
  | { readonly kind: 'addresses-failed'; readonly virtualRouter: string; readonly detail: string }
  | { readonly kind: 'deadline' };

export type InstanceEffect =
  | {
      readonly kind: 'send-advertisement';
      readonly virtualRouter: string;
      readonly priority: number;
      readonly source: IpAddress;
      readonly dialect: ChecksumDialect;
    }
  | { readonly kind: 'set-addresses'; readonly virtualRouter: string; readonly present: boolean }
  | { readonly kind: 'announce'; readonly virtualRouter: string }
  | {
      readonly kind: 'transition';
      readonly virtualRouter: string;
      readonly from: VirtualRouterState;
      readonly to: VirtualRouterState;
      readonly reason: TransitionReason;
      readonly effectivePriority: number;
    }
  | {
      readonly kind: 'report';
      readonly virtualRouter: string;
      readonly report: Report | Remark;
      readonly detail: string;
    };

/** The soonest thing to do, and why: it explains a wake-up. */
export interface Deadline {
  readonly at: Instant;
  readonly virtualRouter: string;
  readonly cause: 'Adver_Timer' | 'Active_Down_Timer' | 'yield-over';
}

export interface InstanceSnapshot {
  readonly mode: 'off' | 'active-passive';
  readonly virtualRouters: readonly RouterSnapshot[];
  readonly monitors: readonly MonitorStatus[];
}
