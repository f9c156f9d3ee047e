// An instant as a person types it. Pure, but for the time zone.

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  sec: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What `readInstant` takes, for an error. */
export const INSTANT_FORMS =
  'a time as events shows it (2026-01-31 23:59:00), a time of today (23:59), or how long ago (10min, 2h, 3d)';

/**
 * Milliseconds since 1970 of `2026-01-31`, `2026-01-31 23:59:00.5`, with `UTC`, `Z` or `+01:00` or else by the local
 * clock; of `23:59`, today; of `10min`, `2h` or `3d`, ago. Null for anything else.
 */
export function readInstant(text: string, now: number): number | null {
  const trimmed = text.trim();
  const [, count, unit = ''] = /^(\d{1,9}) ?(s|sec|min|m|h|d)(?: ago)?$/.exec(trimmed) ?? [];
  if (count !== undefined) return now - Number(count) * (UNITS[unit] ?? 0);
  const today = /^\d{1,2}:\d{2}(?::\d{2})?$/.test(trimmed);
  return readDate(
    today ? `${localDay(now)} ${trimmed.padStart(trimmed.length < 6 ? 5 : 8, '0')}` : trimmed,
  );
}

const DATE =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?: ?(Z|UTC|[+-]\d{2}:\d{2}))?)?$/;

function readDate(text: string): number | null {
  const [, day, clock = '00:00', zone = ''] = DATE.exec(text) ?? [];
  if (day === undefined) return null;
  // Without a zone, and with a time, Date reads it by the local clock.
  const at = Date.parse(`${day}T${clock}${zone === 'UTC' ? 'Z' : zone}`);
  // Date takes the 29th of February of every year, and has it be the 1st of March.
  return Number.isNaN(at) || Number(day.slice(8)) > daysOfMonth(day) ? null : at;
}

function daysOfMonth(day: string): number {
  const [year = 0, month = 0] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function localDay(now: number): string {
  const date = new Date(now);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
