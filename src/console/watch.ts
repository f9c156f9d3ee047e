// What the agent says, looked at once for all pages that are open: its status and settings each second, its events as
// they happen. Nobody looks while no page is open. What pages get of it: streams.ts.
import type { ControlClient } from '../control/client.js';
import type { EventRecord, Status } from '../model/status.js';
import type { SettingsView } from '../control/protocol.js';

/** Between two looks, in ms. An event makes the next one come at once. */
const EVERY_MS = 1_000;
/** A burst of events is one look. */
const SOON_MS = 50;
/** What a page shows of what was before. */
const LAST_EVENTS = 20;

export type Sight =
  | {
      readonly kind: 'state';
      /** Wall time at which the status was had; null before the first. */
      readonly at: number | null;
      readonly status: Status | null;
      /** Why there is no newer one: the agent is gone, or does not answer. */
      readonly problem: { readonly message: string; readonly remedy: string } | null;
    }
  | { readonly kind: 'settings'; readonly settings: SettingsView }
  | { readonly kind: 'events'; readonly events: readonly EventRecord[] };

export type Onlooker = (sight: Sight) => void;

export interface Watch {
  /** Calls `onlooker` with what is known, and with all that follows; the returned function ends that. */
  join(onlooker: Onlooker): () => void;
  /** How many look on. */
  readonly size: number;
  end(): void;
}

interface Options {
  readonly client: Pick<ControlClient, 'status' | 'settings' | 'events'>;
  readonly now: () => number;
  readonly everyMs?: number;
}

export const createWatch = (options: Options): Watch => new AgentWatch(options);

class AgentWatch implements Watch {
  readonly #options: Options;
  readonly #onlookers = new Set<Onlooker>();
  #state: Extract<Sight, { kind: 'state' }> = {
    kind: 'state',
    at: null,
    status: null,
    problem: null,
  };
  #settings: SettingsView | null = null;
  #events: readonly EventRecord[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** Ends the stream of events, which lives as long as somebody looks on. */
  #following: AbortController | null = null;
  #looking = false;

  constructor(options: Options) {
    this.#options = options;
  }

  get size(): number {
    return this.#onlookers.size;
  }

  join(onlooker: Onlooker): () => void {
    this.#onlookers.add(onlooker);
    if (this.#onlookers.size === 1) {
      // Whoever comes after the last one has left has been told nothing.
      this.#settings = null;
      void this.#look();
    } else {
      onlooker(this.#state);
      if (this.#settings !== null) onlooker({ kind: 'settings', settings: this.#settings });
      onlooker({ kind: 'events', events: this.#events });
    }
    return () => {
      this.#onlookers.delete(onlooker);
      if (this.#onlookers.size === 0) this.#pause();
    };
  }

  end(): void {
    this.#onlookers.clear();
    this.#pause();
  }

  #pause(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#following?.abort();
    this.#following = null;
  }

  #tell(sight: Sight): void {
    for (const onlooker of this.#onlookers) onlooker(sight);
  }

  #later(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = this.#onlookers.size === 0 ? null : setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    this.#timer = null;
    const { client, now, everyMs = EVERY_MS } = this.#options;
    try {
      const [status, settings] = await Promise.all([client.status(), client.settings()]);
      this.#state = { kind: 'state', at: now(), status, problem: null };
      this.#tell(this.#state);
      if (JSON.stringify(settings) !== JSON.stringify(this.#settings)) {
        this.#settings = settings;
        this.#tell({ kind: 'settings', settings });
      }
      if (this.#following === null && this.#onlookers.size > 0) this.#follow();
    } catch (error) {
      const { message, remedy = '' } = error as Error & { remedy?: string };
      this.#state = { ...this.#state, problem: { message, remedy } };
      this.#tell(this.#state);
    } finally {
      this.#looking = false;
      if (this.#timer === null) this.#later(everyMs);
    }
  }

  #follow(): void {
    const { client } = this.#options;
    const following = new AbortController();
    this.#following = following;
    let gathered: EventRecord[] = [];
    let waits = false;
    const hand = (): void => {
      waits = false;
      if (following.signal.aborted) return;
      this.#events = [...this.#events, ...gathered].slice(-LAST_EVENTS);
      gathered = [];
      this.#tell({ kind: 'events', events: this.#events });
      if (!this.#looking) this.#later(SOON_MS);
    };
    // All that there were come first, once more.
    this.#events = [];
    const over = (): void => {
      if (this.#following === following) this.#following = null;
    };
    client
      .events({
        follow: true,
        signal: following.signal,
        onRecord: (record) => {
          gathered.push(record);
          if (gathered.length > LAST_EVENTS) gathered = gathered.slice(-LAST_EVENTS);
          if (!waits) setImmediate(hand);
          waits = true;
        },
      })
      .then(over, over);
  }
}
