// Changes one setting in the text of a settings file and leaves every other byte alone. The YAML
// package says where things stand; the text itself is spliced, since printing the document anew
// would move comments. No file: see save.ts.
import { isMap, isNode, isPair, isScalar, isSeq, type Document, type YAMLMap } from 'yaml';
import { asText, type PlainValue } from './plain-value.js';

/** The text with `section.key` set to `value`, or null when the place cannot be edited safely. */
export function editSetting(
  document: Document,
  text: string,
  path: readonly [section: string, key: string],
  value: PlainValue,
): string | null {
  const [section, key] = path;
  const root = document.contents;
  if (!isMap(root)) return null;
  const style = styleOf(root, text);
  const written = style.json ? JSON.stringify(value) : asText(value);
  const pair = pairOf(root, section);
  if (pair === undefined) return addSection(root, text, section, `${style.name(key)}: ${written}`);
  if (isScalar(pair.value) && pair.value.value === null) {
    return fillEmpty(pair.key, text, `{ ${style.name(key)}: ${written} }`);
  }
  if (!isMap(pair.value)) return null;
  const own = pairOf(pair.value, key);
  if (own === undefined) return addToMap(pair.value, text, `${style.name(key)}: ${written}`);
  return replaceScalar(own, text, value, style.json);
}

/** How the file writes its keys. */
export interface Style {
  /** Keys stand in double quotes, as in JSON. */
  readonly json: boolean;
  name(key: string): string;
}

export function styleOf(root: YAMLMap, text: string): Style {
  const first = root.items[0]?.key;
  const json = root.flow === true && isNode(first) && text[first.range?.[0] ?? 0] === '"';
  return { json, name: (key) => (json ? JSON.stringify(key) : key) };
}

export interface FoundPair {
  readonly key: unknown;
  readonly value: unknown;
}

export const pairOf = (map: YAMLMap, name: string): FoundPair | undefined =>
  map.items.find(({ key }) => isScalar(key) && key.value === name);

function replaceScalar(
  pair: FoundPair,
  text: string,
  value: PlainValue,
  json: boolean,
): string | null {
  if (!isNode(pair.value) || !pair.value.range) return null;
  const [start, end] = pair.value.range;
  if (start === end) return fillEmpty(pair.key, text, asText(value));
  const quoteMark = text[start] === '"' || text[start] === "'" ? text[start] : '';
  const quoted =
    typeof value === 'string' && quoteMark !== ''
      ? `${quoteMark}${value}${quoteMark}`
      : asText(value);
  return splice(text, start, end, json ? JSON.stringify(value) : quoted);
}

/** Writes a value behind the colon of a key that has none. */
export function fillEmpty(key: unknown, text: string, written: string): string | null {
  if (!isNode(key) || !key.range) return null;
  const colon = key.range[1];
  return text[colon] === ':' ? splice(text, colon + 1, colon + 1, ` ${written}`) : null;
}

export function addToMap(map: YAMLMap, text: string, line: string): string | null {
  const last = map.items.at(-1);
  if (map.range && last === undefined)
    return splice(text, map.range[0] + 1, map.range[0] + 1, ` ${line} `);
  const end = endOf(last);
  if (end === null) return null;
  if (map.flow === true) return splice(text, end, end, `, ${line}`);
  const first = map.items[0]?.key;
  if (!isNode(first) || !first.range) return null;
  const indent = first.range[0] - (text.lastIndexOf('\n', first.range[0] - 1) + 1);
  return insertLine(text, end, `${' '.repeat(indent)}${line}`);
}

/** The whole section, at the end of the text; in a flow mapping behind the last setting. */
export function addSection(
  root: YAMLMap,
  text: string,
  section: string,
  line: string,
): string | null {
  if (root.flow === true) {
    const name = line.startsWith('"') ? JSON.stringify(section) : section;
    return addToMap(root, text, `${name}: { ${line} }`);
  }
  const newline = newlineOf(text);
  const separator = text.endsWith('\n') ? '' : newline;
  return `${text}${separator}${section}:${newline}  ${line}${newline}`;
}

/** Where a pair ends, its comment not included. */
function endOf(pair: FoundPair | undefined): number | null {
  if (pair === undefined) return null;
  return endOfNode(pair.value) ?? endOfNode(pair.key);
}

/**
 * Where a node's last character stands. The range of a block collection, and of a block scalar, goes on
 * to the beginning of what follows it, which may be another section.
 */
export function endOfNode(node: unknown): number | null {
  if ((isMap(node) || isSeq(node)) && node.flow !== true) {
    const last: unknown = node.items.at(-1);
    if (last !== undefined) return isPair(last) ? endOf(last) : endOfNode(last);
  }
  return isNode(node) && node.range ? node.range[1] : null;
}

export function insertLine(text: string, after: number, line: string): string {
  const newline = newlineOf(text);
  const end = text[after - 1] === '\n' ? after - 1 : text.indexOf('\n', after);
  if (end === -1) return `${text}${newline}${line}${newline}`;
  return splice(text, end + 1, end + 1, `${line}${newline}`);
}

const newlineOf = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

export const splice = (text: string, start: number, end: number, inserted: string): string =>
  `${text.slice(0, start)}${inserted}${text.slice(end)}`;
