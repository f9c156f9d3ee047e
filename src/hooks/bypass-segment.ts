// The relay of one segment: one call of the hook at a time, the newest order wins, and only what was
// read back is believed. Why it should switch is decided elsewhere.
import type { BypassState, EventFields } from '../model/status.js';
import {
  callCapabilities,
  callSet,
  callStatus,
  type HookCall,
  type BypassWord,
  type HookFailure,
  type HookOccasion,
  type HookResult,
} from './hook-call.js';
import type { HookRunner } from './runner.js';
import type { Severity } from '../journal/journal.js';

/** Tries of one call that answers 75, and the first wait in ms, which doubles: 3.75 s in all. */
const ATTEMPTS = 5;
const FIRST_WAIT_MS = 250;

export interface Order {
  readonly word: BypassWord;
  readonly occasion: HookOccasion;
  /** Nobody ordered it anew: it has failed before, and that is known. */
  readonly again?: true;
}

interface SegmentOptions extends Omit<HookCall, 'occasion'> {
  readonly segment: string;
  readonly runner: HookRunner;
  /** The occasion of a call that nobody ordered. */
  readonly routine: () => HookOccasion;
  /** The state that is read has changed; `unknown` is what it is before the first reading. */
  readonly onReading: (is: BypassState) => void;
  /** A call is over: `problem` of the status may be another. */
  readonly onJudged: () => void;
  readonly onEvent: (severity: Severity, fields: EventFields) => void;
}

export interface SegmentStatus {
  readonly name: string;
  readonly desired: BypassWord | null;
  /** As read last; `unknown` when the last reading failed. */
  readonly actual: BypassState;
  /** What the hook can switch to; null until it has said so. */
  readonly capabilities: readonly BypassWord[] | null;
  /** A call is under way, or waits for another try. */
  readonly busy: boolean;
  /** One line for health. */
  readonly problem: string | null;
}

type Kind = HookFailure | 'unknown';
interface Failure {
  readonly kind: Kind;
  readonly detail: string;
}

export class BypassSegment {
  readonly #options: SegmentOptions;
  #desired: BypassWord | null = null;
  /** Not yet carried out. */
  #order: Order | null = null;
  /** Carried out last, or given up. */
  #former: Order | null = null;
  #readingDue = false;
  #closed = false;
  #actual: BypassState = 'unknown';
  #capabilities: readonly BypassWord[] | null = null;
  /** Why the order in force was not carried out; null when it was, or when there was none. */
  #setFailure: Failure | null = null;
  #readFailure: Failure | null = null;
  #problem: Failure | null = null;

  constructor(options: SegmentOptions) {
    this.#options = options;
  }

  /** Replaces whatever was ordered before; a call under way ends first. */
  order(order: Order): void {
    this.#desired = order.word;
    this.#order = order;
    this.#options.runner.interrupt(this.#options.segment);
    this.#options.runner.stir(this.#options.segment);
  }

  /** Reads the state, and what the hook can do while that is unknown. */
  refresh(): void {
    this.#readingDue = true;
    this.#options.runner.stir(this.#options.segment);
  }

  /** No further call and no callback; a call under way is left to its deadline. */
  close(): void {
    this.#closed = true;
  }

  status(): SegmentStatus {
    return {
      name: this.#options.segment,
      desired: this.#desired,
      actual: this.#actual,
      capabilities: this.#capabilities,
      busy: this.#options.runner.isBusy(this.#options.segment),
      problem: this.#problem === null ? null : this.#describe(this.#problem),
    };
  }

  /** What is to be done now: the newest order, else the reading that is due; null when nothing is. */
  next(): (() => Promise<void>) | null {
    const order = this.#order;
    if (this.#closed) return null;
    if (order !== null) return () => this.#carryOut(order);
    return this.#readingDue ? () => this.#look() : null;
  }

  async #carryOut(order: Order): Promise<void> {
    const current = (): boolean => this.#order === order && !this.#closed;
    const { segment } = this.#options;
    const call = { ...this.#options, occasion: order.occasion };
    const set = await this.#persist(() => callSet(call, order.word, segment), current);
    if (!current()) return;
    // Whatever the hook said: what counts is what can be read.
    const reading = await this.#persist(() => callStatus(call, segment), current);
    if (!current()) return;
    this.#order = null;
    this.#former = order;
    this.#readingDue = false;
    this.#setFailure = set.ok
      ? { kind: 'mismatch', detail: 'the hook claims to have set it' }
      : { kind: set.failure, detail: set.detail };
    const news = this.#take(reading);
    if (!set.ok && this.#actual === order.word) {
      const detail = `segment ${segment}: the hook failed, but it reads ${order.word}: ${set.detail}`;
      this.#tell('warn', { event: 'bypass-problem', reason: set.failure, detail }, order.occasion);
    }
    this.#judge(order.occasion, order.again !== true);
    this.#announce(news);
  }

  /** What failed is tried again with every routine reading, unless the hardware cannot do it. */
  #tryAgain(): void {
    const former = this.#former;
    if (this.#order !== null || former === null || this.#setFailure === null) return;
    if (this.#setFailure.kind !== 'unsupported') this.#order = { ...former, again: true };
  }

  async #look(): Promise<void> {
    const { segment, routine } = this.#options;
    const occasion = routine();
    const call = { ...this.#options, occasion };
    const current = (): boolean => this.#order === null && !this.#closed;
    this.#readingDue = false;
    if (this.#capabilities === null) {
      const answer = await this.#persist(() => callCapabilities(call, segment), current);
      if (answer.ok) this.#capabilities = answer.answer.capabilities;
      if (!current()) return;
    }
    const reading = await this.#persist(() => callStatus(call, segment), current);
    if (!current()) return;
    const news = this.#take(reading);
    this.#judge(occasion, false);
    this.#announce(news);
    this.#tryAgain();
  }

  /** Calls again while the hook asks for it, unless something newer is to be done. */
  #persist<Answer>(
    call: () => Promise<HookResult<Answer>>,
    isWanted: () => boolean,
  ): Promise<HookResult<Answer>> {
    return this.#options.runner.persist(this.#options.segment, call, {
      isWorthAnother: (result) => !result.ok && result.failure === 'try-again',
      isWanted,
      firstWait: FIRST_WAIT_MS,
      tries: ATTEMPTS,
    });
  }

  /** What is believed from now on: both callbacks see the verdict too. */
  #announce(news: boolean): void {
    this.#options.onJudged();
    if (news) this.#options.onReading(this.#actual);
  }

  /** @returns whether the state reads otherwise than before. */
  #take(reading: HookResult<{ readonly state: BypassState; readonly detail?: string }>): boolean {
    const was = this.#actual;
    this.#actual = reading.ok ? reading.answer.state : 'unknown';
    this.#readFailure = reading.ok ? null : { kind: reading.failure, detail: reading.detail };
    if (reading.ok && this.#actual === 'unknown') {
      const detail = reading.answer.detail ?? 'the hook cannot tell';
      this.#readFailure = { kind: 'unknown', detail };
    }
    if (this.#actual === this.#desired) this.#setFailure = null;
    if (this.#actual === was) return false;
    this.#tell(this.#actual === 'unknown' ? 'warn' : 'info', {
      event: 'bypass',
      reason: this.#actual,
      detail: `segment ${this.#options.segment} reads ${this.#actual}, was ${was}`,
    });
    return true;
  }

  /** An order that was not carried out is told each time, what routine readings find once. */
  #judge(occasion: HookOccasion, ordered: boolean): void {
    const before = this.#problem;
    this.#problem = this.#readFailure ?? this.#unfulfilled();
    const repeated = this.#problem?.kind === before?.kind;
    if (repeated && (this.#problem === null || !ordered)) return;
    if (this.#problem === null) {
      const detail = `segment ${this.#options.segment} reads ${this.#actual}, as it should`;
      this.#tell('info', { event: 'bypass-problem', reason: 'solved', detail }, occasion);
    } else {
      const detail = this.#describe(this.#problem);
      this.#tell(
        'error',
        { event: 'bypass-problem', reason: this.#problem.kind, detail },
        occasion,
      );
    }
  }

  #unfulfilled(): Failure | null {
    if (this.#desired === null || this.#actual === this.#desired) return null;
    return this.#setFailure ?? { kind: 'mismatch', detail: 'somebody else has switched it' };
  }

  #describe({ detail }: Failure): string {
    const { segment } = this.#options;
    if (this.#actual === 'unknown') {
      const wanted = this.#desired === null ? '' : ` (${this.#desired} is wanted)`;
      const earlier = this.#setFailure === null ? '' : `; set: ${this.#setFailure.detail}`;
      return `bypass segment ${segment}: its state is unknown${wanted}: ${detail}${earlier}`;
    }
    return `bypass segment ${segment}: ${this.#desired ?? '-'} is wanted, it reads ${this.#actual}: ${detail}`;
  }

  #tell(severity: Severity, fields: EventFields, occasion?: HookOccasion): void {
    const { segment, onEvent } = this.#options;
    const about = occasion === undefined ? {} : { eventId: occasion.eventId };
    onEvent(severity, { ...fields, segment, ...about });
  }
}
