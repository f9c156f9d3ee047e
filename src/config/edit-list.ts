// Puts an item at the end of a list of a settings file and takes one out, and leaves every other byte alone. Single
// settings: edit-at.ts. Whether the result says what was meant is for change.ts to prove. No file.
import { isMap, isNode, isScalar, isSeq, type Document, type YAMLSeq } from 'yaml';
import {
  addSection,
  addToMap,
  endOfNode,
  fillEmpty,
  insertLine,
  pairOf,
  splice,
  styleOf,
} from './edit.js';
import { asItem, type PlainItem } from './plain-value.js';

/** The text with `item` as the last of the list called `list`, or null when the place cannot be edited safely. */
export function itemAdded(
  document: Document,
  text: string,
  list: string,
  item: PlainItem,
): string | null {
  const root = document.contents;
  if (!isMap(root)) return null;
  const style = styleOf(root, text);
  const written = style.json ? JSON.stringify(item) : asItem(item);
  const pair = pairOf(root, list);
  if (pair === undefined) {
    return root.flow === true
      ? addToMap(root, text, `${style.name(list)}: [${written}]`)
      : addSection(root, text, list, `- ${written}`);
  }
  if (isScalar(pair.value) && pair.value.value === null) {
    return fillEmpty(pair.key, text, `[${written}]`);
  }
  return isSeq(pair.value) ? added(pair.value, text, written) : null;
}

function added(seq: YAMLSeq, text: string, written: string): string | null {
  if (!seq.range) return null;
  const end = endOfNode(seq.items.at(-1));
  if (end === null) return splice(text, seq.range[0] + 1, seq.range[0] + 1, written);
  if (seq.flow === true) return splice(text, end, end, `, ${written}`);
  const line = itemLine(seq, text, seq.items.length - 1);
  return line === null ? null : insertLine(text, end, `${' '.repeat(line.indent)}- ${written}`);
}

/** The text without the item at `index`, and without the comment in its last line; null as above. */
export function itemRemoved(
  document: Document,
  text: string,
  list: string,
  index: number,
): string | null {
  const root = document.contents;
  const pair = isMap(root) ? pairOf(root, list) : undefined;
  const seq = pair?.value;
  if (!isSeq(seq) || !seq.range) return null;
  const only = seq.items.length === 1;
  if (seq.flow === true) {
    return only ? splice(text, seq.range[0], seq.range[1], '[]') : outOfFlow(seq, text, index);
  }
  const line = itemLine(seq, text, index);
  if (line === null) return null;
  const rest = splice(text, line.start, line.end, '');
  return only ? fillEmpty(pair?.key, rest, '[]') : rest;
}

/** Where the lines of an item of a block list begin and end, the comment in the last one included; null as above. */
export function itemLine(
  seq: YAMLSeq,
  text: string,
  index: number,
): { readonly start: number; readonly end: number; readonly indent: number } | null {
  const end = endOfNode(seq.items[index]);
  const dash = dashOf(seq, text, index);
  if (end === null || dash === null) return null;
  const newline = text[end - 1] === '\n' ? end - 1 : text.indexOf('\n', end);
  const start = lineStart(text, dash);
  return { start, end: newline === -1 ? text.length : newline + 1, indent: dash - start };
}

/** With the comma before it; of the first, that behind it. */
function outOfFlow(seq: YAMLSeq, text: string, index: number): string | null {
  const before = endOfNode(seq.items[index - 1]);
  const end = endOfNode(seq.items[index]);
  if (before !== null && end !== null) return splice(text, before, end, '');
  const [from, next] = [startOf(seq, index), startOf(seq, index + 1)];
  return from === null || next === null ? null : splice(text, from, next, '');
}

function startOf(seq: YAMLSeq, index: number): number | null {
  const item: unknown = seq.items[index];
  return isNode(item) && item.range ? item.range[0] : null;
}

const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1;

/** Where the dash of an item stands, which has to be the first of its line. */
function dashOf(seq: YAMLSeq, text: string, index: number): number | null {
  const start = startOf(seq, index);
  const from = index === 0 ? seq.range?.[0] : endOfNode(seq.items[index - 1]);
  if (start === null || from === null || from === undefined) return null;
  const first = lineStart(text, from);
  const dashes = [...text.slice(first, start).matchAll(/^[ ]*(?=-\s)/gm)];
  const last = dashes.at(-1);
  return last === undefined ? null : first + last.index + last[0].length;
}
