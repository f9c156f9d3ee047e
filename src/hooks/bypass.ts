// The hardware bypass: what its segments are told, and what they are together. It runs no hook itself
// (bypass-segment.ts) and decides nothing about roles.
import { randomUUID } from 'node:crypto';
import type { BypassSettings } from '../config/settings.js';
import type { Executor } from '../executor/executor.js';
import type { BypassState, EventFields } from '../model/status.js';
import { milliseconds, type Milliseconds } from '../model/units.js';
import { BypassSegment, type SegmentStatus } from './bypass-segment.js';
import type { BypassWord, HookOccasion } from './hook-call.js';
import { HookRunner } from './runner.js';
import type { Severity } from '../journal/journal.js';
import { later as realLater, type Later } from '../timers/later.js';

/** After this the hook's process group is killed. Relays need about half a second. */
const BYPASS_DEADLINE = milliseconds(5_000);

/**
 * How long monitors stay inhibited after a segment has left the bypass. Both ends renegotiate (1 to
 * 4 s for copper at 1 Gbit/s), a switch port goes to forwarding, and traffic has to come back before
 * a monitor's word means anything. Ten seconds cover that, short of spanning tree's 30 s.
 */
const SETTLING = milliseconds(10_000);

/** The longest a stop waits for `onStop`: a call that hangs, and the three calls after it. */
const STOP_LIMIT = milliseconds(20_000);

export interface BypassOptions {
  readonly executor: Executor;
  readonly settings: BypassSettings;
  /** The name of this appliance, for the hook's environment. */
  readonly name: string;
  /** The aggregate, and every segment's state as read; called when a segment's reading changed. */
  readonly onState: (actual: BypassState, perSegment: ReadonlyMap<string, BypassState>) => void;
  /** What is wrong has changed: for health, one line each; none when nothing is. */
  readonly onProblems?: (problems: readonly string[]) => void;
  /** Whether link and bandwidth monitors are to be disregarded has changed. */
  readonly onInhibit?: (inhibited: boolean) => void;
  readonly onEvent: (severity: Severity, fields: EventFields) => void;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Defaults: the process's timers, a random UUID, BYPASS_DEADLINE and SETTLING. */
  readonly later?: Later;
  readonly newEventId?: () => string;
  readonly deadline?: Milliseconds;
  readonly settling?: Milliseconds;
}

export interface BypassStatus {
  /** What was wanted last; null when nobody has wanted anything yet. */
  readonly desired: BypassWord | null;
  /** What all segments read alike, else `unknown`. */
  readonly actual: BypassState;
  /** A hook runs, or waits for another try. */
  readonly busy: boolean;
  /** How long monitors stay inhibited after the bypass was left; 0 when they do not. */
  readonly settlingMs: number;
  /** Link and bandwidth monitors are to be disregarded: bypassed, about to be, or settling. */
  readonly inhibited: boolean;
  readonly segments: readonly SegmentStatus[];
  /** For health, one line each. */
  readonly problems: readonly string[];
}

/** Calls no hook before it is told to. */
export class Bypass {
  readonly #options: BypassOptions;
  readonly #later: Later;
  readonly #newEventId: () => string;
  readonly #settlingTime: Milliseconds;
  readonly #runner: HookRunner;
  readonly #segments = new Map<string, BypassSegment>();
  /** As read; `unknown` where nothing could be. */
  readonly #readings = new Map<string, BypassState>();
  /** Of the segments, those whose last known state was not inline. */
  readonly #out = new Set<string>();
  #desired: BypassWord | null = null;
  #flaps = 0;
  #settlingUntil: number | null = null;
  #cancelSettling: (() => void) | null = null;
  #inhibited = false;
  /** As told last. */
  #problems: readonly string[] = [];
  #closed = false;

  constructor(options: BypassOptions) {
    this.#options = options;
    this.#later = options.later ?? realLater;
    this.#newEventId = options.newEventId ?? randomUUID;
    this.#settlingTime = options.settling ?? SETTLING;
    const next = (segment: string) => this.#segments.get(segment)?.next() ?? null;
    this.#runner = new HookRunner({ next, later: this.#later });
    for (const name of options.settings.segments) this.#segments.set(name, this.#open(name));
  }

  #open(segment: string): BypassSegment {
    const { executor, settings, deadline, onEvent } = this.#options;
    this.#readings.set(segment, 'unknown');
    return new BypassSegment({
      executor,
      hook: settings.hook,
      deadline: deadline ?? BYPASS_DEADLINE,
      segment,
      runner: this.#runner,
      routine: () => this.#occasion('refresh'),
      onReading: (is) => this.#read(segment, is),
      onJudged: () => this.#judged(),
      onEvent,
    });
  }

  /**
   * The relay should be so from now on. Every call is carried out, also one that repeats the last;
   * what was wanted before and is not done yet is dropped.
   * @param reason for the hook, a word; `flaps` those within the window.
   */
  want(word: BypassWord, reason: string, flaps: number): void {
    if (this.#closed) return;
    this.#flaps = flaps;
    this.#desired = word;
    const occasion = this.#occasion(reason);
    for (const segment of this.#segments.values()) segment.order({ word, occasion });
    this.#inhibit();
  }

  /** Reads every segment; resolves when that is done. It never switches anything. */
  refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    for (const segment of this.#segments.values()) segment.refresh();
    return this.idle();
  }

  /** Resolves when no hook runs and none is due. */
  idle(): Promise<void> {
    return this.#runner.idle();
  }

  /** Does `onStop`; resolves when it is done, has failed for good, or STOP_LIMIT is over. */
  async stop(): Promise<void> {
    const { onStop } = this.#options.settings;
    if (onStop !== 'keep') {
      this.want(onStop, 'stop', this.#flaps);
      await this.#runner.idleWithin(STOP_LIMIT);
    }
    this.close();
  }

  /** Ends at once and leaves every relay as it is: other settings take over. */
  close(): void {
    this.#closed = true;
    this.#cancelSettling?.();
    for (const segment of this.#segments.values()) segment.close();
    this.#runner.close();
  }

  status(): BypassStatus {
    const segments = [...this.#segments.values()].map((segment) => segment.status());
    const until = this.#settlingUntil;
    return {
      desired: this.#desired,
      actual: this.#actual(),
      busy: segments.some(({ busy }) => busy),
      settlingMs: until === null ? 0 : Math.max(0, until - this.#options.now()),
      inhibited: this.#inhibited,
      segments,
      problems: segments.map(({ problem }) => problem).filter((problem) => problem !== null),
    };
  }

  #occasion(reason: string): HookOccasion {
    const { name } = this.#options;
    return { name, reason, eventId: this.#newEventId(), flaps: this.#flaps };
  }

  #actual(): BypassState {
    const [first = 'unknown', ...rest] = this.#readings.values();
    return rest.every((state) => state === first) ? first : 'unknown';
  }

  #read(segment: string, is: BypassState): void {
    if (this.#closed) return;
    this.#readings.set(segment, is);
    if (is === 'inline' && this.#out.delete(segment)) this.#settle();
    // A segment that cannot be read any more is where it was, as far as anybody knows.
    if (is === 'bypass' || is === 'disconnect') this.#out.add(segment);
    this.#inhibit();
    this.#options.onState(this.#actual(), new Map(this.#readings));
  }

  #judged(): void {
    if (this.#closed) return;
    const { problems } = this.status();
    if (problems.join('\n') === this.#problems.join('\n')) return;
    this.#problems = problems;
    this.#options.onProblems?.(problems);
  }

  #settle(): void {
    this.#cancelSettling?.();
    this.#settlingUntil = this.#options.now() + this.#settlingTime;
    this.#cancelSettling = this.#later(this.#settlingTime, () => {
      this.#settlingUntil = null;
      this.#cancelSettling = null;
      this.#inhibit();
    });
  }

  #inhibit(): void {
    const wanted = this.#desired === 'bypass' || this.#desired === 'disconnect';
    const inhibited = wanted || this.#out.size > 0 || this.#settlingUntil !== null;
    if (inhibited === this.#inhibited) return;
    this.#inhibited = inhibited;
    this.#options.onInhibit?.(inhibited);
  }
}
