// When results in a row become a verdict. No clock, no probing.
import type { MonitorReading, MonitorStatus } from '../model/monitor.js';
import type { Thresholds } from './settings.js';

/** `unavailable`: it could not be tried, which says nothing about what was to be probed. */
export type Outcome = 'success' | 'failure' | 'unavailable';

export interface Tally {
  readonly state: MonitorStatus['state'];
  /** In a row, up to the last result. At most one of the two is above 0. */
  readonly failures: number;
  readonly successes: number;
}

export const UNTRIED: Tally = { state: 'unknown', failures: 0, successes: 0 };

/**
 * The tally after one more outcome. What was failed needs `recoveryThreshold` successes in a row;
 * what was unknown is ok at its first success, since nobody was told otherwise.
 */
export function count(tally: Tally, outcome: Outcome, limits: Thresholds): Tally {
  switch (outcome) {
    case 'unavailable':
      return UNTRIED;
    case 'failure': {
      const failures = tally.failures + 1;
      const state = failures >= limits.failureThreshold ? 'failed' : tally.state;
      return { state, failures, successes: 0 };
    }
    case 'success': {
      const successes = tally.successes + 1;
      const stays = tally.state === 'failed' && successes < limits.recoveryThreshold;
      return { state: stays ? 'failed' : 'ok', failures: 0, successes };
    }
  }
}

/** Whether the last result speaks against the verdict. */
export const inDoubt = ({ state, failures, successes }: Tally): boolean =>
  state === 'failed' ? successes > 0 : failures > 0;

/** How far the verdict is from changing, for a person. */
export function margin(tally: Tally, limits: Thresholds): string {
  const { failureThreshold, recoveryThreshold } = limits;
  if (tally.state === 'failed') {
    return `${tally.successes} of ${recoveryThreshold} successes in a row to recover`;
  }
  return tally.failures === 0
    ? `limit ${failureThreshold} failures in a row`
    : `${tally.failures} of ${failureThreshold} failures in a row`;
}

/** The same as numbers. */
export const reading = (
  { state, failures, successes }: Tally,
  { failureThreshold, recoveryThreshold }: Thresholds,
): MonitorReading =>
  state === 'failed'
    ? { of: 'successes', value: successes, limit: recoveryThreshold }
    : { of: 'failures', value: failures, limit: failureThreshold };
