// The witness of a world: an engine with one lease, and a client beside each agent, as src/witness and the prober are
// seen by the core: what is read late, lost, refused or forgotten. No elections, no judgement.
import type { WitnessFact, WitnessOrder } from '../../src/model/witness.js';
import { ORDER_LAPSES } from '../../src/model/witness.js';
import { instant, microseconds } from '../../src/model/units.js';
import type { Agenda, Chance } from './agenda.js';

/** As the settings of a scenario have it. */
export interface WitnessSetting {
  /** Microseconds. */
  readonly ttl: number;
  readonly margin: number;
  /** One way, at most. */
  readonly latency: number;
  /** Of a hundred requests so many are lost. */
  readonly loss: number;
  /** Of a million, by how much each clock runs fast: the engine's first, then the appliances'. */
  readonly drift: readonly number[];
}

/** Whose client it is. */
export interface Asker {
  readonly name: string;
  /** The agent's own clock. */
  local(): number;
  /** The agent reads a fact when it runs. */
  hears(fact: WitnessFact): void;
  counts(what: string): void;
}

export interface Clockwork {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly now: () => number;
}

interface Lease {
  readonly holder: string;
  readonly token: string;
  readonly expiresAt: number;
}

/** By a clock of its own a lease is over sooner or later than by ours. */
const rateOf = ({ drift }: WitnessSetting, index: number): number => 1 + (drift[index] ?? 0) / 1e6;

export const localRate = (setting: WitnessSetting, appliance: number): number =>
  rateOf(setting, appliance + 1);

export class Engine {
  /** It is stopped, or has no leader: nobody is answered. */
  down = false;
  readonly cut = new Set<string>();
  readonly setting: WitnessSetting;
  /** Its clients see it change: what never goes back in an engine that lives has gone back. */
  generation = 0;
  readonly #around: Clockwork;
  #lease: Lease | null = null;
  #granted = 0;

  constructor(around: Clockwork, setting: WitnessSetting) {
    this.#around = around;
    this.setting = setting;
  }

  reaches(name: string): boolean {
    return !this.down && !this.cut.has(name);
  }

  /** Everything is forgotten. */
  empty(): void {
    this.#lease = null;
    this.generation += 1;
  }

  /** A new leader gives every lease its whole time again. */
  changeLeader(): void {
    const { now } = this.#around;
    if (this.#lease !== null) this.#lease = { ...this.#lease, expiresAt: now() + this.#ttl() };
  }

  #ttl(): number {
    return this.setting.ttl / rateOf(this.setting, 0);
  }

  #current(): Lease | null {
    if (this.#lease !== null && this.#lease.expiresAt <= this.#around.now()) this.#lease = null;
    return this.#lease;
  }

  /** Acquires or renews; answers whose it is. */
  acquire(holder: string, token: string | null): Lease {
    const current = this.#current();
    if (current !== null && (current.holder !== holder || current.token !== token)) return current;
    if (current === null) this.#granted += 1;
    const expiresAt = this.#around.now() + this.#ttl();
    this.#lease = { holder, token: `${this.#granted}`, expiresAt };
    return this.#lease;
  }

  release(holder: string): void {
    if (this.#lease?.holder === holder) this.#lease = null;
  }

  read(): Lease | null {
    return this.#current();
  }
}

/** A lease that was just renewed lasts longer than this part of its ttl, however late the answer is. */
const FOUND = 0.5;

export class Client {
  readonly #around: Clockwork;
  readonly #engine: Engine;
  readonly #asker: Asker;
  #order: WitnessOrder = 'watch';
  #orderedAt = 0;
  #token: string | null = null;
  /** Of the last answer; null before the first. */
  #generation: number | null = null;
  /** By the agent's clock: until then nothing counts, since somebody may count on a lease that was forgotten. */
  #waitingUntil = -Infinity;
  #asked = 0;
  #runs = true;
  /** Whether it was ever without an answer. */
  wasAway = false;
  /** The latest request that was answered, or given up on. */
  #heard = 0;

  constructor(around: Clockwork, engine: Engine, asker: Asker) {
    this.#around = around;
    this.#engine = engine;
    this.#asker = asker;
    this.#askAfter(0);
  }

  /** The agent has ended: the lease is given back, if the engine hears of it. */
  end(): void {
    if (!this.#runs) return;
    this.#runs = false;
    const { name } = this.#asker;
    if (this.#engine.reaches(name)) this.#engine.release(name);
  }

  /** The power is cut: nothing is said. */
  vanish(): void {
    this.#runs = false;
  }

  order(order: WitnessOrder): void {
    const changed = order !== this.#order;
    this.#order = order;
    this.#orderedAt = this.#around.now();
    if (changed) this.#ask();
  }

  #askAfter(delay: number): void {
    this.#asked += 1;
    const asked = this.#asked;
    const { agenda } = this.#around;
    agenda.add(this.#around.now() + Math.ceil(delay), 0, () => {
      if (this.#runs && asked === this.#asked) this.#ask();
    });
  }

  /** One request, and what becomes of it; then the next one. */
  #ask(): void {
    const { agenda, chance, now } = this.#around;
    const { ttl, latency, loss } = this.#engine.setting;
    const { name } = this.#asker;
    const sentAt = this.#asker.local();
    const order = this.#waitsFor() > 0 ? 'watch' : this.#inForce();
    const there = chance.between(10, latency);
    const back = chance.between(10, latency);
    this.#askAfter(ttl / 3);
    const request = this.#asked;
    const isLost = chance.happens(loss / 100);
    agenda.add(now() + there, 0, () => {
      if (!this.#runs || isLost || !this.#engine.reaches(name)) {
        this.#fail(request, ttl / 4 - there);
        return;
      }
      const fact = this.#carryOut(order, sentAt);
      const { generation } = this.#engine;
      agenda.add(now() + back, 0, () => {
        if (!this.#engine.reaches(name)) this.#fail(request, ttl / 4 - there - back);
        else this.#hear(request, fact, generation);
      });
    });
  }

  #inForce(): WitnessOrder {
    const { ttl } = this.#engine.setting;
    const isOld = this.#around.now() - this.#orderedAt > ttl * ORDER_LAPSES;
    return this.#order === 'hold' && isOld ? 'watch' : this.#order;
  }

  #carryOut(order: WitnessOrder, sentAt: number): WitnessFact {
    const { name } = this.#asker;
    const { ttl } = this.#engine.setting;
    const now = this.#around.now();
    if (order === 'release') this.#engine.release(name);
    const lease = order === 'hold' ? this.#engine.acquire(name, this.#token) : this.#engine.read();
    if (lease === null) return { kind: 'free' };
    if (lease.holder === name && order === 'hold') {
      this.#token = lease.token;
      // One that was found, as after a time in which its token was forgotten, is not renewed yet: the rest of it counts.
      const until = instant(sentAt + Math.floor(Math.min(ttl, lease.expiresAt - now) * 0.99));
      return { kind: 'ours', token: lease.token, until, ttl: microseconds(ttl) };
    }
    // Another life of ours is somebody else.
    const expiresIn = microseconds(Math.max(0, Math.floor(lease.expiresAt - now)));
    return { kind: 'others', holder: lease.holder, token: lease.token, expiresIn };
  }

  #waitsFor(): number {
    return this.#waitingUntil - this.#asker.local();
  }

  #hear(request: number, fact: WitnessFact, generation: number): void {
    if (!this.#runs || request < this.#heard) return;
    this.#heard = request;
    const { ttl } = this.#engine.setting;
    if (this.#generation !== null && this.#generation !== generation) {
      this.#waitingUntil = this.#asker.local() + ttl / 0.99;
    }
    this.#generation = generation;
    if (this.#waitsFor() > 0) {
      this.#token = null;
      this.#askAfter(Math.min(ttl / 3, this.#waitsFor()));
      this.#isAway('it was emptied');
      return;
    }
    if (fact.kind === 'others') {
      // Whoever watches looks again when it should have ended.
      this.#askAfter(Math.min(ttl / 3, fact.expiresIn + 5_000));
    }
    // Of one that was found the rest may be short: it is renewed at once.
    if (fact.kind === 'ours' && fact.until - this.#asker.local() < ttl * FOUND) this.#askAfter(0);
    this.#asker.counts(`witness ${fact.kind}`);
    this.#asker.hears(fact);
  }

  #fail(request: number, delay: number): void {
    this.#around.agenda.add(this.#around.now() + Math.max(0, Math.ceil(delay)), 0, () => {
      if (!this.#runs || request < this.#heard) return;
      this.#heard = request;
      this.#isAway('no answer in time');
    });
  }

  #isAway(why: string): void {
    this.wasAway = true;
    this.#asker.counts('witness away');
    this.#asker.hears({ kind: 'away', why });
  }
}
