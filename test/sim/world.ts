// Several appliances and the network between them: who hears what. The same seed and the same
// commands give the same journal. No judgement: watch.ts.
import type {
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
} from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import type { IpAddress } from '../../src/model/address.js';
import { assert } from '../../src/model/assert.js';
import { Agenda, Chance } from './agenda.js';
import { Appliance, type Surroundings } from './appliance.js';
import { Contact, type Message } from './contact.js';
import { Client, Engine, localRate, type WitnessSetting } from './witness.js';
import { LATENCY, Network, WAYS, type Quality, type Way } from './network.js';

/** More steps than this without the time moving on: the appliances keep each other busy for ever. */
const STEPS_AT_ONCE = 2_000;

export type Advertised = Extract<InstanceEffect, { kind: 'send-advertisement' }>;
/** What a receiver sees of one. */
export type Heard = Pick<Advertised, 'priority' | 'source' | 'dialect'>;

export const haAddress = (index: number): IpAddress => `10.98.0.${index + 1}` as IpAddress;
export const lanAddress = (index: number): IpAddress => `10.99.0.${index + 1}` as IpAddress;
/** Of the HA port's path on the LAN, where that is of IPv6. */
export const lanAddress6 = (index: number): IpAddress => `2001:db8:63::${index + 1}` as IpAddress;
/** The other way round than IPv4: link-local addresses come from the hardware. */
export const linkLocalAddress = (index: number): IpAddress => `fe80::${9 - index}` as IpAddress;

export class World {
  now = 0;
  steps = 0;
  /** Those that all have as long as no settings are changed. */
  readonly virtualRouters: readonly RouterConfiguration[];
  readonly network: Network;
  readonly appliances: readonly Appliance[];
  /** Null where the scenario has no witness. */
  readonly engine: Engine | null;
  /** What happened, one line each; empty unless verbose. */
  readonly journal: string[] = [];
  /** Where the switch has seen the virtual MAC address of each virtual router last: the index of an appliance. */
  readonly seenAt = new Map<string, number>();
  /** Virtual routers that one which nobody knows has taken. */
  readonly strangers = new Set<string>();
  /** How often things happened. */
  readonly counts = new Map<string, number>();
  readonly #verbose: boolean;
  /** When a role or an address was last told to move. */
  movedAt = 0;
  /** Something may have changed that the watch looks at. */
  changed = true;
  /** Called when the time is about to move on to this instant. */
  onPass: (until: number) => void = () => {};
  /** Called when an appliance advertises at a priority of its own. */
  onAdvertised: (from: Appliance, effect: Advertised) => void = () => {};
  /** Called when an appliance announces the addresses of a virtual router. */
  onAnnounced: (from: Appliance, virtualRouter: string) => void = () => {};
  /** Called with what each event made an appliance do, for the watch. */
  onDone: Surroundings['handled'] = () => {};
  /** The same, for whoever wants to see it. */
  onHandled: Surroundings['handled'] = () => {};
  readonly #agenda = new Agenda();
  readonly #chance: Chance;
  /** What each appliance's HA port knows of each other one. */
  readonly #contacts: Contact[][];

  constructor(
    seed: number,
    quality: Quality,
    configurations: readonly InstanceConfiguration[],
    verbose: boolean,
    witness: WitnessSetting | null = null,
  ) {
    this.#verbose = verbose;
    this.virtualRouters = configurations[0]?.virtualRouters ?? [];
    this.#chance = new Chance(seed);
    const size = configurations.length;
    this.network = new Network(this.#agenda, this.#chance, quality, size);
    const around = this.#surroundings();
    this.engine = witness && new Engine(around, witness);
    this.appliances = configurations.map((configuration, index) => {
      const addresses = { ipv4: lanAddress(index), ipv6: linkLocalAddress(index) };
      const appliance = new Appliance(around, index, addresses, configuration);
      if (witness !== null) appliance.rate = localRate(witness, index);
      return appliance;
    });
    this.#contacts = this.appliances.map(() => []);
  }

  #surroundings(): Surroundings {
    return {
      agenda: this.#agenda,
      chance: this.#chance,
      now: () => this.now,
      handled: (appliance, event, effects) => {
        this.onHandled(appliance, event, effects);
        this.onDone(appliance, event, effects);
      },
      perform: (appliance, effect) => this.#perform(appliance, effect),
      openWitness: (appliance) => this.#openWitness(appliance),
      sayFarewell: (appliance, virtualRouter) => this.#sayFarewell(appliance, virtualRouter),
      journal: (text) => this.log(text),
      count: (what) => this.count(what),
      moved: () => (this.movedAt = this.now),
      changed: () => (this.changed = true),
    };
  }

  #openWitness(appliance: Appliance): Client | null {
    if (this.engine === null) return null;
    const { life, name } = appliance;
    const around = { agenda: this.#agenda, chance: this.#chance, now: () => this.now };
    return new Client(around, this.engine, {
      name,
      local: () => appliance.local(),
      counts: (what) => this.count(what),
      hears: (fact) => {
        this.log(() => `${name} witness: ${JSON.stringify(fact)}`);
        appliance.receive(() => {
          if (appliance.life === life) appliance.give({ kind: 'witness', fact });
        });
      },
    });
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  start(appliance: Appliance): void {
    const others = this.appliances.filter((other) => other !== appliance);
    const paths = others.flatMap((other): InstanceEvent[] => [
      {
        kind: 'path-interface',
        peer: other.name,
        address: pathTo(appliance, other, 'unicast eth0'),
        interface: 'eth0',
      },
      {
        kind: 'path-interface',
        peer: other.name,
        address: pathTo(appliance, other, 'ha'),
        interface: 'eth9',
      },
    ]);
    const session = appliance.life + 1;
    this.#contacts[appliance.index] = this.appliances.map(() => new Contact(session));
    appliance.start(paths);
  }

  setUnplugged(appliance: Appliance, on: string, unplugged: boolean): void {
    if (unplugged) appliance.unplugged.add(on);
    else appliance.unplugged.delete(on);
    this.changed = true;
    appliance.receive(() => {
      for (const event of appliance.facts()) appliance.give(event);
    });
  }

  /** Whether packets pass. */
  reaches(from: Appliance, to: Appliance, way: Way): boolean {
    return isOnWay(from, way) && isOnWay(to, way) && !this.network.isCut(from.index, to.index, way);
  }

  /** Whether packets pass, both ways. */
  connected(a: Appliance, b: Appliance, way: Way): boolean {
    return this.reaches(a, b, way) && this.reaches(b, a, way);
  }

  /** Something that happens then. */
  at(instant: number, run: () => void): void {
    this.#agenda.add(instant, 0, run);
  }

  /** Something that happens of itself, at some moment within so many microseconds. */
  later(within: number, run: () => void): void {
    this.#agenda.add(this.now + this.#chance.between(0, within), 0, run);
  }

  log(text: () => string): void {
    if (!this.#verbose) return;
    this.journal.push(`${(this.now / 1_000_000).toFixed(6).padStart(11)} ${text()}`);
  }

  /** Lets the time pass: packets first, then the clock. */
  run(duration: number): void {
    const end = this.now + duration;
    let atOnce = 0;
    for (;;) {
      const at = this.#agenda.soonest;
      if (at === null || at > end) break;
      atOnce = at > this.now ? 0 : atOnce + 1;
      assert(atOnce < STEPS_AT_ONCE, `progress at ${this.now} µs`);
      if (at > this.now) {
        this.onPass(at);
        this.now = at;
      }
      this.steps += 1;
      this.#agenda.take()?.run();
    }
    this.onPass(end);
    this.now = end;
  }

  #perform(from: Appliance, effect: InstanceEffect): void {
    if (effect.kind === 'send-advertisement') this.#advertise(from, effect);
    if (effect.kind === 'announce') {
      this.onAnnounced(from, effect.virtualRouter);
      this.#see(from, this.#routerNamed(from, effect.virtualRouter));
    }
    if (effect.kind === 'check-peer') {
      const to = this.appliances.find(({ name }) => name === effect.peer);
      if (to === undefined) return;
      this.#contact(from, to).beginCheck();
      this.#tell(from, to, 'request');
    }
    if (effect.kind === 'peer-news') {
      for (const to of this.appliances) if (to !== from) this.#tell(from, to, 'push');
    }
  }

  /** One that is in the settings no longer says farewell. */
  #routerNamed({ configuration }: Appliance, name: string): RouterConfiguration {
    const known = [...configuration.virtualRouters, ...this.virtualRouters];
    const found = known.find((router) => router.name === name);
    assert(found !== undefined, `a virtual router named ${name}`);
    return found;
  }

  #sayFarewell(from: Appliance, virtualRouter: string): void {
    const { family } = this.#routerNamed(from, virtualRouter);
    const source = from.addresses[family];
    const common = { kind: 'send-advertisement', virtualRouter, source, alsoTo: [] } as const;
    this.#advertise(from, { ...common, priority: 0, dialect: 'rfc9568' });
    // Nobody knows by then which form of the checksum was spoken. Where nobody speaks the old one, this changes nothing.
    if (family === 'ipv4' && this.#isOldSpoken())
      this.#advertise(from, { ...common, priority: 0, dialect: 'rfc5798' });
  }

  #isOldSpoken(): boolean {
    return this.appliances.some(({ configuration }) =>
      configuration.virtualRouters.some(({ checksum }) => checksum === 'rfc5798'),
    );
  }

  /** Before its addresses stand an appliance speaks from its own MAC address. */
  #see(from: Appliance, { name, interface: on }: RouterConfiguration): void {
    if (!from.isOn(on) || !from.kernel.present.has(name) || this.seenAt.get(name) === from.index)
      return;
    this.seenAt.set(name, from.index);
    this.changed = true;
  }

  #advertise(from: Appliance, effect: Advertised): void {
    const router = this.#routerNamed(from, effect.virtualRouter);
    const on = router.interface;
    if (!from.isOn(on)) return;
    this.#see(from, router);
    if (effect.priority > 0) this.onAdvertised(from, effect);
    const group = on === 'eth1' ? 'lan eth1' : 'lan eth0';
    for (const to of this.appliances) {
      if (to !== from) this.#carry(from, to, router, effect, group);
    }
    if (effect.alsoTo.length === 0 || on !== 'eth0') return;
    for (const to of this.appliances) {
      if (!effect.alsoTo.includes(lanAddress(to.index))) continue;
      this.count('advertisement by unicast');
      this.#carry(from, to, router, effect, 'unicast eth0');
    }
  }

  #carry(
    from: Appliance,
    to: Appliance,
    router: RouterConfiguration,
    heard: Advertised,
    way: Way,
  ): void {
    const multicast = way !== 'unicast eth0';
    const arrive = this.#arriving(to, router, heard, multicast);
    this.network.send(this.now, from.index, to.index, way, arrive);
  }

  /** An advertisement of somebody who is none of the appliances, on the link; all hear it but `except`. */
  intrude(router: RouterConfiguration, heard: Heard, except: Appliance | null = null): void {
    for (const to of this.appliances) {
      if (to === except) continue;
      this.#agenda.add(this.now + LATENCY, 0, this.#arriving(to, router, heard, true));
    }
  }

  /** What happens when it arrives, unless the appliance was started again meanwhile. */
  #arriving(
    to: Appliance,
    router: RouterConfiguration,
    { priority, source, dialect }: Heard,
    multicast: boolean,
  ): () => void {
    const { life } = to;
    const event: InstanceEvent = {
      kind: 'advertisement',
      virtualRouter: router.name,
      advertisement: {
        vrid: router.vrid,
        priority,
        maxAdvertiseInterval: router.advertisementInterval,
        addresses: router.addresses.map(({ address }) => address),
      },
      source,
      dialect,
      multicast,
    };
    return () => {
      if (!to.isOn(router.interface)) return;
      to.overhear(router.name, priority);
      to.receive(() => {
        if (to.life !== life || !to.carries(router.name)) return;
        if (dialect === 'rfc5798' && priority > 0) to.heardOld.add(router.name);
        to.give(event);
      }, true);
    };
  }

  /** A message on every path of the peer. */
  #tell(from: Appliance, to: Appliance, kind: 'request' | 'push'): void {
    const peer = from.configuration.peers.find(({ name }) => name === to.name);
    if (peer === undefined || from.report === null) return;
    const contact = this.#contact(from, to);
    for (const address of peer.addresses) {
      this.#send(from, to, contact.compose(kind, from.report), wayTo(address));
    }
  }

  #send(from: Appliance, to: Appliance, message: Message, way: Way): void {
    if (!isOnWay(from, way)) return;
    const { life } = to;
    this.network.send(this.now, from.index, to.index, way, () => {
      if (!isOnWay(to, way)) return;
      to.receive(() => {
        if (to.life === life) this.#hear(to, from, message, way);
      });
    });
  }

  #hear(to: Appliance, from: Appliance, message: Message, way: Way): void {
    const contact = this.#contact(to, from);
    const answer = to.report === null ? null : contact.answer(message, way, to.report);
    if (answer !== null) this.#send(to, from, answer, way);
    const believed = contact.receive(message, way);
    if (believed === null) return;
    const address = pathTo(to, from, way);
    to.hear({ kind: 'peer-report', peer: from.name, address, ...believed });
  }

  #contact(at: Appliance, of: Appliance): Contact {
    const contact = this.#contacts[at.index]?.[of.index];
    assert(contact !== undefined, `${at.name} has started`);
    return contact;
  }
}

const isOnWay = (appliance: Appliance, way: Way): boolean =>
  way === 'ha' ? appliance.agent !== 'off' : appliance.isOn(way === 'lan eth1' ? 'eth1' : 'eth0');

/** The path of the HA port, or where it would be. */
function pathTo({ configuration }: Appliance, { name, index }: Appliance, way: Way): IpAddress {
  const peer = configuration.peers.find((one) => one.name === name);
  const path = peer?.addresses.find((address) => wayTo(address) === way);
  return path ?? (way === 'ha' ? haAddress(index) : lanAddress(index));
}

const wayTo = (address: IpAddress): Way => (address.startsWith('10.98.') ? 'ha' : 'unicast eth0');

/** The group on the link of this virtual router. */
export const groupOf = ({ interface: on }: RouterConfiguration): Way =>
  WAYS.find((way) => way === `lan ${on}`) ?? 'lan eth0';
