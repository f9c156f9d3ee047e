// A list of words, or of pairs, that a settings file has one item a line: what stays keeps its line and its comment, what
// goes takes its line along, what is new comes in a line of its own. A list in one line: edit-at.ts. No file.
import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isSeq, type Document, type YAMLSeq } from 'yaml';
import { endOfNode, insertLine, splice } from './edit.js';
import { nodeAt } from './edit-at.js';
import { itemLine } from './edit-list.js';
import type { SettingsPath } from './errors.js';
import { asText, type PlainValue } from './plain-value.js';

/** What stands between two items that stay, or before the first, or behind the last. */
interface Gap {
  /** The position of the item before it; -1: none. */
  readonly after: number;
  /** The positions of the items that stood there. */
  readonly old: readonly number[];
  readonly fresh: readonly PlainValue[];
}

/** The text with `wanted` as the items of the list at `path`; null where they do not stand in lines of their own. */
export function itemsChanged(
  document: Document,
  text: string,
  path: SettingsPath,
  wanted: PlainValue,
): string | null {
  const seq = isMap(document.contents) ? nodeAt(document.contents, path) : undefined;
  if (!Array.isArray(wanted) || wanted.length === 0) return null;
  if (!isSeq(seq) || seq.flow === true) return null;
  const old = seq.items.map((item) => (isNode(item) ? (item.toJS(document) as unknown) : item));
  // From the last to the first: what stands before stays where it is.
  return gapsOf(old, wanted as readonly PlainValue[]).reduceRight<string | null>(
    (now, gap) => (now === null ? null : filled(seq, now, gap)),
    text,
  );
}

function filled(seq: YAMLSeq, text: string, { after, old, fresh }: Gap): string | null {
  const lines = fresh.slice(old.length);
  const added = lines.reduceRight<string | null>(
    (now, value) => (now === null ? null : lineAdded(seq, now, old.at(-1) ?? after, value)),
    text,
  );
  return old.reduceRight<string | null>((now, index, place) => {
    const value = fresh[place];
    if (now === null) return null;
    return value === undefined ? lineRemoved(seq, now, index) : replaced(seq, now, index, value);
  }, added);
}

function lineAdded(seq: YAMLSeq, text: string, after: number, value: PlainValue): string | null {
  const line = itemLine(seq, text, after);
  const end = endOfNode(seq.items[after]);
  if (line === null || end === null) return null;
  return insertLine(text, end, `${' '.repeat(line.indent)}- ${asText(value)}`);
}

function lineRemoved(seq: YAMLSeq, text: string, index: number): string | null {
  const line = itemLine(seq, text, index);
  return line === null ? null : splice(text, line.start, line.end, '');
}

function replaced(seq: YAMLSeq, text: string, index: number, value: PlainValue): string | null {
  const item: unknown = seq.items[index];
  const end = endOfNode(item);
  if (!isNode(item) || !item.range || end === null) return null;
  return splice(text, item.range[0], end, asText(value));
}

/** Between the items that both have, in the order of both. */
function gapsOf(old: readonly unknown[], wanted: readonly PlainValue[]): Gap[] {
  const gaps: Gap[] = [];
  let [from, next] = [0, 0];
  for (const [at, place] of [...common(old, wanted), [old.length, wanted.length] as const]) {
    const positions = Array.from({ length: at - from }, (_, index) => from + index);
    gaps.push({ after: from - 1, old: positions, fresh: wanted.slice(next, place) });
    [from, next] = [at + 1, place + 1];
  }
  return gaps;
}

/** The longest row of items that both have: the position of each in either. */
function common(
  old: readonly unknown[],
  wanted: readonly PlainValue[],
): (readonly [old: number, wanted: number])[] {
  const same = (at: number, place: number): boolean => isDeepStrictEqual(old[at], wanted[place]);
  const longest = Array.from({ length: old.length + 1 }, () =>
    Array.from({ length: wanted.length + 1 }, () => 0),
  );
  const from = (at: number, place: number): number => longest[at]?.[place] ?? 0;
  for (let at = old.length - 1; at >= 0; at -= 1) {
    const row = longest[at] ?? [];
    for (let place = wanted.length - 1; place >= 0; place -= 1) {
      row[place] = same(at, place)
        ? from(at + 1, place + 1) + 1
        : Math.max(from(at + 1, place), from(at, place + 1));
    }
  }
  const found: [number, number][] = [];
  let [at, place] = [0, 0];
  while (at < old.length && place < wanted.length) {
    if (same(at, place)) found.push([at++, place++]);
    else if (from(at + 1, place) >= from(at, place + 1)) at += 1;
    else place += 1;
  }
  return found;
}
