// Several appliances and the network between them: who hears what. The same seed and the same
// commands give the same journal. No judgement: watch.ts.
import type {
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
} from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/router.js';
import type { IpAddress } from '../../src/model/address.js';
import { assert } from '../../src/model/assert.js';
import { Agenda, Chance } from './agenda.js';
import { Appliance, type Surroundings } from './appliance.js';
import { Network, type Quality } from './network.js';

/** Which ways the HA port has. */
export type Paths = 'ha and lan' | 'ha' | 'lan' | 'none';

/** More steps than this without the time moving on: the appliances keep each other busy for ever. */
const STEPS_AT_ONCE = 2_000;

type Advertised = Extract<InstanceEffect, { kind: 'send-advertisement' }>;
type PeerEvent = Extract<InstanceEvent, { kind: 'peer-report' }>;

export const haAddress = (index: number): IpAddress => `10.98.0.${index + 1}` as IpAddress;
export const lanAddress = (index: number): IpAddress => `10.99.0.${index + 1}` as IpAddress;

/** The newest report of each sender and life, and the check that runs: the HA port's memory. */
interface Contact {
  life: number;
  sequence: number;
  event: PeerEvent['report'] | null;
  check: number;
  readonly answered: Set<string>;
}

export class World {
  now = 0;
  steps = 0;
  readonly network: Network;
  readonly appliances: Appliance[] = [];
  readonly journal: string[] = [];
  readonly #verbose: boolean;
  /** Something may have changed that the watch looks at. */
  changed = true;
  /** Called when the time is about to move on to this instant. */
  onPass: (until: number) => void = () => {};
  readonly #agenda = new Agenda();
  readonly #chance: Chance;
  readonly #contacts = new Map<string, Contact>();
  #sequence = 0;

  constructor(seed: number, quality: Quality, verbose: boolean) {
    this.#verbose = verbose;
    this.#chance = new Chance(seed);
    this.network = new Network(this.#agenda, this.#chance, quality);
  }

  add(name: string, configuration: InstanceConfiguration): Appliance {
    const around: Surroundings = {
      agenda: this.#agenda,
      chance: this.#chance,
      now: () => this.now,
      perform: (appliance, effect) => this.#perform(appliance, effect),
      sayFarewell: (appliance, virtualRouter) => this.#sayFarewell(appliance, virtualRouter),
      verbose: this.#verbose,
      journal: (text) => this.log(text),
      changed: () => (this.changed = true),
    };
    const address = lanAddress(this.appliances.length);
    const appliance = new Appliance(around, name, address, configuration);
    this.appliances.push(appliance);
    return appliance;
  }

  named(name: string): Appliance {
    const found = this.appliances.find((one) => one.name === name);
    assert(found !== undefined, `an appliance named ${name}`);
    return found;
  }

  start(appliance: Appliance): void {
    const events = this.appliances.flatMap((other, index): InstanceEvent[] =>
      other === appliance
        ? []
        : [
            {
              kind: 'path-interface',
              peer: other.name,
              address: lanAddress(index),
              interface: 'eth0',
            },
            {
              kind: 'path-interface',
              peer: other.name,
              address: haAddress(index),
              interface: 'eth9',
            },
          ],
    );
    for (const other of this.appliances) this.#contacts.delete(`${appliance.name} ${other.name}`);
    appliance.start(events);
  }

  setUnplugged(appliance: Appliance, on: string, unplugged: boolean): void {
    if (unplugged) appliance.unplugged.add(on);
    else appliance.unplugged.delete(on);
    appliance.receive(() => {
      for (const event of appliance.facts()) appliance.give(event);
    });
  }

  /** Whether packets pass, both ways. */
  connected(a: Appliance, b: Appliance, way: string): boolean {
    const on = way.split(' ')[1] ?? '';
    if (on !== '' && (a.unplugged.has(on) || b.unplugged.has(on))) return false;
    return !this.network.isCut(a.name, b.name, way) && !this.network.isCut(b.name, a.name, way);
  }

  log(text: string): void {
    this.journal.push(`${(this.now / 1_000_000).toFixed(6).padStart(11)} ${text}`);
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
      if (at > this.now) this.onPass(at);
      this.now = Math.max(this.now, at);
      this.steps += 1;
      this.#agenda.take()?.run();
    }
    this.onPass(end);
    this.now = end;
  }

  #perform(from: Appliance, effect: InstanceEffect): void {
    if (effect.kind === 'send-advertisement') this.#advertise(from, effect);
    if (effect.kind === 'check-peer') this.#check(from, effect.peer);
    if (effect.kind === 'peer-news') {
      for (const { name } of from.configuration.peers) this.#tell(from, name, 'push', 0);
    }
  }

  #advertise(from: Appliance, effect: Advertised): void {
    const router = routerNamed(from, effect.virtualRouter);
    if (router === null) return;
    for (const to of this.appliances) {
      if (to !== from) this.#carry(from, to, router, effect, true);
    }
    for (const address of effect.alsoTo) {
      const to = this.appliances.find((_, index) => lanAddress(index) === address);
      if (to !== undefined && router.interface === 'eth0') {
        this.#carry(from, to, router, effect, false);
      }
    }
  }

  #sayFarewell(from: Appliance, virtualRouter: string): void {
    const router = routerNamed(from, virtualRouter);
    if (router === null) return;
    const effect = {
      virtualRouter,
      priority: 0,
      source: from.address,
      dialect: 'rfc9568',
    } as const;
    this.#advertise(from, { kind: 'send-advertisement', alsoTo: [], ...effect });
  }

  #carry(
    from: Appliance,
    to: Appliance,
    router: RouterConfiguration,
    { priority, source, dialect }: Advertised,
    multicast: boolean,
  ): void {
    const on = router.interface;
    if (from.unplugged.has(on)) return;
    const way = `${multicast ? 'lan' : 'unicast'} ${on}`;
    const { life } = to;
    this.network.send(this.now, from.name, to.name, way, () => {
      if (to.unplugged.has(on)) return;
      to.overhear(router.name, priority);
      to.receive(() => {
        if (to.life !== life) return;
        to.give({
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
        });
      });
    });
  }

  #check(from: Appliance, peer: string): void {
    const contact = this.#contact(from.name, peer);
    contact.check += 1;
    contact.answered.clear();
    this.#tell(from, peer, 'request', contact.check);
  }

  /** A message on every path of the peer. */
  #tell(from: Appliance, peer: string, kind: 'request' | 'push', check: number): void {
    const to = this.named(peer);
    const path = from.configuration.peers.find(({ name }) => name === peer);
    for (const address of path?.addresses ?? []) this.#send(from, to, wayTo(address), kind, check);
  }

  #send(
    from: Appliance,
    to: Appliance,
    way: string,
    kind: 'request' | 'answer' | 'push',
    check: number,
  ): void {
    const { report } = from;
    if (report === null) return;
    if (way !== 'ha' && from.unplugged.has('eth0')) return;
    this.#sequence += 1;
    const message = { report, sequence: this.#sequence, life: from.life };
    this.network.send(this.now, from.name, to.name, way, () => {
      if (way !== 'ha' && to.unplugged.has('eth0')) return;
      to.receive(() => {
        if (kind === 'request') this.#send(to, from, way, 'answer', check);
        this.#hear(to, from, way, { ...message, answer: kind === 'answer' ? check : null });
      });
    });
  }

  /** As the HA port: the newest report counts, and one answer per path and check. */
  #hear(
    to: Appliance,
    from: Appliance,
    way: string,
    message: {
      readonly report: PeerEvent['report'];
      readonly sequence: number;
      readonly life: number;
      readonly answer: number | null;
    },
  ): void {
    const contact = this.#contact(to.name, from.name);
    if (message.life < contact.life) return;
    if (message.life > contact.life || message.sequence > contact.sequence) {
      contact.life = message.life;
      contact.sequence = message.sequence;
      contact.event = message.report;
    }
    const answered = message.answer === contact.check && !contact.answered.has(way);
    if (answered) contact.answered.add(way);
    const index = this.appliances.indexOf(from);
    const address = way === 'ha' ? haAddress(index) : lanAddress(index);
    const report = contact.event ?? message.report;
    to.give({ kind: 'peer-report', peer: from.name, address, report, answered });
  }

  #contact(at: string, of: string): Contact {
    const key = `${at} ${of}`;
    const known = this.#contacts.get(key);
    if (known !== undefined) return known;
    const contact: Contact = {
      life: 0,
      sequence: 0,
      event: null,
      check: 0,
      answered: new Set(),
    };
    this.#contacts.set(key, contact);
    return contact;
  }
}

const wayTo = (address: IpAddress): string =>
  address.startsWith('10.98.') ? 'ha' : 'unicast eth0';

const routerNamed = (appliance: Appliance, name: string): RouterConfiguration | null =>
  appliance.configuration.virtualRouters.find((router) => router.name === name) ?? null;
