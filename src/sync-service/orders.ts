// What an operator orders: take what a peer has, or have peers take what is here. Also between two that were edited
// apart: somebody has decided.
import { differences } from '../sync/difference.js';
import type { Comparison } from './comparison.js';
import {
  failure,
  refusedHere,
  refusedThere,
  settingsIn,
  unanswered,
  unknownPeer,
} from './outcomes.js';
import type { Parts } from './parts.js';
import type { KnownPeer } from './peer-book.js';
import type { SyncOutcome } from './status.js';
import type { Taking } from './taking.js';

export class Orders {
  readonly #parts: Parts;
  readonly #taking: Taking;
  readonly #comparison: Comparison;
  #asking = false;

  constructor(parts: Parts, taking: Taking, comparison: Comparison) {
    this.#parts = parts;
    this.#taking = taking;
    this.#comparison = comparison;
  }

  /** A request of ours to change something is under way at a peer: theirs would wait for us. */
  get asking(): boolean {
    return this.#asking;
  }

  async pull(name: string): Promise<SyncOutcome> {
    const { book, options, ledger } = this.#parts;
    const peer = book.find(name);
    if (peer === undefined) return unknownPeer(options.peers, name);
    const theirs = await this.#comparison.fetch(peer);
    if (theirs === null) return unanswered(peer);
    if (theirs.lineage.version.digest === ledger.digest) {
      return { ok: true, detail: `nothing differs from ${name}` };
    }
    const changed = differences(ledger.written.document, theirs.document, null);
    const errors = await this.#taking.take(peer, theirs, 'pull');
    if (errors.length > 0) return refusedHere(peer, errors);
    return { ok: true, detail: `taken from ${name}: ${settingsIn(changed)}` };
  }

  async push(names: readonly string[]): Promise<SyncOutcome> {
    const { book, options } = this.#parts;
    const done: string[] = [];
    for (const name of names.length === 0 ? options.peers : names) {
      const peer = book.find(name);
      if (peer === undefined) return unknownPeer(options.peers, name);
      const outcome = await this.#pushTo(peer);
      if (!outcome.ok) {
        const before = done.length === 0 ? '' : `; done before: ${done.join(', ')}`;
        return { ...outcome, message: `${outcome.message}${before}` };
      }
      done.push(outcome.detail);
    }
    return { ok: true, detail: done.join('; ') };
  }

  async #pushTo(peer: KnownPeer): Promise<SyncOutcome> {
    const { written } = this.#parts.ledger;
    const { digest } = written.lineage.version;
    this.#asking = true;
    try {
      const request = { kind: 'offer', written, byOperator: true } as const;
      const answer = await this.#parts.options.call(peer.name, request);
      if (answer.kind === 'applied' && answer.digest === digest) {
        peer.has = written;
        peer.say('in-sync');
        return { ok: true, detail: `${peer.name} has what is here` };
      }
      if (answer.kind === 'refused') return refusedThere(peer, answer.errors);
      const words = 'detail' in answer ? answer.detail : `it answers: ${answer.kind}`;
      const message = `${peer.name}: ${words}`;
      return failure('not-taken', message, 'try again, or: understudy sync status');
    } catch (error) {
      const message = `${peer.name}: ${(error as Error).message}`;
      return failure('no-answer', message, 'see docs/HA-PROTOCOL.md');
    } finally {
      this.#asking = false;
    }
  }
}
