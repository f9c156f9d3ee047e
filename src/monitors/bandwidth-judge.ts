// Whether traffic is below the minimum. Counters and time are inputs; the both-low rule, which needs
// the peer, is not here.
import { between, type Instant, type Microseconds } from '../model/units.js';

export interface BandwidthLimits {
  /** Bits per second. */
  readonly minimumBps: number;
  /** Traffic is averaged over this, and a new Active waits this long for traffic to come. */
  readonly window: Microseconds;
}

export interface Reading {
  readonly at: Instant;
  /** Received so far, on a count that never goes back between two restarts. */
  readonly bytes: number;
}

/** `active` judges; `backup` only looks for the minimum; `inhibited` says nothing. */
export type BandwidthPhase = 'active' | 'backup' | 'inhibited';

export interface BandwidthState {
  readonly phase: BandwidthPhase;
  /**
   * Judging starts when traffic was once at the minimum, or a window after `phaseSince`: traffic
   * needs time to find a new Active.
   */
  readonly armed: boolean;
  readonly phaseSince: Instant;
  /**
   * Seen below the minimum over a whole window while Active, and not at the minimum since. Outlasts
   * the role: the one that yielded for it must not look fit at once.
   */
  readonly low: boolean;
  /** Oldest first; the first is the only one that may be older than the window. */
  readonly readings: readonly Reading[];
}

const MICROSECONDS_PER_SECOND = 1_000_000;
/** Readings kept: far more than anybody takes in a window; the oldest go first. */
const MAXIMUM_READINGS = 1_000;

/** Nothing read yet. */
export const startBandwidth = (phase: BandwidthPhase, now: Instant): BandwidthState => ({
  phase,
  armed: false,
  phaseSince: now,
  low: false,
  readings: [],
});

/**
 * The role changed. A new Active starts afresh; one that gave the role up stays low until it has
 * seen the minimum again. What was read before says nothing about the new role.
 */
export function enterPhase(
  state: BandwidthState,
  phase: BandwidthPhase,
  now: Instant,
): BandwidthState {
  if (state.phase === phase) return state;
  return { ...startBandwidth(phase, now), low: phase === 'backup' && state.low };
}

/** The count was interrupted: readings to come cannot be compared with earlier ones. */
export const restartReadings = (state: BandwidthState): BandwidthState => ({
  ...state,
  readings: [],
});

export function takeReading(
  state: BandwidthState,
  reading: Reading,
  limits: BandwidthLimits,
): BandwidthState {
  if (state.phase === 'active' && !state.armed) return waitForTraffic(state, reading, limits);
  const readings = withinWindow([...state.readings, reading], limits.window);
  const bps = rate(readings);
  // Short of a whole window nothing is certain, neither way.
  if (bps === null || !spansWindow(readings, limits.window)) return { ...state, readings };
  if (bps >= limits.minimumBps) return { ...state, readings, low: false };
  return { ...state, readings, low: state.low || state.phase === 'active' };
}

/** Not armed: the last two readings alone tell whether traffic has come. */
function waitForTraffic(
  state: BandwidthState,
  reading: Reading,
  limits: BandwidthLimits,
): BandwidthState {
  const readings = [...state.readings.slice(-1), reading];
  const bps = rate(readings);
  const came = bps !== null && bps >= limits.minimumBps;
  const waitedEnough = between(state.phaseSince, reading.at) >= limits.window;
  if (!came && !waitedEnough) return { ...state, readings };
  // When traffic has come, the stretch it came in is the first to count.
  return { ...state, armed: true, readings: came ? readings : [reading] };
}

/** Bits per second over the readings kept; null while there are fewer than two. */
export const averageBps = (state: BandwidthState): number | null => rate(state.readings);

function rate(readings: readonly Reading[]): number | null {
  const first = readings[0];
  const last = readings.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return null;
  const seconds = between(first.at, last.at) / MICROSECONDS_PER_SECOND;
  return ((last.bytes - first.bytes) * 8) / seconds;
}

/** Drops readings until only the first reaches back to the start of the window or beyond. */
function withinWindow(readings: readonly Reading[], window: Microseconds): readonly Reading[] {
  const last = readings.at(-1);
  if (last === undefined) return readings;
  const reaching = readings.findLastIndex((reading) => between(reading.at, last.at) >= window);
  return readings.slice(Math.max(reaching, readings.length - MAXIMUM_READINGS, 0));
}

function spansWindow(readings: readonly Reading[], window: Microseconds): boolean {
  const first = readings[0];
  const last = readings.at(-1);
  return first !== undefined && last !== undefined && between(first.at, last.at) >= window;
}
