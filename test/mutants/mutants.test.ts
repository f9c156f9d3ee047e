// How `scripts/mutants` judges: the header of a fault, what a test file said, the report; and that the
// faults beside this can be read. No fault is planted here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it, type TestContext } from '../support/test.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { alone } from './children.js';
import { expectedOf, FaultError, misfit, parseFault, select, withFault } from './fault.js';
import { Progress, runTestFile } from './test-file.js';
import { isSettled, judge, lineOf, medianOf, summaryOf, unfitness } from './verdict.js';
import type { FileOutcome, Judged, Verdict } from './verdict.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const DIFF = `--- a/src/core/active.ts
+++ b/src/core/active.ts
@@ -1,1 +1,1 @@
-old
+new
`;
const HEADER = `breaks: the Active says
  nothing
promise: 1, never nobody
notice: test/core/a.test.ts test/core/b.test.ts
`;

describe('the file of a fault', () => {
  it('has a header of four lines at most, which may go on, and a diff', () => {
    assert.deepEqual(parseFault('core-mute', `${HEADER}\n${DIFF}`), {
      name: 'core-mute',
      breaks: 'the Active says nothing',
      promise: '1, never nobody',
      notice: ['test/core/a.test.ts', 'test/core/b.test.ts'],
      argued: null,
      targets: ['src/core/active.ts'],
    });
    const argued = parseFault('core-mute', `${HEADER}argued: it never speaks\n\n${DIFF}`);
    assert.equal(argued.argued, 'it never speaks');
  });

  const SLIPS: readonly (readonly [string, string, RegExp])[] = [
    ['no diff', HEADER, /core-mute\.patch: expected a unified diff.*; found no line/],
    ['a line is missing', `breaks: x\npromise: y\n\n${DIFF}`, /expected a line "notice: …"/],
    ['a line is unknown', `${HEADER}noticed: x\n\n${DIFF}`, /found "noticed: x"/],
    ['a line stands twice', `${HEADER}breaks: x\n\n${DIFF}`, /each once.*found "breaks: x"/],
    ['no test file', `${HEADER.replace('.test.ts', '.ts')}\n${DIFF}`, /found test\/core\/a\.ts/],
    ['a test is changed', `${HEADER}\n${DIFF.replaceAll('src/', 'test/')}`, /found test\/core/],
  ];
  for (const [slip, text, expected] of SLIPS) {
    it(`${slip}: refused, with what was expected and found`, () => {
      assert.throws(() => parseFault('core-mute', text), expected);
      assert.throws(() => parseFault('core-mute', text), FaultError);
    });
  }

  it('fits a text that has its lines one after the other, wherever they are', () => {
    const diff = '--- a/src/a.ts\n+++ b/src/a.ts\n@@ -7,3 +7,2 @@\n one\n-two\n three\n';
    const [part, ...others] = expectedOf('a', `${HEADER}\n${diff}`);
    assert.ok(part !== undefined && others.length === 0);
    const lines = ['one', 'two', 'three'];
    assert.deepEqual(part, { path: 'src/a.ts', lines, planted: ['one', 'three'], at: 7 });
    assert.equal(misfit(part, 'zero\none\ntwo\nthree\n'), null);
    assert.match(misfit(part, 'one\ntwo 2\nthree\n') ?? '', /this line, found none: two$/);
    assert.match(misfit(part, 'one\nthree\ntwo\n') ?? '', /one after the other/);
    assert.throws(() => expectedOf('a', diff.replace(' three\n', '')), /3 lines below/);
  });

  it('is planted in a text where its lines are, of two places at the nearer one, and in no other file', () => {
    const diff =
      '--- a/src/a.ts\n+++ b/src/a.ts\n@@ -5,2 +5,3 @@\n one\n-two\n+2\n+2\n' +
      '@@ -20,1 +21,1 @@\n-end\n+END\n';
    const parts = expectedOf('a', `${HEADER}\n${diff}`);
    const text = 'one\ntwo\n\none\ntwo\nend\n';
    assert.equal(withFault(parts, 'src/a.ts', text), 'one\ntwo\n\none\n2\n2\nEND\n');
    assert.equal(withFault(parts, 'src/b.ts', text), text);
    assert.throws(() => withFault(parts, 'src/a.ts', 'one\n'), FaultError);
  });

  it('is asked for by its name, or by what names begin with', () => {
    const names = ['core-a', 'core-a-b', 'wire-a'];
    assert.deepEqual(select(names, []), names);
    assert.deepEqual(select(names, ['core-a']), ['core-a']);
    assert.deepEqual(select(names, ['wire', 'core']), names);
    assert.throws(
      () => select(names, ['core', 'cor-a']),
      /found "cor-a"\. scripts\/mutants --list/,
    );
  });
});

describe('the faults of the project', () => {
  const folder = join(ROOT, 'test/mutants');
  const files = readdirSync(folder).filter((file) => file.endsWith('.patch'));

  it('can be read, change what exists, and name test files that exist', () => {
    assert.ok(files.length >= 90, `${files.length} faults`);
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8');
      const { targets, notice } = parseFault(file.slice(0, -'.patch'.length), text);
      for (const path of [...targets, ...notice]) {
        assert.ok(existsSync(join(ROOT, path)), `${file}: ${path} expected, found no such file`);
      }
    }
  });
});

const passed: FileOutcome = {
  file: 'test/core/a.test.ts',
  outcome: { kind: 'passed', tests: 3, ms: 100 },
};
const failed: FileOutcome = {
  file: 'test/core/b.test.ts',
  outcome: { kind: 'failed', test: 'speaks', why: '1 expected', ms: 300 },
};
const hung: FileOutcome = {
  file: 'test/core/c.test.ts',
  outcome: { kind: 'hung', test: 'ends', ms: 9_000 },
};

describe('the verdict', () => {
  it('caught by the first file that failed', () => {
    const verdict = { kind: 'caught', file: failed.file, test: 'speaks', ms: 400 };
    assert.deepEqual(judge([passed, failed]), verdict);
  });

  it('a hang is none, unless another file fails', () => {
    const hang = { kind: 'hang', file: hung.file, test: 'ends', ms: 9_100 };
    assert.deepEqual(judge([passed, hung]), hang);
    assert.equal(judge([hung, failed]).kind, 'caught');
  });

  it('survived when all pass', () => {
    assert.deepEqual(judge([passed]), { kind: 'survived', ms: 100 });
  });

  it('a file that runs nothing, fails or hangs without a fault cannot judge', () => {
    assert.equal(unfitness(passed), null);
    const { file } = passed;
    const nothing: FileOutcome = { file, outcome: { kind: 'passed', tests: 0, ms: 1 } };
    assert.equal(unfitness(nothing), 'test/core/a.test.ts runs no test here');
    assert.match(
      unfitness(failed) ?? '',
      /b\.test\.ts fails without any fault: speaks: 1 expected/,
    );
    assert.match(unfitness(hung) ?? '', /c\.test\.ts does not end without any fault: ends/);
  });
});

describe('the report', () => {
  const judged = (name: string, verdict: Verdict, argued: string | null = null): Judged => ({
    fault: { name, breaks: 'it breaks', promise: 'a promise', notice: ['test/x.test.ts'], argued },
    verdict,
  });
  const caught = judge([failed]);
  const survived = judge([passed]);

  it('what is settled: caught, or survived and argued', () => {
    assert.equal(isSettled(judged('a', caught)), true);
    assert.equal(isSettled(judged('a', survived, 'nobody needs to')), true);
    assert.equal(isSettled(judged('a', survived)), false);
    assert.equal(isSettled(judged('a', judge([hung]), 'nobody needs to')), false);
    assert.equal(isSettled(judged('a', { kind: 'stale', why: 'gone' })), false);
    assert.equal(isSettled(judged('a', { kind: 'unjudged', why: 'red' })), false);
  });

  it('a line for each says by whom, and in how long', () => {
    assert.equal(
      lineOf(judged('core-mute', caught)),
      'caught    core-mute: test/core/b.test.ts: speaks, 0.3 s',
    );
    assert.match(lineOf(judged('a', judge([hung]))), /^HANG .*noticed only by a hang/);
    assert.match(lineOf(judged('a', survived)), /^SURVIVED +a: it breaks/);
    assert.match(lineOf(judged('a', survived, 'why')), /^argued +a: why/);
    assert.match(lineOf(judged('a', caught, 'why')), /argued, and caught nevertheless/);
  });

  it('ends with what is left to be done, who caught how many, and totals', () => {
    const text = summaryOf([
      judged('d', caught),
      judged('c', survived),
      judged('b', survived, 'why'),
      judged('a', { kind: 'stale', why: 'does not fit' }),
      judged('e', caught, 'why'),
    ]);
    assert.equal(
      text,
      `
To be done:
  test/mutants/a.patch
    does not fit
  test/mutants/c.patch
    breaks: it breaks (a promise)
    expected a failed test in test/x.test.ts; found: all pass
    write the test that fails with it, or say under "argued:" why none is needed

e is argued, and caught: take "argued:" out of test/mutants/e.patch

Caught by:
    2  test/core/b.test.ts

2 of 5 caught, 1 argued, 1 survived, 0 noticed only by a hang, 1 stale, 0 not judged; median 0.3 s`,
    );
  });

  it('the median of none is 0', () => {
    assert.deepEqual(
      [medianOf([]), medianOf([3]), medianOf([1, 9, 3]), medianOf([4, 1])],
      [0, 3, 3, 2.5],
    );
  });
});

describe('a test file', () => {
  const event = { kind: 'start', name: 'one', skipped: null, message: null, hung: false } as const;

  it('a failure that says what is wrong counts at once, a hang only at the end', () => {
    const run = new Progress();
    assert.equal(run.take(event), null);
    assert.equal(run.underWay, 'one');
    assert.equal(run.take({ ...event, kind: 'pass', skipped: 'no root' }), null);
    assert.deepEqual(run.end(0), { kind: 'passed', tests: 0 }, 'what was skipped has not passed');
    assert.equal(run.take({ ...event, kind: 'fail', message: 'timed out', hung: true }), null);
    assert.deepEqual(run.take({ ...event, kind: 'fail', name: 'two', message: '1 == 2' }), {
      test: 'two',
      why: '1 == 2',
    });
    assert.deepEqual(run.end(1), { kind: 'hung', test: 'one' });
  });

  /** A project with this one test file, which node:test runs. */
  function projectWith(t: TestContext, body: string): string {
    const root = mkdtempSync(join(tmpdir(), 'understudy-test-file-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    mkdirSync(join(root, 'dist/test'), { recursive: true });
    symlinkSync(join(ROOT, 'dist/test/mutants'), join(root, 'dist/test/mutants'));
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    const runner = 'node:test';
    const imports = `import { describe, it } from '${runner}';\nimport assert from 'node:assert';\n`;
    writeFileSync(join(root, 'dist/test/some.test.js'), `${imports}${body}\n`);
    return root;
  }
  const outcomeOf = async (t: TestContext, body: string, silenceMs = WAIT_LIMIT_MS) => {
    const { ms: _, ...rest } = await runTestFile(
      projectWith(t, body),
      'test/some.test.ts',
      silenceMs,
    );
    return rest;
  };

  it('passes: how many tests there were', async (t) => {
    const body =
      "describe('all', () => { it('a', () => {}); it('b', () => {}); it('c', { skip: true }, () => {}); });";
    assert.deepEqual(await outcomeOf(t, body), { kind: 'passed', tests: 2 });
  });

  it('fails: the first test, without waiting for what comes after it', async (t) => {
    const body =
      "it('a', () => assert.equal(1, 2, 'not one')); it('b', () => new Promise(() => setInterval(() => {}, 99)));";
    assert.deepEqual(await outcomeOf(t, body), { kind: 'failed', test: 'a', why: 'not one' });
  });

  it('does not load: that is a failure, with the end of what it said', async (t) => {
    const outcome = await outcomeOf(t, "throw new Error('no such thing');");
    assert.equal(outcome.kind, 'failed');
  });

  it('leaves no process behind, whatever group that is in', async (t) => {
    if (alone([]).length === 0) return t.skip('process namespaces are refused here');
    const seconds = `86399.${process.pid}`;
    const body = `import { spawn } from 'node:child_process';
it('a', () => spawn('sleep', ['${seconds}'], { detached: true, stdio: 'ignore' }).unref());`;
    assert.deepEqual(await outcomeOf(t, body), { kind: 'passed', tests: 1 });
    const lines = () => spawnSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).stdout;
    await until('no such process', lines, (text) => !text.includes(`sleep ${seconds}`));
  });

  it('hangs: its limit, its wait or its silence is no failure', async (t) => {
    const limit = "it('a', { timeout: 1 }, () => new Promise((done) => setTimeout(done, 50)));";
    assert.deepEqual(await outcomeOf(t, limit), { kind: 'hung', test: 'a' });
    const wait = "it('a', () => { throw new Error('expected within 9 ms: b; last seen: c'); });";
    assert.deepEqual(await outcomeOf(t, wait), { kind: 'hung', test: 'a' });
    const silent = "it('a', () => new Promise(() => setInterval(() => {}, 99)));";
    assert.equal((await outcomeOf(t, silent, 200)).kind, 'hung');
  });
});
