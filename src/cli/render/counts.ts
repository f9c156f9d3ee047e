// Counters of a closed set on the status screen, with the text of each. Pure.
import { DISCARD_REASONS, REMARKS } from '../../model/advertisement.js';
import { harmless, row, type Line } from './text.js';

/** `  discarded   3 hopLimit: TTL or hop limit is not 255…`, the largest count first. */
export function countLines(counts: Readonly<Record<string, number>>, title: string): Line[] {
  const texts: Readonly<Record<string, string>> = { ...DISCARD_REASONS, ...REMARKS };
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .flatMap(([name, count]) => {
      const text = Object.hasOwn(texts, name) ? `: ${texts[name]}` : '';
      return row(title, `${count} ${harmless(name)}${text}`);
    });
}
