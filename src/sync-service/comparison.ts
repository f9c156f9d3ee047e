// This appliance's shared settings beside those of each peer: who is newer, what differs, what is asked for, and what is
// followed. How something is taken over: taking.ts.
import type { AnnouncedVersion } from '../model/settings-version.js';
import { differences, type Difference } from '../sync/difference.js';
import { commonDigest, lineageTold, relate } from '../sync/version.js';
import type { Written } from './exchange.js';
import { EDITED_APART, errorText, namesOf, NEVER_MET } from './outcomes.js';
import type { Parts } from './parts.js';
import type { KnownPeer } from './peer-book.js';
import type { Taking } from './taking.js';

/** A peer that could not be asked is asked again, in milliseconds. */
const ASKED_AGAIN_AFTER_MS = 5_000;
/** A peer that does not follow is asked why, in milliseconds; and one whose author gives it out himself is waited for. */
const LEFT_TIME_MS = 2_000;
/** One whose port could not be reached is tried again, in milliseconds. */
const REACHED_AGAIN_AFTER_MS = 30_000;
/** While a change is under way. */
const BUSY_MS = 250;

export class Comparison {
  readonly #parts: Parts;
  readonly #taking: Taking;
  /** Whether a peer has announced a change that it is about to hand over. */
  readonly #isReserved: () => boolean;

  constructor(parts: Parts, taking: Taking, isReserved: () => boolean) {
    this.#parts = parts;
    this.#taking = taking;
    this.#isReserved = isReserved;
  }

  /** Compares with what a peer told, asks it for more where that is not enough, and follows where it is to. */
  async judge(peer: KnownPeer): Promise<void> {
    const asks = await this.#parts.inTurn(() => this.#look(peer));
    // Nobody waits for an answer from elsewhere, but who has asked for it.
    if (!asks) return;
    const theirs = await this.fetch(peer);
    if (theirs === null) return;
    await this.#parts.inTurn(async () => {
      if (this.#parts.ended) return;
      if (theirs.lineage.version.digest === this.#parts.ledger.digest) await this.#look(peer);
      else await this.#compare(peer, theirs);
    });
  }

  /** @returns whether its document is needed. */
  async #look(peer: KnownPeer): Promise<boolean> {
    const { ledger, ended } = this.#parts;
    const { told } = peer;
    if (ended || ledger.state === null) return false;
    if (told === null) {
      peer.say('unknown', 'it does not tell of its shared settings');
      return false;
    }
    if (told.digest === ledger.digest) {
      await this.#agree(peer, told);
      if (peer.status.state !== 'in-sync') peer.say('in-sync');
      if (this.#parts.options.mode === 'follow' && !peer.reached) void this.#reach(peer);
      return false;
    }
    const known = peer.has?.lineage.version;
    if (known?.digest !== told.digest || known.generation !== told.generation) return true;
    if (peer.has !== null) await this.#compare(peer, peer.has);
    return false;
  }

  /** The same settings, perhaps under another name. One that cannot be written down is not lost: it is told again. */
  async #agree(peer: KnownPeer, told: AnnouncedVersion): Promise<void> {
    try {
      if (await this.#parts.ledger.agree(lineageTold(told))) this.#parts.announce();
    } catch {
      this.#after(peer, ASKED_AGAIN_AFTER_MS, () => this.judge(peer));
    }
  }

  async #compare(peer: KnownPeer, theirs: Written): Promise<void> {
    const { ledger, options } = this.#parts;
    const mine = ledger.written.lineage;
    const relation = relate(mine, theirs.lineage);
    if (relation === 'same') return void peer.say('in-sync');
    const names = namesOf(this.differencesWith(peer) ?? []);
    if (relation === 'conflict') {
      const both = commonDigest(mine, theirs.lineage) === null ? NEVER_MET : EDITED_APART;
      if (peer.say('conflict', both, names)) {
        const detail = `${peer.name}: ${both}: ${names.join(', ')}`;
        this.#parts.tell('sync-conflict', 'conflict', detail, peer);
      }
      return;
    }
    if (peer.refused === theirs.lineage.version.digest) return;
    const follows = options.mode === 'follow';
    if (relation === 'mine-newer') {
      const before = peer.status;
      if (before.state === 'differs' && before.problem !== undefined) return;
      peer.say('differs', 'newer here', names);
      if (follows) this.#after(peer, LEFT_TIME_MS, () => this.#askWhy(peer));
      return;
    }
    peer.say('differs', 'newer there', names);
    if (!follows) return;
    const { author } = theirs.lineage.version;
    const givesItself = author !== peer.name && this.#parts.book.find(author)?.lost === false;
    if (this.#isReserved() || (givesItself && !peer.waitedFor(theirs.lineage.version))) {
      const wait = givesItself ? LEFT_TIME_MS : BUSY_MS;
      return this.#after(peer, wait, () => this.judge(peer));
    }
    await this.#taking.take(peer, theirs, 'follow');
  }

  /** A peer that is to follow and does not. */
  async #askWhy(peer: KnownPeer): Promise<void> {
    const { ledger, options, ended } = this.#parts;
    if (ended || peer.lost || peer.told === null || peer.told.digest === ledger.digest) return;
    const { written } = ledger;
    try {
      const answer = await options.call(peer.name, { kind: 'check', written, byOperator: false });
      if (peer.status.state !== 'differs' || ledger.digest !== written.lineage.version.digest) {
        return;
      }
      if (answer.kind === 'refused') {
        const words = `refused there: ${answer.errors.map(errorText).join('; ')}`;
        const names = peer.status.differing ?? [];
        peer.say(
          'differs',
          words,
          names,
          `${peer.name} refuses the settings that are here: ${words}`,
        );
      } else if (answer.kind === 'unwilling') {
        peer.say('differs', answer.detail, peer.status.differing ?? []);
      } else this.#after(peer, ASKED_AGAIN_AFTER_MS, () => this.#askWhy(peer));
    } catch (error) {
      this.#unanswered(peer, error);
    }
  }

  differencesWith(peer: KnownPeer): Difference[] | null {
    const { ledger } = this.#parts;
    if (peer.told !== null && peer.told.digest === ledger.digest) return [];
    if (peer.has === null) return null;
    const { lineage, document } = ledger.written;
    const base = ledger.documentOf(commonDigest(lineage, peer.has.lineage));
    return differences(document, peer.has.document, base);
  }

  /** The document of the peer; null when it cannot be had, which is said and tried again. */
  async fetch(peer: KnownPeer): Promise<Written | null> {
    try {
      const answer = await this.#parts.options.call(peer.name, { kind: 'get' });
      if (answer.kind !== 'has') {
        throw new Error('detail' in answer ? answer.detail : `it answers: ${answer.kind}`);
      }
      peer.has = answer.written;
      return answer.written;
    } catch (error) {
      this.#unanswered(peer, error);
      return null;
    }
  }

  /** Whether its TCP port can be reached is known before a change needs it. */
  async #reach(peer: KnownPeer): Promise<void> {
    const { options, ended } = this.#parts;
    if (ended || peer.lost || peer.reached) return;
    // Asked once at a time.
    peer.reached = true;
    try {
      await options.call(peer.name, { kind: 'get' });
      const { state, problem } = peer.status;
      if (state === 'in-sync' && problem !== undefined) peer.say('in-sync');
    } catch (error) {
      peer.reached = false;
      if (peer.status.state !== 'in-sync' || peer.lost) return;
      const words = (error as Error).message;
      peer.say('in-sync', words, [], `shared settings cannot be given to ${peer.name}: ${words}`);
      this.#after(peer, REACHED_AGAIN_AFTER_MS, () => this.#reach(peer));
    }
  }

  #unanswered(peer: KnownPeer, error: unknown): void {
    const words = (error as Error).message;
    // One that is silent altogether is told as a peer that is lost.
    const problem = `the shared settings of ${peer.name} cannot be had: ${words}`;
    if (peer.lost) peer.say('unknown', words);
    else peer.say('unknown', words, [], problem);
    this.#after(peer, ASKED_AGAIN_AFTER_MS, () => this.judge(peer));
  }

  #after(peer: KnownPeer, ms: number, task: () => Promise<void>): void {
    if (this.#parts.ended) return;
    peer.retry(this.#parts.options.later, ms, () => void task());
  }
}
