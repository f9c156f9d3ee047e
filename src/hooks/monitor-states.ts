// What each monitor said last when it knew anything, and what of that is news. No hook, no journal: those
// are told.
import type { MonitorStatus } from '../model/monitor.js';

/** A monitor as hooks are told of it. */
export interface MonitorVerdict {
  readonly name: string;
  /** `unknown`: it has never known. One that knows nothing any more is what it was. */
  readonly state: MonitorStatus['state'];
  /** What was measured when the state was known last. */
  readonly detail: string;
  readonly weight: MonitorStatus['weight'];
}

/** A monitor that is found to be ok or failed, and of which that was not told yet. */
export interface MonitorNews extends MonitorVerdict {
  readonly state: 'ok' | 'failed';
  /** What was told of it last. */
  readonly from: MonitorStatus['state'];
}

interface MonitorStates {
  /**
   * Takes over all the monitors that there are, and tells of those whose state is another than was told last.
   * @param tell whether it could be told: what could not is tried again each time, as long as it is so.
   */
  take(statuses: readonly MonitorStatus[], tell: (news: MonitorNews) => boolean): void;
  /** In the order of `status`. */
  all(): readonly MonitorVerdict[];
}

export function createMonitorStates(): MonitorStates {
  let known = new Map<string, MonitorVerdict>();
  const told = new Map<string, MonitorNews['state']>();
  return {
    take: (statuses, tell) => {
      const before = known;
      known = new Map(statuses.map((status) => [status.name, verdictOf(status, before)]));
      for (const name of told.keys()) if (!known.has(name)) told.delete(name);
      for (const { state, ...verdict } of known.values()) {
        const from = told.get(verdict.name) ?? 'unknown';
        if (state === 'unknown' || state === from) continue;
        if (tell({ ...verdict, state, from })) told.set(verdict.name, state);
      }
    },
    all: () => [...known.values()],
  };
}

/** A prober that died says nothing about what it watched. */
function verdictOf(
  { name, state, detail, weight }: MonitorStatus,
  before: ReadonlyMap<string, MonitorVerdict>,
): MonitorVerdict {
  const former = before.get(name);
  if (state !== 'unknown' || former === undefined || former.state === 'unknown') {
    return { name, state, detail, weight };
  }
  return { ...former, weight };
}
