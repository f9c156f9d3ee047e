// The plainest command lines do without the parser what the parser has them do. What commands do: the other tests.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { plainCommand, runPlain } from '../../src/cli/plain.js';
import { runCommandLine } from '../../src/cli/program.js';
import type { Surroundings } from '../../src/cli/surroundings.js';
import { describe, it } from '../support/test.js';

/** A file that is not there: a command that reads it says so at once. */
const NOWHERE = '/nowhere/understudy.yaml';

interface Outcome {
  readonly code: number;
  readonly said: readonly string[];
}

/** What a command line comes to, by one way or the other. */
async function outcome(run: (surroundings: Surroundings) => Promise<number>): Promise<Outcome> {
  const said: string[] = [];
  const called =
    (name: string) =>
    (...words: unknown[]): Promise<never> =>
      Promise.reject(new Error(`${name} ${words.join(' ')}`));
  const code = await run({
    run: (path) => Promise.resolve(said.push(`run ${path}`) + 40),
    release: (path) => Promise.resolve(said.push(`release ${path}`) + 50),
    actAsOwner: called('actAsOwner'),
    keygen: called('keygen'),
    rotateKey: called('rotateKey'),
    retireKey: called('retireKey'),
    stdout: { write: (text) => said.push(`out ${text}`) },
    stderr: { write: (text) => said.push(`err ${text}`) },
    isTerminal: false,
    environment: {},
    now: () => 0,
  });
  return { code, said };
}

async function sameBothWays(argv: readonly string[]): Promise<void> {
  const plain = plainCommand(argv);
  assert.ok(plain !== null, argv.join(' '));
  assert.deepEqual(
    await outcome((surroundings) => runPlain(plain, surroundings)),
    await outcome((surroundings) => runCommandLine(argv, surroundings)),
    argv.join(' '),
  );
}

const WORDS = [
  'status',
  'check',
  'run',
  'release',
  'get',
  '--json',
  '--check',
  '--config',
  `--config=${NOWHERE}`,
  NOWHERE,
  '--help',
  '-V',
  '--',
  '',
];

describe('plain command lines', () => {
  it('are those asked for all the time, with their plain options in any order', () => {
    const lines = [
      '',
      '--json',
      'status',
      'status --check',
      `status --config ${NOWHERE} --json`,
      'check',
      `check --json --config ${NOWHERE}`,
      'run',
      `run --config ${NOWHERE}`,
      'release',
      `release --config ${NOWHERE}`,
    ];
    for (const line of lines) {
      const argv = line.split(' ').filter((word) => word !== '');
      assert.ok(plainCommand(argv) !== null, line);
    }
  });

  it('are not those that the parser has something to say of', () => {
    const lines = [
      'get',
      'help',
      'status x',
      'run --json',
      'release --force',
      'status --json --json',
      'status --config',
      'status --config --json',
      `status --config ${NOWHERE} --config ${NOWHERE}`,
      `status --config=${NOWHERE}`,
      `--config ${NOWHERE} run`,
      'status --help',
      'toString',
      '--toString',
    ];
    for (const line of lines) assert.equal(plainCommand(line.split(' ')), null, line);
    assert.equal(plainCommand(['status', '--config', '']), null);
  });

  it('come to the same as by the parser, whatever they are', async () => {
    const lines = fc.array(fc.constantFrom(...WORDS), { maxLength: 4 });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(lines, async (words) => {
        // The agent of this host is asked by nobody here.
        const argv = words.includes(NOWHERE) ? words : [...words, '--config', NOWHERE];
        if (plainCommand(argv) === null) return;
        taken += 1;
        await sameBothWays(argv);
      }),
      { numRuns: 500 },
    );
    assert.ok(taken > 0);
  });

  it('start agent and release with the settings they name, or with the default ones', async () => {
    for (const name of ['run', 'release']) {
      await sameBothWays([name]);
      await sameBothWays([name, '--config', NOWHERE]);
    }
  });
});
