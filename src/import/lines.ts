// From the text of keepalived.conf to the lines that keepalived would act upon: comments, `@host`, `$NAME=`, `~SEQ`,
// `~LST` and includes are resolved, and every line knows where it came from. No blocks: see blocks.ts.
import type { Account, Place } from './account.js';
import { definitionOf, parameters, type Definition } from './parameters.js';
import { withoutComment } from './quotes.js';
import { sequenceOf } from './sequences.js';

export interface LogicalLine {
  readonly text: string;
  readonly place: Place;
}

/** What is outside: files, and what the text may ask of this host. */
export interface ImportSource {
  /** The text of a file, or why there is none, as a sentence; the path is absolute. */
  readonly read: (path: string) => { readonly text: string } | { readonly problem: string };
  /** The files that a pattern names, sorted; relative ones are meant from `folder`. */
  readonly glob: (pattern: string, folder: string) => readonly string[];
  /** keepalived's config-id: what `@word` is compared with. */
  readonly configId: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What a file of at most half a MiB can reasonably grow to; ~SEQ multiplies. */
const MOST_LINES = 100_000;
const DEEPEST = 32;
const LONGEST_LINE = 65_536;

export function logicalLines(file: string, source: ImportSource, account: Account): LogicalLine[] {
  const reader = new Reader(source, account);
  reader.readFile(file, [], { file, line: 1 });
  return reader.lines;
}

class Reader {
  readonly lines: LogicalLine[] = [];
  readonly #definitions = new Map<string, Definition>();
  readonly #source: ImportSource;
  readonly #account: Account;
  #folder = '/';

  constructor(source: ImportSource, account: Account) {
    this.#source = source;
    this.#account = account;
  }

  /** `within`: the files that include this one, the first first. */
  readFile(file: string, within: readonly string[], from: Place): void {
    const found = within.includes(file)
      ? { problem: `it includes itself: ${[...within, file].join(' -> ')}` }
      : this.#source.read(file);
    if ('problem' in found) {
      const isNamed = within.length === 0;
      const remedy = within.includes(file)
        ? 'take one of the includes out'
        : isNamed
          ? 'name the keepalived.conf that is to be read'
          : 'correct the include, or put the file there';
      const expected = isNamed ? 'a keepalived.conf' : `the included file ${file}`;
      this.#account.fail({ place: from, expected, found: found.problem, remedy });
      return;
    }
    const texts = found.text.split(/\r?\n/);
    if (texts.at(-1) === '') texts.pop();
    this.#account.add(file, texts);
    const before = this.#folder;
    this.#folder = file.slice(0, file.lastIndexOf('/')) || '/';
    this.#readLines(file, texts, [...within, file]);
    this.#folder = before;
  }

  #readLines(file: string, texts: readonly string[], within: readonly string[]): void {
    for (let index = 0; index < texts.length; index += 1) {
      if (this.#full()) return;
      const place = { file, line: index + 1 };
      const text = this.#plain(texts[index] ?? '', place);
      if (text === '') continue;
      const include = /^include([rmwba]?)\s+(.+)$/.exec(text);
      if (include !== null) {
        this.#include(include[2] ?? '', include[1] !== '', place, within);
        continue;
      }
      const definition = this.#conditional(text, place);
      if (definition === null) continue;
      const several = [{ text: definition, place }];
      while (several.at(-1)?.text.endsWith('\\') === true && index + 1 < texts.length) {
        index += 1;
        const next = { file, line: index + 1 };
        several.push({ text: this.#plain(texts[index] ?? '', next), place: next });
      }
      this.#several(several);
    }
  }

  /** A line with those that its backslashes join to it: a definition of several lines, or one long line. */
  #several(lines: readonly LogicalLine[]): void {
    const [first] = lines;
    if (first === undefined) return;
    const parts = lines.map(({ text, place }) => ({
      text: text.replace(/\s*\\$/, '').trim(),
      place,
    }));
    const name = definitionOf(first.text)?.name;
    if (name === undefined) {
      this.#act(parts.map(({ text }) => text).join(' '), first.place, 0);
      for (const { place } of parts.slice(1))
        this.#account.kept(place, 'goes on with the line above');
      return;
    }
    if (parts.length === 1) return this.#act(first.text, first.place, 0);
    this.#account.kept(first.place, `defines $${name}`);
    for (const { place } of parts) this.#account.kept(place);
    this.#definitions.set(
      name,
      parts.slice(1).filter(({ text }) => text !== ''),
    );
  }

  #full(): boolean {
    return this.#account.errors.some(({ expected }) => expected === MOST_EXPECTED);
  }

  #plain(text: string, place: Place): string {
    const plain = withoutComment(text);
    if (plain !== null) return plain.trim();
    this.#account.fail({
      place,
      expected: 'the end of a quoted string on its line',
      found: 'a quotation mark that nothing closes',
      remedy: 'close it, or put a backslash in front of it',
    });
    return '';
  }

  #include(pattern: string, strict: boolean, place: Place, within: readonly string[]): void {
    const files = this.#source.glob(pattern.replace(/^(["'])(.*)\1$/, '$2'), this.#folder);
    if (files.length === 0) {
      const none = `no file matches ${pattern}`;
      if (strict || !/[*?[{]/.test(pattern)) {
        const remedy = 'correct the path, or take the line out';
        this.#account.fail({ place, expected: 'files to include', found: none, remedy });
      } else this.#account.kept(place, none);
      return;
    }
    this.#account.kept(place, `includes ${files.join(', ')}`);
    for (const file of files) this.readFile(file, within, place);
  }

  /** What of a line is meant for this host; null when it is for another one. */
  #conditional(text: string, place: Place): string | null {
    const condition = /^@(\^?)(\S*)\s*(.*)$/.exec(text);
    if (condition === null) return text;
    const [, not, word, rest = ''] = condition;
    if ((word === this.#source.configId) === (not === '')) {
      this.#account.kept(place);
      return this.#conditional(rest, place);
    }
    const whom = not === '' ? `for ${word} only` : `for all but ${word}`;
    this.#account.dropped(
      place,
      `${whom}; this import is for ${this.#source.configId} (--config-id)`,
    );
    return null;
  }

  /** One line, with its definitions and sequences. */
  #act(written: string, place: Place, depth: number): void {
    const text = this.#conditional(written, place);
    if (text === null || text === '' || this.#full()) return;
    if (depth > DEEPEST) {
      const found = `more than ${DEEPEST}: a definition that names itself?`;
      const remedy = 'take the circle out';
      this.#account.fail({ place, expected: 'definitions a few levels deep', found, remedy });
      return;
    }
    const definition = definitionOf(text);
    if (definition !== null) {
      this.#account.kept(place, `defines $${definition.name}`);
      this.#definitions.set(definition.name, [{ text: definition.value, place }]);
      return;
    }
    if (text.length > LONGEST_LINE) {
      const found = `${text.length} characters and more`;
      const remedy = 'define shorter values';
      const expected = `at most ${LONGEST_LINE} characters in a line, with its definitions`;
      this.#account.fail({ place, expected, found, remedy });
      return;
    }
    const sequence = this.#sequence(text, place);
    if (sequence !== null) return this.#repeat(sequence, place, depth);
    const lines = this.#substituted(text, place);
    if (lines.length === 1 && lines[0]?.text === text) return this.#emit(text, place);
    this.#account.kept(place);
    for (const line of lines) this.#act(line.text, line.place, depth + 1);
  }

  /** Names are allowed between its brackets too. */
  #sequence(text: string, place: Place): ReturnType<typeof sequenceOf> {
    const head = /^~\w+\([^)]*\)/.exec(text)?.[0] ?? '';
    const plain = head.includes('$') ? (this.#substituted(head, place)[0]?.text ?? head) : head;
    return sequenceOf(plain + text.slice(head.length));
  }

  #repeat(sequence: ReturnType<typeof sequenceOf>, place: Place, depth: number): void {
    if (sequence === null) return;
    if ('problem' in sequence) {
      const remedy = 'see keepalived.conf(5), Sequence blocks';
      const expected = '~SEQ(NAME, START, STEP, END) or ~LST(NAME, VALUE, ...)';
      this.#account.fail({ place, expected, found: sequence.problem, remedy });
      return;
    }
    for (const round of sequence.rounds) {
      for (const [name, value] of round) this.#definitions.set(name, [{ text: value, place }]);
      this.#act(sequence.rest, place, depth + 1);
    }
  }

  #substituted(text: string, place: Place): readonly LogicalLine[] {
    const definitions = this.#definitions;
    return parameters(text, place, { definitions, folder: this.#folder, source: this.#source });
  }

  #emit(text: string, place: Place): void {
    if (this.lines.length >= MOST_LINES) {
      const remedy = 'import a smaller part of it';
      this.#account.fail({ place, expected: MOST_EXPECTED, found: 'more', remedy });
      return;
    }
    const missing = /\$\{_ENV\s+([^}]*)\}/.exec(text)?.[1];
    if (missing !== undefined) {
      const expected = `the variable ${missing} in the environment`;
      const remedy = `run it as ${missing}=VALUE understudy import ...`;
      this.#account.fail({ place, expected, found: 'none', remedy });
    }
    this.lines.push({ text, place });
  }
}

const MOST_EXPECTED = `at most ${MOST_LINES} lines after ~SEQ and definitions`;
