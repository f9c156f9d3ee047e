// What the driver is given, and where its effects go. Types only.
import type { Settings } from '../config/settings.js';
import type { Executor } from '../executor/executor.js';
import type { Journal } from '../journal/journal.js';
import type { Kernel, Lease } from '../kernel/kernel.js';
import type { CheckPlan } from '../model/check-plan.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { PeerReport } from '../model/peer-report.js';
import type { EventRecord } from '../model/status.js';
import type { WitnessOrder } from '../model/witness.js';
import type { Instant } from '../model/units.js';
import type { HeardReport, MadeCheck } from '../peer-channel/peer-channel.js';
import type { Leftovers } from './leftovers.js';
import type { TransitionEffect } from './records.js';
import type { Signing } from './signing.js';
import type { Watchdog } from './watchdog.js';

/** Where effects go that are neither packets nor addresses. None of them may block. */
export interface Services {
  /** Asks these peers, all together. */
  checkPeers(peers: readonly string[]): void;
  /** Has the gateways asked at once. */
  askGateway(): void;
  /** Submits by `hear` what the peers have said already. */
  hearPeers(): void;
  /**
   * Hands over, in order and with the time of each, what only confirmed what was known, and the checks that were made
   * meanwhile: nobody was woken for it.
   */
  confirmed(take: (heard: HeardReport | MadeCheck, at: Instant) => void): void;
  /** Whether `confirmed` would hand over any. */
  readonly isAnyConfirmed: boolean;
  /**
   * From now on nobody is woken for a message that `isKnown` says of, were it heard now, that it only puts deadlines off.
   * @param doubts whether that may have changed.
   */
  trustPeers(isKnown: (heard: HeardReport) => boolean, doubts: boolean): void;
  /**
   * From now on the checks of this plan, if there is one, are made without us, until something else is due: then `heard`
   * is called.
   */
  leaveChecks(plan: () => CheckPlan | null): void;
  /** What the checks wait for that are left; null while they are ours. */
  readonly checksDueAt: Instant | null;
  /** Interfaces or addresses of this host have changed. */
  networkChanged(): void;
  /** Addresses of these are about to come: what is to be waited for, never for long; null for nothing. */
  beforeActive(virtualRouters: readonly string[]): Promise<void> | null;
  peerNews(report: PeerReport): void;
  /** Of the client of the witness. */
  orderWitness(order: WitnessOrder): void;
  setBypass(desired: 'inline' | 'bypass', reason: string): void;
  transition(effect: TransitionEffect, record: EventRecord): void;
  /** All that there are; whenever one may have said something. */
  monitors(statuses: readonly MonitorStatus[]): void;
}

export interface DriverOptions {
  readonly kernel: Kernel;
  readonly executor: Executor;
  /** Shared with the executor, which revokes it when this process hangs while it holds addresses. */
  readonly lease: Lease;
  readonly journal: Journal;
  readonly settings: Settings;
  readonly leftovers: Leftovers;
  readonly services: Services;
  /** Signs advertisements, and verifies those that are signed; the driver gives it the settings. */
  readonly signing: Signing;
  /** Writes state.json: what is about to be changed on interfaces stands there before it is. */
  readonly recordAhead: () => Promise<void>;
  /** After a wake-up that changed something a person or state.json should see. */
  readonly onChange: () => void;
  /**
   * After every wake-up that went all the way: what was heard or measured may look different from outside.
   * `news`: it was another thing than before.
   */
  readonly onWake: (news: boolean) => void;
  /** Of the service manager; told at the end of a wake-up that has gone all the way. */
  readonly watchdog?: Watchdog;
}
