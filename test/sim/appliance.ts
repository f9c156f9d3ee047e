// One appliance: the real core, and around it what the agent, the executor and the kernel do, as far
// as other appliances can tell. No network, no judgement.
import { Instance } from '../../src/core/instance.js';
import type {
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
  Memory,
} from '../../src/core/interface.js';
import { activeDownInterval } from '../../src/core/timing.js';
import type { IpAddress } from '../../src/model/address.js';
import type { PeerReport } from '../../src/model/peer-report.js';
import { centisecondsToMicroseconds, instant } from '../../src/model/units.js';
import { hard, line } from '../core/instance-bench.js';
import type { Agenda, Chance } from './agenda.js';

/** A netlink script takes so long, in microseconds. */
export const SCRIPT = { least: 1_000, most: 8_000 } as const;
/** Packets that a socket keeps while nobody reads. */
const SOCKET_BUFFER = 400;
/** From end of file on the executor's pipe to the first farewell. */
const WILL_DELAY = 500;

export interface Surroundings {
  readonly agenda: Agenda;
  readonly chance: Chance;
  now(): number;
  perform(appliance: Appliance, effect: InstanceEffect): void;
  /** The executor of a dead agent says farewell. */
  sayFarewell(appliance: Appliance, virtualRouter: string): void;
  /** Whether to write down everything that is sent, too. */
  readonly verbose: boolean;
  journal(text: string): void;
  /** Something that can be seen from outside has changed. */
  changed(): void;
}

const CHATTY: ReadonlySet<InstanceEffect['kind']> = new Set([
  'send-advertisement',
  'announce',
  'check-peer',
  'peer-news',
]);

export type AgentState = 'off' | 'dead' | 'running' | 'paused';

export class Appliance {
  readonly name: string;
  readonly address: IpAddress;
  configuration: InstanceConfiguration;
  readonly usualMode: InstanceConfiguration['mode'];
  agent: AgentState = 'off';
  instance: Instance | null = null;
  /** Goes up with every start: what an earlier life left behind is dropped. */
  life = 0;
  /** Virtual routers whose addresses the kernel has. */
  readonly present = new Set<string>();
  readonly failing = new Set<string>();
  readonly unplugged = new Set<string>();
  /** Virtual routers whose successor the executor of a dead agent awaits. */
  readonly awaited = new Set<string>();
  report: PeerReport | null = null;
  /** Agent memory that survives it. */
  memory: Memory | null = null;
  wasActive = false;
  /** Orders of operators that the world gave, whatever became of them. */
  maintenance = false;
  readonly #around: Surroundings;
  #stopping = false;
  readonly #wanted = new Map<string, boolean>();
  #inbox: { readonly at: number; readonly take: () => void }[] = [];
  #arrivedAt: number | null = null;
  #armedFor: number | null = null;
  #token = 0;

  constructor(
    around: Surroundings,
    name: string,
    address: IpAddress,
    configuration: InstanceConfiguration,
  ) {
    this.#around = around;
    this.name = name;
    this.address = address;
    this.configuration = configuration;
    this.usualMode = configuration.mode;
  }

  get alive(): boolean {
    return this.agent === 'running' || this.agent === 'paused';
  }

  /** A fresh agent: it reconciles what stands, tells the facts, and takes part. */
  start(pathInterfaces: readonly InstanceEvent[]): void {
    if (this.alive) return;
    const { memory, wasActive } = this;
    this.life += 1;
    this.agent = 'running';
    this.awaited.clear();
    this.#wanted.clear();
    this.#inbox = [];
    this.instance = new Instance(this.configuration, instant(this.#around.now()));
    for (const name of this.present) this.#want(name, false);
    if (memory !== null) this.give({ kind: 'remember', memory, crashed: wasActive });
    for (const event of [...pathInterfaces, ...this.facts()]) this.give(event);
    this.give({ kind: 'start' });
  }

  /** What the agent reads from the kernel: links, addresses, sockets. */
  facts(): InstanceEvent[] {
    const { virtualRouters } = this.configuration;
    const links = [...new Set(virtualRouters.map((router) => router.interface))];
    return [
      ...links.map((on) => hard('no-carrier', on, this.unplugged.has(on) ? 'failed' : 'ok')),
      ...virtualRouters.flatMap(({ name: virtualRouter }): InstanceEvent[] => [
        { kind: 'primary-address', virtualRouter, address: this.address },
        { kind: 'socket', virtualRouter, open: true },
      ]),
    ];
  }

  /** Power cut: nothing is said, and the addresses go with the appliance. */
  kill(): void {
    this.#end('off');
    this.present.clear();
    this.awaited.clear();
  }

  /** The agent dies: its executor says farewell and keeps the addresses until a successor is heard. */
  crash(): void {
    if (!this.alive) return;
    const held = this.#activeRouters();
    this.#end('dead');
    const { life } = this;
    this.#carryOutWill(held);
    this.#around.agenda.add(this.#around.now() + WILL_DELAY, 0, () => {
      if (this.life !== life || this.agent !== 'dead') return;
      for (const name of held) this.#around.sayFarewell(this, name);
    });
  }

  /** The agent is told to stop: it says farewell itself, the rest is the executor's. */
  stop(): void {
    if (this.agent !== 'running') return;
    const held = this.#activeRouters();
    this.#stopping = true;
    this.give({ kind: 'stop' });
    this.#stopping = false;
    this.#end('dead');
    this.wasActive = false;
    this.#carryOutWill(held);
  }

  pause(): void {
    if (this.agent === 'running') this.agent = 'paused';
  }

  /** Goes on after a pause as the agent does: the stall first, then packets, then the clock. */
  resume(): void {
    if (this.agent !== 'paused') return;
    this.agent = 'running';
    const { virtualRouters } = this.configuration;
    const silence = Math.min(
      ...virtualRouters.map(({ priority, advertisementInterval }) =>
        activeDownInterval(priority, advertisementInterval),
      ),
    );
    const due = this.#armedFor;
    if (due !== null && this.#around.now() - due >= silence) this.give({ kind: 'stalled' });
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const { at, take } of inbox) {
      this.#arrivedAt = at;
      take();
    }
    this.#arrivedAt = null;
    this.#armedFor = null;
    this.#arm();
  }

  /** Something arrived at the agent's sockets or pipes. */
  receive(take: () => void): void {
    if (this.agent === 'running') take();
    else if (this.agent === 'paused' && this.#inbox.length < SOCKET_BUFFER) {
      this.#inbox.push({ at: this.#around.now(), take });
    }
  }

  /** An advertisement on the wire, for the executor of a dead agent: there is a successor. */
  overhear(virtualRouter: string, priority: number): void {
    if (priority === 0 || !this.awaited.delete(virtualRouter)) return;
    this.present.delete(virtualRouter);
    this.#around.changed();
    this.#around.journal(`${this.name} executor removes ${virtualRouter}`);
  }

  /** One event, its effects, the timer. */
  give(event: InstanceEvent): void {
    const { instance } = this;
    if (instance === null || this.agent !== 'running') return;
    const now = this.#around.now();
    const effects = instance.handle(event, instant(this.#arrivedAt ?? now));
    for (const effect of effects) this.#perform(effect);
    this.#remember(effects);
    this.#arm();
  }

  state(virtualRouter: string): string {
    const routers = this.instance?.snapshot(instant(this.#around.now())).virtualRouters ?? [];
    return routers.find(({ configuration }) => configuration.name === virtualRouter)?.state ?? '-';
  }

  #perform(effect: InstanceEffect): void {
    if (effect.kind === 'set-addresses' && !this.#stopping) {
      this.#want(effect.virtualRouter, effect.present);
    }
    if (effect.kind === 'peer-news') this.report = effect.report;
    if (this.#around.verbose || !CHATTY.has(effect.kind)) {
      this.#around.journal(`${this.name} ${line(effect)}`);
    }
    this.#around.perform(this, effect);
  }

  /** What state.json holds, as it is after every wake-up that changed something. */
  #remember(effects: readonly InstanceEffect[]): void {
    if (!effects.some(({ kind }) => kind === 'transition' || kind === 'report')) return;
    this.#around.changed();
    const { instance } = this;
    if (instance === null) return;
    this.memory = instance.snapshot(instant(this.#around.now())).memory;
    this.wasActive = this.#activeRouters().length > 0;
  }

  #arm(): void {
    const at = this.instance?.nextDeadline()?.at ?? null;
    if (at === this.#armedFor) return;
    this.#armedFor = at;
    this.#token += 1;
    const token = this.#token;
    if (at === null) return;
    this.#around.agenda.add(Math.max(at, this.#around.now()), 1, () => {
      if (token !== this.#token || this.agent !== 'running') return;
      this.#armedFor = null;
      this.give({ kind: 'deadline' });
    });
  }

  /** Newest desire wins: a script that is overtaken changes nothing and reports nothing. */
  #want(virtualRouter: string, present: boolean): void {
    this.#wanted.set(virtualRouter, present);
    const { life } = this;
    const at = this.#around.now() + this.#around.chance.between(SCRIPT.least, SCRIPT.most);
    this.#around.agenda.add(at, 0, () => {
      if (life !== this.life || !this.alive || this.#wanted.get(virtualRouter) !== present) return;
      this.#around.changed();
      if (!present) this.present.delete(virtualRouter);
      else if (this.failing.has(virtualRouter)) {
        this.receive(() =>
          this.give({ kind: 'addresses-failed', virtualRouter, detail: 'EINVAL' }),
        );
      } else {
        this.present.add(virtualRouter);
        this.receive(() => this.#tellPresent(virtualRouter));
      }
    });
  }

  #tellPresent(virtualRouter: string): void {
    if (this.#wanted.get(virtualRouter) !== true) return;
    this.give({ kind: 'addresses-present', virtualRouter });
  }

  #activeRouters(): string[] {
    const routers = this.instance?.snapshot(instant(this.#around.now())).virtualRouters ?? [];
    return routers
      .filter(({ state }) => state === 'Active')
      .map(({ configuration: { name } }) => name);
  }

  #end(agent: AgentState): void {
    this.agent = agent;
    this.instance = null;
    this.report = null;
    this.#armedFor = null;
    this.#token += 1;
    this.life += 1;
    this.#wanted.clear();
  }

  #carryOutWill(held: readonly string[]): void {
    for (const name of this.present) if (!held.includes(name)) this.present.delete(name);
    for (const name of held) if (this.present.has(name)) this.awaited.add(name);
    const { life } = this;
    this.#around.agenda.add(this.#around.now() + this.keepAtMost(), 0, () => {
      if (this.life !== life) return;
      this.#around.changed();
      this.present.clear();
      this.awaited.clear();
    });
  }

  /** Active_Down_Interval at priority 1, the longest there is. */
  keepAtMost(): number {
    return Math.max(
      ...this.configuration.virtualRouters.map(
        ({ advertisementInterval }) => 4 * centisecondsToMicroseconds(advertisementInterval),
      ),
    );
  }
}
