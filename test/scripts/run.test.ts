// `test/support/run.ts` with files that pass, fail, cannot be loaded, or end their process: each is told of by its name,
// and none hides another. In CI only: it starts node some times.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventOf } from '../support/limits.js';
import { temporaryFolder } from '../support/folder.js';
import { describe, it } from '../support/test.js';

const RUN = fileURLToPath(new URL('../support/run.js', import.meta.url));
const TEST = new URL('../support/test.js', import.meta.url).href;

interface Ran {
  readonly code: unknown;
  readonly record: string;
}

const named = (record: string, verdict: 'ok' | 'not ok', name: string): boolean =>
  new RegExp(`^ *${verdict} \\d+ - (?:\\S*/)?${name.replaceAll('.', '\\.')}(?:$|[ :,])`, 'm').test(
    record,
  );

/** Runs files with these texts in one process, in this order. */
async function run(texts: Readonly<Record<string, string>>): Promise<Ran> {
  const folder = temporaryFolder('understudy-run-');
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(
      join(folder, `${name}.test.js`),
      `import { after, beforeEach, describe, it } from '${TEST}';\n${text}\n`,
    );
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const record = join(folder, 'record');
  const files = Object.keys(texts).map((name) => join(folder, `${name}.test.js`));
  // Not as a part of the run that this test belongs to.
  const { NODE_TEST_CONTEXT: _, UNDERSTUDY_TEST_TIMES: __, ...env } = process.env;
  const child = spawn(process.execPath, [RUN, record, '1', '--together', ...files], {
    env: { ...env, UNDERSTUDY_TEST_GROUPS: '1' },
    stdio: 'ignore',
  });
  const [code] = await eventOf(child, 'exit');
  return { code, record: readFileSync(record, 'utf8') };
}

const skip = process.env['CI'] === 'true' ? false : 'only in CI: it starts node some times';

describe('test files in one process', { skip, concurrency: 2 }, () => {
  it('pass, each below its name, with hooks of its own', async () => {
    const { code, record } = await run({
      one: "let n = 0; beforeEach(() => (n += 1)); it('counts', () => { if (n !== 1) throw new Error(`${n}`); });",
      two: "it('is alone', () => undefined); it('and again', () => undefined);",
    });
    assert.equal(code, 0, record);
    for (const name of ['one.test.ts', 'two.test.ts', 'counts', 'and again'])
      assert.ok(named(record, 'ok', name), `${name}\n${record}`);
    assert.match(record, /^# tests 3$/m);
  });

  it('fail by name, and the next one is run', async () => {
    const { code, record } = await run({
      one: "describe('a suite', () => { it('breaks', () => { throw new Error('broken'); }); });",
      two: "throw new Error('cannot be loaded');",
      three: "it('holds', () => undefined);",
    });
    assert.equal(code, 1);
    for (const name of ['one.test.ts', 'breaks', 'two.test.ts', 'is loaded'])
      assert.ok(named(record, 'not ok', name), `${name}\n${record}`);
    assert.ok(named(record, 'ok', 'holds'), record);
  });

  for (const [how, text] of [
    ['killed', "process.kill(process.pid, 'SIGKILL'); await new Promise(() => undefined);"],
    ['over before its time', 'process.exit(0);'],
  ] as const) {
    it(`a process that is ${how}: named, and those that had not run are run`, async () => {
      const { code, record } = await run({
        one: "it('holds', () => undefined);",
        two: `it('ends', async () => { ${text} });`,
        three: "it('holds, too', () => undefined);",
      });
      assert.equal(code, 1);
      assert.match(record, /^not ok \d+ - a process ended early, in \S*two\.test\.ts; /m);
      assert.ok(named(record, 'ok', 'holds, too'), record);
    });
  }
});
