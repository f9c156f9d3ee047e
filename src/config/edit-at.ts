// Changes the setting at any path in the text of a settings file, and leaves every other byte alone. The scalars of a
// section, and sections that are missing: edit.ts. No file: see change.ts.
import { isMap, isNode, isScalar, isSeq, type Document, type YAMLMap } from 'yaml';
import { addToMap, editSetting, endOfNode, pairOf, splice, styleOf } from './edit.js';
import type { SettingsPath } from './errors.js';
import { asText, type PlainValue } from './plain-value.js';

/** The text with the setting at `path` set to `value`, or null when the place cannot be edited safely. */
export function editAt(
  document: Document,
  text: string,
  path: SettingsPath,
  value: PlainValue,
): string | null {
  const root = document.contents;
  const key = path.at(-1);
  if (!isMap(root) || typeof key !== 'string') return null;
  const style = styleOf(root, text);
  const parent = nodeAt(root, path.slice(0, -1));
  if (!isMap(parent)) return sectionAdded(document, text, path, value);
  const written = style.json ? JSON.stringify(value) : asText(value);
  const pair = pairOf(parent, key);
  if (pair === undefined) return addToMap(parent, text, `${style.name(key)}: ${written}`);
  return replaced(pair.value, text, written);
}

/** A section that is not there yet, with this one setting: of the file, or of an item of a list. */
function sectionAdded(
  document: Document,
  text: string,
  path: SettingsPath,
  value: PlainValue,
): string | null {
  const [section, key] = path.slice(-2);
  if (typeof section !== 'string' || typeof key !== 'string') return null;
  if (path.length === 2) return editSetting(document, text, [section, key], value);
  const root = document.contents;
  const around = isMap(root) ? nodeAt(root, path.slice(0, -2)) : undefined;
  if (!isMap(root) || !isMap(around) || pairOf(around, section) !== undefined) return null;
  const style = styleOf(root, text);
  const written = style.json ? JSON.stringify(value) : asText(value);
  return addToMap(around, text, `${style.name(section)}: { ${style.name(key)}: ${written} }`);
}

/** What stands at `path`, if anything does. */
export function nodeAt(root: YAMLMap, path: SettingsPath): unknown {
  return path.reduce<unknown>((node, part) => {
    if (isMap(node)) return typeof part === 'string' ? pairOf(node, part)?.value : undefined;
    return isSeq(node) && typeof part === 'number' ? node.items[part] : undefined;
  }, root);
}

function replaced(node: unknown, text: string, written: string): string | null {
  if (!isNode(node) || !node.range) return null;
  if (!isScalar(node) && !isSeq(node)) return null;
  const [start] = node.range;
  const end = isScalar(node) ? node.range[1] : endOfNode(node);
  if (end === null || start === end || node.anchor !== undefined) return null;
  if (isScalar(node) || node.flow === true) return splice(text, start, end, written);
  // A block list goes to the line of its key.
  const colon = text.lastIndexOf(':', start);
  return colon === -1 || text.slice(colon + 1, start).trim() !== ''
    ? null
    : splice(text, colon + 1, end, ` ${written}`);
}
