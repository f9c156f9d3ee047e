// Keeps the lease of a witness as it is ordered to, and says what is known of it: when it asks, how long it waits for an
// answer, and until when the lease may be counted on. No engine, no role, no messages.
import { ORDER_LAPSES, type WitnessFact, type WitnessOrder } from '../model/witness.js';
import { after, microseconds, type Instant, type Microseconds } from '../model/units.js';
import { machineClock, type LeaseClock } from './clock.js';
import type { Reading, Witness } from './witness.js';

interface KeeperOptions {
  readonly witness: Witness;
  /** Name of this appliance, and what tells this boot of it from others: see `ownerText`. */
  readonly owner: string;
  /** The names of all appliances of the group. */
  readonly group: ReadonlySet<string>;
  readonly ttlSeconds: number;
  /** After each question one fact, also when it is as before. */
  readonly onFact: (fact: WitnessFact) => void;
  /** For tests. */
  readonly clock?: LeaseClock;
}

export interface Keeper {
  /**
   * Carried out at once, or when the question that is under way has ended. An order to hold that is not repeated
   * within ORDER_LAPSES of a ttl counts no longer: whoever gave it hangs, and must not keep the lease by us.
   */
  order(order: WitnessOrder): void;
  /** Asks no more. A lease that is ours stays until it ends by itself. */
  close(): void;
  /** The same, after a lease that is to be given back has been. Never rejects, and ends in time. */
  leave(): Promise<void>;
}

/** A question is asked this often in a ttl, and waits for its answer as long as that, at most. */
const QUESTIONS_IN_TTL = 6;
/** Between two questions about a lease that is about to end. */
const EAGER_MS = 100;
/** The longest that an end waits for an answer. */
const LEAVING_MS = 500;
/** What remains of a ttl when two clocks run 1 % apart. */
export const REMAINING = 0.99;

/** `dallas-1 0f3c…`: an agent that is started again has the lease of the one before it; after a reboot it has not. */
export const ownerText = (name: string, boot: string): string => `${name} ${boot}`;

/** The name in the text of an owner. */
const nameOf = (owner: string): string => owner.split(' ')[0] ?? owner;

/** Asks only to read, until it is ordered to do more. */
export const startKeeper = (options: KeeperOptions): Keeper => new LeaseKeeper(options);

class LeaseKeeper implements Keeper {
  readonly #options: KeeperOptions;
  readonly #clock: LeaseClock;
  /** Between two questions, and the longest that one waits. */
  readonly #intervalMs: number;
  #order: WitnessOrder = 'watch';
  #orderedAt: Instant;
  /** Of the tenure that is ours; null while none is. */
  #token: string | null = null;
  /** Of the last answer; null before the first. */
  #generation: number | null = null;
  /** Until then nothing that the witness says counts: it has forgotten a lease that somebody may count on. */
  #waitingUntil: Instant | null = null;
  #closed = false;
  #underWay = false;
  /** Another order came while a question was under way. */
  #hurried = false;
  #next: NodeJS.Timeout | null = null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#clock = options.clock ?? machineClock;
    this.#orderedAt = this.#clock.now();
    this.#intervalMs = (options.ttlSeconds * 1_000) / QUESTIONS_IN_TTL;
    this.#schedule(0);
  }

  order(order: WitnessOrder): void {
    const now = this.#clock.now();
    const inForce = this.#orderInForce(now);
    this.#orderedAt = now;
    if (order === inForce) return;
    this.#order = order;
    if (this.#underWay) this.#hurried = true;
    else this.#schedule(0);
  }

  close(): void {
    this.#closed = true;
    if (this.#next !== null) clearTimeout(this.#next);
    this.#options.witness.close();
  }

  async leave(): Promise<void> {
    const token = this.#token;
    if (this.#order === 'release' && token !== null && !this.#closed) {
      const limit = AbortSignal.timeout(LEAVING_MS);
      await this.#options.witness.release(token, limit).catch(() => undefined);
    }
    this.close();
  }

  #schedule(inMs: number): void {
    if (this.#closed) return;
    if (this.#next !== null) clearTimeout(this.#next);
    this.#next = setTimeout(() => void this.#turn(), inMs);
  }

  /** One question, one fact, and when the next question is due. Never rejects. */
  async #turn(): Promise<void> {
    this.#underWay = true;
    this.#hurried = false;
    const startedAt = this.#clock.now();
    const pauseMs = await this.#ask(startedAt);
    this.#underWay = false;
    const passedMs = (this.#clock.now() - startedAt) / 1_000;
    this.#schedule(this.#hurried ? 0 : Math.max(0, pauseMs - passedMs));
  }

  /** @returns from the start of this question to the next, in ms. */
  async #ask(startedAt: Instant): Promise<number> {
    const suspended = this.#clock.suspendedAtLeast();
    const order = this.#orderInForce(startedAt);
    let reading: Reading;
    try {
      reading = await this.#inTime((signal) => this.#question(order, signal));
    } catch (error) {
      this.#tell({ kind: 'away', why: error instanceof Error ? error.message : String(error) });
      return this.#intervalMs;
    }
    if (this.#closed) return this.#intervalMs;
    const waiting = this.#waiting(reading.generation);
    if (waiting !== null) {
      this.#token = null;
      this.#tell({ kind: 'away', why: waiting });
      return Math.min(this.#intervalMs, this.#waitsForMs());
    }
    // What passed while the machine was suspended has passed for the witness.
    const lost = Math.max(0, this.#clock.suspendedAtMost() - suspended);
    const sentAt = after(startedAt, microseconds(-lost));
    const fact = this.#factOf(reading, sentAt, order);
    this.#tell(fact);
    return this.#pauseAfter(fact, order, reading);
  }

  #orderInForce(now: Instant): WitnessOrder {
    const lapsesAt = this.#orderedAt + this.#options.ttlSeconds * 1_000_000 * ORDER_LAPSES;
    return this.#order === 'hold' && now > lapsesAt ? 'watch' : this.#order;
  }

  async #question(order: WitnessOrder, signal: AbortSignal): Promise<Reading> {
    const { witness, owner, ttlSeconds } = this.#options;
    const token = this.#token;
    // As long as what the witness says does not count, the lease is only read, and not taken.
    if (this.#waitingUntil !== null) return witness.read(signal);
    if (order === 'hold') {
      return token === null
        ? witness.acquire(owner, ttlSeconds, signal)
        : witness.renew(owner, token, signal);
    }
    if (order === 'release' && token !== null) {
      await witness.release(token, signal);
      this.#token = null;
    }
    return witness.read(signal);
  }

  /** An answer that comes later is not waited for, and not looked at. */
  #inTime(ask: (signal: AbortSignal) => Promise<Reading>): Promise<Reading> {
    const ending = new AbortController();
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        ending.abort();
        // An engine that heeds the signal says more; one that does not is not waited for.
        setImmediate(() => reject(new Error(`no answer within ${this.#intervalMs} ms`)));
      }, this.#intervalMs);
      ask(ending.signal)
        .then(resolve, reject)
        .finally(() => clearTimeout(limit));
    });
  }

  #waitsForMs(): number {
    return Math.max(1, ((this.#waitingUntil ?? 0) - this.#clock.now()) / 1_000);
  }

  /** Why an answer of this generation does not count yet; null when it does. */
  #waiting(generation: number): string | null {
    const now = this.#clock.now();
    const ttl = this.#options.ttlSeconds * 1_000_000;
    if (this.#generation !== null && this.#generation !== generation) {
      // 1 % more, as the other appliance's clock may run slower than ours.
      this.#waitingUntil = after(now, microseconds(ttl / REMAINING));
    }
    this.#generation = generation;
    if (this.#waitingUntil === null) return null;
    const left = this.#waitingUntil - now;
    if (left > 0) {
      const seconds = Math.ceil(left / 1_000_000);
      return `it was emptied, or went back to an earlier state: who held the lease may count on it for another ${seconds} s, and then it counts again`;
    }
    this.#waitingUntil = null;
    return null;
  }

  #factOf(reading: Reading, sentAt: Instant, order: WitnessOrder): WitnessFact {
    const { owner, group } = this.#options;
    if (reading.kind === 'free') {
      this.#token = null;
      return { kind: 'free' };
    }
    const { token } = reading;
    if (reading.owner === owner) {
      // Ours, or that of the agent before us, which an order to hold it will renew; one that was released is no longer.
      this.#token = token;
      if (order === 'release') return { kind: 'free' };
      return {
        kind: 'ours',
        token,
        until: after(sentAt, ofMs(reading.atLeastMs * REMAINING)),
        ttl: ofMs(reading.ttlMs),
      };
    }
    this.#token = null;
    const holder = nameOf(reading.owner);
    if (!group.has(holder)) return { kind: 'away', why: strange(holder) };
    return { kind: 'others', holder, token, expiresIn: ofMs(reading.atLeastMs) };
  }

  #pauseAfter(fact: WitnessFact, order: WitnessOrder, reading: Reading): number {
    if (order === 'hold' && fact.kind === 'free') return EAGER_MS;
    if (order === 'release' && reading.kind === 'held' && fact.kind === 'free') return EAGER_MS;
    if (reading.kind !== 'held') return this.#intervalMs;
    // Whether it is renewed is soon known, also to one who only watches.
    if (fact.kind === 'others') {
      return Math.min(this.#intervalMs, Math.max(EAGER_MS, reading.atLeastMs));
    }
    // A tenure found, not renewed: the rest of it may be short.
    const whole = reading.atLeastMs === reading.ttlMs;
    if (order !== 'hold' || fact.kind !== 'ours' || whole) return this.#intervalMs;
    return reading.atLeastMs === 0 ? EAGER_MS : 0;
  }

  #tell(fact: WitnessFact): void {
    if (!this.#closed) this.#options.onFact(fact);
  }
}

const ofMs = (ms: number): Microseconds => microseconds(Math.floor(ms * 1_000));

const strange = (holder: string): string =>
  `the lease is held by ${/^[A-Za-z0-9._-]{1,64}$/.test(holder) ? holder : 'somebody'}, which is no appliance of this group: give each group a key of its own (witness.key)`;
