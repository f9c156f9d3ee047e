// The settings as the rest of the program sees them: complete, validated, defaults filled in, units
// typed. No file, no YAML: see load.ts. No decisions.
import type { ChecksumDialect } from '../model/advertisement.js';
import type { AddressWithPrefix, Family, IpAddress } from '../model/address.js';
import type { HaMode } from '../model/status.js';
import type { Centiseconds } from '../model/units.js';

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
}

export interface Settings {
  readonly name: string;
  readonly ha: {
    readonly mode: HaMode;
    readonly primary: boolean;
    readonly preempt: boolean;
  };
  readonly virtualRouters: readonly VirtualRouterSettings[];
  /** The netlink script runner, an absolute path. */
  readonly vip: { readonly script: string };
  /** Holds control.sock and status.json; default /run/understudy. */
  readonly runtimeDirectory: string;
  /** Holds state.json and events.jsonl; default /var/lib/understudy. */
  readonly stateDirectory: string;
}
