// Runs one compiled test file until its first failure, its end, or a test in it that hangs. Judges
// nothing: that is verdict.ts.
import { createInterface } from 'node:readline';
import { alone, endChild, startChild } from './children.js';
import { MARK, type TestEvent } from './reporter.js';
import type { Outcome } from './verdict.js';

const REPORTER = './dist/test/mutants/reporter.js';

/** What a run of these tests must not inherit from one that runs this. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...rest } = process.env;
  return rest;
}

/**
 * Runs the test file in the copy below `root`.
 * @param file from the project's root: `test/core/modes.test.ts`.
 * @param silenceMs after so long without a test that begins or ends, the one under way hangs.
 */
export function runTestFile(root: string, file: string, silenceMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const compiled = `dist/${file.replace(/\.ts$/, '.js')}`;
    const command = [process.execPath, `--test-reporter=${REPORTER}`, compiled];
    const startedAt = performance.now();
    const child = startChild(alone(command), root, cleanEnvironment());
    const run = new Progress();
    let finished = false;
    const finish = (outcome: Outcome): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      endChild(child);
      resolve(outcome);
    };
    const ms = (): number => performance.now() - startedAt;
    const timer = setTimeout(
      () => finish({ kind: 'hung', test: run.underWay, ms: ms() }),
      silenceMs,
    );
    if (child.stdout === null || child.stderr === null) throw new Error('pipes were asked for');
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (finished || !line.startsWith(MARK)) return;
      timer.refresh();
      const failure = run.take(JSON.parse(line.slice(MARK.length)) as TestEvent);
      if (failure !== null) finish({ kind: 'failed', ...failure, ms: ms() });
    });
    child.stderr.on('data', (piece: Buffer) => (run.complaints += piece.toString()));
    child.once('error', (error) => (run.complaints += error.message));
    child.once('close', (code) => finish({ ...run.end(code), ms: ms() }));
  });
}

/** What the tests of a file have come to so far. */
export class Progress {
  complaints = '';
  /** The test that began last. */
  underWay = 'before its first test';
  #passed = 0;
  #hung: string | null = null;

  /** @returns the test that has failed, when it says what is wrong; one that hung may be followed by such. */
  take({ kind, name, skipped, message, hung }: TestEvent): { test: string; why: string } | null {
    if (kind === 'start') this.underWay = name;
    if (kind === 'pass' && skipped === null) this.#passed += 1;
    if (kind !== 'fail') return null;
    if (!hung) return { test: name, why: message ?? '' };
    this.#hung ??= name;
    return null;
  }

  /** What the file came to when its process has ended by itself with this exit code. */
  end(
    code: number | null,
  ):
    | { kind: 'passed'; tests: number }
    | { kind: 'failed'; test: string; why: string }
    | { kind: 'hung'; test: string } {
    if (this.#hung !== null) return { kind: 'hung', test: this.#hung };
    if (code === 0) return { kind: 'passed', tests: this.#passed };
    const why = this.complaints.trim().split('\n').slice(-3).join('; ');
    return { kind: 'failed', test: `ends with exit code ${code ?? 'none'}`, why };
  }
}
