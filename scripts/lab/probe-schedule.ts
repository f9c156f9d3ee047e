// When each probe of one target is due, and what a client that was held up does about those it missed. Pure:
// times are arguments, milliseconds; nothing is sent here.

/** More probes than this are never sent in one go after a stall: the rest follows at the next look. */
const BURST = 500;
/**
 * More requests than this are never sent in one go after a stall, and the rest of what was missed is left out: a
 * client that asks for all of it on a slow machine only falls further behind, and answers nobody meanwhile.
 */
const REQUEST_BURST = 10;

export class ProbeSchedule {
  readonly #periodMs: number;
  readonly #leavesOut: boolean;
  /** When number 0 was due: later, once something was left out. */
  #beginning: number;
  #count = 0;

  /** @param leavesOut for requests; echo requests are all made up for. */
  constructor(beginning: number, periodMs: number, leavesOut: boolean) {
    this.#beginning = beginning;
    this.#periodMs = periodMs;
    this.#leavesOut = leavesOut;
  }

  /** When the next one is due. */
  get nextAt(): number {
    return this.#beginning + this.#count * this.#periodMs;
  }

  /** Those to send now: when each was due. */
  take(at: number): number[] {
    const due: number[] = [];
    const limit = this.#leavesOut ? REQUEST_BURST : BURST;
    while (due.length < limit && this.nextAt <= at) {
      due.push(this.nextAt);
      this.#count += 1;
    }
    if (this.#leavesOut && this.nextAt <= at) {
      const missed = Math.floor((at - this.nextAt) / this.#periodMs) + 1;
      this.#beginning += missed * this.#periodMs;
    }
    return due;
  }
}
