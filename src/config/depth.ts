// How deep a settings text is nested, looked at before anything else is: what is nested a thousand deep costs every
// later step more than all settings there can be. No meaning.
import { isAlias, isCollection, isNode, isPair, type Document, type Node } from 'yaml';

/** Settings are four deep; this leaves room for what is mistaken. */
export const DEEPEST = 16;

/** What a line can be nested by at its beginning, in characters: spaces, and "- " of lists in lists. */
const DEEPEST_INDENT = 400;
/** Brackets open at a time, wherever they stand: in a quoted text, too. */
const MOST_BRACKETS = 100;

/** A place where the text goes deeper than a parser should be asked to follow, or null. One pass, no memory. */
export function depthOfText(
  text: string,
): { readonly line: number; readonly column: number } | null {
  let line = 1;
  let start = 0;
  let brackets = 0;
  let indenting = true;
  for (let index = 0; index < text.length; index += 1) {
    const letter = text[index];
    if (letter === '\n') {
      line += 1;
      start = index + 1;
      indenting = true;
      continue;
    }
    if (letter === '[' || letter === '{') brackets += 1;
    else if (letter === ']' || letter === '}') brackets = Math.max(0, brackets - 1);
    indenting &&= letter === ' ' || letter === '-' || letter === '?';
    const column = index - start + 1;
    if (brackets > MOST_BRACKETS || (indenting && column > DEEPEST_INDENT)) return { line, column };
  }
  return null;
}

/** Each is looked for among all others. */
export const MOST_ALIASES = 1_000;

export type Excess = { readonly node: Node; readonly what: 'depth' | 'aliases' };

/**
 * The first node that lies deeper than settings can, with anchors and aliases followed, or the first alias that is
 * one too many; null where all is within bounds. Every node is looked at once, however often it is meant.
 */
export function excessOf(document: Document): Excess | null {
  const anchors = new Map<string, number>();
  let aliases = 0;
  let excess: Excess | null = null;
  /** How many levels the node has, itself included; `depth`: how many are above it. */
  const heightOf = (node: unknown, depth: number): number => {
    if (excess !== null || !isNode(node)) return 0;
    let height = 1;
    if (isAlias(node)) {
      aliases += 1;
      height = anchors.get(node.source) ?? 1;
    } else if (isCollection(node) && depth < DEEPEST) {
      for (const item of node.items) {
        for (const part of isPair(item) ? [item.key, item.value] : [item]) {
          height = Math.max(height, 1 + heightOf(part, depth + 1));
        }
      }
    }
    if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, height);
    if (depth + height > DEEPEST) excess ??= { node, what: 'depth' };
    if (aliases > MOST_ALIASES) excess ??= { node, what: 'aliases' };
    return height;
  };
  heightOf(document.contents, 0);
  return excess;
}
