// node:test with a limit on each test and on nothing else. Tests import no other: a suite or a
// file that had a limit would fail for the sum of its tests. No tests in here.
import { appendFileSync, writeSync } from 'node:fs';
import * as runner from 'node:test';
import type { TestContext } from 'node:test';
import { TEST_LIMIT_MS, WAIT_LIMIT_MS } from './limits.js';

export type { TestContext } from 'node:test';

/** Where a test file notes at its end how many milliseconds it ran, for `scripts/test`. */
const times = process.env['UNDERSTUDY_TEST_TIMES'];
/** The file that was started: a test file, or one that loads several (together.ts). */
const started = process.argv[1] ?? '';
const noteTime = (ms: number, file: string): void => {
  if (times !== undefined) appendFileSync(times, `${Math.round(ms)} ${file}\n`);
};
if (started.endsWith('.test.js')) {
  process.once('exit', () => noteTime(performance.now(), started));
}

/** `skip` with a reason, as node:test has it. */
export interface Options {
  readonly skip?: boolean | string;
  readonly concurrency?: number | boolean;
}

type Body = (t: TestContext) => void | Promise<void>;
type Hook = Parameters<typeof runner.before>;

/** What a file defines outside of any suite, while several are being loaded. */
let held: (() => void)[] | null = null;

function define(work: () => void): void {
  if (held === null) work();
  else held.push(work);
}

/** A group of tests. It has no limit of its own, so none can be given. */
export function describe(name: string, options: Options, body: () => void): void;
export function describe(name: string, body: () => void): void;
export function describe(name: string, options: Options | (() => void), body?: () => void): void {
  define(() => {
    if (typeof options === 'function') void runner.describe(name, options);
    else void runner.describe(name, { ...options }, body);
  });
}

/** A test that is ended when it hangs. */
export function it(name: string, options: Options, body: Body): void;
export function it(name: string, body: Body): void;
export function it(name: string, options: Options | Body, body?: Body): void {
  const [own, work] = typeof options === 'function' ? [{}, options] : [options, body];
  define(() => void runner.it(name, { ...own, timeout: TEST_LIMIT_MS }, work));
}

export const test = it;

/** As node:test has them: for the suite that they stand in, or for all tests of the file. */
export const before = (...hook: Hook): void => define(() => runner.before(...hook));
export const after = (...hook: Hook): void => define(() => runner.after(...hook));
export const beforeEach = (...hook: Hook): void => define(() => runner.beforeEach(...hook));
export const afterEach = (...hook: Hook): void => define(() => runner.afterEach(...hook));

/** What files that are done have left open, each in one text. */
const left: string[] = [];

/**
 * Loads files one after the other, then defines the tests and hooks of each below its name, as if it were alone.
 * A file that cannot be loaded is a failed test of that name.
 * @param begun where the name of each is noted when its first test begins.
 */
export async function defineTogether(
  files: readonly { readonly name: string; readonly path: string }[],
  begun: string,
): Promise<void> {
  const loaded: { readonly name: string; readonly path: string; readonly work: (() => void)[] }[] =
    [];
  for (const { name, path } of files) {
    const work: (() => void)[] = [];
    held = work;
    try {
      await import(path);
    } catch (error) {
      it('is loaded', () => {
        throw error;
      });
    }
    loaded.push({ name, path, work });
  }
  held = null;
  for (const { name, path, work } of loaded) {
    describe(name, () => {
      const open = { before: 0, startedAt: 0 };
      before(() => {
        appendFileSync(begun, `${name}\n`);
        open.before = process.getActiveResourcesInfo().length;
        open.startedAt = performance.now();
      });
      for (const one of work) one();
      after(() => {
        noteTime(performance.now() - open.startedAt, path);
        const now = process.getActiveResourcesInfo();
        if (now.length > open.before) left.push(`${name} (${now.join(', ')})`);
      });
    });
  }
}

// A test that failed may have left a process or a socket, which would keep its file from ending for ever.
runner.after(() => {
  setTimeout(() => {
    const found = process.getActiveResourcesInfo().join(', ');
    writeSync(2, `expected the end of this file after its last test; it is kept by: ${found}\n`);
    if (left.length > 0) writeSync(2, `something was open after: ${left.join('; ')}\n`);
    process.exit(1);
  }, WAIT_LIMIT_MS).unref();
});
