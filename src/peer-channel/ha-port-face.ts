// What the HA port is given, what it answers and tells. Types only.
import type { IpAddress } from '../model/address.js';
import type { CheckPlan } from '../model/check-plan.js';
import type { PeerReport } from '../model/peer-report.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import type { Instant } from '../model/units.js';
import type { PeerDiscardReason, PeerMessageKind } from '../wire/peer-message.js';
import type { HaKey } from './ha-key.js';
import type { PeerKeys } from './ha-peer.js';
import type { OpenCheckTimer, OpenHaSocket } from './ha-socket.js';

export interface HaPeerAddress {
  readonly name: string;
  /** The addresses the peer sends from; each is one path. Not link-local. */
  readonly addresses: readonly IpAddress[];
  /** Its HA port; default ours. For several agents on one host. */
  readonly port?: number;
}

export interface PeerArrival {
  /** Of the message that brought the report. */
  readonly kind: PeerMessageKind;
  /**
   * The first answer on this path to the latest `check`, measured from that call: a success of the
   * path. Null for everything else, late answers included.
   */
  readonly rttMs: number | null;
  readonly at: Instant;
  /** The peer has more virtual routers than fit: `routers` ends early. */
  readonly truncated: boolean;
}

export interface HaPortOptions {
  /** UDP, on all addresses of the families the peers need. */
  readonly port: number;
  /** At least one; what they all accept, the one that is preferred first. */
  readonly keys: readonly HaKey[];
  /** Our own name; every report must carry it. */
  readonly self: string;
  readonly peers: readonly HaPeerAddress[];
  /**
   * An authentic, fresh message came on `path`. `report` is always the newest of that peer: a
   * message that was overtaken by a later one proves its path and brings no news. `arrival` is written over
   * by the next.
   */
  readonly onReport: (
    peer: string,
    path: IpAddress,
    report: PeerReport,
    arrival: PeerArrival,
  ) => void;
  /** All that had arrived has been handed over, but for what `hear` was called for. */
  readonly onHeard?: () => void;
  /** The newest message of this peer tells of its shared settings, or no longer does: not told for repetitions. */
  readonly onVersion?: (peer: string, version: AnnouncedVersion | null) => void;
  /** Called for each datagram discarded: anyone can cause many, so limit what is logged. */
  readonly onDiscard: (reason: PeerDiscardReason, source: string, detail: string) => void;
  /** CLOCK_MONOTONIC; only for round trips, rate limits and the age of what is counted. */
  readonly now: () => Instant;
  /** The address to send from, until the next check or `forgetSources`; null leaves it to the kernel. */
  readonly sourceFor: (destination: IpAddress) => IpAddress | null;
  /** UDP unless given. */
  readonly openSocket?: OpenHaSocket;
  /** The addon's timer unless given. */
  readonly openCheckTimer?: OpenCheckTimer;
}

export interface HaPortCounters {
  /** When the port was opened: all counts begin there. */
  readonly since: Instant;
  readonly discarded: Readonly<Partial<Record<PeerDiscardReason, number>>>;
  /** When the last one of each reason was. */
  readonly lastDiscarded: Readonly<Partial<Record<PeerDiscardReason, Instant>>>;
  /** Receiving refused by the kernel, by errno name. */
  readonly receiveErrors: Readonly<Record<string, number>>;
  readonly paths: readonly {
    readonly peer: string;
    readonly address: IpAddress;
    readonly sent: number;
    /** Authentic and fresh. */
    readonly received: number;
    /** When the last of those came; null before the first. */
    readonly receivedAt: Instant | null;
    /** What the kernel said to the last message, by errno name; null: sent. */
    readonly refusal: string | null;
    /** By errno name: ENETUNREACH, EHOSTUNREACH, … */
    readonly sendFailures: Readonly<Record<string, number>>;
  }[];
}

/** Sending never blocks and never throws. Before the first `setReport` nothing is sent at all. */
export interface HaPort {
  /** The report that requests and answers carry from now on. */
  setReport(report: PeerReport): void;
  /**
   * Sends one request to each of these peers on every path, all together. Answers to earlier checks are late
   * from now on.
   */
  check(...peers: readonly string[]): void;
  /** Hands over what has arrived already: before a silence is concluded from. */
  hear(): void;
  /**
   * Hands over what was taken since the last call without anybody being told, with the time when it came, in order:
   * messages that only confirmed what was known, and the checks that were made meanwhile. Of those on one path the last
   * message and the last answer, of the checks of a peer the last and how many there were: the others say nothing that
   * these do not say.
   */
  confirmed(
    handler: HaPortOptions['onReport'],
    onChecked: (peer: string, at: Instant, made: number) => void,
  ): void;
  /** Whether `confirmed` would hand over any. */
  readonly isAnyConfirmed: boolean;
  /**
   * From now on nobody is told of messages with the last report of a peer, where `isKnown` says so: were one heard now,
   * it would change nothing but when the peer was heard. Whoever is never asked is told of all.
   * @param doubts whether `isKnown` may answer otherwise than before.
   */
  trust(
    isKnown: (peer: string, path: IpAddress, report: PeerReport) => boolean,
    doubts: boolean,
  ): void;
  /**
   * From now on the checks of this plan are made without us, until something is due that is no ordinary check; then
   * `onHeard` is called. Null, or no such plan: whoever calls `check` goes on doing so.
   * @param plan of how the checks go on from now; asked where all paths are trusted.
   */
  leaveChecks(plan: () => CheckPlan | null): void;
  /** What the checks wait for that are left; null while none are. */
  readonly checksDueAt: Instant | null;
  /** Interfaces or addresses of this host have changed: sources are asked for again. */
  forgetSources(): void;
  /** A change: sends the report to all peers on all paths at once, and keeps it. */
  push(report: PeerReport): void;
  /** Other keys from now on. The session goes on: whoever has one of them notices nothing. */
  setKeys(keys: readonly HaKey[]): void;
  /** Which keys the peer is known to have. */
  keysOf(peer: string): PeerKeys;
  /** Of our shared settings: told to all peers at once, and in every message from now on; null: not told. */
  setVersion(version: AnnouncedVersion | null): void;
  /** The last word before we stop, sent like a push; `close` may follow in the same breath. */
  bye(report: PeerReport): void;
  counters(): HaPortCounters;
  /** Resolves when the port is free again. */
  close(): Promise<void>;
}
