// The shared settings of this appliance beside those of its peers: one thing after the other, and what each is given to.
// Who is newer: comparison.ts. What is taken over and taken back: taking.ts. A change that is made here: proposal.ts.
import type { AnnouncedVersion } from '../model/settings-version.js';
import type { SyncStatus } from '../model/status.js';
import { digestOf } from '../sync/shared.js';
import { Answers } from './answers.js';
import { errorsOf, hashOf } from './change.js';
import { Comparison } from './comparison.js';
import type { PeerAnswer, PeerRequest } from './exchange.js';
import { Orders } from './orders.js';
import { Parts, type KeeperOptions } from './parts.js';
import {
  Proposal,
  NOT_GIVEN,
  putAlone,
  refused,
  type Apply,
  type Proposed,
  type ProposalOutcome,
} from './proposal.js';
import { SettingsRefused, sharedIn, type FileText } from './settings-file.js';
import { Taking } from './taking.js';
import type { SyncOutcome, SyncView } from './status.js';

export type { KeeperOptions, SyncEvent } from './parts.js';

/**
 * `agent`: it has just started, and runs with the file as it is. `reload`: it has read the file again. `service`: it
 * runs on after the service has ended, and an edit that it has not read may stand in the file.
 */
export type Beginning = 'agent' | 'reload' | 'service';

const ENDED = 'it was not confirmed when it ended';
/** What could not be written down is tried again, in milliseconds. */
const WRITTEN_AGAIN_AFTER_MS = 5_000;

export class Keeper {
  readonly #parts: Parts;
  readonly #taking: Taking;
  readonly #answers: Answers;
  readonly #comparison: Comparison;
  readonly #orders: Orders;
  readonly #proposal: Proposal;

  /** Why this appliance has no version that it could tell of. */
  #unwritten: string | null = null;
  /** What became of notes that could not be used. */
  #setAside: string | null = null;

  constructor(options: KeeperOptions) {
    this.#parts = new Parts(options);
    this.#taking = new Taking(this.#parts);
    this.#answers = new Answers(this.#parts, this.#taking);
    const reservedFor = (): string | null => this.#answers.reservedFor;
    this.#comparison = new Comparison(this.#parts, this.#taking, () => reservedFor() !== null);
    this.#orders = new Orders(this.#parts, this.#taking, this.#comparison);
    this.#proposal = new Proposal(this.#parts, this.#taking, reservedFor);
  }

  /** Has to be called first. */
  begin(how: Beginning): Promise<void> {
    return this.#parts.inTurn(async () => {
      const kept = this.#parts.ledger.load();
      if (how === 'reload' && kept !== null) this.#taking.awaitConfirmation();
      else if (kept !== null && kept.pending !== null) await this.#resume();
      if (how !== 'service' || kept === null) await this.#noteEdit();
      else this.#noteFile();
      this.#parts.announce();
    });
  }

  /** The agent has read the file, and runs with it. */
  async inForce(): Promise<void> {
    await this.#parts.inTurn(async () => {
      await this.#noteEdit();
      this.#parts.announce();
    });
    for (const peer of this.#parts.book.all) await this.#comparison.judge(peer);
  }

  /** What a peer says in its messages. */
  told(name: string, version: AnnouncedVersion | null): Promise<void> {
    const peer = this.#parts.book.find(name);
    if (peer === undefined) return Promise.resolve();
    peer.told = version;
    peer.heard = true;
    peer.lost = false;
    this.#taking.found(name);
    return this.#comparison.judge(peer);
  }

  /** The peer is silent on all paths. */
  lost(name: string): void {
    const peer = this.#parts.book.find(name);
    if (peer === undefined) return;
    peer.lost = true;
    peer.reached = false;
    // What is old does not look new.
    if (peer.status.state === 'in-sync')
      peer.say('unknown', 'it is silent; in sync when it was heard last');
    this.#taking.lost(name);
  }

  /** It is heard again. */
  async found(name: string): Promise<void> {
    const peer = this.#parts.book.find(name);
    if (peer === undefined) return;
    peer.lost = false;
    this.#taking.found(name);
    if (peer.told !== null) await this.#comparison.judge(peer);
  }

  /** What is not confirmed yet is well. */
  confirm(): Promise<void> {
    return this.#taking.confirm();
  }

  status(): SyncStatus {
    const { ledger, options, book } = this.#parts;
    const version = ledger.state?.lineage.version;
    const [problem, remark] = [this.#unwritten, this.#setAside];
    return {
      mode: options.mode,
      generation: version?.generation ?? 0,
      author: version?.author ?? '',
      digest: version?.digest ?? '',
      ...(problem === null ? {} : { problem }),
      ...(remark === null ? {} : { remark }),
      ...(ledger.pending === null ? {} : { unconfirmed: true as const }),
      peers: book.all.map(({ status }) => status),
    };
  }

  /** Everything that differs, asked for anew. */
  async view(): Promise<SyncView> {
    const { ledger, book } = this.#parts;
    await Promise.all(
      book.all.map(async (peer) => {
        if (peer.told?.digest !== ledger.digest) await this.#comparison.fetch(peer);
      }),
    );
    const peers = book.all.map((peer) => {
      const found = this.#comparison.differencesWith(peer);
      return { name: peer.name, ...(found === null ? {} : { differences: found }) };
    });
    return { sync: this.status(), peers };
  }

  /** An operator wants what this peer has, whatever was edited here. */
  pull(name: string): Promise<SyncOutcome> {
    return this.#parts.inTurn(() => this.#orders.pull(name));
  }

  /** An operator wants these peers to have what is here, whatever was edited there. */
  push(names: readonly string[]): Promise<SyncOutcome> {
    return this.#parts.inTurn(() => this.#orders.push(names));
  }

  /**
   * The agent has read a file that is not in force yet, and holds its turn.
   * @param apply puts it in force, and writes what is not in the file yet before; what is refused of it.
   * @param isAwaited whether the agent still waits; asked once, before anything is done.
   */
  propose(
    proposed: Proposed,
    apply: Apply,
    isAwaited = (): boolean => true,
  ): Promise<ProposalOutcome> {
    if (this.#parts.ledger.state === null) return putAlone(proposed, apply, [NOT_GIVEN]);
    const standsBack = this.#proposal.standsBack(proposed);
    if (standsBack !== null) return Promise.resolve(standsBack);
    return this.#parts.inTurn(() =>
      isAwaited() ? this.#proposal.make(proposed, apply) : Promise.resolve(refused(proposed, [])),
    );
  }

  /** What a peer is answered. */
  answer(name: string, request: PeerRequest): Promise<PeerAnswer> {
    const { ledger, options, book } = this.#parts;
    if (ledger.state === null) {
      return Promise.resolve({ kind: 'busy', detail: 'nothing is known here yet' });
    }
    if (request.kind === 'get') return Promise.resolve({ kind: 'has', written: ledger.written });
    const peer = book.find(name);
    if (peer === undefined) return Promise.resolve({ kind: 'busy', detail: 'no such peer here' });
    if (this.#orders.asking || this.#proposal.open) {
      if (request.kind === 'check') this.#proposal.meets(name);
      const detail = `another change is under way on ${options.self}`;
      return Promise.resolve({ kind: 'busy', detail });
    }
    return this.#parts.inTurn(() => this.#answers.answer(peer, request));
  }

  /** Nothing is done any more; resolves when what was under way is over. */
  async end(): Promise<void> {
    this.#taking.end();
    await this.#parts.end();
    this.#taking.end();
  }

  async #noteEdit(): Promise<void> {
    const { options, ledger } = this.#parts;
    try {
      const text = options.file.read();
      const document = ledger.whole(sharedIn(text.text));
      this.#parts.inForce = text;
      // An edit of what is shared, on top of a change that is not confirmed: somebody is there, and has decided.
      const same = ledger.state !== null && digestOf(document) === ledger.digest;
      await this.#clear();
      await ledger.edit(document, same ? ledger.pending : null);
      this.#unwritten = null;
    } catch (error) {
      // The agent says what is wrong with the file, and runs with what it had.
      if (error instanceof SettingsRefused) return;
      const [{ found } = { found: String(error) }] = errorsOf(error);
      const beside = ledger.unusable === null ? '' : `${ledger.unusable}; `;
      this.#unwritten = `${beside}the versions of shared settings cannot be recorded: ${found}`;
      options.later(WRITTEN_AGAIN_AFTER_MS, () => void this.#noteAgain());
    }
  }

  /** Notes that cannot be used are not written over. */
  async #clear(): Promise<void> {
    const words = await this.#parts.ledger.setAside();
    if (words === null) return;
    this.#setAside = words;
    this.#parts.tell('sync-notes-lost', 'unusable', words);
  }

  /** Unless the file has been edited since: then it is no longer what is in force. */
  async #noteAgain(): Promise<void> {
    const { ended, inForce, options } = this.#parts;
    try {
      if (ended || inForce === null || hashOf(options.file.read()) !== hashOf(inForce)) return;
    } catch {
      return;
    }
    await this.inForce();
  }

  /** The file may have been edited since: where it says what is in force, it is what is in force. */
  #noteFile(): void {
    const { options, ledger } = this.#parts;
    try {
      const text = options.file.read();
      if (digestOf(ledger.whole(sharedIn(text.text))) === ledger.digest) this.#parts.inForce = text;
    } catch {
      this.#parts.inForce = null;
    }
  }

  /** Somebody was ended within a change: it is taken back, or was never made. What the agent has begun is over first. */
  #resume(): Promise<void> {
    return this.#taking.alone(async () => {
      const { options, ledger } = this.#parts;
      const { pending } = ledger;
      if (pending === null) return;
      let now: FileText;
      let shared = '';
      try {
        now = options.file.read();
        shared = digestOf(ledger.whole(sharedIn(now.text)));
      } catch {
        return;
      }
      // Also where what is this appliance's own was edited since.
      const made = hashOf(now) === pending.written || shared === pending.to;
      if (made || ledger.digest === pending.to) {
        await this.#taking.takeBack(ENDED, 'restart', true);
      } else {
        // Peers may have it: for them it is one that was left.
        await ledger.leave(pending).catch(() => this.#taking.tryAgain(ENDED, 'restart'));
        await this.#noteEdit();
      }
    });
  }
}
