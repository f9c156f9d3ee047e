// The watch of the processors: a watcher that is stopped takes it for its processor. No sandbox, no network.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { after, describe, it } from '../support/test.js';
import { now } from '../../scripts/lab/clock.js';
import { parseProcessors, ProcessorWatch } from '../../scripts/lab/processor-watch.js';
import { until } from '../support/limits.js';

/** As anybody may: nothing here is judged by who came first. */
const AS_ANYBODY: readonly string[] = [];

const hasPerl = spawnSync('perl', ['-MTime::HiRes', '-e', '1']).status === 0;
const skip = hasPerl ? false : 'no Perl with Time::HiRes: no processor is watched here';

const moment = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const allGone = (pids: readonly number[]) => (): boolean =>
  pids.length > 0 && pids.every((pid) => !existsSync(`/proc/${pid}`));

describe('the watch of the processors', () => {
  const watch = new ProcessorWatch();
  after(() => watch.close());

  it('reads the list of the kernel', () => {
    assert.deepEqual(parseProcessors('0-2,5,7-8\n'), [0, 1, 2, 5, 7, 8]);
    assert.deepEqual(parseProcessors(''), []);
  });

  it(
    'notices that one stood still: which, and when by the clock of the lab',
    { skip },
    async () => {
      await watch.start(AS_ANYBODY);
      const [[processor, pid] = [-1, 0]] = watch.pids;
      assert.ok(pid > 0, 'a watcher');
      const from = now();
      process.kill(pid, 'SIGSTOP');
      await moment(200);
      const to = now();
      process.kill(pid, 'SIGCONT');
      const found = () => watch.standstills(from, to).filter((one) => one.processor === processor);
      await until('a standstill', () => found().length > 0);
      for (const one of found()) assert.ok(one.from < one.to, JSON.stringify(one));
      assert.deepEqual(watch.standstills(0, from - 60_000), [], 'nothing before it began');
      assert.deepEqual(watch.standstills(now() + 60_000, Infinity), [], 'nothing of the future');
    },
  );

  it('ends its watchers, those that are just starting too', async () => {
    const young = new ProcessorWatch();
    const starting = young.start(AS_ANYBODY);
    const pids = [...watch.pids.values(), ...young.pids.values()];
    young.close();
    watch.close();
    await starting;
    await until('no watcher', allGone(pids));
  });

  it('knows nothing where it cannot run', async () => {
    const refused = new ProcessorWatch();
    await refused.start(['false']);
    assert.deepEqual(refused.standstills(0, Infinity), []);
    await until('no watcher', allGone([...refused.pids.values()]));
  });
});
