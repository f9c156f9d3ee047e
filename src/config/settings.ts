// The settings as the rest of the program sees them: complete, validated, defaults filled in, units
// typed. No file, no YAML: see load.ts. No decisions.
import type { ChecksumDialect } from '../model/advertisement.js';
import type { AddressWithPrefix, Family, IpAddress } from '../model/address.js';
import type { HaMode } from '../model/status.js';
import type { Centiseconds, Milliseconds } from '../model/units.js';
import type { SettingsFile } from './schema.js';

export interface PeerSettings {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
}

/** The hook program is an absolute path. */
export type BypassSettings = NonNullable<SettingsFile['bypass']>;

export type CheckInFile = SettingsFile['checks'][number];
type StatusRange = NonNullable<CheckInFile['expectStatus']>;

type OfEveryCheck = 'name' | 'intervalMs' | 'timeoutMs' | 'failureThreshold' | 'recoveryThreshold';

/** `weight`: a failure lowers the priority by this; without it, it is a soft fault. */
export interface CheckSettings extends Pick<CheckInFile, OfEveryCheck | 'weight'> {
  readonly kind:
    | { readonly type: 'tcp'; readonly host: string; readonly port: number }
    | (Pick<CheckInFile, 'expectBody' | 'expectHeader' | 'requestHeaders'> & {
        readonly type: 'http';
        readonly url: string;
        readonly expectStatus: StatusRange;
        readonly verifyTls: boolean;
      })
    | { readonly type: 'script'; readonly command: readonly string[] };
}

export interface MonitorSettings {
  /** Null without addresses. */
  readonly gateway: {
    readonly addresses: readonly IpAddress[];
    readonly interval: Milliseconds;
    readonly failureThreshold: number;
    readonly recoveryThreshold: number;
    /** Ask through this interface alone; always there with a link-local address. */
    readonly interface?: string;
  } | null;
  /** Null when not enabled. */
  readonly bandwidth: Omit<SettingsFile['bandwidthMonitoring'], 'enabled'> | null;
  /** Null without pairs. */
  readonly links: {
    readonly interval: Milliseconds;
    readonly pairs: readonly (readonly [string, string])[];
    readonly minimumActive: number;
  } | null;
  readonly checks: readonly CheckSettings[];
}

export interface VirtualRouterSettings {
  readonly name: string;
  readonly interface: string;
  /** 1..255; unique per interface and family. */
  readonly vrid: number;
  /** The family of every address: IPv4 and IPv6 virtual routers are never mixed (RFC 9568 §6). */
  readonly family: Family;
  /** 1..255; IPv6: the first is link-local. */
  readonly addresses: readonly AddressWithPrefix[];
  readonly advertisementInterval: Centiseconds;
  /** 1..255; 200 on the primary and 100 elsewhere unless set. 255 only for the address owner. */
  readonly priority: number;
  /** Preempt_Mode (RFC 9568 §6.1). */
  readonly preempt: boolean;
  readonly checksum: ChecksumDialect | 'auto';
  /** When not empty, advertisements go to these addresses instead of the group. */
  readonly unicastPeers: readonly IpAddress[];
  /** In active-active: the instance that is to hold it; the priority follows from it. */
  readonly primary?: string;
}

/** SCHED_FIFO priority of the agent; the executor's is one more. */
export type RealtimeSettings = SettingsFile['realtime'];

/** Values of `understudy get` and `set`. */
export type SettingValue = string | number | boolean;

export interface Settings {
  readonly name: string;
  readonly ha: {
    readonly mode: HaMode;
    readonly primary: boolean;
    readonly preempt: boolean;
    /** How long an instance that has become fit waits before it preempts. */
    readonly preemptDelay: Milliseconds;
    /** UDP port of the HA port, both sides. */
    readonly port: number;
    /** The shared secret, an absolute path; null only without peers. */
    readonly keyFile: string | null;
    /** 0 to 7; each path to the peer, HA link first, LAN too. */
    readonly peers: readonly PeerSettings[];
    readonly peerCheckInterval: Milliseconds;
    /** 1..255. */
    readonly peerFailureThreshold: number;
    /** 1..255. */
    readonly peerRecoveryThreshold: number;
    /** 0 means no limit. */
    readonly maximumFlaps: number;
    readonly flapWindow: Milliseconds;
  };
  readonly monitors: MonitorSettings;
  readonly bypass: BypassSettings | null;
  readonly hooks: {
    /** The transition hook, an absolute path. */
    readonly transition: string | null;
    /** The monitor hook, an absolute path. */
    readonly monitor: string | null;
  };
  readonly virtualRouters: readonly VirtualRouterSettings[];
  readonly vip: {
    /** The netlink script runner, an absolute path. */
    readonly script: string;
    /** How long the kernel keeps an address that nobody renews, whole seconds; 0: for ever. */
    readonly leaseSeconds: number;
  };
  readonly realtime: RealtimeSettings;
  /** Holds control.sock and status.json; default /run/understudy. */
  readonly runtimeDirectory: string;
  /** Holds state.json and events.jsonl; default /var/lib/understudy. */
  readonly stateDirectory: string;
}
