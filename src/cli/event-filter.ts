// Which events are wanted: read from the options, applied to records. Pure.
import { nearestName } from '../config/spelling.js';
import type { EventRecord } from '../model/status.js';
import { INSTANT_FORMS, readInstant } from './when.js';

export interface FilterOptions {
  readonly since?: string;
  readonly until?: string;
  /** Names of events; none: all. */
  readonly event?: readonly string[];
  readonly router?: string;
  /** Only so many, the last ones. */
  readonly lines?: string;
  readonly follow?: boolean;
}

export interface EventFilter {
  /** Milliseconds since 1970, both included. */
  readonly since: number | null;
  readonly until: number | null;
  readonly events: readonly string[];
  readonly router: string | null;
  readonly last: number | null;
}

type ReadFilter =
  | { readonly ok: true; readonly filter: EventFilter }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

export function readFilter(options: FilterOptions, now: number): ReadFilter {
  const { event = [], router, lines, follow } = options;
  const since = options.since === undefined ? null : readInstant(options.since, now);
  const until = options.until === undefined ? null : readInstant(options.until, now);
  for (const [name, text, read] of [
    ['--since', options.since, since],
    ['--until', options.until, until],
  ] as const) {
    if (text === undefined || read !== null) continue;
    const message = `expected ${INSTANT_FORMS} for ${name}, found ${JSON.stringify(text)}`;
    return { ok: false, message, remedy: `understudy events ${name} 1h` };
  }
  if (since !== null && until !== null && since > until) {
    const message = 'expected --since before --until, found it after';
    return { ok: false, message, remedy: 'exchange the two' };
  }
  if (follow === true && until !== null) {
    const message = 'expected --follow or --until, found both: what is followed has no end yet';
    return { ok: false, message, remedy: 'leave one of the two out' };
  }
  const last = lines === undefined ? null : Number(lines);
  if (lines !== undefined && !/^\d{1,9}$/.test(lines)) {
    const message = `expected a whole number for -n, found ${JSON.stringify(lines)}`;
    return { ok: false, message, remedy: 'understudy events -n 20' };
  }
  return { ok: true, filter: { since, until, events: event, router: router ?? null, last } };
}

/** Whether this one is wanted, but for how many there may be. */
export function isWanted(
  record: EventRecord,
  { since, until, events, router }: EventFilter,
): boolean {
  const at = Date.parse(record.time);
  if (since !== null && at < since) return false;
  if (until !== null && at > until) return false;
  if (events.length > 0 && !events.includes(record.event)) return false;
  return router === null || record.virtualRouter === router;
}

/** Those that are wanted, oldest first. */
export function select(
  records: readonly EventRecord[],
  filter: EventFilter,
): readonly EventRecord[] {
  const wanted = records.filter((record) => isWanted(record, filter));
  if (filter.last === null) return wanted;
  return filter.last === 0 ? [] : wanted.slice(-filter.last);
}

/** What to say of names that none of these has: a name is easily mistyped. */
export function strangeNames(records: readonly EventRecord[], filter: EventFilter): string[] {
  const routers = records.flatMap(({ virtualRouter }) =>
    virtualRouter === undefined ? [] : [virtualRouter],
  );
  const events = records.map(({ event }) => event);
  return [
    ...filter.events.flatMap((name) => strange('event', name, events)),
    ...(filter.router === null ? [] : strange('virtual router', filter.router, routers)),
  ];
}

function strange(kind: string, name: string, among: readonly string[]): string[] {
  if (among.length === 0 || among.includes(name)) return [];
  const known = [...new Set(among)].toSorted();
  const near = nearestName(name, known);
  const hint = near === null ? `there are: ${known.join(', ')}` : `did you mean ${near}?`;
  return [`no event here has the ${kind} ${JSON.stringify(name)}; ${hint}`];
}
