// What all parts of the keeper stand on: what they were given, what this appliance runs with, what is known of the peers,
// and how something is told. No decisions.
import type { SettingsError } from '../config/errors.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import type { SyncMode } from '../model/status.js';
import { announced } from '../sync/version.js';
import type { Later } from '../timers/later.js';
import type { ChangeTools } from './change.js';
import type { PeerAnswer, PeerRequest } from './exchange.js';
import type { Ledger } from './ledger.js';
import { PeerBook, type KnownPeer } from './peer-book.js';
import type { FileText } from './settings-file.js';

export interface KeeperOptions extends ChangeTools {
  readonly self: string;
  readonly mode: SyncMode;
  readonly peers: readonly string[];
  readonly ledger: Ledger;
  /** Rejects when no answer came, within `limitMs` where that is given. */
  readonly call: (peer: string, request: PeerRequest, limitMs?: number) => Promise<PeerAnswer>;
  /** Runs a task while nobody else changes or reads the settings on behalf of the agent. */
  readonly alone: <Answer>(task: () => Promise<Answer>) => Promise<Answer>;
  /** Whether this appliance is Active for any virtual router. */
  readonly isActive: () => Promise<boolean>;
  readonly announce: (version: AnnouncedVersion) => void;
  /** The status is another one than before. */
  readonly onStatus: () => void;
  readonly onEvent: (event: SyncEvent) => void;
  readonly later: Later;
  /** Milliseconds since the epoch: only to be shown. */
  readonly wallClock: () => number;
}

/** With a peer. */
interface Met {
  readonly event: 'sync-applied' | 'sync-refused' | 'sync-conflict' | 'sync-taken-back';
}

export type SyncEvent = (Met | { readonly event: 'sync-notes-lost' }) & {
  readonly reason: string;
  readonly detail: string;
  readonly peer?: string;
};

export class Parts {
  readonly options: KeeperOptions;
  readonly ledger: Ledger;
  readonly book: PeerBook;
  /** The settings file as the agent runs with it; null when that is not known. */
  inForce: FileText | null = null;
  /** One thing after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(options: KeeperOptions) {
    this.options = options;
    this.ledger = options.ledger;
    this.book = new PeerBook(options.peers, options.wallClock, options.onStatus);
  }

  get ended(): boolean {
    return this.#ended;
  }

  inTurn<Answer>(task: () => Promise<Answer>): Promise<Answer> {
    const next = this.#turn.then(task, task);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** Nothing is begun any more; resolves when what was under way is over. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const peer of this.book.all) peer.cancelRetry();
    await this.#turn;
  }

  announce(): void {
    const { state } = this.ledger;
    if (state !== null) this.options.announce(announced(state.lineage));
    this.options.onStatus();
  }

  tell(event: SyncEvent['event'], reason: string, detail: string, peer?: KnownPeer): void {
    this.options.onEvent({
      event,
      reason,
      detail,
      ...(peer === undefined ? {} : { peer: peer.name }),
    });
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.options.later(ms, resolve));
  }
}

export type Refusals = readonly SettingsError[];
