// A witness in memory, for tests: one lease, any number of clients. Its clock is the test's. It can hang, lie and forget.
import { WitnessAway, type Reading, type Witness } from '../../src/witness/witness.js';

interface Lease {
  readonly owner: string;
  readonly token: string;
  readonly ttlMs: number;
  endsAtMs: number;
}

export class FakeWitness {
  readonly #nowMs: () => number;
  #lease: Lease | null = null;
  #granted = 0;
  #generation = 0;
  #until: Promise<void> | null = null;
  /** Every question: `acquire a`, `renew a 1`, `release 1`, `read`. */
  readonly asked: string[] = [];
  /** Answers nothing, whoever asks, not even when he stops waiting. */
  hanging = false;
  /** The answer to each question from now on, whatever is so. */
  lie: (() => Reading) | null = null;
  /** Why nobody gets an answer. */
  refusal: string | null = null;
  /** Grants another time than is asked for, in ms. */
  grantsMs: number | null = null;
  closed = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Answers nothing until the call that this returns; then every question since gets its answer, however late. */
  delay(): () => void {
    let answer = (): void => undefined;
    this.#until = new Promise((resolve) => (answer = resolve));
    return () => {
      this.#until = null;
      answer();
    };
  }

  /** It was emptied: nobody has the lease, and whoever asks can see that. */
  forget(): void {
    this.#lease = null;
    this.#generation += 1;
  }

  /** As if somebody else had asked. */
  grant(owner: string, ttlMs: number): void {
    this.#granted += 1;
    const endsAtMs = this.#nowMs() + ttlMs;
    this.#lease = { owner, token: String(this.#granted), ttlMs, endsAtMs };
  }

  /** Who has the lease now. */
  holder(): string | null {
    return this.#current()?.owner ?? null;
  }

  client(): Witness {
    return {
      acquire: (owner, ttlSeconds) =>
        this.#answer(`acquire ${owner}`, () => {
          if (this.#current() === null) this.grant(owner, this.grantsMs ?? ttlSeconds * 1_000);
        }),
      renew: (owner, token) =>
        this.#answer(`renew ${owner} ${token}`, () => {
          const lease = this.#current();
          if (lease?.token === token) lease.endsAtMs = this.#nowMs() + lease.ttlMs;
        }),
      release: async (token) => {
        await this.#answer(`release ${token}`, () => {
          if (this.#lease?.token === token) this.#lease = null;
        });
      },
      read: () => this.#answer('read', () => undefined),
      close: () => void (this.closed += 1),
    };
  }

  #current(): Lease | null {
    if (this.#lease !== null && this.#lease.endsAtMs <= this.#nowMs()) this.#lease = null;
    return this.#lease;
  }

  #answer(question: string, act: () => void): Promise<Reading> {
    this.asked.push(question);
    if (this.hanging) return new Promise(() => undefined);
    if (this.refusal !== null) return Promise.reject(new WitnessAway(this.refusal));
    act();
    const answer = this.lie?.() ?? this.#reading();
    return this.#until === null ? Promise.resolve(answer) : this.#until.then(() => answer);
  }

  #reading(): Reading {
    const lease = this.#current();
    if (lease === null) return { kind: 'free', generation: this.#generation };
    const leftMs = lease.endsAtMs - this.#nowMs();
    const { owner, token, ttlMs } = lease;
    return {
      kind: 'held',
      generation: this.#generation,
      owner,
      token,
      ttlMs,
      atLeastMs: leftMs,
    };
  }
}
