// The two clocks that a lease is counted by: one that stands still while the machine is suspended, as all of the
// agent's deadlines do, and how long the machine has been suspended. No timers.
import { uptime } from 'node:os';
import { instant, microseconds, type Instant, type Microseconds } from '../model/units.js';

export interface LeaseClock {
  /** CLOCK_MONOTONIC, the clock of `Kernel.now`. */
  now(): Instant;
  /** How long the machine has been suspended since it was booted: at most this. */
  suspendedAtMost(): Microseconds;
  /** The same: at least this. */
  suspendedAtLeast(): Microseconds;
}

const monotonic = (): number => Number(process.hrtime.bigint() / 1_000n);
/** CLOCK_BOOTTIME, which goes on while the machine is suspended, in steps of 10 ms. */
const sinceBoot = (): number => uptime() * 1_000_000;
const STEP = 10_000;

/**
 * CLOCK_BOOTTIME less CLOCK_MONOTONIC is the time that the machine was suspended. The two cannot be read at once: what
 * passes in between makes the difference too large or too small, so each bound has an order of its own.
 */
export const machineClock: LeaseClock = {
  now: () => instant(monotonic()),
  suspendedAtMost: () => {
    const first = monotonic();
    return microseconds(Math.max(0, sinceBoot() + STEP - first));
  },
  suspendedAtLeast: () => {
    const first = sinceBoot();
    return microseconds(Math.max(0, first - STEP - monotonic()));
  },
};
