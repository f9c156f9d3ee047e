// The agent's side of the sync service: what it is told and asked, what it has said last, and orders on their way to
// it. Nothing is decided here, and nothing of a document passes through this thread but names of settings.
import type { SettingsError } from '../config/errors.js';
import type { Settings } from '../config/settings.js';
import type { ReloadOutcome, SyncOrder, SyncOutcome, SyncView } from '../control/protocol.js';
import type { Journal } from '../journal/journal.js';
import { REPORTS } from '../model/reasons.js';
import type { AnnouncedVersion } from '../model/settings-version.js';
import type { EventRecord, SyncStatus } from '../model/status.js';
import type { Beginning, SyncEvent } from '../sync-service/keeper.js';
import type { FromService, Question, ServiceSettings } from '../sync-service/service-protocol.js';
import { ServiceSlot } from '../sync-service/service-slot.js';

/** Nobody waits for the first look at settings while an agent starts. In milliseconds. */
const START_AFTER_MS = 3_000;
/** What the control socket leaves an order, less a little. In milliseconds. */
const ORDER_LIMIT_MS = 7_500;

export interface SyncDeskOptions {
  readonly journal: Journal;
  readonly settingsFile: string;
  readonly tellVersion: (version: AnnouncedVersion | null) => void;
  readonly reload: () => Promise<ReloadOutcome>;
  /** Whether this host has an interface of that name. */
  readonly hasLink: (name: string) => boolean;
  /** The status is another one. */
  readonly onChange: () => void;
  /** For tests. */
  readonly command?: readonly string[];
}

export class SyncDesk {
  readonly #options: SyncDeskOptions;
  readonly #slot: ServiceSlot;
  #settings: ServiceSettings | null = null;
  #status: SyncStatus | null = null;
  #problem: string | null = null;
  readonly #told = new Map<string, AnnouncedVersion | null>();
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #orders = 0;
  /** Of the next `configure` to a service that knows nothing. */
  #beginning: Beginning = 'agent';
  readonly #unfollow: () => void;

  constructor(options: SyncDeskOptions) {
    this.#options = options;
    const { command } = options;
    this.#slot = new ServiceSlot({
      onMessage: (message) => this.#receive(message),
      onStarted: () => this.#tellAll(),
      onLost: (message) => this.#lost(message),
      ...(command === undefined ? {} : { command }),
    });
    this.#unfollow = options.journal.follow((record) => this.#hear(record));
  }

  /** The agent runs with these. */
  configure(settings: Settings): void {
    this.#settings = serviceSettings(settings, this.#options.settingsFile);
    if (this.#settings === null) {
      this.#status = null;
      this.#problem = null;
      this.#options.tellVersion(null);
      void this.#slot.end();
      this.#release();
      this.#beginning = 'reload';
      return;
    }
    for (const name of this.#told.keys()) {
      if (this.#settings.peers.every((peer) => peer.name !== name)) this.#told.delete(name);
    }
    if (this.#slot.running) this.#configureService('reload');
    else this.#slot.start(START_AFTER_MS);
  }

  /** What a peer says in its messages. */
  told(peer: string, version: AnnouncedVersion | null): void {
    this.#told.set(peer, version);
    this.#slot.send({ kind: 'told', peer, version });
  }

  /** Undefined with `ha.sync: off`, without peers, and until the service has said something. */
  status(): SyncStatus | undefined {
    return this.#status ?? undefined;
  }

  /** What keeps settings from being shared; null when nothing does. */
  problem(): string | null {
    return this.#problem;
  }

  async order(order: SyncOrder): Promise<SyncView | SyncOutcome> {
    if (this.#settings === null) return OFF;
    if (!this.#slot.running) return NOT_READY;
    const id = (this.#orders += 1);
    return new Promise((resolve) => {
      const done = (value: unknown): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve((value ?? NOT_READY) as SyncView | SyncOutcome);
      };
      const timer = setTimeout(() => done(TOO_SLOW), ORDER_LIMIT_MS);
      this.#waiting.set(id, done);
      this.#slot.send({ kind: 'order', id, order });
    });
  }

  async close(): Promise<void> {
    this.#unfollow();
    this.#release();
    this.#slot.send({ kind: 'end' });
    await this.#slot.end();
  }

  /** To a service that knows nothing. */
  #tellAll(): void {
    this.#configureService(this.#beginning);
    this.#beginning = 'service';
    for (const [peer, version] of this.#told) this.#slot.send({ kind: 'told', peer, version });
  }

  #configureService(how: Beginning): void {
    const settings = this.#settings;
    if (settings !== null) this.#slot.send({ kind: 'configure', settings, how });
  }

  #lost(message: string): void {
    this.#release();
    this.#options.journal.record('warn', {
      event: 'sync-service-lost',
      reason: 'sync-service',
      detail: message,
    });
  }

  /** Nobody will answer what is asked. */
  #release(): void {
    for (const done of this.#waiting.values()) done(NOT_READY);
  }

  #hear({ event, detail }: EventRecord): void {
    if (event !== 'peer-unhealthy') return;
    const prefix = `${REPORTS['peer-unhealthy']}: `;
    if (detail.startsWith(prefix)) {
      this.#slot.send({ kind: 'lost', peer: detail.slice(prefix.length) });
    }
  }

  #receive(message: Exclude<FromService, { kind: 'alive' }>): void {
    switch (message.kind) {
      case 'status':
        this.#status = message.status;
        return this.#options.onChange();
      case 'announce':
        return this.#options.tellVersion(message.version);
      case 'event':
        return this.#record(message.event);
      case 'problem':
        this.#problem = message.problem;
        return this.#options.onChange();
      case 'refused':
        return this.#options.journal.recordForeign('warn', `sync ${message.address}`, {
          event: 'sync-request-refused',
          reason: 'not-a-peer',
          detail: `from ${message.address}: ${message.detail}`,
          source: message.address,
        });
      case 'done':
        return this.#waiting.get(message.id)?.(message.value);
      case 'ask':
        void this.#answer(message.question).then((value) =>
          this.#slot.send({ kind: 'answer', id: message.id, value }),
        );
    }
  }

  #record({ event, reason, detail, peer }: SyncEvent): void {
    this.#options.journal.record(event === 'sync-applied' ? 'info' : 'warn', {
      event,
      reason,
      detail,
      ...(peer === undefined ? {} : { peer }),
    });
  }

  async #answer(question: Question): Promise<readonly SettingsError[] | readonly string[]> {
    if (question.what === 'links') {
      return question.names.filter((name) => !this.#options.hasLink(name));
    }
    const outcome = await this.#options.reload();
    return outcome.ok ? [] : outcome.errors;
  }
}

function serviceSettings(settings: Settings, settingsFile: string): ServiceSettings | null {
  const { name, ha, stateDirectory } = settings;
  const { keyFile } = ha;
  if (ha.sync === 'off' || ha.peers.length === 0 || keyFile === null) return null;
  const { sync: mode, port, peers } = ha;
  return { self: name, mode, port, keyFile, peers, settingsFile, stateDirectory };
}

const refusal = (code: string, message: string, remedy: string): SyncOutcome => ({
  ok: false,
  code,
  message,
  remedy,
});

const OFF = refusal(
  'sync-off',
  'no settings are shared here: ha.sync is off, or there are no peers',
  'understudy set sync offer, with ha.peers in the settings file',
);

const NOT_READY = refusal(
  'not-ready',
  'the sync service does not run yet, or has just ended',
  'try again in a few seconds; understudy events tells what ended it',
);

const TOO_SLOW = refusal(
  'timed-out',
  `no outcome within ${ORDER_LIMIT_MS / 1_000} s; it may still come`,
  'see understudy sync status',
);
