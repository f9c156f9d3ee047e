// The shared settings of this appliance beside those of its peers: who is newer, what differs, what is taken over, and
// when a change is taken back. The steps of one change: change.ts. Nothing of sockets or processes.
import type { SettingsError } from '../config/errors.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import type { SyncMode, SyncStatus } from '../model/status.js';
import type { Later } from '../timers/later.js';
import { differences, type Difference } from '../sync/difference.js';
import { announced, commonDigest, lineageTold, relate } from '../sync/version.js';
import { hashOf, makeChange, prepareChange, takeBack, type ChangeTools } from './change.js';
import type { PeerAnswer, PeerRequest, Written } from './exchange.js';
import type { Ledger } from './ledger.js';
import { PeerBook, type KnownPeer } from './peer-book.js';
import { sharedIn } from './settings-file.js';
import {
  EDITED_APART,
  errorText,
  failure,
  NEVER_MET,
  programsIn,
  refusedHere,
  refusedThere,
  settingsIn,
  unanswered,
  unknownPeer,
} from './outcomes.js';
import type { SyncOutcome, SyncView } from './status.js';

/** A change that came from a peer is taken back when that peer is lost within this time, in milliseconds. */
export const CONFIRMED_AFTER_MS = 10_000;
/** A peer that could not be asked is asked again, in milliseconds. */
const ASKED_AGAIN_AFTER_MS = 5_000;

export interface KeeperOptions extends ChangeTools {
  readonly self: string;
  readonly mode: SyncMode;
  readonly peers: readonly string[];
  readonly ledger: Ledger;
  /** Rejects when no answer came. */
  readonly call: (peer: string, request: PeerRequest) => Promise<PeerAnswer>;
  readonly announce: (version: AnnouncedVersion) => void;
  /** The status is another one than before. */
  readonly onStatus: () => void;
  readonly onEvent: (event: SyncEvent) => void;
  readonly later: Later;
  /** Milliseconds since the epoch: only to be shown. */
  readonly wallClock: () => number;
}

export interface SyncEvent {
  readonly event: 'sync-applied' | 'sync-refused' | 'sync-conflict' | 'sync-taken-back';
  readonly reason: string;
  readonly detail: string;
  readonly peer?: string;
}

/**
 * `agent`: it has just started, and runs with the file as it is. `reload`: it has read the file again. `service`: it
 * runs on after the service has ended, and an edit that it has not read may stand in the file.
 */
export type Beginning = 'agent' | 'reload' | 'service';

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #ledger: Ledger;
  readonly #book: PeerBook;
  /** One thing after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** A request of ours to change something is under way at a peer: theirs would wait for us. */
  #asking = false;
  #confirm = (): void => undefined;
  #ended = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#book = new PeerBook(options.peers, options.wallClock, options.onStatus);
  }

  /** Has to be called first. */
  begin(how: Beginning): Promise<void> {
    return this.#inTurn(async () => {
      const kept = this.#ledger.load();
      if (how === 'reload' && kept !== null) this.#awaitConfirmation();
      else if (kept !== null && kept.pending !== null) await this.#resume();
      if (how !== 'service' || kept === null) await this.#noteEdit();
      this.#announce();
    });
  }

  /** The agent has read the file, and runs with it. */
  inForce(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#noteEdit();
      this.#announce();
      for (const peer of this.#book.all) await this.#judge(peer);
    });
  }

  /** What a peer says in its messages. */
  told(name: string, version: AnnouncedVersion | null): Promise<void> {
    const peer = this.#book.find(name);
    if (peer === undefined) return Promise.resolve();
    peer.told = version;
    return this.#inTurn(() => this.#judge(peer));
  }

  /** The peer is silent on all paths. */
  lost(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const { pending } = this.#ledger;
      if (pending === null || pending.peer !== name) return;
      await this.#takeBack(`${name} was lost within ${CONFIRMED_AFTER_MS / 1_000} s`, 'peer-lost');
    });
  }

  /** What is not confirmed yet is well. */
  confirm(): Promise<void> {
    return this.#inTurn(async () => {
      this.#confirm();
      if (this.#ledger.pending !== null) await this.#ledger.intend(null);
      this.#options.onStatus();
    });
  }

  status(): SyncStatus {
    const version = this.#ledger.state?.lineage.version;
    return {
      mode: this.#options.mode,
      generation: version?.generation ?? 0,
      author: version?.author ?? '',
      digest: version?.digest ?? '',
      ...(this.#ledger.pending === null ? {} : { unconfirmed: true as const }),
      peers: this.#book.all.map(({ status }) => status),
    };
  }

  /** Everything that differs, asked for anew. */
  view(): Promise<SyncView> {
    return this.#inTurn(async () => {
      for (const peer of this.#book.all) {
        if (peer.told === null || peer.told.digest !== this.#ledger.digest) await this.#fetch(peer);
      }
      const peers = this.#book.all.map((peer) => {
        const found = this.#differencesWith(peer);
        return { name: peer.name, ...(found === null ? {} : { differences: found }) };
      });
      return { sync: this.status(), peers };
    });
  }

  /** An operator wants what this peer has, whatever was edited here. */
  pull(name: string): Promise<SyncOutcome> {
    return this.#inTurn(async () => {
      const peer = this.#book.find(name);
      if (peer === undefined) return unknownPeer(this.#options.peers, name);
      const theirs = await this.#fetch(peer);
      if (theirs === null) return unanswered(peer);
      if (theirs.lineage.version.digest === this.#ledger.digest) {
        return { ok: true, detail: `nothing differs from ${name}` };
      }
      const changed = differences(this.#ledger.written.document, theirs.document, null);
      const errors = await this.#take(peer, theirs, 'pull');
      if (errors.length > 0) return refusedHere(peer, errors);
      return { ok: true, detail: `taken from ${name}: ${settingsIn(changed)}` };
    });
  }

  /** An operator wants these peers to have what is here, whatever was edited there. */
  push(names: readonly string[]): Promise<SyncOutcome> {
    return this.#inTurn(async () => {
      const done: string[] = [];
      for (const name of names.length === 0 ? this.#options.peers : names) {
        const peer = this.#book.find(name);
        if (peer === undefined) return unknownPeer(this.#options.peers, name);
        const outcome = await this.#pushTo(peer);
        if (!outcome.ok) {
          const before = done.length === 0 ? '' : `; done before: ${done.join(', ')}`;
          return { ...outcome, message: `${outcome.message}${before}` };
        }
        done.push(outcome.detail);
      }
      return { ok: true, detail: done.join('; ') };
    });
  }

  /** What a peer is answered. */
  answer(name: string, request: PeerRequest): Promise<PeerAnswer> {
    if (this.#ledger.state === null) {
      return Promise.resolve({ kind: 'busy', detail: 'nothing is known here yet' });
    }
    if (request.kind === 'get') {
      return Promise.resolve({ kind: 'has', written: this.#ledger.written });
    }
    if (this.#asking) {
      const detail = `another change is under way on ${this.#options.self}`;
      return Promise.resolve({ kind: 'busy', detail });
    }
    const peer = this.#book.find(name);
    if (peer === undefined) return Promise.resolve({ kind: 'busy', detail: 'no such peer here' });
    return this.#inTurn(() => this.#answerInTurn(peer, request));
  }

  /** Nothing is done any more; resolves when what was under way is over. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#confirm();
    for (const peer of this.#book.all) peer.cancelRetry();
    await this.#turn;
  }

  #inTurn<Answer>(task: () => Promise<Answer>): Promise<Answer> {
    const next = this.#turn.then(task, task);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  #announce(): void {
    const { state } = this.#ledger;
    if (state !== null) this.#options.announce(announced(state.lineage));
    this.#options.onStatus();
  }

  async #noteEdit(): Promise<void> {
    try {
      const text = this.#options.file.read();
      await this.#options.keepGood(text);
      await this.#ledger.edit(this.#ledger.whole(sharedIn(text.text)), this.#ledger.pending);
    } catch {
      // The agent says what is wrong with the file, and runs with what it had.
    }
  }

  /** Somebody was ended within a change: it is taken back, or was never made. */
  async #resume(): Promise<void> {
    const { pending } = this.#ledger;
    if (pending === null) return;
    let now = '';
    try {
      now = hashOf(this.#options.file.read());
    } catch {
      return;
    }
    if (now === pending.written)
      await this.#takeBack('it was not confirmed when it ended', 'restart');
    else {
      await this.#ledger.intend(null);
      await this.#noteEdit();
    }
  }

  /** Compares with what a peer told, asks it for more where that is not enough, and follows where it is to. */
  async #judge(peer: KnownPeer): Promise<void> {
    const { told } = peer;
    if (this.#ended || this.#ledger.state === null) return;
    if (told === null) return void peer.say('unknown', 'it does not tell of its shared settings');
    if (told.digest === this.#ledger.digest) {
      if (await this.#ledger.agree(lineageTold(told))) this.#announce();
      return void peer.say('in-sync');
    }
    const known = peer.has?.lineage.version;
    const current = known?.digest === told.digest && known.generation === told.generation;
    const theirs = current ? peer.has : await this.#fetch(peer);
    if (theirs === null) return;
    await this.#compare(peer, theirs);
  }

  async #compare(peer: KnownPeer, theirs: Written): Promise<void> {
    const mine = this.#ledger.written.lineage;
    const relation = relate(mine, theirs.lineage);
    if (relation === 'same') return void peer.say('in-sync');
    const names = (this.#differencesWith(peer) ?? []).map(({ setting }) => setting);
    if (relation === 'conflict') {
      const both = commonDigest(mine, theirs.lineage) === null ? NEVER_MET : EDITED_APART;
      if (peer.say('conflict', both, names)) {
        this.#tell('sync-conflict', 'conflict', `${peer.name}: ${both}: ${names.join(', ')}`, peer);
      }
      return;
    }
    if (peer.refused === theirs.lineage.version.digest) return;
    peer.say('differs', relation === 'mine-newer' ? 'newer here' : 'newer there', names);
    if (relation === 'theirs-newer' && this.#options.mode === 'follow') {
      await this.#take(peer, theirs, 'follow');
    }
  }

  #differencesWith(peer: KnownPeer): Difference[] | null {
    if (peer.told !== null && peer.told.digest === this.#ledger.digest) return [];
    if (peer.has === null) return null;
    const { lineage, document } = this.#ledger.written;
    const base = this.#ledger.documentOf(commonDigest(lineage, peer.has.lineage));
    return differences(document, peer.has.document, base);
  }

  /** The document of the peer; null when it cannot be had, which is said and tried again. */
  async #fetch(peer: KnownPeer): Promise<Written | null> {
    try {
      const answer = await this.#options.call(peer.name, { kind: 'get' });
      if (answer.kind !== 'has') throw new Error(`it answers: ${answer.kind}`);
      peer.has = answer.written;
      return answer.written;
    } catch (error) {
      peer.say('unknown', (error as Error).message);
      peer.retry(this.#options.later, ASKED_AGAIN_AFTER_MS, () => {
        void this.#inTurn(() => this.#judge(peer));
      });
      return null;
    }
  }

  /** Takes a document over. @returns what was refused, which has been told. */
  async #take(
    peer: KnownPeer,
    theirs: Written,
    how: 'pull' | 'push' | 'follow',
  ): Promise<readonly SettingsError[]> {
    const changed = differences(this.#ledger.written.document, theirs.document, null);
    const errors = await makeChange(this.#options, theirs, peer.name);
    if (errors.length > 0) {
      const { version } = theirs.lineage;
      peer.refused = version.digest;
      const words = errors.map(errorText).join('; ');
      peer.say(
        'refused',
        words,
        changed.map(({ setting }) => setting),
      );
      this.#tell('sync-refused', how, `from ${peer.name}: ${words}`, peer);
      return errors;
    }
    peer.refused = null;
    peer.say('in-sync');
    this.#tell('sync-applied', how, `from ${peer.name}: ${settingsIn(changed)}`, peer);
    this.#announce();
    this.#awaitConfirmation();
    return [];
  }

  #awaitConfirmation(): void {
    this.#confirm();
    this.#confirm = this.#options.later(CONFIRMED_AFTER_MS, () => {
      this.confirm().catch(() => this.#awaitConfirmation());
    });
  }

  async #takeBack(why: string, reason: string): Promise<void> {
    const { pending } = this.#ledger;
    if (pending === null) return;
    this.#confirm();
    const peer = this.#book.find(pending.peer ?? '');
    const errors = await takeBack(this.#options, pending);
    const detail =
      errors.length === 0
        ? `what came from ${pending.peer} is taken back: ${why}`
        : `what came from ${pending.peer} is to be taken back (${why}) and cannot be: ${errors.map(errorText).join('; ')}`;
    this.#tell('sync-taken-back', errors.length === 0 ? reason : 'failed', detail, peer);
    this.#announce();
  }

  async #answerInTurn(
    peer: KnownPeer,
    request: Exclude<PeerRequest, { kind: 'get' }>,
  ): Promise<PeerAnswer> {
    if (request.kind === 'withdraw') return this.#withdraw(peer, request.digest);
    const { written, byOperator, kind } = request;
    const { digest } = written.lineage.version;
    if (!byOperator && this.#options.mode !== 'follow') {
      return {
        kind: 'unwilling',
        detail: `ha.sync is ${this.#options.mode} on ${this.#options.self}`,
      };
    }
    if (digest === this.#ledger.digest) {
      return { kind: kind === 'check' ? 'fits' : 'applied', digest };
    }
    if (!byOperator && relate(this.#ledger.written.lineage, written.lineage) !== 'theirs-newer') {
      return { kind: 'conflict' };
    }
    const programs = programsIn(this.#options, this.#ledger.written, written);
    if (programs.length > 0) return { kind: 'refused', errors: programs };
    if (kind === 'check') {
      const prepared = await prepareChange(this.#options, written);
      return 'after' in prepared ? { kind: 'fits', digest } : { kind: 'refused', errors: prepared };
    }
    const errors = await this.#take(peer, written, byOperator ? 'push' : 'follow');
    return errors.length === 0 ? { kind: 'applied', digest } : { kind: 'refused', errors };
  }

  async #withdraw(peer: KnownPeer, digest: string): Promise<PeerAnswer> {
    const { pending } = this.#ledger;
    if (pending?.peer === peer.name && pending.to === digest && this.#ledger.digest === digest) {
      await this.#takeBack(`${peer.name} takes it back`, 'withdrawn');
    }
    return { kind: 'withdrawn', digest: this.#ledger.digest };
  }

  async #pushTo(peer: KnownPeer): Promise<SyncOutcome> {
    const { written } = this.#ledger;
    const { digest } = written.lineage.version;
    try {
      const answer = await this.#ask(peer, { kind: 'offer', written, byOperator: true });
      if (answer.kind === 'applied' && answer.digest === digest) {
        peer.has = written;
        peer.say('in-sync');
        return { ok: true, detail: `${peer.name} has what is here` };
      }
      if (answer.kind === 'refused') return refusedThere(peer, answer.errors);
      const words = 'detail' in answer ? answer.detail : `it answers: ${answer.kind}`;
      return failure(
        'not-taken',
        `${peer.name}: ${words}`,
        'try again, or: understudy sync status',
      );
    } catch (error) {
      return failure(
        'no-answer',
        `${peer.name}: ${(error as Error).message}`,
        'see docs/HA-PROTOCOL.md',
      );
    }
  }

  async #ask(peer: KnownPeer, request: PeerRequest): Promise<PeerAnswer> {
    this.#asking = true;
    try {
      return await this.#options.call(peer.name, request);
    } finally {
      this.#asking = false;
    }
  }

  #tell(event: SyncEvent['event'], reason: string, detail: string, peer?: KnownPeer): void {
    this.#options.onEvent({
      event,
      reason,
      detail,
      ...(peer === undefined ? {} : { peer: peer.name }),
    });
  }
}
