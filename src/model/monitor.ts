// What a monitor reports. No priorities: the tracker in core turns statuses into those.

/** `hard` leaves the election at once, `soft` yields to a fit peer, a number lowers the priority. */
export type MonitorWeight = 'hard' | 'soft' | number;

export interface MonitorStatus {
  readonly name: string;
  readonly state: 'ok' | 'failed' | 'unknown';
  /** One line for a person: what was measured against what limit. */
  readonly detail: string;
  readonly weight: MonitorWeight;
}
