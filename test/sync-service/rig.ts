// Appliances with a keeper each, joined in memory: files, stores, agents and timers are values here. No tests in here.
import { parse } from 'yaml';
import type { SettingsError } from '../../src/config/errors.js';
import type { AnnouncedVersion, SettingsVersion } from '../../src/model/settings-version.js';
import type { SyncMode } from '../../src/model/status.js';
import { errorsOf, type Step } from '../../src/sync-service/change.js';
import {
  encodeFrame,
  FrameReader,
  PeerSlow,
  readAnswer,
  readRequest,
  type PeerAnswer,
  type PeerRequest,
} from '../../src/sync-service/exchange.js';
import { refused, type ProposalOutcome } from '../../src/sync-service/proposal.js';
import { waitFor } from '../../src/sync-service/outcomes.js';
import { EXCHANGE_LIMIT_MS } from '../../src/sync-service/peer-server.js';
import { digestOfText } from '../../src/config/load.js';
import { Keeper, type Beginning, type SyncEvent } from '../../src/sync-service/keeper.js';
import { Ledger } from '../../src/sync-service/ledger.js';
import type { FileText } from '../../src/sync-service/settings-file.js';
import type { Store, SyncState } from '../../src/sync-service/store.js';
import { sharedOf } from '../../src/sync/shared.js';
import { createTurn } from '../../src/agent/in-turn.js';
import { turn, until } from '../support/limits.js';

export const MINE = `name: %
ha: { primary: true, peers: [{ name: other, addresses: [10.98.0.2] }], keyFile: /k }
virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24], priority: 140 } # mine
`;

/** What goes over the network does so as bytes. */
const overTheWire = (message: PeerRequest | PeerAnswer): string => {
  const text = new FrameReader().take(encodeFrame(message));
  if (typeof text !== 'string') throw new Error('expected a whole message');
  return text;
};

export class Group {
  /** Who is in the settings of each. */
  readonly names: readonly string[];
  readonly all = new Map<string, Box>();
  readonly timers: { due: number; task: () => void }[] = [];
  /** Who has put settings in force, in that order. */
  readonly applied: string[] = [];
  /** Nobody hears anybody while this is set. */
  cut = false;
  /** Those that nobody hears, and that hear nobody. */
  readonly away = new Set<string>();
  now = 0;

  constructor(names: readonly string[] = ['a', 'b']) {
    this.names = names;
  }

  box(name: string): Box {
    const found = this.all.get(name);
    if (found === undefined) throw new Error(`no box ${name}`);
    return found;
  }

  /** Whether what one says comes to the other. */
  joins(one: Box, other: Box): boolean {
    return !this.cut && ![one, other].some(({ name }) => this.away.has(name));
  }

  add(box: Box): void {
    this.all.set(box.name, box);
  }

  /** So many milliseconds pass. */
  async pass(ms: number): Promise<void> {
    this.now += ms;
    for (const timer of this.timers.filter(({ due }) => due <= this.now)) {
      this.timers.splice(this.timers.indexOf(timer), 1);
      timer.task();
    }
    await this.settled();
  }

  /** Until nothing goes on any more. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 50; quiet += 1) await turn();
  }

  later = (ms: number, task: () => void): (() => void) => {
    const timer = { due: this.now + ms, task };
    this.timers.push(timer);
    return () => {
      const at = this.timers.indexOf(timer);
      if (at !== -1) this.timers.splice(at, 1);
    };
  };
}

interface Death {
  readonly promise: Promise<never>;
  readonly reject: (error: Error) => void;
}

function death(): Death {
  let reject: Death['reject'] = () => undefined;
  const promise = new Promise<never>((_, give) => (reject = give));
  promise.catch(() => undefined);
  return { promise, reject: (error) => reject(error) };
}

export interface BoxOptions {
  readonly mode?: SyncMode;
  readonly text?: string;
  /** By how much its wall clock is ahead. */
  readonly clockMs?: number;
}

/** An appliance: its disk, its agent, and a keeper that can be killed. */
export class Box {
  readonly name: string;
  readonly group: Group;
  mode: SyncMode;
  text: string;
  /** What the agent runs with. */
  inForce = '';
  saved: SyncState | null = null;
  /** What is wrong with what it has kept. */
  notesProblem: string | null = null;
  lastGood = '';
  readonly events: SyncEvent[] = [];
  /** What this host refuses of a text. */
  refuses: (text: string) => readonly SettingsError[] = () => [];
  /** What the disk says to a write. */
  disk: ((what: 'file' | 'state') => void) | null = null;
  killAt: Step | null = null;
  keeper: Keeper;
  announced: AnnouncedVersion | null = null;
  active = false;
  /** It is heard, and answers nothing that it is asked. */
  slow = false;
  /** What its agent runs with from now on. */
  onApplied: ((text: string) => Promise<void> | void) | null = null;
  /** The agent's turn. */
  readonly #clockMs: number;
  #alone = createTurn();
  /** Rejects what others wait for when this one dies. */
  #died = death();
  #dead = false;
  #lives = 0;
  #giveUp = (): void => undefined;

  constructor(group: Group, name: string, { mode = 'offer', text, clockMs = 0 }: BoxOptions = {}) {
    this.group = group;
    this.name = name;
    this.mode = mode;
    this.#clockMs = clockMs;
    this.text = text ?? MINE.replace('%', name);
    this.keeper = this.#made();
  }

  get version(): SettingsVersion | undefined {
    return this.saved?.lineage.version;
  }

  get shared(): Record<string, unknown> {
    return Object.fromEntries(sharedOf(parse(this.inForce)));
  }

  state(peer: string): string | undefined {
    return this.keeper.status().peers.find(({ name }) => name === peer)?.state;
  }

  async start(how: Beginning = 'agent'): Promise<void> {
    this.#dead = false;
    this.#alone = createTurn();
    this.#died = death();
    this.keeper = this.#made();
    if (how === 'agent') this.inForce = this.text;
    await this.keeper.begin(how);
    await this.group.settled();
    for (const other of this.group.all.values()) {
      if (other === this || other.announced === null || other.#dead) continue;
      if (!this.group.joins(this, other)) continue;
      await this.keeper.told(other.name, other.announced);
    }
  }

  /** SIGKILL of the service, and of the agent with it. */
  kill(): void {
    this.#dead = true;
    this.announced = null;
    this.#died.reject(new Error('it died'));
  }

  /** An operator sets something, as `understudy set` and the page do: peers agree, the file is written, it is in force. */
  set(from: string, to: string): Promise<ProposalOutcome> {
    return this.#alone(() => {
      if (!this.text.includes(from)) throw new Error(`no ${from} in ${this.text}`);
      return this.#propose(this.text.replace(from, to));
    });
  }

  /** An operator has edited the file, and has the agent read it. */
  reload(from: string, to: string): Promise<ProposalOutcome> {
    this.text = this.text.replace(from, to);
    return this.#alone(() => this.#propose(null));
  }

  #propose(text: string | null): Promise<ProposalOutcome> {
    const read = this.text;
    const proposed = { digest: digestOfText(read), text, active: this.active };
    let awaited = true;
    const givenUp = new Promise<ProposalOutcome>((resolve) => {
      this.#giveUp = () => {
        awaited = false;
        resolve(refused(proposed, [waitFor(this.name)]));
      };
    });
    const apply = (): Promise<readonly SettingsError[]> => {
      this.#giveUp = () => undefined;
      return this.#write(read, text);
    };
    return Promise.race([
      this.keeper.propose(proposed, apply, () => awaited),
      givenUp,
      this.#died.promise,
    ]);
  }

  /** As the agent does it: what stands in the file by then may be another one. */
  async #write(read: string, text: string | null): Promise<readonly SettingsError[]> {
    await this.#alive();
    if (text !== null) {
      if (this.text !== read) return errorsOf(new Error('another version'));
      try {
        this.disk?.('file');
      } catch (error) {
        return errorsOf(error);
      }
      this.text = text;
      if (this.killAt === 'written') this.kill();
    }
    return this.#run();
  }

  async #run(): Promise<readonly SettingsError[]> {
    await this.#alive();
    this.inForce = this.text;
    this.group.applied.push(this.name);
    await this.onApplied?.(this.text);
    void this.keeper.inForce();
    return [];
  }

  /** An operator edits the file and has the agent read it. */
  async edit(from: string, to: string): Promise<void> {
    if (!this.text.includes(from)) throw new Error(`expected ${from} in ${this.text}`);
    this.text = this.text.replace(from, to);
    this.inForce = this.text;
    await this.onApplied?.(this.text);
    await this.keeper.inForce();
    await this.group.settled();
  }

  async until(expected: string, fits: () => boolean): Promise<void> {
    await until(`${this.name}: ${expected}`, () => JSON.stringify(this.keeper.status()), fits, 0);
  }

  #made(): Keeper {
    const life = (this.#lives += 1);
    // One that was killed stays dead when another one has taken its place.
    const isAlive = (): boolean => !this.#dead && life === this.#lives;
    const alive = (): Promise<void> => (isAlive() ? Promise.resolve() : never());
    const store: Store = {
      load: () => ({ state: this.saved, problem: this.notesProblem }),
      setAside: () => {
        this.disk?.('state');
        this.notesProblem = null;
        return Promise.resolve('/kept');
      },
      save: async (state) => {
        await alive();
        this.disk?.('state');
        this.saved = state;
      },
    };
    const { group } = this;
    const keeper: Keeper = new Keeper({
      self: this.name,
      mode: this.mode,
      peers: this.group.names.filter((name) => name !== this.name),
      ledger: new Ledger(store, this.name),
      file: {
        read: (): FileText => ({ text: this.text, mark: '' }),
        write: async ({ text }) => {
          await alive();
          this.disk?.('file');
          this.text = text;
        },
        check: (text) => Promise.resolve(this.refuses(text)),
      },
      apply: async () => {
        await alive();
        return this.#run();
      },
      keepGood: async ({ text }) => {
        await alive();
        this.lastGood = text;
      },
      onStep: async (step) => {
        if (this.killAt === step) this.kill();
        await alive();
      },
      alone: async (task) => {
        await alive();
        // The agent gives a proposal up that waits for the service, which needs the turn first.
        this.#giveUp();
        return this.#alone(task);
      },
      isActive: () => Promise.resolve(this.active),
      call: async (peer, request, limitMs = EXCHANGE_LIMIT_MS) => {
        await alive();
        const other = group.all.get(peer);
        if (other === undefined || other.#dead || !group.joins(this, other)) {
          throw new Error('nobody answers');
        }
        const asked = readRequest(overTheWire(request));
        if (asked === null) throw new Error('a request of another form');
        let late = (): void => undefined;
        const tooLate = new Promise<never>((_, reject) => {
          late = group.later(limitMs, () => reject(new PeerSlow(`no answer in ${limitMs} ms`)));
        });
        const answer = await Promise.race([
          other.slow ? never() : other.keeper.answer(this.name, asked),
          other.#died.promise,
          tooLate,
        ]).finally(late);
        // Its connection is gone with it.
        if (other.#dead || !group.joins(this, other)) throw new Error('the connection ended');
        const read = readAnswer(overTheWire(answer));
        if (read === null) throw new Error('an answer of another form');
        return read;
      },
      announce: (version) => {
        if (!isAlive()) return;
        this.announced = version;
        for (const other of group.all.values()) {
          if (other !== this && group.joins(this, other))
            void other.keeper.told(this.name, version);
        }
      },
      onStatus: () => undefined,
      onEvent: (event) => isAlive() && this.events.push(event),
      later: group.later,
      wallClock: () => group.now + this.#clockMs,
    });
    return keeper;
  }

  /** Never comes back in one that was killed. */
  #alive(): Promise<void> {
    return this.#dead ? never() : Promise.resolve();
  }
}

const never = (): Promise<never> => new Promise(() => undefined);

/** All run, and know of each other; the `silent` ones are peers that nobody has heard yet. */
export async function startGroup(
  options: BoxOptions | ((name: string) => BoxOptions) = {},
  names: readonly string[] = ['a', 'b'],
  silent: readonly string[] = [],
): Promise<Group> {
  const group = new Group([...names, ...silent]);
  for (const name of names) {
    group.add(new Box(group, name, typeof options === 'function' ? options(name) : options));
  }
  for (const name of names) await group.box(name).start();
  await group.settled();
  return group;
}
