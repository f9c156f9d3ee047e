// A planted fault as its file has it: a header for people, then a unified diff. Reads no disk, plants
// nothing.

/** What is wrong with a fault's file or with a name: text for a person. */
export class FaultError extends Error {}

export interface Fault {
  /** `core-announces-late`: the room, then what. */
  readonly name: string;
  /** What it breaks, in a sentence. */
  readonly breaks: string;
  /** Which promise, rule or contract is broken. */
  readonly promise: string;
  /** Test files that should notice, from the project's root, the quickest first. */
  readonly notice: readonly string[];
  /** Why nothing needs to notice; null for nearly all. */
  readonly argued: string | null;
  /** The files that the diff changes, from the project's root. */
  readonly targets: readonly string[];
}

const KEYS = ['breaks', 'promise', 'notice', 'argued'] as const;
type Key = (typeof KEYS)[number];

/**
 * The fault in `text`, the content of `<name>.patch`.
 * @throws FaultError when a line of the header is missing or unknown, or there is no diff.
 */
export function parseFault(name: string, text: string): Fault {
  const begin = text.startsWith('--- ') ? 0 : text.indexOf('\n--- ') + 1;
  if (begin === 0)
    throw fault(name, 'a unified diff below the header', 'no line that begins "--- "');
  const header = parseHeader(name, text.slice(0, begin));
  const targets = [...text.slice(begin).matchAll(/^\+\+\+ b\/(\S+)/gm)].map(
    ([, path = '']) => path,
  );
  const stranger = targets.find((path) => !/^(?:src|native|scripts)\//.test(path));
  if (targets.length === 0) throw fault(name, 'a line "+++ b/…" for each file', 'none');
  if (stranger !== undefined) throw fault(name, 'files of src, native or scripts', stranger);
  const notice = required(name, header, 'notice').split(/\s+/);
  const untested = notice.find((path) => !/^test\/\S+\.test\.ts$/.test(path));
  if (untested !== undefined) throw fault(name, 'notice: test/….test.ts, …', untested);
  return {
    name,
    breaks: required(name, header, 'breaks'),
    promise: required(name, header, 'promise'),
    notice,
    argued: header.get('argued') ?? null,
    targets,
  };
}

/** `key: text`, which goes on in lines that begin with a blank. */
function parseHeader(name: string, text: string): Map<Key, string> {
  const header = new Map<Key, string>();
  for (const line of text.replaceAll(/\n[ \t]+(?=\S)/g, ' ').split('\n')) {
    if (line.trim() === '') continue;
    const [, word = '', value = ''] = /^(\w+):\s*(.*)$/.exec(line) ?? [];
    const key = KEYS.find((one) => one === word);
    if (key === undefined || header.has(key)) {
      throw fault(name, `${KEYS.join(', ')}, each once, as "key: text"`, `"${line}"`);
    }
    header.set(key, value.trim());
  }
  return header;
}

function required(name: string, header: ReadonlyMap<Key, string>, key: Key): string {
  const value = header.get(key) ?? '';
  if (value === '') throw fault(name, `a line "${key}: …" in the header`, 'none');
  return value;
}

const fault = (name: string, expected: string, found: string): FaultError =>
  new FaultError(`test/mutants/${name}.patch: expected ${expected}; found ${found}`);

/** What one part of a diff expects to find: the lines around what it changes, and those that it takes away. */
export interface Expected {
  readonly path: string;
  readonly lines: readonly string[];
  /** What stands in their place when the fault is planted. */
  readonly planted: readonly string[];
  /** Where they stood when the diff was made, counted from 1. */
  readonly at: number;
}

/** @throws FaultError when a part has fewer lines than it says. */
export function expectedOf(name: string, text: string): Expected[] {
  const found: Expected[] = [];
  const lines = text.replace(/\n$/, '').split('\n');
  let path = '';
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('--- a/')) path = line.slice('--- a/'.length);
    const head = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (head === null) continue;
    const next = lines.slice(index + 1).findIndex((one) => /^(?:@@ |--- )/.test(one));
    const part = lines.slice(index + 1, next < 0 ? lines.length : index + 1 + next);
    const side = (without: RegExp, count: string | undefined): string[] => {
      const some = part.filter((one) => !without.test(one)).slice(0, Number(count ?? 1));
      if (some.length === Number(count ?? 1)) return some.map((one) => one.slice(1));
      throw fault(name, `${count} lines below "${line}"`, String(some.length));
    };
    const [, at = '1', before, after] = head;
    const old = side(/^[+\\]/, before);
    found.push({ path, lines: old, planted: side(/^[-\\]/, after), at: Number(at) });
  }
  return found;
}

/**
 * The text of the file at `path` with the fault of these parts in it.
 * @throws FaultError when one of them does not fit.
 */
export function withFault(parts: readonly Expected[], path: string, text: string): string {
  let lines = text.split('\n');
  for (const part of parts.filter((one) => one.path === path)) {
    const why = misfit(part, lines.join('\n'));
    if (why !== null) throw new FaultError(why);
    const { lines: old, planted, at } = part;
    const fits = lines
      .map((_, index) => index)
      .filter((index) => old.every((line, offset) => lines[index + offset] === line));
    const [nearest = 0] = fits.toSorted(
      (one, other) => Math.abs(one + 1 - at) - Math.abs(other + 1 - at),
    );
    lines = lines.toSpliced(nearest, old.length, ...planted);
  }
  return lines.join('\n');
}

/** Why this text of a file has not what a part of a diff expects; null when it has. */
export function misfit({ path, lines }: Expected, text: string): string | null {
  const all = `\n${text}\n`;
  if (all.includes(`\n${lines.join('\n')}\n`)) return null;
  const first = lines.find((line) => !all.includes(`\n${line}\n`));
  return `${path}: expected ${first === undefined ? 'these lines one after the other' : 'this line'}, found none: ${first ?? lines.join(' / ')}`;
}

/**
 * The faults that `words` ask for: one by its whole name, or all of which the name begins with the word
 * (`core`, `core-flap`); without words all.
 * @throws FaultError for a word that asks for nothing.
 */
export function select(names: readonly string[], words: readonly string[]): string[] {
  if (words.length === 0) return [...names];
  const asked = new Set(words.flatMap((word) => namesFor(names, word)));
  return names.filter((name) => asked.has(name));
}

function namesFor(names: readonly string[], word: string): string[] {
  if (names.includes(word)) return [word];
  const found = names.filter((name) => name.startsWith(word));
  if (found.length > 0) return found;
  const expected = 'the name of a fault in test/mutants, or the beginning of some names';
  throw new FaultError(`expected ${expected}; found "${word}". scripts/mutants --list has them`);
}
