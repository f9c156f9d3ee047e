// The prober in use: started when something needs it, replaced when it dies. Its death costs
// knowledge, never the role. No monitor is judged here.
import type { MonitorStatus } from '../model/monitor.js';
import type { WitnessFact, WitnessOrder } from '../model/witness.js';
import {
  PROBER_COMMAND,
  startProber,
  type ProberProcess,
  type ProberReport,
  type WitnessReport,
} from './prober-process.js';
import { MONITOR_NAMES, type ProberRole, type ProberSettings } from './settings.js';

interface ProberSlotOptions {
  /**
   * A status that changed: at once when its state or its doubt did; each monitor at most once a
   * second when it is the detail alone.
   */
  readonly onStatus: (status: MonitorStatus) => void;
  /** The monitor is not among the settings any longer. */
  readonly onRemoved: (name: string) => void;
  /** The prober ended unasked; another one is started after a while. */
  readonly onLost: (message: string) => void;
  /** What the witness has said, or that nobody can ask it. */
  readonly onWitness: (fact: WitnessFact) => void;
  /** For tests. */
  readonly command?: readonly string[];
  readonly timing?: ProberTiming;
}

interface ProberTiming {
  /** The first wait before another prober is started; doubled each time. */
  readonly firstRestartMs: number;
  readonly longestRestartMs: number;
  /** After a life this long, the next wait is the first again. */
  readonly healthyAfterMs: number;
  /** A prober that says nothing for so long hangs and is killed. */
  readonly silenceLimitMs: number;
}

export const PROBER_TIMING: ProberTiming = {
  firstRestartMs: 1_000,
  longestRestartMs: 30_000,
  healthyAfterMs: 60_000,
  silenceLimitMs: 10_000,
};

/** The part of a ttl after which a prober that says nothing of the witness cannot ask it: two questions and their answers. */
const WITNESS_SILENCE = 0.5;

const NOTHING: ProberSettings = {
  gateway: null,
  bandwidth: null,
  checks: [],
  witness: null,
  virtualAddresses: [],
};

/** Starts nothing before `configure`. */
export class ProberSlot {
  readonly #options: ProberSlotOptions;
  readonly #timing: ProberTiming;
  #settings: ProberSettings = NOTHING;
  #revision = 0;
  #role: ProberRole = { active: false, inhibited: false };
  #order: WitnessOrder = 'watch';
  readonly #statuses = new Map<string, MonitorStatus>();
  #prober: ProberProcess | null = null;
  #startedAt = 0;
  #restart: NodeJS.Timeout | null = null;
  #restartMs: number;
  /** Until nothing has been heard of the witness for too long. */
  #silence: NodeJS.Timeout | null = null;
  /** Every prober that has not ended, told to or not. */
  readonly #alive = new Set<Promise<void>>();
  #closed = false;

  constructor(options: ProberSlotOptions) {
    this.#options = options;
    this.#timing = options.timing ?? PROBER_TIMING;
    this.#restartMs = this.#timing.firstRestartMs;
  }

  /**
   * What to monitor from now on. A prober is started when there is something, which may stop the
   * loop for some milliseconds, and ended when there is nothing.
   */
  configure(settings: ProberSettings): void {
    if (this.#closed) return;
    this.#settings = settings;
    this.#revision += 1;
    this.#enlist(unmeasured(settings));
    if (this.#statuses.size === 0 && settings.witness === null) this.#retire();
    else if (this.#prober !== null) this.#tellSettings(this.#prober);
    else if (this.#restart === null) this.#start();
  }

  /** Costs a write to a pipe, so that it may be called amid a transition. */
  setRole(role: ProberRole): void {
    this.#role = role;
    this.#prober?.send({ kind: 'role', role });
  }

  /** What to do with the lease of the witness. Costs a write to a pipe, like `setRole`. */
  orderWitness(order: WitnessOrder): void {
    this.#order = order;
    if (this.#settings.witness !== null) this.#prober?.send({ kind: 'witness', order });
  }

  /** Has the gateways asked at once and at short distance. Costs a write to a pipe, like `setRole`. */
  askGateway(): void {
    if (this.#settings.gateway !== null) this.#prober?.send({ kind: 'ask-gateway' });
  }

  statuses(): readonly MonitorStatus[] {
    return [...this.#statuses.values()];
  }

  /** Undefined while no prober runs. */
  pid(): number | undefined {
    return this.#prober?.pid;
  }

  /** Ends the prober and all it started; resolves when they are gone. No callback any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#retire();
    await Promise.all(this.#alive);
  }

  /** Monitors that are new or gone; those that stay keep their status until the prober reports. */
  #enlist(wanted: readonly MonitorStatus[]): void {
    const names = new Set(wanted.map(({ name }) => name));
    for (const name of this.#statuses.keys()) {
      if (names.has(name)) continue;
      this.#statuses.delete(name);
      this.#options.onRemoved(name);
    }
    for (const status of wanted) {
      if (!this.#statuses.has(status.name)) this.#setStatus(status);
    }
  }

  #start(): void {
    this.#restart = null;
    this.#startedAt = performance.now();
    let ended = (): void => undefined;
    const life = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const prober = startProber({
      command: this.#options.command ?? PROBER_COMMAND,
      silenceLimitMs: this.#timing.silenceLimitMs,
      onReport: (report) => {
        if (prober === this.#prober) this.#receive(report);
      },
      onWitness: (report) => {
        if (prober === this.#prober) this.#hearWitness(report);
      },
      onEnd: (cause) => {
        this.#alive.delete(life);
        if (prober === this.#prober) this.#lose(cause);
        ended();
      },
    });
    this.#alive.add(life);
    this.#prober = prober;
    prober.send({ kind: 'role', role: this.#role });
    prober.send({ kind: 'witness', order: this.#order });
    this.#tellSettings(prober);
    this.#awaitWitness();
  }

  #tellSettings(prober: ProberProcess): void {
    prober.send({ kind: 'configure', revision: this.#revision, settings: this.#settings });
  }

  #receive({ revision, statuses }: ProberReport): void {
    // From before the last change of the settings; all that it says is said again after it.
    if (revision !== this.#revision) return;
    for (const status of statuses) this.#setStatus(status);
  }

  /** From before the last change of the settings it may be of another witness. */
  #hearWitness({ revision, fact }: WitnessReport): void {
    if (revision !== this.#revision || this.#closed) return;
    this.#awaitWitness();
    this.#options.onWitness(fact);
  }

  /** A prober that hangs says nothing of the witness, and is killed much later. */
  #awaitWitness(): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
    const { witness } = this.#settings;
    if (witness === null || this.#prober === null) return;
    const ms = witness.ttlSeconds * 1_000 * WITNESS_SILENCE;
    this.#silence = setTimeout(() => {
      // After a stall of our own, what it said meanwhile is read first, and puts this off.
      this.#silence = setTimeout(() => this.#noWitness('the prober says nothing of it'), 0);
    }, ms);
  }

  #noWitness(why: string): void {
    if (this.#settings.witness !== null && !this.#closed) {
      this.#options.onWitness({ kind: 'away', why });
    }
  }

  #lose(cause: string): void {
    this.#prober = null;
    const lived = performance.now() - this.#startedAt;
    if (lived >= this.#timing.healthyAfterMs) this.#restartMs = this.#timing.firstRestartMs;
    const wait = this.#restartMs;
    this.#restartMs = Math.min(wait * 2, this.#timing.longestRestartMs);
    this.#restart = setTimeout(() => this.#start(), wait);
    const message = `the prober ended: ${cause}; another one in ${wait} ms`;
    this.#options.onLost(message);
    this.#awaitWitness();
    this.#noWitness(message);
    for (const { doubtful: _, reading: _of, ...status } of this.statuses()) {
      this.#setStatus({ ...status, state: 'unknown', detail: message });
    }
  }

  /** Nothing needs a prober. */
  #retire(): void {
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#restart = null;
    this.#restartMs = this.#timing.firstRestartMs;
    const prober = this.#prober;
    this.#prober = null;
    this.#awaitWitness();
    prober?.end();
  }

  #setStatus(status: MonitorStatus): void {
    const before = this.#statuses.get(status.name);
    if (JSON.stringify(before) === JSON.stringify(status)) return;
    this.#statuses.set(status.name, status);
    if (!this.#closed) this.#options.onStatus(status);
  }
}

/** What there is to say before the prober has said anything. */
function unmeasured({ gateway, bandwidth, checks }: ProberSettings): readonly MonitorStatus[] {
  const waiting = (name: string, weight: 'soft' | number = 'soft'): MonitorStatus => ({
    name,
    weight,
    state: 'unknown',
    detail: 'waiting for the prober',
  });
  return [
    ...(gateway === null ? [] : [waiting(MONITOR_NAMES.gateway)]),
    ...(bandwidth === null ? [] : [waiting(MONITOR_NAMES.bandwidth)]),
    ...checks.map(({ name, weight }) => waiting(name, weight)),
  ];
}
