// A long run in pieces: some scenarios of one suite from one seed each. What a piece came to is kept, so that a run can be
// ended and go on, and several processes can share it. Options: main.ts.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import * as fc from 'fast-check';
import { ROWS, type Row } from '../../src/core/decisions/rows.js';
import { ROW_COUNTS } from '../sim/appliance.js';
import { KINDS } from '../sim/kinds.js';
import { repeatOf, type Suite, type SUITES } from '../sim/suites.js';
import { Tally, type Kept } from '../sim/tally.js';
import { simulator } from './planted.js';

export interface Run {
  readonly steps: number;
  readonly seed: number;
  readonly suites: readonly (typeof SUITES)[number][];
  readonly keep: string;
  /** Counted from 0. */
  readonly part: { readonly index: number; readonly of: number };
}

interface Piece {
  /** Of core and simulator. */
  readonly code: string;
  readonly held: boolean;
  readonly tally: Kept;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** So many scenarios of a suite are drawn from one seed, in the ratio of their runs in CI. */
const BATCH_SHARE = 0.5;
/** A promise that is broken so often is broken for one reason. */
const MOST_FAILURES = 10;

/** @returns whether every promise held. */
function batch<Drawn>(suite: Suite<Drawn>, seed: number, tally: Tally, keep: string): boolean {
  const details = fc.check(
    fc.property(suite.drawn, (drawn) => {
      const stage = suite.build(drawn, false);
      try {
        suite.play(stage, drawn);
      } finally {
        tally.add(stage);
      }
    }),
    { seed, numRuns: Math.ceil(suite.runs * BATCH_SHARE) },
  );
  if (!details.failed) return true;
  const [smallest] = details.counterexample ?? [];
  const { errorInstance: error } = details;
  const file = join(keep, `${suite.name}-${seed}`);
  mkdirSync(keep, { recursive: true });
  writeFileSync(file, `${repeatOf(suite, smallest)}\n`);
  say(`${suite.name}: BROKEN: ${error instanceof Error ? error.message : String(error)}`);
  say(`the smallest that fails again, a command: ${file}`);
  return false;
}

/** What pieces came to, a file each. */
class Pieces {
  readonly #folder: string;
  readonly #code: string;

  constructor(keep: string, code: string) {
    this.#folder = join(keep, 'pieces');
    this.#code = code;
  }

  /** Null where it was not played, or by another core or simulator. */
  read(suite: string, seed: number): Omit<Piece, 'code'> | null {
    const file = this.#file(suite, seed);
    if (!existsSync(file)) return null;
    const piece = JSON.parse(readFileSync(file, 'utf8')) as Piece;
    return piece.code === this.#code ? piece : null;
  }

  write(suite: string, seed: number, held: boolean, { kept: tally }: Tally): void {
    mkdirSync(this.#folder, { recursive: true });
    const piece: Piece = { code: this.#code, held, tally };
    const file = this.#file(suite, seed);
    writeFileSync(`${file}.new`, JSON.stringify(piece));
    renameSync(`${file}.new`, file);
  }

  #file(suite: string, seed: number): string {
    return join(this.#folder, `${suite}-${seed}.json`);
  }
}

/** Of core and simulator. */
export async function digestOfCode(): Promise<string> {
  const making = await simulator();
  try {
    return createHash('sha256')
      .update(await making.with(null))
      .digest('hex')
      .slice(0, 16);
  } finally {
    await making.close();
  }
}

/** One piece of the run; null where it is another process's. */
function pieceOf(
  suite: Suite<unknown>,
  seed: number,
  pieces: Pieces,
  keep: string,
  isOurs: boolean,
) {
  const known = pieces.read(suite.name, seed);
  if (known !== null) return { held: known.held, tally: Tally.from(known.tally) };
  if (!isOurs) return null;
  const tally = new Tally();
  const held = batch(suite, seed, tally, keep);
  pieces.write(suite.name, seed, held, tally);
  return { held, tally };
}

/** Plays until there are so many steps. @param code `digestOfCode`. @returns whether every promise held. */
export function playPieces({ steps, seed, suites, keep, part }: Run, code: string): boolean {
  const pieces = new Pieces(keep, code);
  say(`SEED=${seed}`);
  const total = new Tally();
  const bySuite = new Map(suites.map(({ name }) => [name, new Tally()]));
  const wanted = steps / part.of;
  let ours = 0;
  let failures = 0;
  let said = 0;
  for (let round = 0; ours < wanted && failures < MOST_FAILURES; round += 1) {
    const isOurs = round % part.of === part.index;
    for (const suite of suites) {
      const at = (seed + round) % 2 ** 31;
      const piece = pieceOf(suite as Suite<unknown>, at, pieces, keep, isOurs);
      if (piece === null) continue;
      if (isOurs) ours += piece.tally.steps;
      if (!piece.held) failures += 1;
      bySuite.get(suite.name)?.merge(piece.tally);
      total.merge(piece.tally);
    }
    if (total.steps < said + steps / 20) continue;
    said = total.steps;
    say(`${total.summary}${failures > 0 ? `; ${failures} BROKEN` : ''}`);
  }
  for (const [name, tally] of bySuite)
    say(`${name}: ${tally.summary}; closest to a bound: ${tally.closest.join(', ')}`);
  report(total);
  say(`in all ${total.summary}, ${failures} promises broken`);
  return failures === 0;
}

function report({ counts }: Tally): void {
  say('\nrows of the decision table, how often each decided:');
  const rows = Object.keys(ROWS) as Row[];
  for (const row of rows)
    say(`${String(counts.get(ROW_COUNTS[row]) ?? 0).padStart(12)}  ${row} (${ROWS[row][0]})`);
  say('\nwhat was drawn and done, how often:');
  for (const kind of KINDS) say(`${String(counts.get(kind) ?? 0).padStart(12)}  ${kind}`);
  const missed = [
    ...rows.filter((row) => !counts.has(ROW_COUNTS[row])).map((row) => `row ${row}`),
    ...KINDS.filter((kind) => !counts.has(kind)),
  ];
  say(`\nnever met: ${missed.length === 0 ? 'none' : missed.join('; ')}`);
}
