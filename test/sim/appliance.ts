// One appliance: the real core, and around it what the agent, the executor and the bypass relay do, as
// far as other appliances can tell. No network, no judgement.
import { Instance } from '../../src/core/instance.js';
import type {
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
  InstanceSnapshot,
  Memory,
} from '../../src/core/interface.js';
import { ROWS, type Row } from '../../src/core/decisions/rows.js';
import { activeDownInterval } from '../../src/core/machine/timing.js';
import type { Family, IpAddress } from '../../src/model/address.js';
import { assert } from '../../src/model/assert.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { centisecondsToMicroseconds, instant } from '../../src/model/units.js';
import { hard, line } from '../core/instance-bench.js';
import type { Agenda, Chance } from './agenda.js';
import type { Client } from './witness.js';
import { Gateway } from './gateway.js';
import { Kernel } from './kernel.js';

/** Messages that a socket keeps while nobody reads. */
const SOCKET_BUFFER = 400;
/** From end of file on the executor's pipe to the first farewell. */
const WILL_DELAY = 500;
/** The relay of the bypass takes at most so long. */
const RELAY = 30_000;
/** An agent that is silent for less still lives, for its executor. */
const SILENCE_LEAST = 50_000;

export interface Surroundings {
  readonly agenda: Agenda;
  readonly chance: Chance;
  now(): number;
  /** The core has taken an event, and nothing of what follows from it has happened yet. */
  handled(appliance: Appliance, event: InstanceEvent, effects: readonly InstanceEffect[]): void;
  perform(appliance: Appliance, effect: InstanceEffect): void;
  /** The client of the witness beside an agent that starts; null where there is none. */
  openWitness(appliance: Appliance): Client | null;
  /** The executor of a dead agent says farewell. */
  sayFarewell(appliance: Appliance, virtualRouter: string): void;
  journal(text: () => string): void;
  /** Something happened that is worth counting. */
  count(what: string): void;
  /** A role or an address. */
  moved(): void;
  /** Something that can be seen from outside has changed. */
  changed(): void;
}

/** What each row of the decision table is counted as. */
export const ROW_COUNTS = Object.fromEntries(
  Object.keys(ROWS).map((row) => [row, `row ${row}`]),
) as Readonly<Record<Row, string>>;

export type MonitorEvent = Extract<InstanceEvent, { kind: 'monitor' }>;

/** The monitor of the link pairs, whose failure is hard. */
export const PAIRS = 'link pairs';

export type AgentState = 'off' | 'dead' | 'running' | 'paused';

export class Appliance {
  readonly name: string;
  readonly index: number;
  readonly addresses: Readonly<Record<Family, IpAddress>>;
  configuration: InstanceConfiguration;
  /** Of the settings that all share; see Live in settings.ts. */
  version: 0 | 1 | 2 | 3 = 0;
  agent: AgentState = 'off';
  instance: Instance | null = null;
  /** Goes up with every start: what an earlier life left behind is dropped. */
  life = 0;
  readonly kernel: Kernel;
  readonly gateway: Gateway;
  readonly unplugged = new Set<string>();
  /** Virtual routers of which an Active was heard that sends checksums of RFC 5798. */
  readonly heardOld = new Set<string>();
  /** Virtual routers that the agent holds by its own word, and what it last told its peers. */
  readonly active = new Set<string>();
  report: PeerReport | null = null;
  /** Peers that its status shows as healthy. */
  readonly healthy = new Set<string>();
  /** What the state file holds. */
  memory: Memory | null = null;
  wasActive = false;
  /** What its monitors say; a fresh agent finds the same. */
  readonly statuses = new Map<string, MonitorEvent>();
  /** What operators ordered, whatever became of it. */
  maintenance = false;
  bypassEngaged = false;
  /** Where the relay stands; one that is stuck or missing never moves. */
  bypass: 'inline' | 'bypass' = 'inline';
  relayWorks = false;
  /** Its timers wake late by up to so many microseconds. */
  late = 0;
  /** So much faster than the world's its own clock runs. */
  rate = 1;
  client: Client | null = null;
  /** Whether it is not woken by messages that only confirm what it knows (agent/reception.ts). */
  counts = false;
  /** Whether its executor goes on while the agent is paused. */
  leased = false;
  /** When it last went on after a pause. */
  resumedAt = -1;
  #desiredBypass: 'inline' | 'bypass' = 'inline';
  readonly #around: Surroundings;
  #stopping = false;
  /** Confirmations since the last wake-up. */
  #counted: { readonly event: InstanceEvent; readonly at: number }[] = [];
  #pausedAt = 0;
  #revoked = false;
  #inbox: { readonly at: number | null; readonly take: () => void }[] = [];
  #arrivedAt: number | null = null;
  /** What the instance waited for after the last event. */
  #due: number | null = null;
  #armedFor: number | null = null;
  #token = 0;

  constructor(
    around: Surroundings,
    index: number,
    addresses: Appliance['addresses'],
    configuration: InstanceConfiguration,
  ) {
    this.#around = around;
    this.name = configuration.name;
    this.index = index;
    this.addresses = addresses;
    this.configuration = configuration;
    this.kernel = new Kernel(this, around);
    this.gateway = new Gateway(
      around,
      () => this.statuses.get('gateway')?.status.state === 'failed',
    );
  }

  get alive(): boolean {
    return this.agent === 'running' || this.agent === 'paused';
  }

  /** Whether a frame leaves and reaches this interface; the HA link is apart. */
  isOn(link: string): boolean {
    return this.bypass === 'inline' && !this.unplugged.has(link);
  }

  /** Whether this virtual router is in its settings. */
  carries(virtualRouter: string): boolean {
    return this.configuration.virtualRouters.some(({ name }) => name === virtualRouter);
  }

  /** By its own clock. */
  local(at = this.#around.now()): number {
    return Math.floor(at * this.rate);
  }

  /** When its own clock says so. */
  #inWorld(at: number): number {
    return Math.ceil(at / this.rate);
  }

  /** A fresh agent: it reconciles what stands, tells the facts, and takes part. */
  start(pathInterfaces: readonly InstanceEvent[]): void {
    const { memory, wasActive } = this;
    this.life += 1;
    this.agent = 'running';
    this.#inbox = [];
    this.#desiredBypass = this.bypass;
    this.instance = new Instance(this.configuration, instant(this.local()));
    this.kernel.begin();
    this.client = this.#around.openWitness(this);
    if (memory !== null) this.give({ kind: 'remember', memory, crashed: wasActive });
    if (this.relayWorks) this.give({ kind: 'bypass-state', actual: this.bypass });
    for (const event of [...pathInterfaces, ...this.facts(), ...this.statuses.values()]) {
      this.give(event);
    }
    this.give({ kind: 'start' });
  }

  /** What the agent reads from the kernel: links, addresses, sockets. */
  facts(): InstanceEvent[] {
    const { virtualRouters } = this.configuration;
    const links = [...new Set(virtualRouters.map((router) => router.interface))];
    return [
      ...links.map((on) => hard('no-carrier', on, this.unplugged.has(on) ? 'failed' : 'ok')),
      ...virtualRouters.flatMap(({ name: virtualRouter, family }): InstanceEvent[] => [
        { kind: 'primary-address', virtualRouter, address: this.addresses[family] },
        { kind: 'socket', virtualRouter, open: true },
      ]),
    ];
  }

  get pairsDown(): boolean {
    return this.statuses.get(PAIRS)?.status.state === 'failed';
  }

  /** The prober says so, if there is an agent to hear it. */
  tell(event: MonitorEvent): void {
    this.statuses.set(event.status.name, event);
    this.#around.changed();
    this.receive(() => this.give(event));
  }

  /** Power cut: nothing is said, and the addresses go with the appliance. */
  cutPower(): void {
    this.client?.vanish();
    this.#end('off');
    this.kernel.lose();
  }

  /** The agent dies: its executor says farewell and keeps the addresses until a successor is heard. */
  crash(): void {
    if (this.#revoked) {
      // Its executor has said what there is to say, and is about to remove what stands.
      this.#end('dead');
      return;
    }
    const held = this.#held();
    this.#end('dead');
    this.kernel.bequeath(held, this.keepAtMost());
    const { life } = this;
    this.#around.agenda.add(this.#around.now() + WILL_DELAY, 0, () => {
      if (this.life !== life || this.agent !== 'dead') return;
      for (const name of held) this.#around.sayFarewell(this, name);
    });
  }

  /** The agent is told to stop: it says farewell itself, the rest is the executor's. */
  stop(): void {
    const held = this.#held();
    this.#stopping = true;
    this.give({ kind: 'stop' });
    this.#stopping = false;
    this.#end('dead');
    this.wasActive = false;
    this.kernel.bequeath(held, this.keepAtMost());
  }

  /** The agent stands still; its executor does where the whole machine does. */
  pause(): void {
    this.agent = 'paused';
    this.#pausedAt = this.#around.now();
    this.#around.changed();
  }

  /** An advertisement on the wire, for the executor: of a dead agent, or of one that has been silent for too long. */
  overhear(virtualRouter: string, priority: number): void {
    const isSilent = this.agent === 'paused' && this.leased && this.active.size > 0;
    const silence = this.#around.now() - this.#pausedAt;
    if (isSilent && !this.#revoked && priority > 0 && silence >= this.#listensAfter()) {
      this.#revoked = true;
      this.#around.count('lease revoked');
      this.kernel.lapse(this.#held(), this.keepAtMost());
    }
    this.kernel.overhear(virtualRouter, priority);
  }

  /** A silence of one and a half intervals is one. */
  #listensAfter(): number {
    const intervals = this.configuration.virtualRouters.map(({ advertisementInterval }) =>
      centisecondsToMicroseconds(advertisementInterval),
    );
    return Math.max(1.5 * Math.min(...intervals), SILENCE_LEAST);
  }

  /** Goes on after a pause as the agent does: the stall first, then packets, then the clock. */
  resume(): void {
    this.agent = 'running';
    this.resumedAt = this.#around.now();
    const { virtualRouters } = this.configuration;
    const silence = Math.min(
      ...virtualRouters.map(({ priority, advertisementInterval }) =>
        activeDownInterval(priority, advertisementInterval),
      ),
    );
    const due = this.#armedFor;
    const revoked = this.#revoked;
    this.#revoked = false;
    if (revoked) {
      this.kernel.endWill();
      this.give({ kind: 'revoked' });
    } else if (due !== null && this.local() - due >= silence) this.give({ kind: 'stalled' });
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { at, take } of inbox) {
      this.#arrivedAt = at;
      take();
    }
    this.#arrivedAt = null;
    this.#armedFor = null;
    this.#arm();
    this.#around.changed();
  }

  /**
   * Something arrived at the agent's sockets or pipes. Advertisements carry the instant of their
   * arrival; everything else counts when it is read.
   */
  receive(take: () => void, stamped = false): void {
    if (this.agent === 'running') take();
    else if (this.agent === 'paused' && this.#inbox.length < SOCKET_BUFFER) {
      this.#inbox.push({ at: stamped ? this.#around.now() : null, take });
    }
  }

  /** A message of a peer; one that only confirms what is known is handed over with the next wake-up. */
  hear(event: Extract<InstanceEvent, { kind: 'peer-report' }>): void {
    const isCounted = this.counts && this.agent === 'running';
    if (isCounted && this.instance?.isConfirmation(event) === true) {
      this.#counted.push({ event, at: this.local(this.#arrivedAt ?? undefined) });
      this.#around.count('confirmation counted');
    } else this.give(event);
  }

  /** One event, its effects, the timer; before it what was only counted. */
  give(event: InstanceEvent): void {
    const counted = this.#counted;
    this.#counted = [];
    for (const one of counted) this.#take(one.event, one.at);
    this.#take(event, this.local(this.#arrivedAt ?? undefined));
  }

  #take(event: InstanceEvent, at: number): void {
    const { instance } = this;
    if (instance === null || this.agent !== 'running') return;
    const effects = instance.handle(event, instant(at));
    this.#around.handled(this, event, effects);
    for (const { row } of instance.decisions()) this.#around.count(ROW_COUNTS[row]);
    for (const effect of effects) this.#perform(effect);
    if (event.kind === 'operator' || event.kind === 'remember') this.#remember();
    this.kernel.flush();
    this.#arm();
  }

  snapshot(): InstanceSnapshot | null {
    return this.instance?.snapshot(instant(this.local())) ?? null;
  }

  /** Active_Down_Interval at priority 1, the longest there is. */
  keepAtMost(): number {
    return Math.max(
      ...this.configuration.virtualRouters.map(
        ({ advertisementInterval }) => 4 * centisecondsToMicroseconds(advertisementInterval),
      ),
    );
  }

  #perform(effect: InstanceEffect): void {
    // Checks are too many, and all alike.
    if (effect.kind !== 'check-peer') this.#around.journal(() => `${this.name} ${line(effect)}`);
    switch (effect.kind) {
      case 'set-addresses':
        if (!this.#stopping) this.kernel.want(effect.virtualRouter, effect.present);
        this.#around.moved();
        return;
      case 'peer-news':
        this.report = effect.report;
        this.#around.changed();
        break;
      case 'transition':
        this.#around.count(`${effect.virtualRouter} moved`);
        if (effect.to === 'Active') {
          this.active.add(effect.virtualRouter);
          this.#around.count(`${effect.virtualRouter} taken`);
        } else this.active.delete(effect.virtualRouter);
        this.#around.moved();
        this.#around.count(`${effect.from} -> ${effect.to} ${effect.reason}`);
        this.#around.changed();
        return;
      case 'report':
        this.#note(effect);
        return;
      case 'set-bypass':
        this.#moveRelay(effect.desired);
        return;
      case 'ask-gateway':
        this.#around.count('gateway asked at once');
        this.gateway.askAtOnce();
        return;
      case 'witness':
        this.client?.order(effect.order);
        return;
      case 'hold-until':
        this.kernel.holdUntil(effect.until === null ? null : this.#inWorld(effect.until));
        return;
      case 'send-advertisement':
      case 'check-peer':
      case 'announce':
    }
    this.#around.perform(this, effect);
  }

  #note({ report, detail }: Extract<InstanceEffect, { kind: 'report' }>): void {
    this.#around.count(`report ${report}`);
    if (report === 'flap' || report === 'latched') this.#remember();
    if (report === 'peer-healthy') this.healthy.add(detail);
    else if (report === 'peer-unhealthy') this.healthy.delete(detail);
    else return;
    this.#around.changed();
  }

  /** The state file is written after every wake-up that changed something. */
  #remember(): void {
    this.memory = this.snapshot()?.memory ?? this.memory;
    this.#around.changed();
  }

  #moveRelay(desired: 'inline' | 'bypass'): void {
    this.#desiredBypass = desired;
    if (!this.relayWorks) return;
    this.#around.agenda.add(this.#around.now() + RELAY, 0, () => {
      if (this.agent === 'off' || this.#desiredBypass !== desired) return;
      this.bypass = desired;
      this.#around.changed();
      this.#around.journal(() => `${this.name} relay ${desired}`);
      this.receive(() => this.give({ kind: 'bypass-state', actual: desired }));
    });
  }

  #arm(): void {
    const at = this.instance?.nextDeadline()?.at ?? null;
    if (this.instance?.onlyDelayed === true) {
      // The driver leaves its timer as it is then.
      const due = this.#due;
      assert(at === null || (due !== null && at >= due), `only delayed, from ${due} to ${at}`);
    }
    this.#due = at;
    if (at === this.#armedFor) return;
    this.#armedFor = at;
    this.#token += 1;
    const token = this.#token;
    if (at === null) return;
    const { agenda, chance } = this.#around;
    const lateness = this.late === 0 ? 0 : chance.between(0, this.late);
    agenda.add(Math.max(this.#inWorld(at), this.#around.now()) + lateness, 1, () => {
      if (token !== this.#token || this.agent !== 'running') return;
      this.#armedFor = null;
      this.give({ kind: 'deadline' });
    });
  }

  #held(): string[] {
    return [...this.active];
  }

  #end(agent: AgentState): void {
    if (this.alive) {
      this.memory = this.snapshot()?.memory ?? this.memory;
      this.wasActive = this.active.size > 0;
    }
    this.client?.end();
    this.client = null;
    this.agent = agent;
    this.instance = null;
    this.report = null;
    this.active.clear();
    this.heardOld.clear();
    this.healthy.clear();
    this.#counted = [];
    this.#revoked = false;
    this.#armedFor = null;
    this.#token += 1;
    this.life += 1;
    this.#around.changed();
  }
}
