// The settings file as the schema has accepted and completed it: plain values in the file's own
// units. Types only; what the rest of the program sees is in settings.ts.
import type { ChecksumDialect } from '../model/advertisement.js';
import type { HaMode } from '../model/status.js';
import type { BypassSettings, RealtimeSettings } from './settings.js';

export interface SettingsFile {
  readonly name?: string;
  readonly ha: {
    readonly mode: HaMode;
    readonly primary: boolean;
    readonly port: number;
    readonly keyFile?: string;
    readonly peers: readonly { readonly name: string; readonly addresses: readonly string[] }[];
    readonly peerCheckIntervalMs: number;
    readonly peerFailureThreshold: number;
    readonly peerRecoveryThreshold: number;
    readonly maximumFlaps: number;
    readonly flapWindowSeconds: number;
    readonly preempt: boolean;
    readonly preemptDelaySeconds: number;
  };
  readonly virtualRouters: readonly RouterInFile[];
  readonly bandwidthMonitoring: {
    readonly enabled: boolean;
    readonly interfaces: readonly string[];
    readonly minimumBps: number;
    readonly seconds: number;
  };
  readonly linkMonitoring: {
    readonly intervalMs: number;
    readonly pairs: readonly (readonly [string, string])[];
    readonly minimumActive: number;
  };
  readonly gatewayMonitoring: {
    readonly addresses: readonly string[];
    readonly interface?: string;
    readonly intervalMs: number;
    readonly failureThreshold: number;
    readonly recoveryThreshold: number;
  };
  readonly checks: readonly CheckInFile[];
  readonly bypass?: BypassSettings;
  readonly hooks: { readonly transition?: string; readonly monitor?: string };
  readonly vip: { readonly script?: string; readonly leaseSeconds: number };
  readonly realtime: RealtimeSettings;
  readonly runtimeDirectory: string;
  readonly stateDirectory: string;
}

export interface RouterInFile {
  readonly name: string;
  readonly interface: string;
  readonly vrid: number;
  readonly addresses: readonly string[];
  readonly advertisementIntervalMs: number;
  readonly primary?: string;
  readonly priority?: number;
  readonly preempt?: boolean;
  readonly checksum: ChecksumDialect | 'auto';
  readonly unicastPeers: readonly string[];
}

/** The keys of its type are there as far as they are required; those of others are not. */
export interface CheckInFile {
  readonly name: string;
  readonly type: 'tcp' | 'http' | 'script';
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
  readonly recoveryThreshold: number;
  readonly weight?: number;
  readonly host?: string;
  readonly port?: number;
  readonly url?: string;
  readonly expectStatus?: { readonly minimum: number; readonly maximum: number };
  readonly expectBody?: string;
  readonly expectHeader?: { readonly name: string; readonly value?: string };
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly verifyTls?: boolean;
  readonly command?: readonly string[];
}
