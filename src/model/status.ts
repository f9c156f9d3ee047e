// The JSON of `understudy status --json` and the record of an event: the public contract. Names are
// fixed; fields may be added. No rendering.
import type { ChecksumDialect, DiscardReason, Remark } from './advertisement.js';
import type { Family } from './address.js';
import type { MonitorReading } from './monitor.js';
import type { TransitionReason, VirtualRouterState } from './reasons.js';

export type HaMode = 'off' | 'active-passive' | 'active-active';

const SYNC_MODES = ['off', 'offer', 'follow'] as const;
export type SyncMode = (typeof SYNC_MODES)[number];

export type BypassState = 'inline' | 'bypass' | 'disconnect' | 'unknown';

interface AddressStatus {
  readonly address: string;
  readonly present: boolean;
  /** It stands, and somebody else has put it there: understudy never removes it. */
  readonly foreign?: true;
}

export interface VirtualRouterStatus {
  readonly name: string;
  readonly interface: string;
  readonly vrid: number;
  readonly family: Family;
  readonly state: VirtualRouterState;
  /** Wall time of the last transition, ISO 8601. */
  readonly since: string;
  readonly reason: TransitionReason;
  /** Whose doing the last transition was, and what for: `dallas-1: in maintenance, by an operator`. */
  readonly because?: string;
  /**
   * In Active, once its addresses stand: for how long nobody had them before, by its own clock and at most (rounded
   * up). Absent when nobody is known to have had them.
   */
  readonly nobodyHeldAtMostMs?: number;
  /** The last time the role came here or went; absent while neither is known. */
  readonly lastMove?: MoveStatus;
  /** In active-active: the instance that is to hold it. */
  readonly primary?: string;
  readonly configuredPriority: number;
  readonly effectivePriority: number;
  readonly adjustments: readonly { readonly name: string; readonly amount: number }[];
  /** What the kernel says, not what was asked of it. */
  readonly addresses: readonly AddressStatus[];
  /** The Active's own address, ours included; null when none is known. */
  readonly activeAddress: string | null;
  /** Our own address that advertisements come from; absent while the interface has none. */
  readonly primaryAddress?: string;
  /** The settings (RFC 9568 §6.1): Preempt_Mode and Accept_Mode. */
  readonly preempt?: boolean;
  readonly acceptMode?: boolean;
  /** Absent without one (`virtualMac: false`). */
  readonly virtualMac?: VirtualMacStatus;
  /** Since when it is out of Initialize, wall time, ISO 8601; absent in Initialize. */
  readonly takesPartSince?: string;
  readonly advertisementIntervalMs: number;
  /** In Backup: the Active heard is none of the peers that there are. */
  readonly strangerActive?: true;
  /** In Active: the lesser router that advertises too. */
  readonly rivalAddress?: string;
  /** In Backup: why the peer that is Active is not heard. */
  readonly unheard?: 'adverts-lost' | 'lan-split';
  /** Routers that are loud on this VRID and whose packets are discarded. */
  readonly discarding?: readonly UnheardStatus[];
  /** Active_Adver_Interval learned from the Active (RFC 9568 §6.1). */
  readonly activeAdvertisementIntervalMs: number;
  /** Age of the last accepted advertisement; null when none was received. */
  readonly lastAdvertisementAgeMs: number | null;
  /** The checksum dialect we send, and the last one received. */
  readonly checksum: {
    readonly setting: ChecksumDialect | 'auto';
    readonly sending: ChecksumDialect;
    readonly received: ChecksumDialect | null;
  };
  readonly counters: {
    readonly advertisementsSent: number;
    readonly advertisementsReceived: number;
    readonly priorityZeroSent: number;
    readonly priorityZeroReceived: number;
    readonly transitions: number;
    /** Frames that announced an address: gratuitous ARP, unsolicited neighbor advertisements. */
    readonly announcementsSent?: number;
    /** Each kind of transition there has been, and how often. */
    readonly transitionsBy?: readonly TransitionCount[];
    /** Counted since the agent started. */
    readonly errors: Readonly<Partial<Record<DiscardReason | Remark | 'send', number>>>;
    /** When the last packet of each of them came, wall time, ISO 8601; absent while there was none. */
    readonly lastErrors?: Readonly<Partial<Record<DiscardReason | Remark, string>>>;
  };
}

/** The virtual MAC address of a virtual router (RFC 9568 §7.3). */
export interface VirtualMacStatus {
  readonly address: string;
  /** The macvlan that has it. */
  readonly interface: string;
  /** What the kernel says: the macvlan is up, so what is sent to the address is received here. */
  readonly inUse: boolean;
  /** In words, why it cannot be had. */
  readonly problem?: string;
}

/** Whether the role could move now, and what is against it. */
export interface Readiness {
  /** `away`: what is Active here, to a peer. `here`: what is not, to this appliance. */
  readonly direction: 'away' | 'here';
  readonly ready: boolean;
  /** Of `away`: the peers that are fit and sound for all of it. */
  readonly to: readonly string[];
  readonly hindrances: readonly Hindrance[];
}

export interface Hindrance {
  /** In words, for a person. */
  readonly reason: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
}

/** A move of the role as this appliance saw it: also the fields of the event `move`. */
export interface MoveStatus {
  /** `taken`: this appliance has the role since; `given`: another one, or nobody. */
  readonly way: 'taken' | 'given';
  readonly reason: TransitionReason;
  /** Whose doing it was, and what for; absent when there is no more to say than the reason. */
  readonly because?: string;
  /** Who ordered it; absent when nobody did, or it is not known who. */
  readonly orderedBy?: string;
  /** When this appliance noticed: its transition, wall time, ISO 8601. */
  readonly noticedAt: string;
  /** Taken: when the addresses stood here. Given: when a peer said that they stand there. Null: not known. */
  readonly stoodAt: string | null;
  /** For how long nobody had the addresses, at most and by our own clock; null when it is not known. */
  readonly nobodyHeldAtMostMs: number | null;
  /** What each peer said of the virtual router when this was told, as far as it said anything. */
  readonly peerSaw: readonly PeerSight[];
  /** An earlier agent saw it, and has recorded it. */
  readonly beforeStart?: true;
}

export interface PeerSight {
  readonly peer: string;
  readonly state: VirtualRouterState;
  /** The addresses stand there, by its word. */
  readonly addressesPresent: boolean;
}

export interface TransitionCount {
  readonly from: VirtualRouterState;
  readonly to: VirtualRouterState;
  readonly reason: TransitionReason;
  readonly count: number;
}

/** How late advertisements were sent: from the instant at which one was due to the end of its sending. */
export interface LatenessStatus {
  /** How many were at most so late; each includes those before it. */
  readonly atMost: readonly { readonly ms: number; readonly count: number }[];
  /** All that were sent. */
  readonly count: number;
  readonly sumMs: number;
}

/** What a reason of health is about; the words of the reason are for people. */
export const HEALTH_KINDS = [
  'nobody-holds',
  'out-of-election',
  'addresses-yielded',
  'maintenance',
  'addresses',
  'dual-active',
  'link',
  'peer',
  'witness',
  'monitor',
  'key',
  'sync',
  'host',
  'remark',
] as const;
export type HealthKind = (typeof HEALTH_KINDS)[number];

export interface InterfaceStatus {
  readonly name: string;
  /** Its number (ifIndex); absent while it is not there. */
  readonly index?: number;
  readonly present: boolean;
  readonly up: boolean;
  readonly carrier: boolean;
  /** Packets discarded before they could be matched to a virtual router, by reason. */
  readonly discarded: Readonly<Partial<Record<DiscardReason, number>>>;
  /** When the last one of each reason came, wall time, ISO 8601; absent while there was none. */
  readonly lastDiscarded?: Readonly<Partial<Record<DiscardReason, string>>>;
}

export interface Status {
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  /** When this was so: wall time, ISO 8601. */
  readonly time?: string;
  readonly mode: HaMode;
  readonly primary: boolean;
  readonly health: {
    readonly state: 'healthy' | 'degraded' | 'fault';
    readonly reasons: readonly string[];
    /** How many reasons there are of each kind; a kind that is left out has none. */
    readonly kinds?: Readonly<Partial<Record<HealthKind, number>>>;
  };
  /** Whether a failover now would succeed; empty without peers and with HA off. */
  readonly readiness?: readonly Readiness[];
  readonly virtualRouters: readonly VirtualRouterStatus[];
  readonly interfaces: readonly InterfaceStatus[];
  readonly peers: readonly PeerStatus[];
  /** Absent while the HA port is closed. */
  readonly haPort?: {
    /** When it was opened, wall time, ISO 8601: its counts begin there. */
    readonly since?: string;
    /** Datagrams that were discarded, by reason (docs/HA-PROTOCOL.md). */
    readonly discarded: Readonly<Record<string, number>>;
    /** When the last one of each reason came, wall time, ISO 8601; absent while there was none. */
    readonly lastDiscarded?: Readonly<Record<string, string>>;
    /** Those that are accepted, the one that is preferred first. */
    readonly keys?: readonly KeyStatus[];
  };
  readonly monitors: readonly MonitorLine[];
  readonly flaps: {
    readonly count: number;
    /** 0: no limit. */
    readonly limit: number;
    readonly windowSeconds: number;
    /** The limit was exceeded: out of the election until an operator clears the flaps. */
    readonly latched?: boolean;
  };
  readonly bypass: {
    readonly desired: string;
    /** As read back; the worst one of several segments. */
    readonly actual: string;
    /** Bypassed until an operator releases it. */
    readonly latched: boolean;
    readonly segments?: readonly { readonly name: string; readonly actual: string }[];
  };
  readonly maintenance: boolean;
  /** Sent away by `failover`: takes the role when it is asked or needed. Absent when it does not. */
  readonly standsBack?: { readonly by: string; readonly since: string };
  /** The settings that the group shares; absent with `ha.sync: off`, without peers, and until they are known. */
  readonly sync?: SyncStatus;
  /** Absent where the settings name none. */
  readonly witness?: WitnessStatus;
  readonly realtime?: RealtimeStatus;
  readonly lateness?: LatenessStatus;
  /** A planned handover in progress; absent or null when there is none. */
  readonly handover?: {
    /** The virtual routers that move. */
    readonly virtualRouters: readonly string[];
    /** The peer that was asked; null when none is known. */
    readonly to: string | null;
    readonly reason: TransitionReason;
  } | null;
}

/** What this appliance has of the settings that the group shares, and how each peer stands to it. */
export interface SyncStatus {
  readonly mode: SyncMode;
  /** One more after each edit; 0 before anything is known. */
  readonly generation: number;
  /** Where that version was written. */
  readonly author: string;
  readonly digest: string;
  /** What keeps this appliance from being asked: its TCP port cannot be had, or nothing can be recorded. */
  readonly problem?: string;
  /** What became of notes of versions that could not be used when the sync service started. */
  readonly remark?: string;
  /** A change is under way that is taken back when the peer is lost. */
  readonly unconfirmed?: true;
  readonly peers: readonly {
    readonly name: string;
    readonly state: 'in-sync' | 'differs' | 'conflict' | 'unknown' | 'refused';
    /** Wall time, ISO 8601. */
    readonly since: string;
    readonly detail?: string;
    /** Names of settings. */
    readonly differing?: readonly string[];
    /** What is wrong, as health tells it. */
    readonly problem?: string;
  }[];
}

/** The third place that is asked when every path to the peers is lost, and the lease that it keeps. */
export interface WitnessStatus {
  readonly endpoints: readonly string[];
  readonly ttlSeconds: number;
  /** `away`: no answer that counts; `unknown`: it has not been asked yet. */
  readonly state: 'seen' | 'away' | 'unknown';
  /** Since when it is seen or away, wall time, ISO 8601. */
  readonly since?: string;
  /** Why it is away. */
  readonly detail?: string;
  /** `ours`: it may be counted on, even while the witness is away. */
  readonly lease: 'ours' | 'others' | 'free' | 'unknown';
  /** The other appliance that has it. */
  readonly holder?: string;
  /** How long ours may still be counted on if it is not renewed. */
  readonly remainingMs?: number;
}

/** How the agent is scheduled, as the kernel granted it. */
export interface RealtimeStatus {
  /** The setting. */
  readonly enabled: boolean;
  readonly scheduling: 'fifo' | 'ordinary';
  /** SCHED_FIFO priority of the agent. */
  readonly priority: number | null;
  /** Whether the program's pages stay in memory once they are there. */
  readonly programLocked: boolean;
  /** What was asked for and could not be had, each with what it needs. */
  readonly missing: readonly string[];
}

export interface MonitorLine {
  readonly name: string;
  readonly state: string;
  /** What was measured against what limit, and how far the verdict is from changing. */
  readonly detail: string;
  /** What a failure does: out of the election, yield to a peer, or lower the priority by a number; 0: nothing. */
  readonly weight?: 'hard' | 'soft' | number;
  /** What was counted or measured, and its limit; absent where a monitor only sees that something is there. */
  readonly reading?: MonitorReading;
}

/** A key of the HA port, by what tells it from others; never the key. */
export interface KeyStatus {
  /** Eight hexadecimal digits. */
  readonly digest: string;
  /** In the file, in the file as the former one, or no longer in the file and kept until the agent ends. */
  readonly place: 'key' | 'former' | 'memory';
}

/** Which keys of the HA port a peer is known to have, by their digests. */
export interface PeerKeyStatus {
  /** Those it accepts, the one it prefers first; absent when it has not said. */
  readonly accepts?: readonly string[];
  /** That of its last news; null before the first. */
  readonly speaksUnder: string | null;
  /** It speaks under our first key for good: no other is needed for it. */
  readonly settled: boolean;
}

export interface PeerStatus {
  readonly name: string;
  readonly state: string;
  readonly paths: readonly {
    readonly address: string;
    readonly state: string;
    readonly rttMs: number | null;
    /** Why what comes from there is discarded, when something does. */
    readonly problem?: string;
  }[];
  /** Absent while the HA port is closed. */
  readonly keys?: PeerKeyStatus;
  /** As it reports itself; absent before it has. */
  readonly fitness?: 'sound' | 'soft-fault' | 'unfit';
  /** What for it is unfit, gives the role up or stands back, by its own word. */
  readonly cause?: string;
  /** How it reports the virtual routers that both have. */
  readonly virtualRouters?: readonly {
    readonly name: string;
    readonly state: VirtualRouterState;
    readonly effectivePriority: number;
    /** It is told that we are Active, and does not hear our advertisements. */
    readonly hearsNot?: true;
  }[];
  /** Settings that must agree and do not, by name. */
  readonly differences?: readonly string[];
}

/** A router that is loud on one of our VRIDs, and whose packets are discarded. */
export interface UnheardStatus {
  readonly source: string;
  readonly reason: DiscardReason;
  /** What was found. */
  readonly detail?: string;
}

/** What happened, without when. */
export interface EventFields {
  readonly event: string;
  readonly virtualRouter?: string;
  readonly from?: VirtualRouterState;
  readonly to?: VirtualRouterState;
  /** A name of a closed set: a transition reason, a discard reason, a remark. */
  readonly reason: string;
  /** The reason in words. */
  readonly detail: string;
  readonly [field: string]: unknown;
}

/** One line of events.jsonl, of the log and of the API stream: the same record in all three. */
export interface EventRecord extends EventFields {
  /** Wall time, ISO 8601. */
  readonly time: string;
}

/** Of a line that somebody else has written: as much as whoever reads events relies on. */
export const isEventRecord = (value: unknown): value is EventRecord =>
  typeof value === 'object' &&
  value !== null &&
  'time' in value &&
  typeof value.time === 'string' &&
  'event' in value &&
  typeof value.event === 'string';
