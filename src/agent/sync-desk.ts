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
import type { Apply, ProposalOutcome } from '../sync-service/proposal.js';
import type {
  AnswerOf,
  FromService,
  Question,
  ServiceSettings,
  ToService,
} from '../sync-service/service-protocol.js';
import { ServiceSlot } from '../sync-service/service-slot.js';
import type { Agreed, Agreement, SettingsInForce } from './settings-in-force.js';

/** Nobody waits for the first look at settings while an agent starts. In milliseconds. */
const START_AFTER_MS = 3_000;
/** What the control socket leaves an order, less a little. In milliseconds. */
const ORDER_LIMIT_MS = 7_500;

/** For peers to agree to a change, in milliseconds: longer than its own limits take together. */
const AGREEMENT_LIMIT_MS = 20_000;
/** For one change of the file by the service, in milliseconds: nobody else changes settings meanwhile. */
const TURN_LIMIT_MS = 10_000;

const GONE = Symbol('no answer in time');
const GIVEN_UP = Symbol('the service needs the turn first');

export interface SyncDeskOptions {
  readonly journal: Journal;
  readonly settingsFile: string;
  readonly tellVersion: (version: AnnouncedVersion | null) => void;
  readonly inForce: Pick<SettingsInForce, 'alone' | 'applyAgreed'>;
  /** Whether this appliance is Active for any virtual router. */
  readonly isActive: () => boolean;
  /** Whether this host has an interface of that name. */
  readonly hasLink: (name: string) => boolean;
  /** The status is another one. */
  readonly onChange: () => void;
  /** For tests. */
  readonly command?: readonly string[];
  readonly startAfterMs?: number;
}

export class SyncDesk {
  readonly #options: SyncDeskOptions;
  readonly #slot: ServiceSlot;
  #settings: ServiceSettings | null = null;
  #status: SyncStatus | null = null;
  #problem: string | null = null;
  readonly #told = new Map<string, AnnouncedVersion | null>();
  /** Peers that are silent on all paths. */
  readonly #lostPeers = new Set<string>();
  readonly #waiting = new Map<number, (value: unknown) => void>();
  /** What peers are asked to agree to, by the number of the question. */
  readonly #proposed = new Map<number, Apply>();
  #turnOver = (): void => undefined;
  /** What the service has had put in force last, until it is. */
  #applying: Promise<unknown> = Promise.resolve();
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
      if (this.#settings.peers.some((peer) => peer.name === name)) continue;
      this.#told.delete(name);
      this.#lostPeers.delete(name);
    }
    if (this.#slot.running) {
      this.#configureService('reload');
      this.#tellKnown();
    } else this.#slot.start(this.#options.startAfterMs ?? START_AFTER_MS);
  }

  /** What a peer says in its messages. */
  told(peer: string, version: AnnouncedVersion | null): void {
    this.#told.set(peer, version);
    this.#slot.send({ kind: 'told', peer, version });
  }

  /** Undefined with `ha.sync: off`, without peers, and until the service has said something. */
  status(): SyncStatus | undefined {
    if (this.#status === null || this.#problem === null) return this.#status ?? undefined;
    return { ...this.#status, problem: this.#problem };
  }

  async order(order: SyncOrder): Promise<SyncView | SyncOutcome> {
    if (this.#settings === null) return OFF;
    if (!this.#slot.running) return NOT_READY;
    const value = await this.#ask(ORDER_LIMIT_MS, TOO_SLOW, (id) => ({ kind: 'order', id, order }));
    return (value ?? NOT_READY) as SyncView | SyncOutcome;
  }

  /** Under `ha.sync: follow` the peers are asked first; else, and where nobody can ask them, it is applied at once. */
  async agree(agreement: Agreement, apply: () => Promise<ReloadOutcome>): Promise<Agreed> {
    const alone = async (): Promise<Agreed> => ({
      outcome: await apply(),
      restored: false,
      remarks: [],
    });
    if (this.#settings?.mode !== 'follow' || !this.#slot.running || this.#status === null) {
      return alone();
    }
    const begun: { outcome: Promise<ReloadOutcome> | null; noted: boolean } = {
      outcome: null,
      noted: false,
    };
    let number = 0;
    const value = await this.#ask(AGREEMENT_LIMIT_MS, GONE, (id) => {
      number = id;
      this.#proposed.set(id, async (noted) => {
        begun.noted = noted;
        begun.outcome = apply();
        const applied = await begun.outcome;
        return applied.ok ? [] : applied.errors;
      });
      const proposed = { ...agreement, active: this.#options.isActive() };
      return { kind: 'propose', id, proposed };
    });
    this.#proposed.delete(number);
    // It may have begun just before the service ended.
    const applied = await begun.outcome;
    const file = this.#options.settingsFile;
    const refuse = (errors: readonly SettingsError[], restored: boolean): Agreed => ({
      outcome: { ok: false, file, errors },
      restored,
      remarks: [],
    });
    const isDraft = agreement.text !== null;
    if (value === GIVEN_UP) return refuse([ONE_AT_A_TIME], isDraft);
    if (value === undefined || value === GONE) {
      // What is noted is taken back by the next service.
      return applied === null || begun.noted
        ? refuse([NOT_AGREED], isDraft)
        : { outcome: applied, restored: isDraft, remarks: [] };
    }
    // It knows nothing of this appliance yet.
    if (value === null) return applied === null ? alone() : refuse([NOT_AGREED], isDraft);
    const { errors, restored, remarks } = value as ProposalOutcome;
    if (errors.length > 0 || applied === null) return refuse(errors, restored);
    return { outcome: applied, restored, remarks };
  }

  /** The service can look at no proposal before it has had the turn, which the proposal holds. */
  #giveUp(): void {
    for (const id of this.#proposed.keys()) {
      this.#slot.send({ kind: 'give-up', id });
      this.#waiting.get(id)?.(GIVEN_UP);
    }
    this.#proposed.clear();
  }

  /** Undefined when the service ends before it answers. */
  #ask(limitMs: number, late: unknown, message: (id: number) => ToService): Promise<unknown> {
    const id = (this.#orders += 1);
    return new Promise((resolve) => {
      const done = (value: unknown): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(value);
      };
      const timer = setTimeout(() => done(late), limitMs);
      this.#waiting.set(id, done);
      this.#slot.send(message(id));
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
    this.#tellKnown();
  }

  /** What peers said last is said to a service that begins anew, with another mode or other peers too. */
  #tellKnown(): void {
    for (const [peer, version] of this.#told) this.#slot.send({ kind: 'told', peer, version });
    for (const peer of this.#lostPeers) this.#slot.send({ kind: 'lost', peer });
  }

  #configureService(how: Beginning): void {
    const settings = this.#settings;
    if (settings !== null) this.#slot.send({ kind: 'configure', settings, how });
  }

  #lost(message: string): void {
    this.#release();
    this.#problem = message;
    if (this.#status !== null) {
      // What is old does not look new.
      const since = new Date().toISOString();
      const { unconfirmed: _, ...status } = this.#status;
      const peers = status.peers.map(({ name }) => ({ name, state: 'unknown' as const, since }));
      this.#status = { ...status, peers };
    }
    this.#options.onChange();
    this.#options.journal.record('warn', {
      event: 'sync-service-lost',
      reason: 'sync-service',
      detail: message,
    });
  }

  /** Nobody will answer what is asked. */
  #release(): void {
    for (const done of this.#waiting.values()) done(undefined);
    this.#turnOver();
  }

  #hear({ event, detail }: EventRecord): void {
    if (event !== 'peer-unhealthy' && event !== 'peer-healthy') return;
    const prefix = `${REPORTS[event]}: `;
    if (!detail.startsWith(prefix)) return;
    const peer = detail.slice(prefix.length);
    const lost = event === 'peer-unhealthy';
    if (lost) this.#lostPeers.add(peer);
    else this.#lostPeers.delete(peer);
    this.#slot.send({ kind: lost ? 'lost' : 'found', peer });
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
      case 'turn-over':
        return this.#turnOver();
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

  async #answer(question: Question): Promise<AnswerOf<Question['what']>> {
    const { hasLink, inForce, isActive } = this.#options;
    switch (question.what) {
      case 'links':
        return question.names.filter((name) => !hasLink(name));
      case 'active':
        return isActive();
      case 'turn':
        return this.#takeTurn();
      case 'apply': {
        const applying = inForce.applyAgreed();
        this.#applying = applying.catch(() => undefined);
        return applying;
      }
      case 'apply-proposed': {
        const apply = this.#proposed.get(question.id);
        this.#proposed.delete(question.id);
        return apply === undefined ? [NOT_AGREED] : apply(question.noted);
      }
    }
  }

  /**
   * Resolves when the turn has come; it lasts until the service says so, dies, or takes too long, and what it has begun
   * to put in force is so.
   */
  #takeTurn(): Promise<null> {
    this.#giveUp();
    return new Promise((resolve) => {
      void this.#options.inForce.alone(async () => {
        await new Promise<void>((over) => {
          const timer = setTimeout(over, TURN_LIMIT_MS);
          this.#turnOver = () => {
            clearTimeout(timer);
            over();
          };
          resolve(null);
        });
        await this.#applying;
      });
    });
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

const NOT_AGREED: SettingsError = {
  path: '',
  code: 'changed-meanwhile',
  expected: 'an answer of the sync service, which asks the peers',
  found: 'it ended, or took too long: what was begun is taken back',
  remedy: 'make the change again in a few seconds; understudy events tells what ended it',
};

const ONE_AT_A_TIME: SettingsError = {
  path: '',
  code: 'changed-meanwhile',
  expected: 'one change at a time among the appliances',
  found: 'another one is under way here',
  remedy: 'make the change again in a moment',
};

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
