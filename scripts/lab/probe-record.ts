// What the probing client counts: probes sent on a schedule, replies, losses and outages. No
// sockets, no clock: times are arguments, milliseconds.

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
}

/** The probes of one address. A probe is good when it was answered within `timeoutMs`. */
export class ProbeRecord {
  readonly #sentAt: number[] = [];
  readonly #repliedAt: number[] = [];
  readonly #lateness: number[] = [];
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
  replied(sequence: number, at: number): void {
    const last = this.count - 1;
    const index = last - ((last - sequence) & 0xffff);
    if (index < 0 || !Number.isNaN(this.#repliedAt[index] ?? 0)) return;
    this.#repliedAt[index] = at;
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
    let firstLostAt: number | null = null;
    let goodAgainAt: number | null = null;
    let outageSince: number | null = null;
    for (let index = from; index < to; index += 1) {
      const at = this.#sentAt[index] ?? 0;
      scheduleLatenessMs = Math.max(scheduleLatenessMs, this.#lateness[index] ?? 0);
      if (outageSince !== null) longestOutageMs = Math.max(longestOutageMs, at - outageSince);
      if (this.#good(index)) {
        if (outageSince !== null) goodAgainAt = at;
        outageSince = null;
        continue;
      }
      lost += 1;
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
    };
  }

  #good(index: number): boolean {
    return (this.#repliedAt[index] ?? Number.NaN) - (this.#sentAt[index] ?? 0) <= this.#timeoutMs;
  }
}
