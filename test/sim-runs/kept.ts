// What was found of each planted fault, in a file: a run that was ended is continued, and what is the same is not played
// twice. No verdicts.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Verdict {
  /** The first scenario in which the core answered otherwise, or the promise that it broke. */
  readonly met: string | null;
  /** The first one that broke a promise, and which. */
  readonly noticed: string | null;
}

/** What was played. */
export interface Depth {
  readonly seed: number;
  readonly suites: readonly string[];
  /** Of each suite. */
  readonly scenarios: number;
  /** Whether it was enough that the fault was met. */
  readonly first: boolean;
}

interface Line extends Verdict {
  /** Of the simulator with the fault and without: whatever changes either makes a new verdict necessary. */
  readonly of: string;
  readonly depth: Depth;
}

const digestOf = (...texts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  return hash.digest('hex').slice(0, 16);
};

/** Whether a verdict answers what is asked now. */
function answers({ met, noticed, depth }: Line, asked: Depth): boolean {
  if (noticed !== null || (met !== null && asked.first)) return true;
  const isWide = asked.suites.every((name) => depth.suites.includes(name));
  const isDeep = depth.seed === asked.seed && depth.scenarios >= asked.scenarios;
  return isWide && isDeep && (asked.first || !depth.first);
}

export class Kept {
  readonly #file: string;
  readonly #folder: string;
  readonly #lines: Map<string, Line>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, 'faults.json');
    const text = existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : '{}';
    this.#lines = new Map(Object.entries(JSON.parse(text) as Record<string, Line>));
  }

  /** What is known of the fault; null when it has to be judged. */
  verdictOn(name: string, bundles: readonly string[], asked: Depth): Verdict | null {
    const line = this.#lines.get(name);
    if (line === undefined || line.of !== digestOf(...bundles)) return null;
    return answers(line, asked) ? line : null;
  }

  keep(name: string, bundles: readonly string[], depth: Depth, verdict: Verdict): void {
    const { met, noticed } = verdict;
    this.#lines.set(name, { of: digestOf(...bundles), depth, met, noticed });
    mkdirSync(this.#folder, { recursive: true });
    const sorted = [...this.#lines].toSorted(([one], [other]) => (one < other ? -1 : 1));
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(Object.fromEntries(sorted), null, 1)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
