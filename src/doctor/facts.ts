// What the doctor knows of this host, of its agent, and of the wire. Values only: they are gathered in look.ts, and
// judged in the files beside.
import type { Settings } from '../config/settings.js';
import type { AddressWithPrefix } from '../model/address.js';
import type { ChecksumDialect } from '../model/advertisement.js';
import type { Status } from '../model/status.js';

/** What `check` or health says already. */
export interface Known {
  readonly from: 'check' | 'health';
  readonly level: 'warning' | 'failure';
  readonly message: string;
}

/** Who looks after an interface besides us. */
export interface Caretaker {
  readonly interface: string;
  readonly by: 'networkd' | 'NetworkManager';
  /** The file that says so. */
  readonly file: string;
  /** KeepConfiguration= of networkd; keep-configuration of NetworkManager; null when nothing says it. */
  readonly keeps: string | null;
}

export interface InterfaceFacts {
  readonly name: string;
  /** Null when it is not there. */
  readonly index: number | null;
  readonly own: readonly AddressWithPrefix[];
  /** IPv6 addresses that duplicate detection holds back, or has refused. */
  readonly tentative: readonly string[];
  /** The device that carries it in the end: a VLAN's parent, a bond's members. */
  readonly wires: readonly string[];
  /** The bridge that it is, or is a port of, with its multicast settings. */
  readonly bridge: {
    readonly name: string;
    readonly snooping: boolean;
    readonly querier: boolean;
  } | null;
}

/** A rule, or a policy, that keeps something from us. */
export interface Blocked {
  readonly what: string;
  /** The chain and the rule. */
  readonly rule: string;
}

export interface AgentFacts {
  readonly status: Status;
  /** Names of those of CAP_NET_ADMIN and CAP_NET_RAW that it lacks; null when it cannot be told. */
  readonly missingCapabilities: readonly string[] | null;
  /** Its label, and whether that is enforced: `understudy (enforce)`; null when it has none. */
  readonly confinement: string | null;
  /** Files of it that were replaced since it started. */
  readonly replaced: readonly string[];
  /** memory.swap.max of its control group; null when it cannot be told. */
  readonly swapLimit: string | null;
}

/** One router that was heard on one of our VRIDs. */
export interface Heard {
  readonly virtualRouter: string;
  readonly source: string;
  readonly version: number;
  readonly priority: number;
  readonly intervalMs: number;
  readonly addresses: readonly string[];
  /** VRRPv2 only: 0 none, 1 simple password, 2 IP authentication header. */
  readonly authentication: number;
  /** It has a signature behind its addresses, good or not. */
  readonly signed: boolean;
  readonly unicast: boolean;
  /** Of IPv4 in version 3: the form of its checksum that fits; null elsewhere. */
  readonly dialect: ChecksumDialect | 'neither' | null;
}

/** What a peer's kernel said of its clock on one path. */
export interface ClockSight {
  readonly peer: string;
  readonly address: string;
  /** Negative where it is behind ours. */
  readonly aheadMs: number;
}

/** What one endpoint of the witness answers. */
export interface WitnessSight {
  readonly endpoint: string;
  /** Why there was no answer that counts; null when there was one. */
  readonly why: string | null;
  /** The id of its cluster; null when it is not known. */
  readonly cluster: string | null;
  /** The appliance that has the lease; null: nobody, or nobody knows. */
  readonly holder: string | null;
  readonly tookMs: number;
}

export interface DoctorFacts {
  readonly settings: Settings;
  readonly known: readonly Known[];
  /** By name, `net/ipv4/conf/all/rp_filter`; absent when it cannot be read. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** How /proc/sys is mounted. */
  readonly sysctlsReadOnly: boolean;
  readonly interfaces: readonly InterfaceFacts[];
  readonly caretakers: readonly Caretaker[];
  readonly blocked: readonly Blocked[];
  /** Null: no rules could be read, with the reason. */
  readonly firewallUnread: string | null;
  /** The device on the way to each address of a peer. */
  readonly ways: readonly {
    readonly peer: string;
    readonly address: string;
    readonly device: string;
  }[];
  /** Of the peers that answer with their time. */
  readonly clocks: readonly ClockSight[];
  /** One for each endpoint of the witness; empty where the settings name none. */
  readonly witness: readonly WitnessSight[];
  /** What the kernel counts time by; null when it cannot be read. */
  readonly clockSource: string | null;
  /** Routes that send from a virtual address. */
  readonly sources: readonly string[];
  /** Null: none answers. */
  readonly agent: AgentFacts | null;
  /** Of this program; the agent's is in its status. */
  readonly version: string;
  /** Addresses that state.json records and that stand, when no agent runs. */
  readonly leftovers: readonly string[];
  /** Processes of keepalived in this network namespace. */
  readonly keepalived: readonly string[];
  readonly swap: readonly string[];
  readonly disk: {
    readonly path: string;
    readonly freeBytes: number;
    readonly freeFiles: number;
    readonly readOnly: boolean;
  } | null;
  readonly needsDaemonReload: boolean;
  /** Null: not listened, with the reason in `notListened`. */
  readonly heard: readonly Heard[] | null;
  readonly notListened: string | null;
}
