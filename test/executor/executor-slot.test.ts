// The executor in use and its replacements, with the real program where it is built.
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { openExecutorSlot } from '../../src/executor/executor-slot.js';
import type { Executor, LastWill, RunRequest } from '../../src/executor/executor.js';
import { EXECUTOR_PATH } from '../../src/executor/process.js';
import type { Lease } from '../../src/kernel/kernel.js';
import { openKernel } from '../../src/kernel/native.js';
import { microseconds, milliseconds } from '../../src/model/units.js';
import { until, within } from '../support/limits.js';

const skip = existsSync(EXECUTOR_PATH) ? false : 'the executor is not built: npm run build:native';

const request = (...argv: readonly string[]): RunRequest => ({
  argv,
  input: '',
  timeout: milliseconds(5_000),
});
const PARENT = request('/bin/sh', '-c', 'echo $PPID');

describe('the executor slot', { skip }, () => {
  let folder: string;
  let path: string;
  let slot: Executor;
  let lost: string[];
  let hopeless: string[];
  let running: number;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-slot-'));
    path = join(folder, 'executor');
    copyFileSync(EXECUTOR_PATH, path);
    lost = [];
    hopeless = [];
    running = 0;
    slot = await openSlot(path);
  });
  afterEach(async () => {
    await slot.finish({ farewellSent: true });
    rmSync(folder, { recursive: true });
  });

  function openSlot(program: string, lease?: Lease): Promise<Executor> {
    return openExecutorSlot({
      path: program,
      ...(lease === undefined ? {} : { lease }),
      onLost: (message) => lost.push(message),
      onHopeless: (message) => hopeless.push(message),
      onRunning: () => (running += 1),
    });
  }

  async function executorPid(): Promise<number> {
    return Number((await slot.run(PARENT)).stdout);
  }

  it('runs what it is asked to', async () => {
    const { outcome, stdout } = await slot.run(request('/bin/echo', 'here'));
    assert.deepEqual([outcome, stdout], [{ kind: 'exited', code: 0 }, 'here\n']);
    assert.deepEqual(lost, []);
  });

  it('a script under way when the executor dies runs again on the next', async () => {
    const former = await executorPid();
    const marks = join(folder, 'marks');
    // The first run reports itself and waits for its end; the second one finds the mark.
    const script = `test -e ${marks} && { echo again; exit; }; echo > ${marks}; kill -9 $PPID; sleep 5`;
    const { outcome, stdout } = await slot.run(request('/bin/sh', '-c', script));
    assert.deepEqual([outcome, stdout], [{ kind: 'exited', code: 0 }, 'again\n']);
    assert.deepEqual(lost, ['the executor was killed by SIGKILL']);
    assert.notEqual(await executorPid(), former);
  });

  it('the next executor gets the last will that is in force', async () => {
    const file = join(folder, 'left');
    const will = (word: string): LastWill => ({
      farewell: [],
      successors: [],
      keepAtMost: milliseconds(0),
      release: request('/bin/sh', '-c', `echo ${word} > ${file}`),
      lease: null,
      lifetime: 0,
      addresses: [],
      settings: [],
    });
    slot.setWill(will('former'));
    slot.setWill(will('latter'));
    process.kill(await executorPid(), 'SIGKILL');
    await executorPid();
    await slot.finish({ farewellSent: true });
    assert.equal(readFileSync(file, 'utf8'), 'latter\n');
    assert.equal(lost.length, 1);
  });

  it('the next executor knows until when addresses may stand', async () => {
    const kernel = openKernel();
    slot.holdUntil(microseconds(kernel.now() + kernel.suspended()));
    slot.setWill({
      farewell: [],
      successors: [{ linkIndex: 1, family: 'ipv4', vrid: 51 }],
      keepAtMost: milliseconds(600_000),
      release: request('/bin/true'),
      lease: null,
      lifetime: 0,
      addresses: [],
      settings: [],
    });
    process.kill(await executorPid(), 'SIGKILL');
    await executorPid();
    await within('the executor to end', slot.finish({ farewellSent: true }));
  });

  it('the next executor keeps the same program in waiting', async () => {
    const file = join(folder, 'begun');
    const waiting = request('/bin/sh', '-c', `echo $PPID >> ${file}; cat`);
    writeFileSync(file, '');
    slot.setStandby(waiting);
    const former = await executorPid();
    process.kill(former, 'SIGKILL');
    const next = await executorPid();
    const begun = await until(
      `executor ${next} to have started it`,
      () => readFileSync(file, 'utf8'),
      (text) => text.includes(`${next}\n`),
    );
    assert.equal((await slot.run({ ...waiting, input: 'used' })).stdout, 'used');
    // Nobody but the one in waiting has run it before the next one is due.
    assert.equal(begun.split('\n').filter((line) => line === `${next}`).length, 1);
  });

  it('when there is no other to be had it says so once, and every script fails with the reason', async () => {
    const pid = await executorPid();
    renameSync(path, `${path}.away`);
    process.kill(pid, 'SIGKILL');
    await until('the loss to be told', () => hopeless.length > 0);
    assert.match(hopeless[0] ?? '', /an executable executor expected at .* \(ENOENT\)/);
    const { outcome } = await slot.run(request('/bin/true'));
    assert.deepEqual(outcome, { kind: 'failed', message: 'the executor was killed by SIGKILL' });

    renameSync(`${path}.away`, path);
    await until('another one to run', () => running === 1);
    assert.equal((await slot.run(PARENT)).outcome.kind, 'exited', 'it is found when it is back');
    assert.equal(hopeless.length, 1);
  });

  it('one that dies again and again is started once a second', async () => {
    const begun = performance.now();
    // Ends the executor that runs it, and the next, on which it runs again.
    const { outcome } = await slot.run(request('/bin/sh', '-c', 'kill -9 $PPID'));
    assert.equal(outcome.kind, 'failed');
    assert.equal(lost.length, 2);
    await executorPid();
    assert.equal(running, 2);
    assert.ok(performance.now() - begun >= 1_000);
  });

  it('one that hangs is killed, and the script that it was to run runs on the next', async () => {
    const lease = openKernel().openLease();
    const leased = await openSlot(path, lease);
    const pid = Number((await leased.run(PARENT)).stdout);
    process.kill(pid, 'SIGSTOP');
    const { outcome, stdout } = await leased.run(PARENT);
    assert.deepEqual(outcome, { kind: 'exited', code: 0 });
    assert.notEqual(Number(stdout), pid);
    assert.deepEqual(lost, ['the executor did nothing for 1000 ms and was killed']);
    assert.equal(running, 1);
    await leased.finish({ farewellSent: true });
    lease.close();
  });

  it('one that has nothing to do is not taken for one that hangs', async () => {
    const lease = openKernel().openLease();
    const leased = await openSlot(path, lease);
    const pid = Number((await leased.run(PARENT)).stdout);
    await leased.run(request('/bin/sleep', '1.5'));
    assert.deepEqual([Number((await leased.run(PARENT)).stdout), lost], [pid, []]);
    await leased.finish({ farewellSent: true });
    lease.close();
  });

  it('one that cannot be started at all is refused at once', async () => {
    rmSync(path);
    await assert.rejects(openSlot(path), /executor expected at .*npm run build:native/);
    assert.deepEqual([lost, hopeless], [[], []]);
  });
});
