// node:test with a limit on each test and on nothing else. Tests import no other: a suite or a
// file that had a limit would fail for the sum of its tests. No tests in here.
import { appendFileSync, writeSync } from 'node:fs';
import * as runner from 'node:test';
import type { TestContext } from 'node:test';
import { TEST_LIMIT_MS, WAIT_LIMIT_MS } from './limits.js';

export { after, afterEach, before, beforeEach, type TestContext } from 'node:test';

/** Where a test file notes at its end how many milliseconds it ran, for `scripts/test`. */
const times = process.env['UNDERSTUDY_TEST_TIMES'];
const file = process.argv[1] ?? '';
if (times !== undefined && file.endsWith('.test.js')) {
  process.once('exit', () => appendFileSync(times, `${Math.round(performance.now())} ${file}\n`));
}

/** `skip` with a reason, as node:test has it. */
export interface Options {
  readonly skip?: boolean | string;
  readonly concurrency?: number | boolean;
}

type Body = (t: TestContext) => void | Promise<void>;

/** A group of tests. It has no limit of its own, so none can be given. */
export function describe(name: string, options: Options, body: () => void): void;
export function describe(name: string, body: () => void): void;
export function describe(name: string, options: Options | (() => void), body?: () => void): void {
  if (typeof options === 'function') void runner.describe(name, options);
  else void runner.describe(name, { ...options }, body);
}

/** A test that is ended when it hangs. */
export function it(name: string, options: Options, body: Body): void;
export function it(name: string, body: Body): void;
export function it(name: string, options: Options | Body, body?: Body): void {
  const [own, work] = typeof options === 'function' ? [{}, options] : [options, body];
  void runner.it(name, { ...own, timeout: TEST_LIMIT_MS }, work);
}

export const test = it;

// A test that failed may have left a process or a socket, which would keep its file from ending for ever.
runner.after(() => {
  setTimeout(() => {
    const found = process.getActiveResourcesInfo().join(', ');
    writeSync(2, `expected the end of this file after its last test; it is kept by: ${found}\n`);
    process.exit(1);
  }, WAIT_LIMIT_MS).unref();
});
