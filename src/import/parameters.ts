// `$NAME=value`, and the places where `$NAME` and `${NAME}` stand for it. No files.
import type { Place } from './account.js';

export interface PlacedText {
  readonly text: string;
  readonly place: Place;
}

/** The lines that a name stands for. */
export type Definition = readonly PlacedText[];

interface Context {
  readonly definitions: ReadonlyMap<string, Definition>;
  readonly folder: string;
  readonly source: {
    readonly configId: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
  };
}

export function definitionOf(
  text: string,
): { readonly name: string; readonly value: string } | null {
  const match = /^\$([A-Za-z_]\w*)=(.*)$/.exec(text);
  return match === null ? null : { name: match[1] ?? '', value: (match[2] ?? '').trim() };
}

const REFERENCE = /\$\{(?<braced>[^{}]+)\}|\$(?<bare>[A-Za-z_]\w*)(?=\s|$)/g;

/** The line with its names replaced, each once; several lines when one of them stands for several. */
export function parameters(text: string, place: Place, context: Context): readonly PlacedText[] {
  const lines: PlacedText[] = [];
  let head: PlacedText = { text: '', place };
  let at = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const name = match.groups?.['braced'] ?? match.groups?.['bare'] ?? '';
    const value = valueOf(name, place, context);
    // A name that nothing defines stays: a `$` of a shell line is none of keepalived's.
    if (value === null) continue;
    const before = head.text + text.slice(at, match.index);
    at = match.index + match[0].length;
    const [first, ...others] = value;
    const last = others.pop();
    head = { text: before + (first?.text ?? ''), place: head.place };
    if (first !== undefined && last !== undefined) {
      head = { ...head, place: first.place };
      lines.push(head, ...others);
      head = last;
    }
  }
  return [...lines, { text: head.text + text.slice(at), place: head.place }];
}

function valueOf(name: string, place: Place, context: Context): Definition | null {
  const one = (text: string): Definition => [{ text, place }];
  const [word = '', ...rest] = name.split(/\s+/);
  switch (word) {
    case '_PWD':
      return one(context.folder);
    case '_INSTANCE':
      return one(context.source.configId);
    case '_HASH':
      return one('#');
    case '_BANG':
      return one('!');
    case '_ENV': {
      const value = context.source.environment[rest[0] ?? ''];
      return value === undefined ? null : one(value);
    }
    default:
      return context.definitions.get(name) ?? null;
  }
}
