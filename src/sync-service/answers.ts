// What a peer is answered that asks about shared settings, or hands some over. How they are taken over: taking.ts.
import { relate } from '../sync/version.js';
import { prepareChange } from './change.js';
import type { PeerAnswer, PeerRequest } from './exchange.js';
import { programsIn } from './outcomes.js';
import type { Parts } from './parts.js';
import type { KnownPeer } from './peer-book.js';
import type { Taking } from './taking.js';

/** Whoever has asked whether something fits hands it over within this time, in milliseconds. */
const RESERVED_MS = 3_000;

export class Answers {
  readonly #parts: Parts;
  readonly #taking: Taking;
  /** Who is about to hand something over. */
  #reserved: string | null = null;
  #cancel = (): void => undefined;

  constructor(parts: Parts, taking: Taking) {
    this.#parts = parts;
    this.#taking = taking;
  }

  /** The peer whose change is awaited here: nobody else's is begun meanwhile. */
  get reservedFor(): string | null {
    return this.#reserved;
  }

  /** In a turn of the caller's. */
  async answer(
    peer: KnownPeer,
    request: Exclude<PeerRequest, { kind: 'get' }>,
  ): Promise<PeerAnswer> {
    const { ledger, options } = this.#parts;
    if (request.kind === 'withdraw') return this.#withdraw(peer, request.digest);
    const { written, byOperator, kind } = request;
    const { digest } = written.lineage.version;
    if (!byOperator && options.mode !== 'follow') {
      const detail = `it does not follow: ha.sync is ${options.mode} on ${options.self}`;
      return { kind: 'unwilling', detail };
    }
    if (this.#reserved !== null && this.#reserved !== peer.name) {
      return {
        kind: 'busy',
        detail: `a change of ${this.#reserved} is under way on ${options.self}`,
      };
    }
    if (digest === ledger.digest) return { kind: kind === 'check' ? 'fits' : 'applied', digest };
    if (!byOperator && relate(ledger.written.lineage, written.lineage) !== 'theirs-newer') {
      return { kind: 'conflict' };
    }
    const programs = programsIn(options, ledger.written, written);
    if (programs.length > 0) return { kind: 'refused', errors: programs };
    if (kind === 'check') {
      const prepared = await prepareChange(options, written);
      if (!('after' in prepared)) return { kind: 'refused', errors: prepared };
      this.#reserve(peer.name);
      const unknown = [...prepared.unknown.keys()];
      return { kind: 'fits', digest, active: await options.isActive(), unknown };
    }
    try {
      const errors = await this.#taking.take(peer, written, byOperator ? 'push' : 'follow');
      return errors.length === 0 ? { kind: 'applied', digest } : { kind: 'refused', errors };
    } finally {
      this.#free();
    }
  }

  async #withdraw(peer: KnownPeer, digest: string): Promise<PeerAnswer> {
    const { ledger } = this.#parts;
    const { pending } = ledger;
    if (this.#reserved === peer.name) this.#free();
    if (pending?.peer === peer.name && pending.to === digest && ledger.digest === digest) {
      await this.#taking.takeBack(`${peer.name} takes it back`, 'withdrawn');
    }
    return { kind: 'withdrawn', digest: ledger.digest };
  }

  #reserve(name: string): void {
    this.#cancel();
    this.#reserved = name;
    this.#cancel = this.#parts.options.later(RESERVED_MS, () => (this.#reserved = null));
  }

  #free(): void {
    this.#cancel();
    this.#reserved = null;
  }
}
