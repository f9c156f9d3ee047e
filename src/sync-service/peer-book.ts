// What is known of each peer's shared settings, and since when it stands as it does. No decisions.
import type { AnnouncedVersion, SettingsVersion } from '../model/settings-version.js';
import type { Later } from '../timers/later.js';
import type { Written } from './exchange.js';
import type { SyncPeerStatus } from './status.js';

export class PeerBook {
  readonly all: readonly KnownPeer[];

  constructor(names: readonly string[], wallClock: () => number, onStatus: () => void) {
    this.all = names.map((name) => new KnownPeer(name, wallClock, onStatus));
  }

  find(name: string): KnownPeer | undefined {
    return this.all.find((peer) => peer.name === name);
  }
}

export class KnownPeer {
  readonly name: string;
  /** By its messages; null: it tells nothing. */
  told: AnnouncedVersion | null = null;
  /** A message of it has come. */
  heard = false;
  /** Its document, as it was asked for last. */
  has: Written | null = null;
  /** The digest of the document of its that was refused here. */
  refused: string | null = null;
  /** Silent on all paths. */
  lost = false;
  /** Its TCP port has answered since it was lost last. */
  reached = false;
  status: SyncPeerStatus;
  readonly #wallClock: () => number;
  readonly #onStatus: () => void;
  #cancel = (): void => undefined;

  constructor(name: string, wallClock: () => number, onStatus: () => void) {
    this.name = name;
    this.#wallClock = wallClock;
    this.#onStatus = onStatus;
    this.status = { name, state: 'unknown', since: this.#now() };
  }

  /** Whether this was asked of the version before: somebody else was to give it first. */
  waitedFor({ generation, digest }: SettingsVersion): boolean {
    const before = this.#waitedFor;
    this.#waitedFor = `${generation} ${digest}`;
    return before === this.#waitedFor;
  }
  #waitedFor = '';

  /**
   * @param problem what is wrong, for health: a conflict and what is refused always are.
   * @returns whether that is another state than before.
   */
  say(
    state: SyncPeerStatus['state'],
    detail?: string,
    differing: readonly string[] = [],
    problem = problemIn(this.name, state, detail),
  ): boolean {
    const { status } = this;
    const since = status.state === state ? status.since : this.#now();
    const next = {
      name: this.name,
      state,
      since,
      ...(detail === undefined ? {} : { detail }),
      ...(differing.length === 0 ? {} : { differing }),
      ...(problem === undefined ? {} : { problem }),
    };
    const differs = JSON.stringify(next) !== JSON.stringify(status);
    this.status = next;
    if (differs) this.#onStatus();
    return status.state !== state;
  }

  /** One at a time. */
  retry(later: Later, ms: number, task: () => void): void {
    this.#cancel();
    this.#cancel = later(ms, task);
  }

  cancelRetry(): void {
    this.#cancel();
  }

  #now(): string {
    return new Date(this.#wallClock()).toISOString();
  }
}

function problemIn(name: string, state: SyncPeerStatus['state'], detail = ''): string | undefined {
  if (state === 'conflict') return `shared settings are in conflict with ${name}: ${detail}`;
  return state === 'refused' ? `the settings of ${name} are refused here: ${detail}` : undefined;
}
