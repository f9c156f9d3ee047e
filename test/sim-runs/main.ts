// `scripts/sim`: scenarios of every suite until so many steps are done, and what they met: each row of the decision
// table, each kind of deed. `--faults` plants the faults of the core, and says which of them the scenarios met.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { judgeFaults } from './faults.js';
import { digestOfCode, playPieces, type Run } from './pieces.js';
import { SUITES } from '../sim/suites.js';
import { chosen, seedOf, wholeNumber } from '../support/options.js';

const NAMES = SUITES.map(({ name }) => name);

const USAGE = `usage: scripts/sim [--steps N] [--seed S] [--suite NAME]... [--keep FOLDER] [--part I/N]
       scripts/sim --faults [--scenarios N] [--first] [--seed S] [--suite NAME]... [--keep FOLDER] [NAME]...

  --steps N       at least so many steps of the simulated world; default 1000000
  --seed S        of the scenarios; default: drawn, and printed (--faults: always the same)
  --suite NAME    these alone, of: ${NAMES.join(', ')}
  --part I/N      every N-th piece, from the I-th on, and an N-th of the steps: for N processes with the same seed and
                  folder. The command without it adds them up, and plays what is missing
  --keep FOLDER   where a scenario that breaks a promise goes, and what each piece came to: with the same seed a run that
                  was ended goes on where it was, as long as neither core nor simulator change. And what was found of
                  each fault; default sim.kept
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
const MOST_PARTS = 1_000;

interface Options extends Run {
  readonly faults: readonly string[] | null;
  readonly scenarios: number;
  readonly first: boolean;
}

/** @throws Error that says what was expected. */
function partOf(text: string): Run['part'] {
  const [, part = '', of = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const parts = wholeNumber('--part I/N, N', of, 1, MOST_PARTS);
  return { index: wholeNumber('--part I/N, I', part, 1, parts) - 1, of: parts };
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
      part: text,
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const names = chosen('--suite', NAMES, values.suite ?? NAMES);
  if (!values.faults && positionals.length > 0)
    throw new Error(`expected an option, found "${positionals[0]}"`);
  return {
    steps: wholeNumber('--steps', values.steps ?? '1000000', 1, MOST),
    part: partOf(values.part ?? '1/1'),
    seed: seedOf(values.seed ?? (values.faults ? FAULTS_SEED : undefined)),
    suites: SUITES.filter(({ name }) => names.includes(name)),
    keep: values.keep ?? 'sim.kept',
    faults: values.faults ? positionals : null,
    first: values.first,
    scenarios: wholeNumber('--scenarios', values.scenarios ?? '200', 1, MOST),
  };
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === null) say(USAGE);
  else {
    const { faults, seed, scenarios, first, suites, keep } = options;
    const good =
      faults === null
        ? playPieces(options, await digestOfCode())
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
