// The one place an event goes through: log, events.jsonl and listeners get the same record. No
// decisions about what is an event, and no waiting: a slow disk or reader delays nobody.
import type { EventFields, EventRecord } from '../model/status.js';
import type { EventFile } from './event-file.js';
import { createLimiter } from './limiter.js';
import type { Log } from './log.js';

/** How an event is logged; the record itself is the same. */
export type Severity = 'info' | 'warn' | 'error';

export interface Journal {
  /** Records an event now; returns the record, with its time. */
  record(severity: Severity, event: EventFields): EventRecord;
  /**
   * Records an event of this appliance that may repeat itself: the first of its key at once, then one a
   * minute with the number suppressed meanwhile.
   */
  recordLimited(severity: Severity, key: string, event: EventFields): void;
  /**
   * Records that a state of `subject` is another now, `event.reason`: each change, but for a subject that
   * changes all the time. Whoever has a state that was not recorded tries again.
   * @returns whether it was recorded.
   */
  recordChange(severity: Severity, subject: string, event: EventFields): boolean;
  /**
   * As `recordLimited`, for what anybody on a link can cause at will, under as many addresses as he likes. It
   * has a limit of its own, so that a flood does not silence what this appliance says of itself.
   */
  recordForeign(severity: Severity, key: string, event: EventFields): void;
  /** What an event that is recorded now has as its time: wall time, ISO 8601. */
  now(): string;
  /** The last events, those of earlier agents included, oldest first. */
  tail(): readonly EventRecord[];
  /** Calls `listener` with every event from now on; the returned function ends that. */
  follow(listener: (record: EventRecord) => void): () => void;
}

/** Events that are kept for whoever asks. */
export const TAIL_LENGTH = 1_000;

/**
 * @param wallClock milliseconds since the epoch; times are for people, never for decisions.
 * @param earlier what earlier agents have recorded last: it is told, not recorded again.
 */
export function createJournal(
  log: Log,
  file: EventFile,
  wallClock: () => number,
  earlier: readonly EventRecord[] = [],
): Journal {
  const tail = earlier.slice(-TAIL_LENGTH);
  const listeners = new Set<(record: EventRecord) => void>();

  const now = (): string => new Date(wallClock()).toISOString();

  const record = (severity: Severity, event: EventFields): EventRecord => {
    const full: EventRecord = { time: now(), ...event };
    log[severity](full, sentence(full));
    file.append(full);
    tail.push(full);
    if (tail.length > TAIL_LENGTH) tail.shift();
    for (const listener of listeners) listener(full);
    return full;
  };

  const limited = (detail: string, newsOf: (event: EventFields) => string = () => '') => {
    const limiter = createLimiter(() =>
      record('warn', { event: 'log-limited', reason: 'flood', detail }),
    );
    return (severity: Severity, key: string, event: EventFields): boolean => {
      const suppressed = limiter.admit(key, wallClock(), newsOf(event));
      if (suppressed === null) return false;
      record(severity, suppressed === 0 ? event : { ...event, suppressed });
      return true;
    };
  };

  return {
    record,
    recordLimited: limited('too many different events of this appliance within a minute'),
    recordChange: limited('too many changes of state within a minute', ({ reason }) => reason),
    recordForeign: limited(
      'too many different messages that others have caused: more are only counted in status',
    ),
    now,
    tail: () => tail,
    follow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function sentence({ event, virtualRouter, from, to, reason, detail }: EventRecord): string {
  const subject = virtualRouter === undefined ? '' : `${virtualRouter}: `;
  if (from !== undefined && to !== undefined)
    return `${subject}${from} → ${to}, ${reason}: ${detail}`;
  return `${subject}${event === reason ? event : `${event}, ${reason}`}: ${detail}`;
}
