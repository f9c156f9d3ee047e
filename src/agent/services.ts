// The services that the agent keeps besides the driver: HA port, prober, bypass and the other hooks. Each takes effects
// and gives events. No decisions, and the driver waits for none of them.
import type { Settings } from '../config/settings.js';
import type { InstanceEvent } from '../core/interface.js';
import type { Executor } from '../executor/executor.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { VirtualRouterState } from '../model/reasons.js';
import { milliseconds, type Instant } from '../model/units.js';
import type { BypassStatus } from '../hooks/bypass.js';
import { BeforeActiveHook } from '../hooks/before-active-hook.js';
import { BypassSlot } from '../hooks/bypass-slot.js';
import type { WitnessOrder } from '../model/witness.js';
import type { Services } from './driver-options.js';
import type { Journal } from '../journal/journal.js';
import { MonitorHook } from '../hooks/monitor-hook.js';
import { createMonitorStates, type MonitorNews } from '../hooks/monitor-states.js';
import { createPeerChannel, type PeerChannel } from '../peer-channel/peer-channel.js';
import type { Network } from './network.js';
import { proberSettings } from './prober-settings.js';
import { ProberSlot } from '../monitors/prober-slot.js';
import type { SettingsInForce } from './settings-in-force.js';
import { SyncDesk } from './sync-desk.js';
import { WitnessDesk } from './witness-desk.js';
import { TransitionHook } from '../hooks/transition-hook.js';

/** How long a stop waits for hooks that are under way, besides the bypass hook. */
const HOOKS_AT_STOP = milliseconds(2_000);

interface ServicesOptions {
  readonly journal: Journal;
  readonly settings: Settings;
  /** Runs hooks; not the one that holds the last will, whose end waits for nobody. */
  readonly executor: Executor;
  readonly now: () => Instant;
  /** Addresses and interfaces of this host, as the kernel last reported them. */
  readonly network: () => Pick<Network, 'addresses' | 'linkNamed'>;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Flaps within the window, for the environment of hooks. */
  readonly flaps: () => number;
  /** Gives the core an event at once. */
  readonly deliver: (event: InstanceEvent) => void;
  /** Keeps what a peer has said until `heard`. */
  readonly hear: (event: InstanceEvent) => void;
  readonly heard: () => void;
  readonly settingsFile: string;
  /** For shared settings: what a peer has is put in force, and peers are asked first. */
  readonly inForce: Pick<SettingsInForce, 'alone' | 'applyAgreed'>;
  /** Whether traffic says nothing now: bypassed, or settling. */
  readonly onInhibit: (inhibited: boolean) => void;
  /** What is wrong, for health; null when it no longer is. */
  readonly onProblem: (key: string, problem: string | null) => void;
}

export class AgentServices implements Services {
  readonly channel: PeerChannel;
  readonly sync: SyncDesk;
  readonly witness: WitnessDesk;
  readonly #options: ServicesOptions;
  readonly #prober: ProberSlot;
  readonly #hook: TransitionHook;
  readonly #beforeActive: BeforeActiveHook;
  readonly #monitors = createMonitorStates();
  readonly #monitorHook: MonitorHook;
  readonly #states = new Map<string, VirtualRouterState>();
  readonly #bypass: BypassSlot;
  #inhibited = false;

  constructor(options: ServicesOptions) {
    const { journal, deliver, onProblem, executor, settings } = options;
    this.#options = options;
    this.channel = createPeerChannel({
      journal,
      now: options.now,
      addresses: () => options.network().addresses(),
      deliver: options.hear,
      onHeard: options.heard,
      onVersion: (peer, version) => this.sync.told(peer, version),
      onProblem: (problem) => onProblem('ha-port', problem),
    });
    this.sync = new SyncDesk({
      journal,
      settingsFile: options.settingsFile,
      tellVersion: (version) => this.channel.tellVersion(version),
      inForce: options.inForce,
      isActive: () => [...this.#states.values()].includes('Active'),
      hasLink: (name) => options.network().linkNamed(name) !== undefined,
      // The status is written anew.
      onChange: () => onProblem('sync', null),
    });
    this.witness = new WitnessDesk({ journal, now: options.now, wallClock: options.wallClock });
    this.#prober = new ProberSlot({
      onStatus: (status) => deliver({ kind: 'monitor', status }),
      onRemoved: (name) => deliver({ kind: 'monitor-removed', name }),
      onWitness: (fact) => {
        // The status is written anew.
        if (this.witness.take(fact)) onProblem('witness', null);
        deliver({ kind: 'witness', fact });
      },
      onLost: (message) =>
        journal.record('warn', { event: 'prober-lost', reason: 'prober', detail: message }),
    });
    this.#bypass = new BypassSlot({
      executor,
      onState: (actual) => deliver({ kind: 'bypass-state', actual }),
      onProblems: (problems) =>
        onProblem('bypass', problems.length === 0 ? null : problems.join('; ')),
      onInhibit: (inhibited) => this.#inhibit(inhibited),
      onEvent: (severity, fields) => journal.record(severity, fields),
      now: () => options.now() / 1_000,
    });
    this.#hook = new TransitionHook({
      executor,
      program: settings.hooks.transition,
      name: settings.name,
      onEvent: (severity, fields) => journal.record(severity, fields),
      onProblem: (problem) => onProblem('transition-hook', problem),
      now: () => options.now() / 1_000,
    });
    this.#beforeActive = new BeforeActiveHook({
      executor,
      settings: settings.hooks,
      name: settings.name,
      flaps: options.flaps,
      onEvent: (severity, fields) => journal.record(severity, fields),
      onProblem: (problem) => onProblem('before-active-hook', problem),
      now: () => options.now() / 1_000,
    });
    this.#monitorHook = new MonitorHook({
      executor,
      name: settings.name,
      flaps: options.flaps,
      onEvent: (severity, fields) => journal.record(severity, fields),
      onProblem: (problem) => onProblem('monitor-hook', problem),
      now: () => options.now() / 1_000,
      wallClock: options.wallClock,
    });
  }

  /** Null where the settings name no bypass. */
  bypass(): BypassStatus | null {
    return this.#bypass.status();
  }

  async configure(settings: Settings): Promise<void> {
    this.#hook.configure(settings.hooks.transition);
    this.#beforeActive.configure(settings.hooks);
    this.#bypass.configure(settings);
    this.witness.configure(settings.witness);
    this.#prober.configure(proberSettings(settings));
    // Once all monitors are there: the first call waits for their results.
    this.#monitorHook.configure(settings.hooks.monitor);
    await this.channel.configure(settings);
    this.sync.configure(settings);
  }

  checkPeers(peers: readonly string[]): void {
    this.channel.check(...peers);
  }

  askGateway(): void {
    this.#prober.askGateway();
  }

  orderWitness(order: WitnessOrder): void {
    this.#prober.orderWitness(order);
  }

  hearPeers(): void {
    this.channel.hear();
  }

  confirmed(...[take]: Parameters<Services['confirmed']>): void {
    this.channel.confirmed(take);
  }

  get isAnyConfirmed(): boolean {
    return this.channel.isAnyConfirmed;
  }

  trustPeers(...[isKnown, doubts]: Parameters<Services['trustPeers']>): void {
    this.channel.trust(isKnown, doubts);
  }

  leaveChecks(...[plan]: Parameters<Services['leaveChecks']>): void {
    this.channel.leaveChecks(plan);
  }

  get checksDueAt(): Instant | null {
    return this.channel.checksDueAt;
  }

  beforeActive(virtualRouters: readonly string[]): Promise<void> | null {
    return this.#beforeActive.call(virtualRouters);
  }

  networkChanged(): void {
    this.channel.forgetSources();
  }

  peerNews(report: Parameters<Services['peerNews']>[0]): void {
    this.channel.news(report);
  }

  setBypass(desired: 'inline' | 'bypass', reason: string): void {
    this.#bypass.order(desired, reason, this.#options.flaps());
  }

  transition(...[effect, record]: Parameters<Services['transition']>): void {
    const { virtualRouter, to, reason, effectivePriority } = effect;
    this.#states.set(virtualRouter, to);
    this.#tellRole();
    const flaps = this.#options.flaps();
    this.#hook.notify({ virtualRouter, to, reason, effectivePriority, flaps, record });
  }

  monitors(statuses: readonly MonitorStatus[]): void {
    this.#monitors.take(statuses, (news) => this.#recordNews(news));
    this.#monitorHook.tell(this.#monitors.all());
  }

  /** The last word to the peers, then everything is ended. */
  async close(): Promise<void> {
    await this.channel.close();
    await Promise.all([
      this.#prober.close(),
      this.sync.close(),
      this.#hook.idle(HOOKS_AT_STOP),
      this.#monitorHook.close(HOOKS_AT_STOP),
      this.#bypass.stop(),
    ]);
    await this.#options.executor.finish({ farewellSent: true });
  }

  /** That a monitor is well when it is first asked is no event. */
  #recordNews({ name, state, from, detail, weight }: MonitorNews): boolean {
    if (state === 'ok' && from === 'unknown') return true;
    return this.#options.journal.recordChange(state === 'ok' ? 'info' : 'warn', `monitor ${name}`, {
      event: 'monitor',
      reason: state,
      detail: `${name}: ${detail}`,
      monitor: name,
      weight,
    });
  }

  #inhibit(inhibited: boolean): void {
    this.#inhibited = inhibited;
    this.#tellRole();
    this.#options.onInhibit(inhibited);
  }

  #tellRole(): void {
    const active = [...this.#states.values()].includes('Active');
    this.#prober.setRole({ active, inhibited: this.#inhibited });
  }
}
