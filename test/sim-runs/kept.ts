// What was found of each planted fault, and of the scenarios without any, in files: a run that was ended is continued, and what is the same is not played
// twice. No verdicts.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Played } from './scenarios-worker.js';

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

interface Sounds {
  /** Of the simulator and the seed. */
  readonly of: string;
  readonly played: readonly Played[];
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
  readonly #folder: string;
  readonly #lines: Map<string, Line>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#lines = new Map(
      Object.entries((this.#read('faults.json') ?? {}) as Record<string, Line>),
    );
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
    const sorted = [...this.#lines].toSorted(([one], [other]) => (one < other ? -1 : 1));
    this.#write('faults.json', Object.fromEntries(sorted));
  }

  /** What the scenarios of this seed came to without any fault, as far as they were played. */
  soundOf(bundle: string, seed: number): Map<string, Played> {
    const kept = this.#read('sound.json') as Sounds | null;
    const isOf = kept?.of === digestOf(bundle, `${seed}`);
    return new Map(isOf ? kept.played.map((one) => [one.at, one]) : []);
  }

  keepSound(bundle: string, seed: number, sound: ReadonlyMap<string, Played>): void {
    const sounds: Sounds = { of: digestOf(bundle, `${seed}`), played: [...sound.values()] };
    this.#write('sound.json', sounds);
  }

  #read(name: string): unknown {
    const file = join(this.#folder, name);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  }

  #write(name: string, content: unknown): void {
    const file = join(this.#folder, name);
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 1)}\n`);
    renameSync(`${file}.new`, file);
  }
}
