// Several instances and the segments between them, as data: latency, cuts, crashes, scripts that
// take a while. No sockets, no wall clock: the same calls give the same journal. No assertions.
import { Instance } from '../../src/core/instance.js';
import type {
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
} from '../../src/core/interface.js';
import type { RouterConfiguration, RouterSnapshot } from '../../src/core/router.js';
import type { IpAddress } from '../../src/model/address.js';
import type { Advertisement, ChecksumDialect } from '../../src/model/advertisement.js';
import { assert } from '../../src/model/assert.js';
import { instant } from '../../src/model/units.js';
import { line, routerOf } from './instance-bench.js';

/** An advertisement travels this long, in microseconds. */
const LATENCY = 200;
/** The netlink script takes this long. */
const SCRIPT_TIME = 4_000;
/** More steps than this without the time moving on: the instances keep each other busy for ever. */
const STEPS_AT_ONCE = 1_000;

interface Appliance {
  readonly name: string;
  readonly address: IpAddress;
  configuration: InstanceConfiguration;
  instance: Instance;
  alive: boolean;
  /** Goes up with every start, so that what an earlier life left in the queue is dropped. */
  life: number;
  /** Interfaces that do not exist. */
  readonly missing: Set<string>;
  /** Routers whose takeover script fails. */
  readonly failing: Set<string>;
  readonly wanted: Map<string, boolean>;
  /** Routers whose addresses stand on the interface. */
  readonly present: Set<string>;
  /** Advertisements sent because the Adver_Timer fired, since the journal was last read. */
  readonly periodic: Map<string, number>;
}

interface Queued {
  readonly at: number;
  readonly run: () => void;
}

export interface Foreign {
  readonly source: IpAddress;
  readonly priority: number;
  readonly dialect: ChecksumDialect;
}

export class Appliances {
  /** Microseconds since the beginning. */
  now = 0;
  readonly #appliances = new Map<string, Appliance>();
  readonly #cuts = new Set<string>();
  #queue: Queued[] = [];
  #journal: string[] = [];

  add(name: string, address: IpAddress, configuration: InstanceConfiguration): void {
    this.#appliances.set(name, {
      name,
      address,
      configuration,
      instance: new Instance(configuration, instant(this.now)),
      alive: false,
      life: 0,
      missing: new Set(),
      failing: new Set(),
      wanted: new Map(),
      present: new Set(),
      periodic: new Map(),
    });
  }

  /** A fresh agent on the appliance, which takes away what an earlier one left behind. */
  start(name: string): void {
    this.kill(name);
    const appliance = this.#named(name);
    appliance.instance = new Instance(appliance.configuration, instant(this.now));
    appliance.alive = true;
    appliance.life += 1;
    this.#tellFacts(appliance);
    this.#give(appliance, { kind: 'start' });
  }

  stop(name: string): void {
    this.#give(this.#named(name), { kind: 'stop' });
  }

  /** Power off: nothing is sent, and the addresses are gone with the appliance. */
  kill(name: string): void {
    const appliance = this.#named(name);
    appliance.alive = false;
    appliance.present.clear();
    appliance.wanted.clear();
  }

  give(name: string, event: InstanceEvent): void {
    this.#give(this.#named(name), event);
  }

  configure(name: string, change: Partial<InstanceConfiguration>): void {
    const appliance = this.#named(name);
    const configuration = { ...appliance.configuration, ...change };
    // What goes says farewell with its old settings, as in the agent.
    this.#give(appliance, { kind: 'configure', configuration });
    appliance.configuration = configuration;
    this.#tellFacts(appliance);
  }

  configurationOf(name: string): InstanceConfiguration {
    return this.#named(name).configuration;
  }

  /** No advertisement passes between the two, either way; on one interface, or on all. */
  cut(a: string, b: string, on = '*'): void {
    this.#cuts.add(cutKey(a, b, on));
  }

  heal(a: string, b: string, on = '*'): void {
    this.#cuts.delete(cutKey(a, b, on));
  }

  setMissing(name: string, on: string, missing: boolean): void {
    const appliance = this.#named(name);
    if (missing) appliance.missing.add(on);
    else appliance.missing.delete(on);
    if (appliance.alive) this.#tellFacts(appliance);
  }

  setFailing(name: string, virtualRouter: string, failing: boolean): void {
    const { failing: set } = this.#named(name);
    if (failing) set.add(virtualRouter);
    else set.delete(virtualRouter);
  }

  /** Another program takes the addresses off the interface, if they are there. */
  takeAway(name: string, virtualRouter: string): void {
    const appliance = this.#named(name);
    if (!appliance.present.delete(virtualRouter)) return;
    this.#give(appliance, { kind: 'addresses-removed', virtualRouter });
  }

  /** A router that is not ours advertises to everyone, in the name of one of our virtual routers. */
  advertise(router: RouterConfiguration, { source, priority, dialect }: Foreign): void {
    const advertisement = advertisementOf(router, priority);
    for (const to of this.#appliances.values()) {
      this.#deliver(to, router, advertisement, source, dialect);
    }
  }

  /** Lets the time pass: packets first, then the clock. */
  run(duration: number): void {
    const end = this.now + duration;
    let steps = 0;
    for (;;) {
      const next = this.#next();
      if (next === null || next.at > end) break;
      steps = next.at > this.now ? 0 : steps + 1;
      assert(steps < STEPS_AT_ONCE, `progress at ${this.now} µs`);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  /** What happened since the last call; periodic advertisements as a count. */
  journal(): string[] {
    const counts: string[] = [];
    for (const { name, periodic } of this.#appliances.values()) {
      for (const [virtualRouter, count] of periodic) {
        counts.push(`${name} ${virtualRouter} periodic advertisements: ${count}`);
      }
      periodic.clear();
    }
    const lines = [...this.#journal, ...counts];
    this.#journal = [];
    return lines;
  }

  /** What every appliance holds and does now. */
  states(): string[] {
    return [...this.#appliances.values()].flatMap((appliance) =>
      this.routersOf(appliance.name).map((router) => {
        const { name } = router.configuration;
        const held = appliance.present.has(name) ? ', holds the addresses' : '';
        const { state, effectivePriority, reason } = router;
        return `${appliance.name} ${name} ${state} ${effectivePriority} (${reason})${held}`;
      }),
    );
  }

  /** The names of the living appliances that are Active for a virtual router. */
  activesOf(virtualRouter: string): string[] {
    return [...this.#appliances.keys()].filter((name) =>
      this.routersOf(name).some(
        ({ configuration, state }) => configuration.name === virtualRouter && state === 'Active',
      ),
    );
  }

  /** The virtual routers of an appliance; none when it is dead. */
  routersOf(name: string): readonly RouterSnapshot[] {
    const { alive, instance } = this.#named(name);
    return alive ? instance.snapshot(instant(this.now)).virtualRouters : [];
  }

  #named(name: string): Appliance {
    const appliance = this.#appliances.get(name);
    assert(appliance !== undefined, `an appliance named ${name}`);
    return appliance;
  }

  /** Links first, then addresses and sockets, as the agent tells them. */
  #tellFacts(appliance: Appliance): void {
    const { virtualRouters } = appliance.configuration;
    for (const on of new Set(virtualRouters.map((router) => router.interface))) {
      const state = appliance.missing.has(on) ? 'failed' : 'ok';
      const fault = 'interface-missing';
      this.#give(appliance, {
        kind: 'monitor',
        status: { name: `link ${on}`, interface: on, state, detail: '', weight: 'hard', fault },
      });
    }
    for (const { name: virtualRouter, interface: on } of virtualRouters) {
      const open = !appliance.missing.has(on);
      const address = open ? appliance.address : null;
      this.#give(appliance, { kind: 'primary-address', virtualRouter, address });
      this.#give(appliance, { kind: 'socket', virtualRouter, open });
    }
  }

  #give(appliance: Appliance, event: InstanceEvent): void {
    if (!appliance.alive) return;
    const { configuration } = appliance;
    const effects = appliance.instance.handle(event, instant(this.now));
    const transitions = effects.some(({ kind }) => kind === 'transition');
    for (const effect of effects) {
      if (event.kind === 'deadline' && effect.kind === 'send-advertisement' && !transitions) {
        const { periodic } = appliance;
        periodic.set(effect.virtualRouter, (periodic.get(effect.virtualRouter) ?? 0) + 1);
      } else if (effect.kind !== 'announce' || event.kind !== 'deadline' || transitions) {
        this.#journal.push(`${seconds(this.now)} ${appliance.name} ${line(effect)}`);
      } else this.#journal.push(`${seconds(this.now)} ${appliance.name} ${line(effect)} again`);
      this.#carryOut(appliance, configuration, effect);
    }
  }

  #carryOut(
    appliance: Appliance,
    { virtualRouters }: InstanceConfiguration,
    effect: InstanceEffect,
  ) {
    const router = virtualRouters.find(({ name }) => name === routerOf(effect));
    if (effect.kind === 'set-addresses') this.#setAddresses(appliance, effect);
    if (effect.kind !== 'send-advertisement' || router === undefined) return;
    if (appliance.missing.has(router.interface)) return;
    const advertisement = advertisementOf(router, effect.priority);
    for (const to of this.#appliances.values()) {
      if (to === appliance || this.#isCut(appliance, to, router.interface)) continue;
      this.#deliver(to, router, advertisement, effect.source, effect.dialect);
    }
  }

  /** Newest desire wins: a script that is overtaken reports nothing. */
  #setAddresses(appliance: Appliance, effect: { virtualRouter: string; present: boolean }): void {
    const { virtualRouter, present } = effect;
    const { life } = appliance;
    appliance.wanted.set(virtualRouter, present);
    this.#at(this.now + SCRIPT_TIME, () => {
      if (life !== appliance.life || !appliance.alive) return;
      if (appliance.wanted.get(virtualRouter) !== present) return;
      if (!present) appliance.present.delete(virtualRouter);
      else if (appliance.failing.has(virtualRouter)) {
        this.#give(appliance, { kind: 'addresses-failed', virtualRouter, detail: 'EINVAL' });
      } else {
        appliance.present.add(virtualRouter);
        this.#give(appliance, { kind: 'addresses-present', virtualRouter });
      }
    });
  }

  #deliver(
    to: Appliance,
    router: RouterConfiguration,
    advertisement: Advertisement,
    source: IpAddress,
    dialect: ChecksumDialect,
  ): void {
    this.#at(this.now + LATENCY, () => {
      if (to.missing.has(router.interface)) return;
      const known = to.configuration.virtualRouters.find(
        (own) =>
          own.interface === router.interface &&
          own.family === router.family &&
          own.vrid === router.vrid,
      );
      if (known === undefined) return;
      const virtualRouter = known.name;
      const how = { source, dialect, multicast: true };
      this.#give(to, { kind: 'advertisement', virtualRouter, advertisement, ...how });
    });
  }

  #isCut(a: Appliance, b: Appliance, on: string): boolean {
    return ['*', on].some((where) => this.#cuts.has(cutKey(a.name, b.name, where)));
  }

  #at(at: number, run: () => void): void {
    this.#queue.push({ at, run });
  }

  /** The soonest packet or script, or the soonest deadline; packets before the clock. */
  #next(): Queued | null {
    let next: Queued | null = null;
    for (const queued of this.#queue) if (next === null || queued.at < next.at) next = queued;
    if (next !== null) {
      const { at, run } = next;
      const taken = next;
      next = { at, run: () => this.#takeFromQueue(taken, run) };
    }
    for (const appliance of this.#appliances.values()) {
      const deadline = appliance.alive ? appliance.instance.nextDeadline() : null;
      if (deadline === null || (next !== null && next.at <= deadline.at)) continue;
      next = { at: deadline.at, run: () => this.#give(appliance, { kind: 'deadline' }) };
    }
    return next;
  }

  #takeFromQueue(queued: Queued, run: () => void): void {
    this.#queue = this.#queue.filter((other) => other !== queued);
    run();
  }
}

const cutKey = (a: string, b: string, on: string): string => `${[a, b].sort().join(' ')} ${on}`;

const advertisementOf = (router: RouterConfiguration, priority: number): Advertisement => ({
  vrid: router.vrid,
  priority,
  maxAdvertiseInterval: router.advertisementInterval,
  addresses: router.addresses.map(({ address }) => address),
});

/** `  3.609375`, in columns. */
export const seconds = (at: number): string => (at / 1_000_000).toFixed(6).padStart(10);
