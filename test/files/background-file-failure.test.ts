// A write that failed is not taken for done: it is tried again until the file holds the text, and then nothing
// is wrong any more. Files that are appended to: journal.test.ts.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atomicWriteFile } from '../../src/files/atomic-write.js';
import { it } from '../support/test.js';
import { createBackgroundFile, WRITE_AGAIN_MS } from '../../src/files/background-file.js';
import { until } from '../support/limits.js';
import { benchFolder, startBench } from '../agent/agent-bench.js';
import { manualClock } from '../support/manual-clock.js';

it('after a failure the same text is written although the file of before is still there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-state-'));
  const away = `${folder}-away`;
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(away, { recursive: true, force: true });
  });
  const file = createBackgroundFile(join(folder, 'state.json'), true);
  file.write('former');
  await file.flush();

  renameSync(folder, away);
  file.write('latter');
  await file.flush();
  assert.match(file.problem() ?? '', /ENOENT/);
  renameSync(away, folder);

  file.write('latter');
  await file.flush();
  assert.equal(readFileSync(join(folder, 'state.json'), 'utf8'), 'latter');
  assert.equal(file.problem(), null);
});

const full = (): Error =>
  Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

it('a full disk: the newest text is written when there is room, without anybody asking', async () => {
  const clock = manualClock();
  let room = false;
  const story: string[] = [];
  const file = createBackgroundFile('/state.json', true, {
    later: clock.later,
    replace: async (_, text) => {
      story.push(`${room ? 'written' : 'refused'} ${text}`);
      if (!room) throw full();
    },
    onProblem: () => story.push(file.problem() ?? 'well'),
  });
  file.write('first');
  await file.flush();
  file.write('second');
  await clock.armed(WRITE_AGAIN_MS);
  const armed = clock.armed(WRITE_AGAIN_MS);
  clock.advance(WRITE_AGAIN_MS);
  await armed;
  assert.equal(clock.pending(), 1, 'one attempt waits, however often it failed');
  room = true;
  clock.advance(WRITE_AGAIN_MS);
  await file.flush();
  assert.deepEqual([clock.pending(), file.problem()], [0, null]);
  assert.equal(story.at(-2), 'written second');
  assert.equal(story.at(-1), 'well');
  assert.equal(story.filter((line) => line.startsWith('/state.json: ENOSPC')).length, 1);
});

it('an order that could not be recorded is recorded later, and health ends with it', async (t) => {
  const folder = benchFolder(t);
  let room = true;
  const bench = await startBench(folder, {}, async (...words) => {
    if (!room) throw full();
    await atomicWriteFile(...words);
  });
  const recorded = (): boolean =>
    existsSync(join(folder, 'state.json')) &&
    readFileSync(join(folder, 'state.json'), 'utf8').includes('"maintenance": true');
  const told = (file: string): string[] =>
    bench.agent.status().health.reasons.filter((reason) => reason.includes(`${file}: ENOSPC`));
  room = false;
  const outcome = await bench.control.command('maintenance', 'on', true);
  assert.match(JSON.stringify(outcome), /not recorded yet, .*ENOSPC/);
  assert.equal(told('state.json').length, 1);
  await until('status.json, too, in health', () => told('status.json').length);
  room = true;
  await until('the order in state.json', recorded);
  await until(
    'no reason in health',
    () => told('json').length,
    (count) => count === 0,
  );
  await until(
    'a status.json that does not speak of it',
    () => readFileSync(join(folder, 'status.json'), 'utf8'),
    (text) => text.includes('maintenance') && !text.includes('ENOSPC'),
  );
});
