// The settings as the rest of the program sees them: complete, validated, defaults filled in, units
// typed. Meaning and range of each are in the schema. No file, no YAML: see load.ts. No decisions.
import type { AddressWithPrefix, Family, IpAddress } from '../model/address.js';
import type { ListenAddress } from '../model/listen.js';
import type { Centiseconds, Milliseconds } from '../model/units.js';
import type { SettingsFile } from './schema.js';

interface PeerSettings {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
}

/** The hook program is an absolute path. */
export type BypassSettings = NonNullable<SettingsFile['bypass']>;

/** `Omit` whose keys must be there. */
type Without<T, K extends keyof T> = Omit<T, K>;

export type RouterInFile = SettingsFile['virtualRouters'][number];
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
  /** Null without addresses. `interface`: ask through it alone; always there with a link-local address. */
  readonly gateway:
    | (Without<SettingsFile['gatewayMonitoring'], 'intervalMs' | 'addresses'> & {
        readonly addresses: readonly IpAddress[];
        readonly interval: Milliseconds;
      })
    | null;
  /** Null when not enabled. */
  readonly bandwidth: Without<SettingsFile['bandwidthMonitoring'], 'enabled'> | null;
  /** Null without pairs. */
  readonly links:
    | (Without<SettingsFile['linkMonitoring'], 'intervalMs'> & { readonly interval: Milliseconds })
    | null;
  readonly checks: readonly CheckSettings[];
}

/** Priority and Preempt_Mode (RFC 9568 §6.1) are there, whatever decides them. */
export type CompleteRouter = RouterInFile & Required<Pick<RouterInFile, 'priority' | 'preempt'>>;

/** The file with every default there is, in its own units. */
export type CompleteFile = Without<SettingsFile, 'name' | 'virtualRouters' | 'vip'> & {
  readonly name: string;
  readonly virtualRouters: readonly CompleteRouter[];
  readonly vip: Required<SettingsFile['vip']>;
};

export interface VirtualRouterSettings extends Omit<
  CompleteRouter,
  'advertisementIntervalMs' | 'addresses' | 'unicastPeers'
> {
  /** The family of every address: IPv4 and IPv6 virtual routers are never mixed (RFC 9568 §6). */
  readonly family: Family;
  /** 1..255; IPv6: the first is link-local. */
  readonly addresses: readonly AddressWithPrefix[];
  readonly advertisementInterval: Centiseconds;
  /** When not empty, advertisements go to these addresses instead of the group. */
  readonly unicastPeers: readonly IpAddress[];
}

/** SCHED_FIFO priority of the agent; the executor's is one more. */
export type RealtimeSettings = SettingsFile['realtime'];

/** Values of `understudy get` and `set`. */
export type SettingValue = string | number | boolean;

type DurationsOfHa = 'preemptDelaySeconds' | 'peerCheckIntervalMs' | 'flapWindowSeconds';

type HaSettings = Without<SettingsFile['ha'], DurationsOfHa | 'keyFile' | 'peers'> & {
  /** How long an instance that has become fit waits before it preempts. */
  readonly preemptDelay: Milliseconds;
  readonly peerCheckInterval: Milliseconds;
  readonly flapWindow: Milliseconds;
  /** The shared secret, an absolute path; null only without peers. */
  readonly keyFile: string | null;
  /** 0 to 7; each path to the peer, HA link first, LAN too. */
  readonly peers: readonly PeerSettings[];
};

type SameInBoth = 'name' | 'vip' | 'realtime' | 'runtimeDirectory' | 'stateDirectory';

/** Whom to ask when every path to the peers is lost. All files are absolute paths. */
export interface WitnessSettings extends Pick<
  NonNullable<SettingsFile['witness']>,
  'type' | 'endpoints' | 'key'
> {
  /** At least `usualTtlSeconds` of the settings around it. */
  readonly ttlSeconds: number;
  readonly caFile: string | null;
  readonly certificateFile: string | null;
  readonly privateKeyFile: string | null;
  readonly user: string | null;
  readonly passwordFile: string | null;
}

/** What advertisements are signed with. */
export interface SigningSettings extends Pick<SettingsFile['signing'], 'windowSeconds'> {
  /** An absolute path, or a credential; null only where no virtual router signs. */
  readonly keyFile: string | null;
}

export interface Settings extends Pick<CompleteFile, SameInBoth> {
  readonly ha: HaSettings;
  readonly monitors: MonitorSettings;
  readonly bypass: BypassSettings | null;
  readonly witness: WitnessSettings | null;
  readonly signing: SigningSettings;
  /** Absolute paths. */
  readonly hooks: {
    readonly transition: string | null;
    readonly monitor: string | null;
    readonly beforeActive: string | null;
    readonly beforeActiveTimeout: Milliseconds;
  };
  readonly virtualRouters: readonly VirtualRouterSettings[];
  readonly metrics: {
    /** An absolute path; null where none is written. */
    readonly textfile: string | null;
    readonly interval: Milliseconds;
  };
  readonly console: ConsoleSettings;
}

export interface ConsoleSettings extends Pick<
  SettingsFile['console'],
  'tokenFile' | 'behindProxy' | 'names' | 'metrics'
> {
  readonly listen: ListenAddress;
  /** Where an SNMP daemon listens for subagents; null where none is to be answered through. */
  readonly agentX: ListenAddress | null;
  /** Both files, absolute paths; null for plain HTTP. */
  readonly tls: { readonly certificateFile: string; readonly privateKeyFile: string } | null;
}
