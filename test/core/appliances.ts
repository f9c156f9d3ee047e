// Several instances and the segments between them, as data: latency, cuts, crashes, scripts that
// take a while. No sockets, no wall clock: the same calls give the same journal. No assertions.
import { Instance } from '../../src/core/instance.js';
import type {
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
} from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import type { RouterSnapshot } from '../../src/core/router-snapshot.js';
import type { IpAddress } from '../../src/model/address.js';
import type { Advertisement, ChecksumDialect } from '../../src/model/advertisement.js';
import { assert } from '../../src/model/assert.js';
import { instant } from '../../src/model/units.js';
import {
  advertisementOf,
  applianceOf,
  cutKey,
  haAddress,
  receive,
  seconds,
  type Appliance,
} from './appliance.js';
import { line, routerOf } from './instance-bench.js';

/** An advertisement or a message of the HA port travels this long, in microseconds. */
const LATENCY = 200;
/** The netlink script takes this long. */
const SCRIPT_TIME = 4_000;
/** The link that the HA port uses beside its own. */
const LAN = 'eth0';
/** More steps than this without the time moving on: the instances keep each other busy for ever. */
const STEPS_AT_ONCE = 1_000;

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
    this.#appliances.set(name, applianceOf(name, address, configuration, instant(this.now)));
  }

  /** A fresh agent on the appliance, which takes away what an earlier one left behind. */
  start(name: string): void {
    this.kill(name);
    const appliance = this.#named(name);
    appliance.instance = new Instance(appliance.configuration, instant(this.now));
    appliance.alive = true;
    appliance.inbox = null;
    appliance.life += 1;
    appliance.report = null;
    this.#tellPaths(appliance);
    this.#tellFacts(appliance);
    this.#give(appliance, { kind: 'start' });
  }

  stop(name: string): void {
    const appliance = this.#named(name);
    this.#give(appliance, { kind: 'stop' });
    appliance.report = null;
  }

  /** Power off: nothing is sent, and the addresses are gone with the appliance. */
  kill(name: string): void {
    const appliance = this.#named(name);
    appliance.alive = false;
    appliance.present.clear();
    appliance.wanted.clear();
  }

  /** Its process stands still; its kernel goes on answering for the addresses. */
  pause(name: string): void {
    this.#named(name).inbox ??= [];
  }

  /** Goes on as the agent does: the stall, then what has arrived, then the clock. */
  resume(name: string): void {
    const appliance = this.#named(name);
    const arrived = appliance.inbox ?? [];
    appliance.inbox = null;
    this.#give(appliance, { kind: 'stalled' });
    for (const take of arrived) take();
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

  /** They are each other's peers, on these ways. To be said before they start. */
  pair(names: readonly string[], ways: readonly ('ha' | 'lan')[]): void {
    for (const name of names) {
      const appliance = this.#named(name);
      const peers = names
        .filter((other) => other !== name)
        .map((other) => ({
          name: other,
          addresses: ways.map((way) => {
            const { address } = this.#named(other);
            return way === 'ha' ? haAddress(address) : address;
          }),
        }));
      appliance.configuration = { ...appliance.configuration, peers };
    }
  }

  configurationOf(name: string): InstanceConfiguration {
    return this.#named(name).configuration;
  }

  /**
   * Nothing passes between the two, either way: on one interface, on the HA link (`ha`), or at all.
   * With `multicast`, no advertisement to the group.
   */
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

  /** Which interface leads to each address of a peer. */
  #tellPaths(appliance: Appliance): void {
    for (const { name: peer, addresses } of appliance.configuration.peers) {
      for (const address of addresses) {
        const on = address === this.#named(peer).address ? LAN : 'ha0';
        this.#give(appliance, { kind: 'path-interface', peer, address, interface: on });
      }
    }
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
      if (effect.kind === 'check-peer') {
        // Many, and always the same.
      } else if (
        event.kind === 'deadline' &&
        effect.kind === 'send-advertisement' &&
        effect.priority > 0 &&
        !transitions
      ) {
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
    if (effect.kind === 'check-peer') this.#tellPeer(appliance, effect.peer, 'request');
    if (effect.kind === 'peer-news') {
      appliance.report = effect.report;
      for (const { name } of appliance.configuration.peers) this.#tellPeer(appliance, name, 'push');
    }
    if (effect.kind === 'send-advertisement' && router !== undefined) {
      this.#advertise(appliance, router, effect);
    }
  }

  #advertise(
    appliance: Appliance,
    router: RouterConfiguration,
    effect: Extract<InstanceEffect, { kind: 'send-advertisement' }>,
  ): void {
    const { interface: on } = router;
    if (appliance.missing.has(on)) return;
    const advertisement = advertisementOf(router, effect.priority);
    for (const to of this.#appliances.values()) {
      if (to === appliance) continue;
      const { source, dialect } = effect;
      if (!this.#isCut(appliance, to, [on, 'multicast'])) {
        this.#deliver(to, router, advertisement, source, dialect);
      }
      if (effect.alsoTo.includes(to.address) && !this.#isCut(appliance, to, [on])) {
        this.#deliver(to, router, advertisement, source, dialect, false);
      }
    }
  }

  /** A message on every path of the peer. */
  #tellPeer(from: Appliance, name: string, kind: 'request' | 'push'): void {
    const paths = from.configuration.peers.find((peer) => peer.name === name)?.addresses ?? [];
    for (const path of paths) this.#message(from, this.#named(name), path, kind);
  }

  /** On the path that leads to this address of the receiver. */
  #message(
    from: Appliance,
    to: Appliance,
    path: IpAddress,
    kind: 'request' | 'answer' | 'push',
  ): void {
    const { report } = from;
    const on = path === to.address ? LAN : 'ha';
    if (!from.alive || report === null || this.#isCut(from, to, [on])) return;
    if (from.missing.has(on) || to.missing.has(on)) return;
    const { life } = to;
    this.#at(this.now + LATENCY, () => {
      const back = on === LAN ? from.address : haAddress(from.address);
      const answered = kind === 'answer';
      receive(to, () => {
        // Whoever has stopped, or has not started yet, has no HA port.
        if (life !== to.life || to.report === null) return;
        this.#give(to, { kind: 'peer-report', peer: from.name, address: back, report, answered });
        if (kind === 'request') this.#message(to, from, back, 'answer');
      });
    });
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
    multicast = true,
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
      const how = { source, dialect, multicast };
      receive(to, () =>
        this.#give(to, { kind: 'advertisement', virtualRouter, advertisement, ...how }),
      );
    });
  }

  #isCut(a: Appliance, b: Appliance, ways: readonly string[]): boolean {
    return ['*', ...ways].some((where) => this.#cuts.has(cutKey(a.name, b.name, where)));
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
      const runs = appliance.alive && appliance.inbox === null;
      const deadline = runs ? appliance.instance.nextDeadline() : null;
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
