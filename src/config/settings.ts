// The settings as the rest of the program sees them: complete, validated, defaults filled in, units
// typed. No file, no YAML: see load.ts. No decisions.
import type { ChecksumDialect } from '../model/advertisement.js';
import type { AddressWithPrefix, Family, IpAddress } from '../model/address.js';
import type { HaMode } from '../model/status.js';
import type { Centiseconds, Milliseconds } from '../model/units.js';

export interface PeerSettings {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
}

export interface BypassSettings {
  /** The hook program, an absolute path. */
  readonly hook: string;
  readonly segments: readonly string[];
  /** What a stop does to the relay. */
  readonly onStop: 'keep' | 'inline' | 'bypass' | 'disconnect';
}

export interface CheckSettings {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly recoveryThreshold: number;
  /** A failure lowers the priority by this; without it, it is a soft fault. */
  readonly weight?: number;
  readonly kind:
    | { readonly type: 'tcp'; readonly host: string; readonly port: number }
    | {
        readonly type: 'http';
        readonly url: string;
        readonly expectStatus: { readonly minimum: number; readonly maximum: number };
        readonly expectBody?: string;
        readonly expectHeader?: { readonly name: string; readonly value?: string };
        readonly requestHeaders?: Readonly<Record<string, string>>;
        readonly verifyTls: boolean;
      }
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
  readonly bandwidth: {
    readonly interfaces: readonly string[];
    readonly minimumBps: number;
    readonly seconds: number;
  } | null;
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

/** How the agent and its executor are scheduled. */
export interface RealtimeSettings {
  readonly enabled: boolean;
  /** SCHED_FIFO priority of the agent, 1..98; the executor's is one more. */
  readonly priority: number;
}

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
  /** What `understudy set` can change, by its name there, as the file has it: in force or not. */
  readonly settable: Readonly<Record<string, SettingValue>>;
}
