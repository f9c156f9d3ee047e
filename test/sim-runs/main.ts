// `scripts/sim`: scenarios of every suite until so many steps are done, and what they met: each row of the decision
// table, each kind of deed. `--faults` plants the faults of the core, and says which of them the scenarios met.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { ROWS, type Row } from '../../src/core/decisions/rows.js';
import { ROW_COUNTS } from '../sim/appliance.js';
import { judgeFaults } from './faults.js';
import { KINDS } from '../sim/kinds.js';
import { repeatOf, SUITES, type Suite } from '../sim/suites.js';
import { Tally } from '../sim/tally.js';
import { chosen, seedOf, wholeNumber } from '../support/options.js';

const NAMES = SUITES.map(({ name }) => name);

const USAGE = `usage: scripts/sim [--steps N] [--seed S] [--suite NAME]... [--keep FOLDER]
       scripts/sim --faults [--scenarios N] [--first] [--seed S] [--suite NAME]... [--keep FOLDER] [NAME]...

  --steps N       at least so many steps of the simulated world; default 1000000
  --seed S        of the scenarios; default: drawn, and printed (--faults: always the same)
  --suite NAME    these alone, of: ${NAMES.join(', ')}
  --keep FOLDER   where a scenario that breaks a promise goes, and what was found of each fault; default sim.kept
  --faults        plants faults of the core (test/mutants, or those whose names begin with NAME) one by one, and
                  plays the same scenarios with and without it. A run that was ended goes on where it was, as long
                  as neither core nor simulator change. Says on standard error how far it is
  --scenarios N   of each suite (of crowd a tenth), for each fault, the shortest first; default 200
  --first         for each fault, stops at the first scenario that meets it: no broken promise is looked for

Exit code 1 when a promise was broken (--faults: when a fault was met by no scenario and is not argued in
test/sim-runs/argued.ts, or was met and is), 2 for a wrong option.
`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Of the scenarios with which faults are planted: what was found can be compared. */
const FAULTS_SEED = '9568';
/** Of steps, and of scenarios. */
const MOST = Number.MAX_SAFE_INTEGER;

interface Options {
  readonly steps: number;
  readonly seed: number;
  readonly suites: readonly (typeof SUITES)[number][];
  readonly keep: string;
  readonly faults: readonly string[] | null;
  readonly scenarios: number;
  readonly first: boolean;
}

/** @throws Error that says what was expected. */
function optionsOf(words: string[]): Options | null {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      steps: text,
      seed: text,
      suite: { type: 'string', multiple: true },
      keep: text,
      faults: { type: 'boolean', default: false },
      scenarios: text,
      first: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const names = chosen('--suite', NAMES, values.suite ?? NAMES);
  if (!values.faults && positionals.length > 0)
    throw new Error(`expected an option, found "${positionals[0]}"`);
  return {
    steps: wholeNumber('--steps', values.steps ?? '1000000', 1, MOST),
    seed: seedOf(values.seed ?? (values.faults ? FAULTS_SEED : undefined)),
    suites: SUITES.filter(({ name }) => names.includes(name)),
    keep: values.keep ?? 'sim.kept',
    faults: values.faults ? positionals : null,
    first: values.first,
    scenarios: wholeNumber('--scenarios', values.scenarios ?? '200', 1, MOST),
  };
}

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

/** @returns whether every promise held. */
function run({ steps, seed, suites, keep }: Options): boolean {
  say(`SEED=${seed}`);
  const total = new Tally();
  const bySuite = new Map(suites.map(({ name }) => [name, new Tally()]));
  let failures = 0;
  let said = 0;
  for (let round = 0; total.steps < steps && failures < MOST_FAILURES; round += 1) {
    for (const suite of suites) {
      const tally = new Tally();
      if (!batch(suite as Suite<unknown>, (seed + round) % 2 ** 31, tally, keep)) failures += 1;
      bySuite.get(suite.name)?.merge(tally);
      total.merge(tally);
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

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === null) say(USAGE);
  else {
    const { faults, seed, scenarios, first, suites, keep } = options;
    const good =
      faults === null
        ? run(options)
        : await judgeFaults(faults, {
            seed,
            scenarios,
            first,
            keep,
            suites: suites.map(({ name }) => name),
          });
    process.exitCode = good ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`sim: ${(error as Error).message}\n${USAGE}`);
  process.exitCode = 2;
}
