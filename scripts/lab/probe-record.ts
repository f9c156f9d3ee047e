// What the probing client counts: probes sent on a schedule, replies, who gave them, losses and outages.
// No sockets, no clock: times are arguments, milliseconds.

export interface ProbeReport {
  readonly sent: number;
  readonly lost: number;
  /**
   * Longest time without service: from the sending of the first probe of a run of lost ones to the
   * sending of the first good probe after it (or the last probe sent). 0 when none was lost.
   */
  readonly longestOutageMs: number;
  /** When the first lost probe was sent, and the first good one after the last lost; null without loss. */
  readonly firstLostAt: number | null;
  readonly goodAgainAt: number | null;
  /** Worst lateness of the probe schedule itself: what the measuring machine contributed. */
  readonly scheduleLatenessMs: number;
  /** The same of those that were lost: a client that stood still sends what is overdue at once. */
  readonly lostLatenessMs: number;
  /** Longest time that a good probe waited for its answer. */
  readonly slowestMs: number;
  /** Longest time between two good answers, whichever probe they were for. */
  readonly longestGapMs: number;
  /** Who gave the first and the last good answers, sorted, where answers say so. */
  readonly answeredFirst: readonly string[];
  readonly answeredLast: readonly string[];
  /**
   * Why probes were lost, and how many for each reason. Without a word of a reason they timed out: an answer that was read
   * after that is told apart from none, since a client that stood still reads late what came in time.
   */
  readonly reasons: Readonly<Record<string, number>>;
}

/** So many answers at either end of a window tell who answered. */
const ENDS = 40;

/** The probes of one address. A probe is good when it was answered within `timeoutMs`. */
export class ProbeRecord {
  readonly #sentAt: number[] = [];
  readonly #repliedAt: number[] = [];
  readonly #lateness: number[] = [];
  readonly #answeredBy = new Map<number, string>();
  readonly #reasons = new Map<number, string>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Probes sent so far; the next one's number. */
  get count(): number {
    return this.#sentAt.length;
  }

  /** Notes that probe number `count` was sent at `at`, due at `dueAt`. */
  sent(at: number, dueAt: number): void {
    this.#sentAt.push(at);
    this.#repliedAt.push(Number.NaN);
    this.#lateness.push(Math.max(0, at - dueAt));
  }

  /** Notes a reply by its 16-bit sequence number; the latest probe with that number is meant. */
  replied(sequence: number, at: number, by?: string): void {
    const index = this.#open(sequence);
    if (index === null) return;
    this.#repliedAt[index] = at;
    if (by !== undefined) this.#answeredBy.set(index, by);
  }

  /** Notes that the probe with this sequence number will have no good answer. */
  failed(sequence: number, reason: string): void {
    const index = this.#open(sequence);
    if (index === null) return;
    this.#repliedAt[index] = Number.POSITIVE_INFINITY;
    this.#reasons.set(index, reason);
  }

  /** The latest probe with this sequence number, when it still waits. */
  #open(sequence: number): number | null {
    const last = this.count - 1;
    const index = last - ((last - sequence) & 0xffff);
    return index < 0 || !Number.isNaN(this.#repliedAt[index] ?? 0) ? null : index;
  }

  /** Whether every probe up to number `to` has been answered or has timed out by `at`. */
  settled(to: number, at: number): boolean {
    if (to === 0) return true;
    for (let index = to - 1; index >= 0; index -= 1) {
      if (at - (this.#sentAt[index] ?? 0) > this.#timeoutMs) return true;
      if (Number.isNaN(this.#repliedAt[index] ?? 0)) return false;
    }
    return true;
  }

  /** Sums up the probes from number `from` up to, not including, number `to`. */
  report(from: number, to: number): ProbeReport {
    let lost = 0;
    let longestOutageMs = 0;
    let scheduleLatenessMs = 0;
    let lostLatenessMs = 0;
    let firstLostAt: number | null = null;
    let goodAgainAt: number | null = null;
    let outageSince: number | null = null;
    let slowestMs = 0;
    const good: number[] = [];
    const reasons: Record<string, number> = {};
    for (let index = from; index < to; index += 1) {
      const at = this.#sentAt[index] ?? 0;
      scheduleLatenessMs = Math.max(scheduleLatenessMs, this.#lateness[index] ?? 0);
      if (outageSince !== null) longestOutageMs = Math.max(longestOutageMs, at - outageSince);
      if (this.#good(index)) {
        if (outageSince !== null) goodAgainAt = at;
        outageSince = null;
        slowestMs = Math.max(slowestMs, (this.#repliedAt[index] ?? at) - at);
        good.push(index);
        continue;
      }
      const reason = this.#reasons.get(index) ?? this.#timedOut(index);
      reasons[reason] = (reasons[reason] ?? 0) + 1;
      lost += 1;
      lostLatenessMs = Math.max(lostLatenessMs, this.#lateness[index] ?? 0);
      firstLostAt ??= at;
      outageSince ??= at;
      goodAgainAt = null;
    }
    return {
      sent: to - from,
      lost,
      longestOutageMs,
      firstLostAt,
      goodAgainAt,
      scheduleLatenessMs,
      lostLatenessMs,
      slowestMs,
      longestGapMs: longestGap(good.map((index) => this.#repliedAt[index] ?? 0)),
      answeredFirst: this.#answerers(good.slice(0, ENDS)),
      answeredLast: this.#answerers(good.slice(-ENDS)),
      reasons,
    };
  }

  #answerers(indices: readonly number[]): string[] {
    const names = indices.map((index) => this.#answeredBy.get(index) ?? '').filter(Boolean);
    return [...new Set(names)].sort();
  }

  #timedOut(index: number): string {
    return Number.isNaN(this.#repliedAt[index] ?? Number.NaN)
      ? 'no answer in time'
      : 'answer read late';
  }

  #good(index: number): boolean {
    return (this.#repliedAt[index] ?? Number.NaN) - (this.#sentAt[index] ?? 0) <= this.#timeoutMs;
  }
}

function longestGap(instants: readonly number[]): number {
  const sorted = [...instants].sort((left, right) => left - right);
  return sorted.reduce((longest, at, index) => {
    return Math.max(longest, at - (sorted[index - 1] ?? at));
  }, 0);
}
