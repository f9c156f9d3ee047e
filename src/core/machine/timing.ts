// The durations of RFC 9568 §6.1, exact to the microsecond. No state, no clock.
import { centisecondsToMicroseconds, microseconds } from '../../model/units.js';
import type { Centiseconds, Microseconds } from '../../model/units.js';

/**
 * Skew_Time = (256 - Priority) * Active_Adver_Interval / 256, in microseconds, rounded down. The RFC
 * leaves rounding open; whole centiseconds would give neighbouring priorities the same skew at
 * short intervals and let the lower one win.
 */
export const skewTime = (priority: number, activeAdverInterval: Centiseconds): Microseconds =>
  microseconds(Math.floor(((256 - priority) * activeAdverInterval * 625) / 16));

/** Active_Down_Interval = 3 * Active_Adver_Interval + Skew_Time, in microseconds. */
export const activeDownInterval = (
  priority: number,
  activeAdverInterval: Centiseconds,
): Microseconds =>
  microseconds(
    3 * centisecondsToMicroseconds(activeAdverInterval) + skewTime(priority, activeAdverInterval),
  );

/** After so long without one, an advertisement is overdue by half an interval. */
export const overdueInterval = (activeAdverInterval: Centiseconds): Microseconds =>
  microseconds(1.5 * centisecondsToMicroseconds(activeAdverInterval));
