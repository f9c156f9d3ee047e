// What the prober and the link pairs are told to do: plain values that survive JSON. No defaults, no
// checks of meaning: the settings room has done both.
import type { IpAddress } from '../model/address.js';

export interface Thresholds {
  /** Failures in a row that make the monitor `failed`. At least 1. */
  readonly failureThreshold: number;
  /** Successes in a row that make a failed monitor `ok` again. At least 1. */
  readonly recoveryThreshold: number;
}

export interface GatewaySettings extends Thresholds {
  /** Reachable while any of them answers. At least one. Link-local ones need `interface`. */
  readonly addresses: readonly IpAddress[];
  readonly intervalMs: number;
  /** When a round is judged, at most `intervalMs`; default: see gateway-probe.ts. */
  readonly timeoutMs?: number;
  /** Send and receive through this interface alone. */
  readonly interface?: string;
}

export interface BandwidthSettings {
  /** What is received through all of them together is judged. At least one. */
  readonly interfaces: readonly string[];
  /** Bits per second. */
  readonly minimumBps: number;
  /** The stretch of time over which traffic is averaged, and how long a new Active waits for it. */
  readonly seconds: number;
}

interface Check extends Thresholds {
  /** Unique among the checks, and none of MONITOR_NAMES. */
  readonly name: string;
  /** A failure lowers the priority by this; without it, it is a soft fault. */
  readonly weight?: number;
  /** From the start of one attempt to that of the next. */
  readonly intervalMs: number;
  /** For the whole attempt: name resolution, connection, answer. */
  readonly timeoutMs: number;
}

/** Succeeds when a connection is accepted. */
export interface TcpCheckSettings extends Check {
  readonly type: 'tcp';
  readonly host: string;
  readonly port: number;
}

/** Succeeds when the answer to a GET has all that is expected. Redirects are not followed. */
export interface HttpCheckSettings extends Check {
  readonly type: 'http';
  /** http: or https: */
  readonly url: string;
  /** Both ends included. */
  readonly expectStatus: { readonly minimum: number; readonly maximum: number };
  /** Text that the body has within its first MiB. */
  readonly expectBody?: string;
  /** A header that the answer has; with `value`, one that contains this text. */
  readonly expectHeader?: { readonly name: string; readonly value?: string };
  /** Sent with the request, for instance `Host`. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** Whether an https certificate must be valid for the host. */
  readonly verifyTls: boolean;
}

/** Succeeds when the program exits with 0. */
export interface ScriptCheckSettings extends Check {
  readonly type: 'script';
  /** Program and arguments; no shell is involved. At least the program. */
  readonly command: readonly string[];
}

export type CheckSettings = TcpCheckSettings | HttpCheckSettings | ScriptCheckSettings;

/** The witness, and who asks it. */
export interface WitnessSettings {
  /** URLs of the members of one etcd cluster. At least one. */
  readonly endpoints: readonly string[];
  readonly key: string;
  readonly ttlSeconds: number;
  readonly caFile: string | null;
  readonly certificateFile: string | null;
  readonly privateKeyFile: string | null;
  readonly user: string | null;
  readonly passwordFile: string | null;
  /** The name of this appliance, and those of all of its group. */
  readonly name: string;
  readonly group: readonly string[];
}

/** Everything the prober does. */
export interface ProberSettings {
  readonly gateway: GatewaySettings | null;
  readonly bandwidth: BandwidthSettings | null;
  readonly checks: readonly CheckSettings[];
  readonly witness: WitnessSettings | null;
  /** Those that move: nothing is sent from one of them, since the answer may go to the other appliance. */
  readonly virtualAddresses: readonly IpAddress[];
}

export interface LinkPairsSettings {
  /** A pair is active when both ends are up with carrier. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Fewer active pairs are a hard fault. */
  readonly minimumActive: number;
}

/** What the virtual routers of this instance are doing, as far as the prober needs to know. */
export interface ProberRole {
  /** Active at least once. */
  readonly active: boolean;
  /** Bypassed or settling: traffic says nothing now. */
  readonly inhibited: boolean;
}

/** The names of the monitors that are no checks. */
export const MONITOR_NAMES = {
  gateway: 'gateway',
  bandwidth: 'bandwidth',
  links: 'links',
} as const;
