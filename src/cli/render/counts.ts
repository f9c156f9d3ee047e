// Counters of a closed set on the status screen, with the text of each. Pure.
import { DISCARD_REASONS, REMARKS } from '../../model/advertisement.js';
import { formatDuration, formatSince, harmless, row, type Clock, type Line } from './text.js';

/** What the counts of an agent are told with. */
export interface Counting extends Clock {
  /** Since when they are counted: the start of the agent, wall time, ISO 8601. */
  readonly startedAt: string;
}

/**
 * `  discarded   3 hopLimit, the last 8 s ago: TTL or hop limit is not 255…`, the largest count first.
 * @param last when the last of each came, as far as it is known.
 */
export function countLines(
  counts: Readonly<Record<string, number>>,
  title: string,
  last: Readonly<Record<string, string>> = {},
  clock: Pick<Clock, 'now'> = { now: 0 },
): Line[] {
  const texts: Readonly<Record<string, string>> = { ...DISCARD_REASONS, ...REMARKS };
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .flatMap(([name, count]) => {
      const text = Object.hasOwn(texts, name) ? `: ${texts[name]}` : '';
      const age = Object.hasOwn(last, name) ? ageText(last[name] ?? '', clock) : '';
      return row(title, `${count} ${harmless(name)}${age}${text}`);
    });
}

/** Behind the lines of a block, once for all of them. */
export const sinceLines = (
  lines: readonly Line[],
  clock: Counting,
  [what, since]: readonly [string, string] = ['the agent started', clock.startedAt],
): Line[] =>
  lines.length === 0 ? [] : row('counted', `since ${what}, ${formatSince(since, clock)}`);

/** `, the last 8 s ago`. */
export function ageText(iso: string, { now }: Pick<Clock, 'now'>): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? '' : `, the last ${formatDuration(now - at)} ago`;
}
