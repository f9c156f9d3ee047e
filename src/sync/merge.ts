// A shared document put into a settings file: shared settings are replaced, and nothing else. Comments and what is the
// appliance's own stay; the result is read again and compared before it is handed out. No files.
import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isScalar, isSeq, type Document, type Node } from 'yaml';
import { readDocument } from '../config/document.js';
import { editSetting } from '../config/edit.js';
import type { SettingsError } from '../config/errors.js';
import { refusal } from '../config/faults.js';
import type { SettingValue } from '../config/settings.js';
import {
  isMapping,
  ownOf,
  placeOf,
  sharedOf,
  sharedSchema,
  sorted,
  type SharedDocument,
  type SharedValue,
} from './shared.js';

export type Merged =
  | {
      readonly ok: true;
      readonly text: string;
      /** Settings of a later release, which this one does not know: kept beside the file, and passed on. */
      readonly unknown: SharedDocument;
    }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

/** `text`, the content of a settings file, with the shared settings of `wanted` instead of its own. */
export function mergeShared(text: string, wanted: SharedDocument): Merged {
  const read = readDocument(text);
  if (!read.ok) return read;
  if (read.document.errors.length > 0) return { ok: false, errors: read.document.errors };
  const known = sorted([...wanted].filter(([name]) => sharedSchema(name) !== undefined));
  const unknown = sorted([...wanted].filter(([name]) => sharedSchema(name) === undefined));
  const before = read.document.value;
  const renames = renamesOf(before, known);
  const changes = changesBetween(renamed(sharedOf(before), renames), known);
  if (changes.length === 0 && renames.size === 0) return { ok: true, text, unknown };
  const proven = (edited: string | null): edited is string => {
    const after = edited === null ? null : readDocument(edited);
    return after?.ok === true && isProven(before, after.document.value, known, renames);
  };
  const plain = renames.size === 0 ? spliced(text, changes) : null;
  if (proven(plain)) return { ok: true, text: plain, unknown };
  const printed = rewritten(text, changes, renames, known);
  if (proven(printed)) return { ok: true, text: printed, unknown };
  return { ok: false, errors: [notEditable(changes)] };
}

interface Change {
  readonly name: string;
  /** Undefined: it is no longer set. */
  readonly value: SharedValue | undefined;
}

function changesBetween(from: SharedDocument, to: SharedDocument): Change[] {
  const names = new Set([...from.keys(), ...to.keys()]);
  return [...names]
    .filter((name) => !isDeepStrictEqual(from.get(name), to.get(name)))
    .map((name) => ({ name, value: to.get(name) }));
}

/** Each change takes a reading of the text; of more the document is printed anew. */
const MOST_SPLICES = 64;

/** As `understudy set` does it, every other byte stays; null where one of the changes is of another kind. */
function spliced(text: string, changes: readonly Change[]): string | null {
  if (changes.length > MOST_SPLICES) return null;
  let result: string | null = text;
  for (const { name, value } of changes) {
    if (result !== null) result = splicedOnce(result, name, value ?? sharedSchema(name)?.default);
  }
  return result;
}

function splicedOnce(text: string, name: string, value: unknown): string | null {
  const read = readDocument(text);
  const written = plainText(value);
  if (!read.ok || written === null) return null;
  const { document } = read.document;
  const { item, keys } = placeOf(name);
  const at = item === null ? keys : [item.list, indexOf(document, item.list, item.name), ...keys];
  const node = document.getIn(at, true);
  if ((isScalar(node) || (isSeq(node) && node.flow === true)) && node.range) {
    const [start, end] = node.range;
    const kept = text.slice(start, end);
    // One that is named by an anchor, or is the empty text behind a key, is not to be replaced so.
    if (kept !== '' && node.anchor === undefined)
      return text.slice(0, start) + written + text.slice(end);
  }
  const [section, key, ...more] = keys;
  if (node !== undefined || item !== null || section === undefined || key === undefined)
    return null;
  if (more.length > 0 || typeof value === 'object') return null;
  return editSetting(document, text, [section, key], value as SettingValue);
}

/** A scalar, or a list of texts, as a line of YAML has it; null for anything else. */
function plainText(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    return /^[a-z][a-z\d-]*$/.test(value) && !WORDS.has(value) ? value : JSON.stringify(value);
  }
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) return null;
  const texts = value.map((one) => (/^[\d.]+\/\d+$/.test(one) ? one : (plainText(one) ?? '')));
  return `[${texts.join(', ')}]`;
}

/** What YAML takes for something else than a text. */
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off']);

/** New name of an item by its former one. */
type Renames = ReadonlyMap<string, string>;

/** A virtual router that another one stands for now, by its VRID and family, is the same under another name. */
function renamesOf(before: unknown, wanted: SharedDocument): Renames {
  const there = namesIn('virtualRouters', wanted);
  const mine = itemsOf(before, 'virtualRouters');
  const here = new Set(mine.map(({ name }) => String(name)));
  const renames = new Map<string, string>();
  for (const name of there) {
    if (here.has(name)) continue;
    const former = mine.find(
      (one) =>
        !there.has(String(one['name'])) &&
        !renames.has(String(one['name'])) &&
        one['vrid'] === wanted.get(`virtualRouters[${name}].vrid`) &&
        familyIn(one['addresses']) === familyIn(wanted.get(`virtualRouters[${name}].addresses`)),
    );
    if (former !== undefined) renames.set(String(former['name']), name);
  }
  return renames;
}

function renamed(document: SharedDocument, renames: Renames): SharedDocument {
  if (renames.size === 0) return document;
  return sorted(
    [...document].map(([name, value]) => {
      const { item, keys } = placeOf(name);
      const now = item?.list === 'virtualRouters' ? renames.get(item.name) : undefined;
      return [now === undefined ? name : `virtualRouters[${now}].${keys.join('.')}`, value];
    }),
  );
}

const familyIn = (addresses: unknown): boolean =>
  Array.isArray(addresses) && String(addresses[0]).includes(':');

const itemsOf = (value: unknown, list: string): readonly Readonly<Record<string, unknown>>[] => {
  const items: unknown = isMapping(value) ? value[list] : undefined;
  return Array.isArray(items) ? items.filter(isMapping) : [];
};

const LISTS = ['virtualRouters', 'checks'] as const;

const namesIn = (list: string, document: SharedDocument): ReadonlySet<string> =>
  new Set(
    [...document.keys()].flatMap((name) => {
      const { item } = placeOf(name);
      return item?.list === list ? [item.name] : [];
    }),
  );

/** Through the document, which prints it anew; null where an anchor or alias stands in the way. */
function rewritten(
  text: string,
  changes: readonly Change[],
  renames: Renames,
  wanted: SharedDocument,
): string | null {
  const read = readDocument(text);
  if (!read.ok) return null;
  const { document } = read.document;
  let printed = '';
  try {
    for (const list of LISTS) arrange(document, list, renames, namesIn(list, wanted));
    for (const { name, value } of changes) apply(document, name, value, wanted);
    // Throws where an anchor is gone that an alias names.
    printed = document.toString({ lineWidth: 0, flowCollectionPadding: true });
  } catch {
    return null;
  }
  return text.includes('\r\n') ? printed.replaceAll(/\r?\n/g, '\r\n') : printed;
}

/** Items have their new names, those that nobody wants are gone, and new ones stand at the end. */
function arrange(
  document: Document,
  list: (typeof LISTS)[number],
  renames: Renames,
  wanted: ReadonlySet<string>,
): void {
  const found = document.get(list);
  if (isSeq(found)) {
    if (list === 'virtualRouters') {
      for (const item of found.items) {
        if (!isMap(item)) continue;
        const now = renames.get(String(item.get('name')));
        if (now !== undefined) item.set('name', now);
      }
    }
    found.items = found.items.filter((item) => isMap(item) && wanted.has(String(item.get('name'))));
  }
  for (const name of wanted) {
    if (indexOf(document, list, name) !== -1) continue;
    const item = document.createNode({ name });
    if (isSeq(document.get(list))) document.addIn([list], item);
    else document.set(list, document.createNode([item]));
  }
}

function indexOf(document: Document, list: string, name: string): number {
  const found = document.get(list);
  if (!isSeq(found)) return -1;
  return found.items.findIndex((item) => isMap(item) && String(item.get('name')) === name);
}

function apply(
  document: Document,
  name: string,
  value: SharedValue | undefined,
  wanted: SharedDocument,
): void {
  const { item, keys } = placeOf(name);
  if (item !== null && !namesIn(item.list, wanted).has(item.name)) return;
  const path: (string | number)[] =
    item === null ? [...keys] : [item.list, indexOf(document, item.list, item.name), ...keys];
  const given = value ?? sharedSchema(name)?.default;
  if (given !== undefined) {
    // A section whose key has no value.
    const parent = document.getIn(path.slice(0, -1), true);
    if (path.length > 1 && parent !== undefined && !isMap(parent)) {
      document.setIn(path.slice(0, -1), document.createNode({}));
    }
    document.setIn(path, withComments(document.createNode(given), document.getIn(path, true)));
    return;
  }
  document.deleteIn(path);
  const parent = document.getIn(path.slice(0, -1));
  if (keys.length > 1 && item !== null && isMap(parent) && parent.items.length === 0) {
    document.deleteIn(path.slice(0, -1));
  }
}

/** What somebody wrote beside a value stays beside the next one. */
function withComments(node: Node, former: unknown): Node {
  if (!isNode(former)) return node;
  const { comment, commentBefore, spaceBefore } = former;
  return Object.assign(node, { comment, commentBefore, spaceBefore });
}

/** What is shared is as it is wanted, and nothing of the appliance's own has changed, but for what went with an item. */
function isProven(
  before: unknown,
  after: unknown,
  wanted: SharedDocument,
  renames: Renames,
): boolean {
  if (!isDeepStrictEqual([...sharedOf(after)], [...wanted])) return false;
  const kept = [...renamed(ownOf(before), renames)].filter(([name]) => {
    const { item } = placeOf(name);
    return item === null || namesIn(item.list, wanted).has(item.name);
  });
  return isDeepStrictEqual([...ownOf(after)], [...sorted(kept)]);
}

function notEditable(changes: readonly Change[]): SettingsError {
  const [{ name } = { name: '' }, ...more] = changes;
  const setting = more.length === 0 ? name : `${name} and ${more.length} more`;
  const found = 'a form, such as an anchor or alias, in which other settings would change too';
  return refusal('notEditable', found, { setting }, { path: name });
}
