// What this appliance knows of the witness, for people: whether it answers, who has the lease, how long ours lasts. It
// hands the facts on and decides nothing.
import type { Settings } from '../config/settings.js';
import type { Journal } from '../journal/journal.js';
import type { WitnessStatus } from '../model/status.js';
import type { Instant } from '../model/units.js';
import type { WitnessFact } from '../model/witness.js';

interface DeskOptions {
  readonly journal: Pick<Journal, 'recordChange'>;
  /** Both clocks, in their own units: CLOCK_MONOTONIC in µs, and ms since the epoch. */
  readonly now: () => Instant;
  readonly wallClock: () => number;
}

type WitnessSettings = Settings['witness'];

export class WitnessDesk {
  readonly #options: DeskOptions;
  #settings: WitnessSettings = null;
  #fact: WitnessFact = NOTHING_YET;
  /** Since when it answers, or does not. */
  #since: number | null = null;
  /** The lease that was ours last, which may count even while the witness is away. */
  #ours: Extract<WitnessFact, { kind: 'ours' }> | null = null;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  configure(settings: WitnessSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    this.#settings = settings;
    this.#fact = NOTHING_YET;
    this.#since = null;
    this.#ours = null;
  }

  /** @returns whether more has changed than how long a lease lasts. */
  take(fact: WitnessFact): boolean {
    const before = this.#fact;
    const isNews = this.#since === null || !isSame(before, fact);
    if (this.#since === null || (fact.kind === 'away') !== (before.kind === 'away')) {
      this.#since = this.#options.wallClock();
    }
    this.#fact = fact;
    const had = this.#ours;
    if (fact.kind === 'ours') {
      this.#ours = fact;
      if (had?.token !== fact.token) this.#record('held', `it is ours (${fact.token})`);
      return isNews;
    }
    if (fact.kind === 'away' || had === null) return isNews;
    this.#ours = null;
    const whose = fact.kind === 'free' ? 'nobody has it' : `${fact.holder} has it`;
    this.#record('not-held', whose);
    return isNews;
  }

  /** Undefined where the settings name none. */
  status(): WitnessStatus | undefined {
    if (this.#settings === null) return undefined;
    const { endpoints, ttlSeconds } = this.#settings;
    const fact = this.#fact;
    const remaining = this.#remainingMs();
    return {
      endpoints,
      ttlSeconds,
      state: this.#since === null ? 'unknown' : fact.kind === 'away' ? 'away' : 'seen',
      ...(this.#since === null ? {} : { since: new Date(this.#since).toISOString() }),
      ...(fact.kind === 'away' ? { detail: fact.why } : {}),
      lease: remaining !== null ? 'ours' : LEASES[fact.kind],
      ...(fact.kind === 'others' ? { holder: fact.holder } : {}),
      ...(remaining === null ? {} : { remainingMs: remaining }),
    };
  }

  /** What is wrong, for health. */
  problems(): string[] {
    if (this.#settings === null || this.#since === null || this.#fact.kind !== 'away') return [];
    return [`the witness does not answer: ${this.#fact.why}`];
  }

  #remainingMs(): number | null {
    if (this.#ours === null) return null;
    const left = this.#ours.until - this.#options.now();
    return left > 0 ? Math.floor(left / 1_000) : null;
  }

  #record(reason: string, detail: string): void {
    this.#options.journal.recordChange('info', 'witness-lease', {
      event: 'witness-lease',
      reason,
      detail: `the lease of the witness: ${detail}`,
    });
  }
}

function isSame(one: WitnessFact, other: WitnessFact): boolean {
  const text = ({ kind, ...rest }: WitnessFact): string =>
    `${kind} ${'token' in rest ? rest.token : ''} ${'why' in rest ? rest.why : ''}`;
  return text(one) === text(other);
}

const NOTHING_YET: WitnessFact = { kind: 'away', why: 'it has not been asked yet' };

/** Whose the lease is, where it is not known to be ours. */
const LEASES = { ours: 'free', others: 'others', free: 'free', away: 'unknown' } as const;
