// The check of a mount that comes with understudy, as a program and under the prober: in a mount namespace
// of our own.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { ProberBench, scriptCheck, temporaryFolder } from '../monitors/prober-bench.js';
import { enterNamespace } from '../support/namespace.js';

const MOUNT = fileURLToPath(new URL('../../../scripts/checks/mount', import.meta.url));

const skip = enterNamespace(import.meta.url);

function run(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(MOUNT, words, { encoding: 'utf8' });
  assert.equal(stdout, '');
  return { code: status, said: stderr };
}

/** A file system of its own at `name`. */
function mounted(t: TestContext, name: string): string {
  const path = join(temporaryFolder(), name);
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path]);
  // Else the folder could not be removed. The test may have done it.
  t.after(() => spawnSync('umount', [path]));
  return path;
}

describe('the check of a mount', { skip }, () => {
  for (const words of [
    [],
    ['x'],
    ['/proc', 'a', 'b'],
    ['/proc', ''],
    ['/proc', '/a'],
    ['/proc', 'a/../b'],
  ]) {
    test(`usage: ${JSON.stringify(words)}`, () => {
      const { code, said } = run(...words);
      assert.equal(code, 2);
      assert.match(said, /^mount: .*expected, found.*\nusage: mount PATH \[FILE\]\n$/);
    });
  }

  test('a mount point answers, with and without a file', (t) => {
    const path = mounted(t, 'shared');
    writeFileSync(join(path, 'alive'), 'yes\n');
    for (const words of [[path], [`${path}//`], [path, 'alive'], ['/']]) {
      assert.deepEqual(run(...words), { code: 0, said: '' });
    }
  });

  test('a name that the kernel writes otherwise', (t) => {
    const path = mounted(t, 'white \t space \\040');
    assert.equal(run(path).code, 0);
    execFileSync('umount', [path]);
    assert.equal(run(path).code, 1);
  });

  test('a folder with nothing mounted there, though it lies on a mount', (t) => {
    const path = mounted(t, 'shared');
    const folder = join(path, 'folder');
    mkdirSync(folder);
    assert.deepEqual(run(folder), {
      code: 1,
      said: `mount: expected a mount at ${folder}, found none in /proc/self/mountinfo: mount it\n`,
    });
    // A name that begins like one that is mounted.
    assert.equal(run(path.slice(0, -1)).code, 1);
  });

  test('a mount that is in the table, and answers nobody: another one hides it', (t) => {
    const path = mounted(t, 'shared');
    const inner = join(path, 'inner');
    mkdirSync(inner);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', inner]);
    assert.equal(run(inner).code, 0);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path]);
    t.after(() => spawnSync('umount', ['--recursive', path]));
    const { code, said } = run(inner);
    assert.equal(code, 1);
    assert.match(
      said,
      /^mount: expected .*inner to answer, found: cannot .*No such file or directory\n$/,
    );
  });

  test('a file that cannot be read', (t) => {
    const path = mounted(t, 'shared');
    assert.deepEqual(run(path, 'alive'), {
      code: 1,
      said: `mount: expected to read ${path}/alive, found: cannot open '${path}/alive' for reading: No such file or directory\n`,
    });
  });

  test('a file system that does not answer fails the check in time, and is back when it does', async (t) => {
    const bench = new ProberBench(t);
    const path = mounted(t, 'shared');
    const file = join(path, 'alive');
    writeFileSync(file, '');
    const limits = { command: [MOUNT, path, 'alive'], timeoutMs: 1_000, failureThreshold: 1 };
    bench.configure({ checks: [scriptCheck('shared', '', limits)] });
    await bench.reaches('shared', 'ok');
    // Whoever opens a FIFO that nobody writes to waits, as for a dead server.
    const silent = join(temporaryFolder(), 'silent');
    execFileSync('mkfifo', [silent]);
    execFileSync('mount', ['--bind', silent, file]);
    await bench.reaches('shared', 'failed', /^did not end within 1000 ms; /);
    // Lazily: a check may be at work there at this moment.
    execFileSync('umount', ['--lazy', file]);
    await bench.reaches('shared', 'ok');
    execFileSync('umount', ['--lazy', path]);
    await bench.reaches('shared', 'failed', /^exit 1: mount: expected a mount at .*, found none/);
  });
});
