// Which processes of a group still run, whatever they are called, and the wait for their end.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from '../support/test.js';
import { killGroup, survivors, whenGone } from '../../src/monitors/process-group.js';
import { temporaryFolder } from './prober-bench.js';
import { eventOf } from '../support/limits.js';

/** A process in a group of its own, called so. */
async function called(t: TestContext, name: string): Promise<ChildProcess & { pid: number }> {
  const program = join(temporaryFolder(), name);
  copyFileSync('/bin/sleep', program);
  const child = spawn(program, ['1000'], { detached: true, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  await eventOf(child, 'spawn');
  assert.ok(child.pid !== undefined);
  return Object.assign(child, { pid: child.pid });
}

test('a name that looks like other fields hides no process', async (t) => {
  const { pid } = await called(t, 'a) Z 1 2 (b');
  assert.deepEqual(survivors(pid), [pid]);
});

test('whoever waits is told once, when nothing of the group runs any more, unless he has stopped waiting', async (t) => {
  const child = await called(t, 'sleep');
  const ended = once(child, 'exit');
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  whenGone(child.pid, () => told.push('waits'));
  const stop = whenGone(child.pid, () => told.push('has stopped'));
  t.mock.timers.tick(1_000);
  assert.deepEqual(told, []);
  stop();
  assert.equal(killGroup(child.pid), true);
  await ended;
  assert.deepEqual(survivors(child.pid), []);
  t.mock.timers.tick(1_000);
  assert.deepEqual(told, ['waits']);
  assert.equal(killGroup(child.pid), false);
});
