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

/** A monitor that was found to be ok or failed, and was not so before. */
export interface MonitorNews extends MonitorVerdict {
  readonly state: 'ok' | 'failed';
  /** What it was before. */
  readonly from: MonitorStatus['state'];
}

export interface MonitorStates {
  /** Takes over all the monitors that there are; returns those whose state has changed. */
  take(statuses: readonly MonitorStatus[]): readonly MonitorNews[];
  /** In the order of `status`. */
  all(): readonly MonitorVerdict[];
}

export function createMonitorStates(): MonitorStates {
  let known = new Map<string, MonitorVerdict>();
  return {
    take: (statuses) => {
      const before = known;
      known = new Map(statuses.map((status) => [status.name, verdictOf(status, before)]));
      return [...known.values()].flatMap((verdict) => newsOf(verdict, before));
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

function newsOf(
  { state, ...verdict }: MonitorVerdict,
  before: ReadonlyMap<string, MonitorVerdict>,
): MonitorNews[] {
  const from = before.get(verdict.name)?.state ?? 'unknown';
  return state === 'unknown' || state === from ? [] : [{ ...verdict, state, from }];
}
