// The account of an import: what became of every line of keepalived.conf, and what is wrong with it. No reading
// of lines: see lines.ts. No judgement: see instances.ts and its neighbours.

/** A line of a file, counted from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What became of a line. `blank`: it says nothing to anybody. */
export type Verdict = 'blank' | 'kept' | 'changed' | 'not carried over';

/** Why nothing was imported. */
export interface ImportError {
  readonly place: Place;
  readonly expected: string;
  readonly found: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
}

export interface AccountLine {
  readonly place: Place;
  /** As it stands in the file; secrets are masked. */
  readonly text: string;
  readonly verdict: Verdict;
  /** What it became, or why it became nothing. */
  readonly reasons: readonly string[];
}

/** Many are told, not all: they may be as many as the lines. */
const MOST_ERRORS = 50;

const RANK: Readonly<Record<Verdict, number>> = {
  blank: 0,
  kept: 1,
  changed: 2,
  'not carried over': 3,
};

interface Entry {
  readonly verdicts: Set<Verdict>;
  readonly reasons: Set<string>;
}

const keyOf = ({ file, line }: Place): string => `${line} ${file}`;

/** Collects what is said of lines; a line that is used more than once may be told of more than once. */
export class Account {
  readonly errors: ImportError[] = [];
  /** By file, in the order in which they were read. */
  readonly #files = new Map<string, readonly string[]>();
  readonly #entries = new Map<string, Entry>();
  readonly #secrets = new Set<string>();

  /** A file that was read, by its lines. */
  add(file: string, lines: readonly string[]): void {
    this.#files.set(file, lines);
  }

  note(place: Place, verdict: Verdict, reason?: string): void {
    const key = keyOf(place);
    const entry = this.#entries.get(key) ?? { verdicts: new Set(), reasons: new Set() };
    entry.verdicts.add(verdict);
    if (reason !== undefined) entry.reasons.add(reason);
    this.#entries.set(key, entry);
  }

  kept(place: Place, reason?: string): void {
    this.note(place, 'kept', reason);
  }

  changed(place: Place, reason: string): void {
    this.note(place, 'changed', reason);
  }

  dropped(place: Place, reason: string): void {
    this.note(place, 'not carried over', reason);
  }

  fail(error: ImportError): void {
    if (this.errors.length < MOST_ERRORS) this.errors.push(error);
  }

  /** A word that must not be shown: the account may be sent to somebody. */
  hide(secret: string): void {
    if (secret !== '') this.#secrets.add(secret);
  }

  /** Every line of every file. A line of which nobody has said anything holds nothing but comments. */
  lines(): AccountLine[] {
    return [...this.#files].flatMap(([file, lines]) =>
      lines.map((text, index) => {
        const place = { file, line: index + 1 };
        const entry = this.#entries.get(keyOf(place));
        const verdict = [...(entry?.verdicts ?? [])].reduce(heavier, 'blank');
        return { place, text: this.#masked(text), verdict, reasons: [...(entry?.reasons ?? [])] };
      }),
    );
  }

  /** Passwords stand behind `auth_pass`, or in a definition that it names. */
  #masked(text: string): string {
    const plain = text.replace(/(\bauth_pass\s+)\S.*$/, '$1...');
    if (!/^\s*(?:@\S+\s+)?\$/.test(plain)) return plain;
    return [...this.#secrets].reduce((line, secret) => line.replaceAll(secret, '...'), plain);
  }
}

const heavier = (one: Verdict, other: Verdict): Verdict => (RANK[one] >= RANK[other] ? one : other);
