// From lines to blocks: a statement is the words of a line, and what stands between the braces behind it. No
// meaning: see conversion.ts.
import type { Account, Place } from './account.js';
import type { LogicalLine } from './lines.js';
import { wordsOf, type Word } from './quotes.js';

export interface Statement {
  readonly words: readonly Word[];
  readonly place: Place;
  /** What stands in its braces; null when it has none. */
  readonly inside: readonly Statement[] | null;
}

interface Open {
  readonly statement: { words: Word[]; place: Place };
  readonly place: Place;
  readonly inside: Statement[];
}

/** The statements at the top. Braces that do not fit are errors of the account. */
export function blocksOf(lines: readonly LogicalLine[], account: Account): readonly Statement[] {
  const parser = new Parser(account);
  for (const line of lines) parser.line(line);
  return parser.end();
}

type Began = Pick<Statement, 'words' | 'place'>;

/** Blocks that stand in no other one. */
const OF_THE_TOP =
  /^(?:global_defs|vrrp_(?:instance|script|sync_group|track_\w+)|virtual_server(?:_group)?|static_\w+|bfd_instance)$/;

const isOfTheTop = ({ words }: Began): boolean => OF_THE_TOP.test(words[0]?.text ?? '');

const nameOf = ({ words }: Began): string => words.map(({ text }) => text).join(' ');

const textOf = (one: Began): string => `${nameOf(one)} of line ${one.place.line}`;

/** The line; with its file where that is another one. */
const shown = ({ file, line }: Place, from: Place): string =>
  file === from.file ? `line ${line}` : `${file}:${line}`;

class Parser {
  readonly #account: Account;
  readonly #top: Statement[] = [];
  readonly #open: Open[] = [];

  constructor(account: Account) {
    this.#account = account;
  }

  line({ text, place }: LogicalLine): void {
    if (isTemplate(text)) {
      this.#account.fail({
        place,
        expected: 'the file that keepalived reads',
        found: `a placeholder of a template: ${text}`,
        remedy: 'have your tool render the template for this host, and import what comes out',
      });
      return;
    }
    let words: Word[] = [];
    for (const word of wordsOf(text)) {
      if (word.quoted || !/^[{}]$/.test(word.text)) words.push(word);
      else {
        if (word.text === '{') this.#begin(words, place);
        else {
          this.#statement(words, place);
          this.#close(place);
        }
        words = [];
      }
    }
    this.#statement(words, place);
  }

  /** What is left open; where a block of the top stands inside it, the brace is missing before that one. */
  end(): readonly Statement[] {
    for (const { place, statement, inside } of this.#open) {
      const swallowed = inside.find(isOfTheTop) ?? this.#openWithin(place);
      const before = swallowed === undefined ? '' : `, and ${textOf(swallowed)} inside it`;
      const where =
        swallowed === undefined
          ? 'where it ends'
          : `before ${shown(swallowed.place, place)}, where ${nameOf(swallowed)} begins`;
      this.#account.fail({
        place,
        expected: `a } for the { of ${nameOf(statement)}, which begins here`,
        found: `the end of the file${before}`,
        remedy: `close the block ${where}`,
      });
    }
    return this.#top;
  }

  /** The next one that is open too, if it belongs at the top. */
  #openWithin(place: Place): Began | undefined {
    const index = this.#open.findIndex((one) => one.place === place);
    const next = this.#open[index + 1]?.statement;
    return next !== undefined && isOfTheTop(next) ? next : undefined;
  }

  #inside(): Statement[] {
    return this.#open.at(-1)?.inside ?? this.#top;
  }

  #statement(words: Word[], place: Place): void {
    if (words.length > 0) this.#inside().push({ words, place, inside: null });
  }

  /** The brace may stand on the line below what it belongs to. */
  #begin(words: Word[], place: Place): void {
    const before = words.length === 0 ? this.#inside().pop() : undefined;
    if (words.length === 0 && (before === undefined || before.inside !== null)) {
      if (before !== undefined) this.#inside().push(before);
      const remedy = 'write the name of the block in front of it';
      this.#account.fail({ place, expected: 'a block', found: 'a { that belongs to none', remedy });
    }
    this.#account.kept(place);
    const statement = { words: [...(before?.words ?? words)], place: before?.place ?? place };
    this.#open.push({ statement, place, inside: [] });
  }

  #close(place: Place): void {
    this.#account.kept(place);
    const open = this.#open.pop();
    if (open === undefined) {
      const remedy = 'take it out, or write the { that is missing';
      this.#account.fail({ place, expected: 'a block', found: 'a } that closes none', remedy });
      return;
    }
    this.#inside().push({ ...open.statement, inside: open.inside });
  }
}

/** Jinja, Go and ERB templates, as they stand in a role's or a chart's folder. */
const isTemplate = (text: string): boolean => /\{\{.*\}\}|\{%.*%\}|<%.*%>/.test(text);
