// What keepalived.conf says, before it becomes settings: instances, groups, scripts, and what is tracked. Values only.
import type { AddressWithPrefix, IpAddress } from '../model/address.js';
import type { Place } from './account.js';

export interface VirtualAddress {
  readonly value: AddressWithPrefix;
  /** The interface, where it is not the instance's. */
  readonly device: string | null;
  /** Not among those that keepalived advertises. */
  readonly excluded: boolean;
  readonly place: Place;
}

/** Something that an instance or a group follows. */
export interface Track {
  readonly name: string;
  /** Null: that of the script. */
  readonly weight: number | null;
  readonly place: Place;
}

export type NotifyState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | 'any';

export interface Notify {
  readonly state: NotifyState;
  readonly command: readonly string[];
  readonly place: Place;
}

export interface Tracked {
  readonly interfaces: readonly Track[];
  readonly scripts: readonly Track[];
  readonly notifies: readonly Notify[];
}

export interface Instance extends Tracked {
  readonly name: string;
  readonly place: Place;
  readonly interface: string;
  readonly vrid: number;
  readonly priority: number;
  readonly priorityAt: Place;
  readonly intervalMs: number;
  readonly startsActive: boolean;
  readonly version: number | null;
  readonly preempt: boolean;
  readonly preemptDelaySeconds: number;
  readonly addresses: readonly VirtualAddress[];
  readonly unicastPeers: readonly IpAddress[];
  /** Where use_vmac stands. */
  readonly vmacAt: Place | null;
  readonly noAcceptAt: Place | null;
}

export interface Group extends Tracked {
  readonly name: string;
  readonly place: Place;
  readonly members: readonly string[];
  /** Weights of its members hold, as they would without a group. */
  readonly keepsWeights: boolean;
}

export interface Script {
  readonly name: string;
  readonly place: Place;
  /** All that it has between its braces. */
  readonly lines: readonly Place[];
  readonly command: string;
  readonly commandAt: Place;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Null: it is the other way round, which has no counterpart. */
  readonly weight: number | null;
  readonly rise: number;
  readonly fall: number;
}

export interface Parts {
  readonly instances: readonly Instance[];
  readonly groups: readonly Group[];
  readonly scripts: readonly Script[];
  /** `vrrp_version` of global_defs. */
  readonly version: 2 | 3;
}
