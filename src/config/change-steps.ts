// A request for changes as the steps that carry it out, one after the other: settings that stand, then new items of lists,
// then items that go. What the page may not change is refused here. No text of a file: see edit-at.ts and edit-list.ts.
import type { Document } from 'yaml';
import type { ChangeRequest } from './change.js';
import { editAt } from './edit-at.js';
import { itemsChanged } from './edit-items.js';
import { itemAdded, itemRemoved } from './edit-list.js';
import { valueAt, type SettingsError, type SettingsPath } from './errors.js';
import { refusal } from './faults.js';
import { namesItem, onPage, PAGE_LISTS, parsePath, type PageList } from './on-page.js';
import { isItem, type PlainItem, type PlainValue } from './plain-value.js';

type Edit = (document: Document, text: string) => string | null;

export interface Step {
  /** What it is about, for an error. */
  readonly path: string;
  /** Ways to the text after the step, the best one first; null when the place cannot be edited in that way. */
  readonly ways: readonly Edit[];
  /** What the document says afterwards, by what it said before. */
  readonly wanted: (before: unknown) => unknown;
}

type Sorted =
  | { readonly ok: true; readonly steps: readonly Step[] }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

interface Placed {
  readonly path: string;
  readonly at: SettingsPath;
  readonly value: PlainValue;
}

/** `value`: what the file says now. */
export function sortedChanges({ changes, remove = [] }: ChangeRequest, value: unknown): Sorted {
  const standing: Placed[] = [];
  const items = new Map<string, NewItem>();
  const strange: string[] = [];
  for (const { path, value: wanted } of changes) {
    const at = parsePath(path) ?? [];
    const placed = { path, at, value: wanted };
    const index = newIndex(at, value);
    if (index === null && onPage(at)) standing.push(placed);
    else if (index === null || !(onPage(at) || namesItem(at))) strange.push(path);
    else take(items, placed, index);
  }
  const fresh = [...items.values()];
  const going = remove.map((path) => ({ path, at: parsePath(path) ?? [] }));
  strange.push(...gaps(fresh), ...going.filter(({ at }) => !stands(at, value)).map(pathOf));
  if (strange.length > 0) return { ok: false, errors: strange.map(notOnPage) };
  const last = [...going].sort((a, b) => Number(b.at[1]) - Number(a.at[1]));
  const steps = [...standing.map(changing), ...fresh.map(adding), ...last.map(removing)];
  return { ok: true, steps };
}

const pathOf = ({ path }: { readonly path: string }): string => path;

const notOnPage = (path: string): SettingsError =>
  refusal('notOnPage', JSON.stringify(path.slice(0, 200)), {}, { path: path.slice(0, 200) });

const listAt = (key: string | number | undefined): PageList | undefined =>
  PAGE_LISTS.find((list) => list === key);

const lengthOf = (value: unknown, list: PageList): number => {
  const items = valueAt(value, [list]);
  return Array.isArray(items) ? items.length : 0;
};

/** How far behind the last item of its list the place lies; null for all that is not in a new item. */
function newIndex([key, index]: SettingsPath, value: unknown): number | null {
  const list = listAt(key);
  if (list === undefined || typeof index !== 'number') return null;
  const behind = index - lengthOf(value, list);
  return behind < 0 ? null : behind;
}

const stands = ([key, index, ...more]: SettingsPath, value: unknown): boolean => {
  const list = listAt(key);
  return (
    list !== undefined &&
    typeof index === 'number' &&
    index < lengthOf(value, list) &&
    more.length === 0
  );
};

interface NewItem {
  readonly path: string;
  readonly list: PageList;
  /** Behind the last one that stands. */
  readonly index: number;
  readonly item: PlainItem;
}

function take(items: Map<string, NewItem>, { at, value }: Placed, index: number): void {
  const [key, place, ...rest] = at;
  const list = listAt(key);
  if (list === undefined) return;
  const path = `${list}[${place}]`;
  const known = items.get(path) ?? { path, list, index, item: {} };
  items.set(path, { ...known, item: withSetting(known.item, rest, value) });
}

function withSetting(item: PlainItem, [key, ...rest]: SettingsPath, value: PlainValue): PlainItem {
  if (key === undefined) return item;
  const inside = item[key];
  const part = rest.length === 0 ? value : withSetting(isItem(inside) ? inside : {}, rest, value);
  return { ...item, [key]: part };
}

/** Items that would stand behind one that is missing. */
const gaps = (fresh: readonly NewItem[]): string[] =>
  fresh
    .filter(
      ({ list, index }) =>
        index > 0 && !fresh.some((one) => one.list === list && one.index === index - 1),
    )
    .map(pathOf);

const changing = ({ path, at, value }: Placed): Step => ({
  path,
  ways: [
    (document, text) => itemsChanged(document, text, at, value),
    (document, text) => editAt(document, text, at, value),
  ],
  wanted: (before) => withValue(before, at, value),
});

const adding = ({ path, list, item }: NewItem): Step => ({
  path,
  ways: [(document, text) => itemAdded(document, text, list, item)],
  wanted: (before) => withValue(before, [list], [...itemsOf(before, list), item]),
});

const removing = ({ path, at: [list, index] }: { path: string; at: SettingsPath }): Step => ({
  path,
  ways: [(document, text) => itemRemoved(document, text, String(list), Number(index))],
  wanted: (before) =>
    withValue(
      before,
      [String(list)],
      itemsOf(before, String(list)).filter((_, place) => place !== index),
    ),
});

const itemsOf = (value: unknown, list: string): readonly unknown[] => {
  const items = valueAt(value, [list]);
  return Array.isArray(items) ? (items as readonly unknown[]) : [];
};

/** A copy of the document with `value` at `at`. */
function withValue(document: unknown, [key, ...rest]: SettingsPath, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(document)) {
    return document.map((item: unknown, index) =>
      index === key ? withValue(item, rest, value) : item,
    );
  }
  const before = typeof document === 'object' ? ((document ?? {}) as Record<string, unknown>) : {};
  return { ...before, [key]: withValue(before[key], rest, value) };
}
