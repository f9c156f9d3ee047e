// What a monitor reports. No priorities: the tracker in core turns statuses into those.
import type { FaultReason } from './reasons.js';

/** A number that a monitor judges by, and where its verdict changes. */
export interface MonitorReading {
  /**
   * `failures`: failed in a row, against as many as make it fail. `successes`: succeeded in a row since it failed,
   * against as many as make it well. `bitsPerSecond`: received, and the least there should be; `linkPairs`: so too.
   */
  readonly of: 'failures' | 'successes' | 'bitsPerSecond' | 'linkPairs';
  readonly value: number;
  readonly limit: number;
}

interface Measured {
  readonly name: string;
  readonly state: 'ok' | 'failed' | 'unknown';
  /** One line for a person: what was measured against what limit. */
  readonly detail: string;
  /** `true`: the last result speaks against the state, but its threshold is not reached. Else absent. */
  readonly doubtful?: boolean;
  /** Absent while nothing has been measured, and where there is nothing to count. */
  readonly reading?: MonitorReading;
}

/** A failure takes the instance out of the election at once. */
export interface HardMonitorStatus extends Measured {
  readonly weight: 'hard';
  /** What a failure amounts to, in the words of the closed set. */
  readonly fault: FaultReason;
  /** The interface it watches; without one the fault is every virtual router's own. */
  readonly interface?: string;
}

/** A failure yields to a fit peer (`soft`), or lowers the priority by a number; 0 changes nothing. */
export interface WeightedMonitorStatus extends Measured {
  readonly weight: 'soft' | number;
}

export type MonitorStatus = HardMonitorStatus | WeightedMonitorStatus;

/** How one monitor changes the configured priority. */
export interface Adjustment {
  readonly name: string;
  /** Negative: lowers the priority. */
  readonly amount: number;
}
