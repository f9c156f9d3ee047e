// Events of an agent for tests: what it keeps, and whoever follows.
import type { ControlHandlers } from '../../src/control/protocol.js';
import type { EventRecord } from '../../src/model/status.js';
import { until } from '../support/limits.js';

/** An event in the given second of 2026. */
export const eventAt = (second: number, more: Partial<EventRecord> = {}): EventRecord => ({
  time: new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString(),
  event: 'peer-healthy',
  reason: 'peer-healthy',
  detail: `dallas-2, ${second}`,
  ...more,
});

export interface EventSource {
  readonly handlers: Pick<ControlHandlers, 'events' | 'follow'>;
  readonly followers: () => number;
  record(event: EventRecord): void;
}

export function eventSource(kept: readonly EventRecord[] = []): EventSource {
  const records = [...kept];
  const listeners = new Set<(record: EventRecord) => void>();
  const source: EventSource = {
    handlers: {
      events: () => records,
      follow: (listener) => {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
    },
    followers: () => listeners.size,
    record: (event) => {
      records.push(event);
      for (const listener of listeners) listener(event);
    },
  };
  return source;
}

/** Resolves when `count` follow. */
export async function untilFollowers(source: EventSource, count: number): Promise<void> {
  await until(
    `${count} who follow`,
    () => source.followers(),
    (now) => now === count,
    0,
  );
}
