// A document of a peer taken over, until it is confirmed; and a change, wherever it was made, taken back when the other
// side of it is lost. Whether there is something to take: comparison.ts, answers.ts, proposal.ts.
import { differences } from '../sync/difference.js';
import { makeChange, takeBack } from './change.js';
import type { Written } from './exchange.js';
import { errorText, namesOf, settingsIn } from './outcomes.js';
import type { Parts, Refusals } from './parts.js';
import type { KnownPeer } from './peer-book.js';
import type { Pending } from './store.js';

/** A change is taken back when the other side of it is lost within this time, in milliseconds. */
export const CONFIRMED_AFTER_MS = 10_000;
/**
 * A peer that is heard again within this time was not lost, in milliseconds: while a change of the HA port goes from one
 * to the other, they do not hear each other.
 */
const LOST_AFTER_MS = 1_500;
/** A taking back that failed is tried again, in milliseconds. */
const TRIED_AGAIN_AFTER_MS = 5_000;

export class Taking {
  readonly #parts: Parts;
  #confirm = (): void => undefined;
  /** How to stop counting a peer as one that is being lost. */
  readonly #silent = new Map<string, () => void>();
  #waiting = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The settings are to be changed as soon as the agent has done with them. */
  get waits(): boolean {
    return this.#waiting > 0;
  }

  /** Takes a document over. @returns what was refused, which has been told. */
  async take(peer: KnownPeer, theirs: Written, how: 'pull' | 'push' | 'follow'): Promise<Refusals> {
    const { ledger, options } = this.#parts;
    const changed = differences(ledger.written.document, theirs.document, null);
    const { pending } = ledger;
    const isBack = how === 'follow' && pending?.from === theirs.lineage.version.digest;
    const errors = await this.alone(async () => {
      const refused = await makeChange(options, theirs, peer.name, isBack);
      this.#note();
      return refused;
    });
    if (errors.length > 0) {
      peer.refused = theirs.lineage.version.digest;
      const words = errors.map(errorText).join('; ');
      peer.say('refused', words, namesOf(changed));
      this.#parts.tell('sync-refused', how, `from ${peer.name}: ${words}`, peer);
      if (ledger.pending !== pending) this.tryAgain(words, 'refused');
      return errors;
    }
    peer.refused = null;
    peer.has = theirs;
    peer.say('in-sync', keptWords(ledger.unknownNames));
    if (isBack) {
      this.#confirm();
      const detail = `${whatCame(pending)} is taken back: ${peer.name} has done so`;
      this.#parts.tell('sync-taken-back', 'peer', detail, peer);
    } else {
      this.#parts.tell('sync-applied', how, `from ${peer.name}: ${settingsIn(changed)}`, peer);
      this.awaitConfirmation();
    }
    this.#parts.announce();
    return [];
  }

  awaitConfirmation(): void {
    this.#confirm();
    if (this.#silent.size > 0) return;
    this.#confirm = this.#parts.options.later(CONFIRMED_AFTER_MS, () => {
      this.confirm().catch(() => this.awaitConfirmation());
    });
  }

  /** What is not confirmed yet is well. */
  confirm(): Promise<void> {
    return this.#parts.inTurn(async () => {
      this.#confirm();
      const { ledger, options } = this.#parts;
      if (ledger.pending !== null) await ledger.intend(null);
      options.onStatus();
    });
  }

  /** A peer is silent on all paths. */
  lost(name: string): void {
    const { pending } = this.#parts.ledger;
    if (pending === null || !concerns(pending, name) || this.#silent.has(name)) return;
    this.#confirm();
    const decide = (): void => {
      void this.#parts.inTurn(async () => {
        if (!this.#silent.delete(name)) return;
        const why = `${name} was lost within ${CONFIRMED_AFTER_MS / 1_000} s`;
        await this.takeBack(why, 'peer-lost');
      });
    };
    this.#silent.set(name, this.#parts.options.later(LOST_AFTER_MS, decide));
  }

  /** It is heard again. */
  found(name: string): void {
    const cancel = this.#silent.get(name);
    if (cancel === undefined) return;
    cancel();
    this.#silent.delete(name);
    if (this.#parts.ledger.pending !== null) this.awaitConfirmation();
  }

  /**
   * Puts back what was there before the change that is not confirmed, and says so. In a turn of the caller's.
   * @param holdsAgent whether the agent waits for the caller already.
   */
  async takeBack(why: string, reason: string, holdsAgent = false): Promise<Refusals> {
    const { ledger, options, book } = this.#parts;
    const { pending } = ledger;
    if (pending === null) return [];
    this.end();
    const task = async (): Promise<Refusals> => {
      const refused = await takeBack(options, pending);
      this.#note();
      return refused;
    };
    const errors = await (holdsAgent ? task() : this.alone(task));
    const what = whatCame(pending);
    const peer = book.find(pending.peer ?? '');
    if (errors.length === 0) {
      this.#parts.tell('sync-taken-back', reason, `${what} is taken back: ${why}`, peer);
    } else {
      const words = errors.map(errorText).join('; ');
      const detail = `${what} is to be taken back (${why}) and cannot be: ${words}`;
      if (this.#failed !== detail) this.#parts.tell('sync-taken-back', 'failed', detail, peer);
      this.#failed = detail;
      this.tryAgain(why, reason);
    }
    this.#parts.announce();
    return errors;
  }
  #failed = '';

  /** What is noted is taken back in a while: it could not even be undone, since nothing can be written. */
  tryAgain(why: string, reason: string): void {
    this.#confirm();
    this.#confirm = this.#parts.options.later(TRIED_AGAIN_AFTER_MS, () => {
      void this.#parts.inTurn(async () => void (await this.takeBack(why, reason)));
    });
  }

  /** Nothing is confirmed or taken back any more. */
  end(): void {
    this.#confirm();
    for (const cancel of this.#silent.values()) cancel();
    this.#silent.clear();
  }

  /** While the agent reads and changes no settings for anybody else. */
  async alone<Answer>(task: () => Promise<Answer>): Promise<Answer> {
    this.#waiting += 1;
    let begun = false;
    const begin = (): void => {
      if (begun) return;
      begun = true;
      this.#waiting -= 1;
    };
    try {
      return await this.#parts.options.alone(() => {
        begin();
        return task();
      });
    } finally {
      begin();
    }
  }

  /** The file is what is in force again. */
  #note(): void {
    try {
      this.#parts.inForce = this.#parts.options.file.read();
    } catch {
      this.#parts.inForce = null;
    }
  }
}

/** Whether a change is taken back when this peer is lost. */
const concerns = ({ peer, givenTo }: Pending, name: string): boolean =>
  peer === null ? givenTo.includes(name) : peer === name;

const whatCame = (pending: Pending | null): string =>
  pending === null || pending.peer === null
    ? 'what was changed here'
    : `what came from ${pending.peer}`;

const keptWords = (names: readonly string[]): string | undefined =>
  names.length === 0
    ? undefined
    : `kept for it, and not known to this release: ${names.join(', ')}`;
