// Settings text as a YAML document: syntax, duplicate keys, and where in the text a setting stands.
// No settings are known here.
import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { DEEPEST, depthOfText, excessOf, MOST_ALIASES, type Excess } from './depth.js';
import {
  formatPath,
  type SettingsError,
  type SettingsPath,
  type SettingsWarning,
} from './errors.js';
import { refusal } from './faults.js';
import { MOST_COPIES, unshared } from './unshared.js';

/** Alias expansions before the text is taken for an attack (a "billion laughs" document). */
const MAXIMUM_ALIASES = 10_000;
/** Merges of merges beyond which a place is no longer looked up. */
const MAXIMUM_DEPTH = DEEPEST;

export interface SettingsDocument {
  readonly text: string;
  readonly document: Document;
  /** The plain value: fresh objects, anchors and merges resolved, each alias a copy of its own. */
  readonly value: unknown;
  readonly warnings: readonly SettingsWarning[];
  /** Duplicate keys; the value is usable all the same, so that other errors can be told too. */
  readonly errors: readonly SettingsError[];
  /** Where the value of the setting stands (or its key), or the nearest thing around it. */
  place(path: SettingsPath, part?: 'value' | 'key'): Place;
}

export type Place = Pick<SettingsError, 'line' | 'column'>;

type ReadDocument =
  | { readonly ok: true; readonly document: SettingsDocument }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

/** Reads YAML 1.2 (JSON is a subset), with merge keys. All syntax errors at once. */
export function readDocument(text: string): ReadDocument {
  const damage = damageOf(text) ?? depthError(depthOfText(text));
  if (damage !== null) return { ok: false, errors: [damage] };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    merge: true,
    lineCounter: lines,
    uniqueKeys: false,
    strict: true,
    // What it has to say is an error of ours, and not a line on standard error.
    logLevel: 'error',
  });
  if (document.errors.length > 0) return { ok: false, errors: syntaxErrors(document.errors) };
  if (document.contents === null) return { ok: false, errors: [emptyError('only comments')] };
  const excess = excessError(excessOf(document), lines);
  if (excess !== null) return { ok: false, errors: [excess] };
  const value = plainValue(document, lines);
  if (!value.ok) return { ok: false, errors: [value.error] };
  const place: SettingsDocument['place'] = (path, part = 'value') =>
    placeOf(document, lines, path, part);
  const errors: SettingsError[] = [];
  collectDuplicates(document.contents, [], lines, errors);
  const warnings = document.warnings.map(({ message }) => ({
    path: '',
    message: firstLine(message),
  }));
  return { ok: true, document: { text, document, value: value.value, warnings, errors, place } };
}

function damageOf(text: string): SettingsError | null {
  if (text.trim() === '') return emptyError(text === '' ? 'an empty file' : 'only white space');
  const nul = text.indexOf('\0');
  if (nul === -1) return null;
  const found = 'NUL bytes, as a file has that was being written when the power failed';
  return refusal('halfWritten', found, {}, { line: text.slice(0, nul).split('\n').length });
}

const emptyError = (found: string): SettingsError => refusal('empty', found, {});

function depthError(place: Place | null): SettingsError | null {
  if (place === null) return null;
  const found = 'text that is nested deeper than any settings';
  return refusal('tooDeep', found, { deepest: DEEPEST }, place);
}

function excessError(excess: Excess | null, lines: LineCounter): SettingsError | null {
  if (excess === null) return null;
  const place = placeAt(lines, offsetOf(excess.node) ?? 0);
  if (excess.what === 'depth') return depthError(place);
  return refusal('manyAliases', 'one more', { most: MOST_ALIASES }, place);
}

/** Of a file that is indented with tabs the tabs alone: nothing below one is where it seems to be. */
function syntaxErrors(errors: readonly YAMLError[]): SettingsError[] {
  const tabs = errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  return (tabs.length > 0 ? tabs : errors).map(syntaxError);
}

function syntaxError(error: YAMLError): SettingsError {
  const at = error.linePos?.[0];
  const found =
    SYNTAX_FOUND[error.code] ?? firstLine(error.message).replace(/ at line \d+, column \d+:?$/, '');
  const remedy = SYNTAX_REMEDIES[error.code] ?? 'correct the text at this place';
  const place = at === undefined ? {} : { line: at.line, column: at.col };
  return refusal('syntax', found, { remedy }, place);
}

const SYNTAX_FOUND: Readonly<Record<string, string>> = { MULTIPLE_DOCS: 'a second document' };

const SYNTAX_REMEDIES: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
  MULTIPLE_DOCS: 'keep one document in the file: remove the second "---" and what belongs to it',
  MISSING_CHAR:
    'complete the text at this place; if the file ends here, it was written only in part',
  BAD_INDENT: 'indent what belongs together equally, and close every [ and {',
};

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

function plainValue(
  document: Document,
  lines: LineCounter,
): { ok: true; value: unknown } | { ok: false; error: SettingsError } {
  try {
    const shared: unknown = document.toJS({ maxAliasCount: MAXIMUM_ALIASES });
    const value = unshared(shared);
    if (value !== null) return { ok: true, value: value.value };
    return { ok: false, error: refusal('manyCopies', 'more', { most: MOST_COPIES }) };
  } catch (error) {
    const found = error instanceof Error ? firstLine(error.message) : String(error);
    const place = brokenAliasPlace(document, lines);
    return { ok: false, error: refusal('brokenAlias', found, {}, place) };
  }
}

function brokenAliasPlace(document: Document, lines: LineCounter): Place {
  let offset: number | null = null;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = offsetOf(alias);
      return visit.BREAK;
    },
  });
  return offset === null ? {} : placeAt(lines, offset);
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

/** Duplicate keys of every mapping, in the order of the text. Aliases are not entered again. */
function collectDuplicates(
  node: unknown,
  path: SettingsPath,
  lines: LineCounter,
  errors: SettingsError[],
): void {
  if (path.length > MAXIMUM_DEPTH) return;
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      collectDuplicates(item, [...path, index], lines, errors);
    }
  }
  if (!isMap(node)) return;
  const seen = new Map<string, number>();
  for (const { key, value } of node.items) {
    const name = keyName(key);
    const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, lines.linePos(offset).line);
    else if (name !== '<<') errors.push(duplicateError([...path, name], lines, offset, first));
    collectDuplicates(value, [...path, name], lines, errors);
  }
}

function duplicateError(
  path: SettingsPath,
  lines: LineCounter,
  offset: number,
  first: number,
): SettingsError {
  const place = { path: formatPath(path), ...placeAt(lines, offset) };
  return refusal('keyTwice', `a second one; the first stands in line ${first}`, {}, place);
}

/** A merge key is `<<`, which the YAML package hands out as a symbol. */
function keyName(key: unknown): string {
  if (!isScalar(key)) return String(key);
  return typeof key.value === 'symbol' ? (key.value.description ?? '') : String(key.value);
}

function placeOf(
  document: Document,
  lines: LineCounter,
  path: SettingsPath,
  wanted: 'value' | 'key',
): Place {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const [depth, part] of path.entries()) {
    const next = childOf(resolved(document, node), part, document, 0);
    if (next === undefined) break;
    node = next.value;
    const atKey = wanted === 'key' && depth === path.length - 1;
    offset = offsetOf(!atKey && isNode(node) && !isEmpty(node) ? node : next.key) ?? offset;
  }
  return offset === null ? {} : placeAt(lines, offset);
}

const isEmpty = (node: Node): boolean => isScalar(node) && node.value === null;

const offsetOf = (node: unknown): number | null =>
  isNode(node) && node.range ? node.range[0] : null;

const resolved = (document: Document, node: unknown): unknown =>
  isAlias(node) ? node.resolve(document) : node;

type Child = { readonly key: unknown; readonly value: unknown };

function childOf(
  node: unknown,
  part: string | number,
  document: Document,
  depth: number,
): Child | undefined {
  if (isSeq(node) && typeof part === 'number') {
    const value = node.items[part];
    return isPair(value) || value === undefined ? undefined : { key: value, value };
  }
  if (!isMap(node)) return undefined;
  return membersOf(node).get(String(part)) ?? mergedChild(node, part, document, depth);
}

/** By name; of two the last, as in the value. Made once: thousands of errors are looked up in one mapping. */
function membersOf(map: YAMLMap): ReadonlyMap<string, Child> {
  const known = MEMBERS.get(map);
  if (known !== undefined) return known;
  const members = new Map(map.items.map((pair) => [keyName(pair.key), pair]));
  MEMBERS.set(map, members);
  return members;
}

const MEMBERS = new WeakMap<YAMLMap, ReadonlyMap<string, Child>>();

function mergedChild(
  map: YAMLMap,
  part: string | number,
  document: Document,
  depth: number,
): Child | undefined {
  if (depth > MAXIMUM_DEPTH) return undefined;
  const merge = membersOf(map).get('<<');
  const source = resolved(document, merge?.value);
  const sources = isSeq(source) ? source.items : [source];
  for (const candidate of sources) {
    const found = childOf(resolved(document, candidate), part, document, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
