// The prober's script checks, with real processes in a namespace of our own.
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IN_CI } from '../support/in-ci.js';
import { describe, test, type TestContext } from '../support/test.js';
import { enterNamespace } from '../support/namespace.js';
import { Leash, ProberBench, scriptCheck, temporaryFolder } from './prober-bench.js';
import { eventOf, scaled, until } from '../support/limits.js';

const skip = enterNamespace(import.meta.url);

/**
 * A script whose leader ends well at once, and leaves a process in its group that SIGKILL does not end: the
 * init process of a PID namespace waits for a process whose parent, outside and stopped, does not.
 */
class Undying {
  readonly script: string;
  pid = 0;
  readonly #init = new Leash();
  readonly #child = new Leash();
  readonly #gate = join(temporaryFolder(), 'gate');
  readonly #starts = join(temporaryFolder(), 'starts');
  #parent: ChildProcess | null = null;

  constructor(t: TestContext) {
    execFileSync('mkfifo', [this.#gate]);
    writeFileSync(this.#starts, '');
    // The shell itself reads: /proc/self is it, by its number outside.
    const init = `read -r pid rest </proc/self/stat; exec >${this.#init.path}; echo $pid; exec sleep 1000`;
    this.script =
      `test -s ${this.#starts}; again=$?; echo start >>${this.#starts}; test $again = 0 && exit 0; ` +
      `unshare --pid --fork sh -c '${init}' & read _ <${this.#gate}; exit 0`;
    t.after(() => this.release());
  }

  get starts(): number {
    return readFileSync(this.#starts, 'utf8').split('\n').length - 1;
  }

  /** Resolves when the script has ended, and its group has been killed. */
  async killed(): Promise<void> {
    const [said] = await eventOf(this.#init.stream, 'data', 'the process id of the init');
    this.pid = Number(String(said));
    const child = `exec >${this.#child.path}; exec sleep 1000`;
    const inside = [`--pid=/proc/${this.pid}/ns/pid`, 'sh', '-c', child];
    this.#parent = spawn('nsenter', inside, { stdio: 'ignore' });
    await this.#child.held;
    this.#parent.kill('SIGSTOP');
    // One that has yet to stop could still take the child's end out of the kernel's hands.
    const state = `/proc/${this.#parent.pid}/stat`;
    const isStopped = (stat: string): boolean => stat.includes(') T ');
    await until('nsenter stopped', () => readFileSync(state, 'utf8'), isStopped);
    writeFileSync(this.#gate, '\n');
    await this.#child.released;
  }

  release(): void {
    this.#parent?.kill('SIGCONT');
  }
}

describe('script checks', { skip }, () => {
  test('exit 0 is ok, anything else failed with what it said', async (t) => {
    const bench = new ProberBench(t);
    const flag = join(temporaryFolder(), 'up');
    const script = `echo "no $UNDERSTUDY_CHECK"; test -e ${flag}`;
    bench.configure({
      checks: [scriptCheck('service', script), scriptCheck('suicide', 'kill -9 $$')],
    });
    const detail = await bench.reaches('service', 'failed');
    assert.equal(detail, 'exit 1: no service; 0 of 2 successes in a row to recover');
    assert.match(await bench.reaches('suicide', 'failed'), /^killed by SIGKILL; /);
    writeFileSync(flag, '');
    assert.match(await bench.reaches('service', 'ok'), /^exit 0 in .* ms; limit 3 failures/);
    rmSync(flag);
    await bench.reaches('service', 'failed');
  });

  test('a program that is not there, or not executable, is a failure', async (t) => {
    const bench = new ProberBench(t);
    const plain = join(temporaryFolder(), 'plain');
    writeFileSync(plain, '#!/bin/sh\n', { mode: 0o644 });
    bench.configure({
      checks: [
        scriptCheck('missing', '', { command: ['/nonexistent/check'] }),
        scriptCheck('plain', '', { command: [plain] }),
      ],
    });
    assert.match(
      await bench.reaches('missing', 'failed'),
      /cannot run \/nonexistent\/check: .*ENOENT/,
    );
    assert.match(await bench.reaches('plain', 'failed'), /cannot run \/.*\/plain: .*EACCES/);
  });

  test('one that never ends is killed at its deadline, with all of its group', async (t) => {
    const bench = new ProberBench(t);
    const leash = new Leash();
    // The shell, a child of it and a grandchild hold the leash; none of them would end by itself.
    const script = `exec >${leash.path}; (sh -c 'echo grandchild; sleep 1000' & sleep 1000) & wait`;
    const limits = { intervalMs: 600_000, timeoutMs: scaled(1_000), failureThreshold: 1 };
    bench.configure({ checks: [scriptCheck('endless', script, limits)] });
    await leash.held;
    const detail = await bench.reaches('endless', 'failed');
    assert.match(detail, /^did not end within \d+ ms; /);
    await leash.released;
    assert.equal(leash.text, 'grandchild\n');
  });

  test('what a script leaves behind in its group is killed when it has ended', async (t) => {
    const bench = new ProberBench(t);
    const leash = new Leash();
    const script = `exec >${leash.path}; sleep 1000 & exit 0`;
    bench.configure({ checks: [scriptCheck('forks', script, { intervalMs: 600_000 })] });
    await leash.held;
    await leash.released;
    await bench.reaches('forks', 'ok');
  });

  test('a grandchild that escaped with its output open delays no result', async (t) => {
    const bench = new ProberBench(t);
    const leash = new Leash();
    const gate = `${leash.path}.gate`;
    execFileSync('mkfifo', [gate]);
    t.after(async () => {
      writeFileSync(gate, '\n');
      await leash.released;
    });
    // In its own session it is not of the group. The script ends when that is so.
    const grandchild = `exec 3>${leash.path}; mkdir ${gate}.escaped; read _ <${gate}`;
    const script = `setsid sh -c '${grandchild}' & until test -d ${gate}.escaped; do sleep 0.01; done`;
    const limits = { intervalMs: 600_000, timeoutMs: 600_000 };
    bench.configure({ checks: [scriptCheck('escapes', script, limits)] });
    await bench.reaches('escapes', 'ok');
  });

  test('a flood of output ends the script', async (t) => {
    const bench = new ProberBench(t);
    const leash = new Leash();
    const script = `exec 3>${leash.path}; while :; do echo flood; echo flood >&2; done`;
    const limits = { intervalMs: 600_000, timeoutMs: 600_000, failureThreshold: 1 };
    bench.configure({ checks: [scriptCheck('floods', script, limits)] });
    assert.match(await bench.reaches('floods', 'failed'), /^more than 65536 bytes of output/);
    await leash.released;
  });

  test('output is one line, short, without control characters', async (t) => {
    const bench = new ProberBench(t);
    const script = `printf 'a\\033[31mb\\n\\000c%0500d' 0; exit 3`;
    bench.configure({ checks: [scriptCheck('noisy', script)] });
    const detail = await bench.reaches('noisy', 'failed');
    assert.match(detail, /^exit 3: a \[31mb c0+…; 0 of 2/);
    assert.ok(detail.length < 300, detail);
  });

  test('attempts never overlap', async (t) => {
    const bench = new ProberBench(t);
    const folder = temporaryFolder();
    // mkdir fails if another attempt is inside; an interval shorter than the script invites one.
    const script = `mkdir ${folder}/inside || exit 9; sleep 0.05; rmdir ${folder}/inside`;
    const limits = { intervalMs: 1, failureThreshold: 1 };
    bench.configure({ checks: [scriptCheck('slow', script, limits)] });
    await bench.reaches('slow', 'ok');
    const { reports } = bench;
    await bench.until('two more reports', () => bench.reports >= reports + 2);
    assert.deepEqual(bench.history.get('slow'), ['unknown', 'ok']);
  });

  test(
    'there is no next attempt while a process of the last one outlives SIGKILL',
    { skip: IN_CI },
    async (t) => {
      const bench = new ProberBench(t);
      const undying = new Undying(t);
      // Within it the script ends, when it is told to; and so long the next attempt waits, and fails.
      const limits = { intervalMs: 10, timeoutMs: scaled(5_000), failureThreshold: 1 };
      bench.configure({ checks: [scriptCheck('hangs', undying.script, limits)] });
      await undying.killed();
      const detail = await bench.reaches('hangs', 'failed');
      assert.match(
        detail,
        /^not tried again: killed, but still not ended: process \d+ of an earlier/,
      );
      assert.ok(detail.includes(`process ${undying.pid} of`), detail);
      assert.equal(undying.starts, 1);
      undying.release();
      await bench.reaches('hangs', 'ok');
      assert.ok(undying.starts > 1);
    },
  );

  test('a prober that is told to end leaves no script', async (t) => {
    const bench = new ProberBench(t);
    const leash = new Leash();
    const script = `exec >${leash.path}; sleep 1000 & wait`;
    bench.configure({ checks: [scriptCheck('endless', script, { timeoutMs: 600_000 })] });
    await leash.held;
    assert.equal(await bench.end(), 'it was told to');
    await leash.released;
  });

  test('a check taken out of the settings is ended amid its script', async (t) => {
    const bench = new ProberBench(t);
    const leash = new Leash();
    const script = `exec >${leash.path}; sleep 1000 & wait`;
    bench.configure({ checks: [scriptCheck('endless', script, { timeoutMs: 600_000 })] });
    await leash.held;
    bench.configure({ checks: [] });
    await leash.released;
  });
});
