// The hook before the addresses stand, over real processes: what it is told, and that it is waited for no longer than
// its time, whatever it does.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from '../support/test.js';
import { BeforeActiveHook } from '../../src/hooks/before-active-hook.js';
import { milliseconds } from '../../src/model/units.js';
import { start } from '../executor/bench.js';
import { manualClock } from '../support/manual-clock.js';
import { directory, type Told } from './bypass-rig.js';

async function rig(t: TestContext, body: string, timeoutMs = 60_000) {
  const path = directory();
  const program = join(path, 'hook');
  writeFileSync(program, `#!/bin/sh\ncd ${path}\n${body}\n`, { mode: 0o755 });
  const { executor } = await start(t);
  const clock = manualClock();
  const events: Told[] = [];
  const problems: (string | null)[] = [];
  const settings = { beforeActive: program, beforeActiveTimeout: milliseconds(timeoutMs) };
  const hook = new BeforeActiveHook({
    executor,
    settings,
    name: 'dallas-1',
    flaps: () => 2,
    onEvent: (severity, fields) => events.push({ severity, ...fields }),
    onProblem: (problem) => problems.push(problem),
    now: clock.now,
    later: clock.later,
    newEventId: () => 'e1',
  });
  const read = (name: string): string => readFileSync(join(path, name), 'utf8');
  return { hook, settings, clock, events, problems, read };
}

test('is told who gets addresses, by argument, environment and stdin', async (t) => {
  const body = `{ echo "$*"; env | grep ^UNDERSTUDY_ | sort; cat; } >told`;
  const { hook, read, events, problems } = await rig(t, body);
  await hook.call(['lan', 'lan6']);
  // Whoever runs the tests has variables of this kind, too.
  const ours = (line: string): boolean => process.env[line.split('=')[0] ?? ''] === undefined;
  assert.deepEqual(read('told').split('\n').slice(0, -1).filter(ours), [
    'BEFORE lan lan6',
    'UNDERSTUDY_DEADLINE_MS=60000',
    'UNDERSTUDY_EVENT_ID=e1',
    'UNDERSTUDY_FLAPS=2',
    'UNDERSTUDY_NAME=dallas-1',
    'UNDERSTUDY_REASON=before-active',
    '{"event":"before-active","virtualRouters":["lan","lan6"]}',
  ]);
  assert.deepEqual([events, problems], [[], []]);
});

test('one that fails is told of, in health until it succeeds', async (t) => {
  const { hook, problems, events } = await rig(t, '[ -e ok ] && exit 0; >ok; echo no >&2; exit 3');
  await hook.call(['lan']);
  await hook.call(['lan']);
  assert.deepEqual(problems, ['hook before Active, lan: exit code 3: no', null]);
  assert.deepEqual(events, [
    {
      severity: 'warn',
      event: 'before-active-hook',
      reason: 'failed',
      detail: 'lan: exit code 3: no; the addresses come all the same',
      eventId: 'e1',
    },
  ]);
});

test('one that takes longer than its time is killed', async (t) => {
  const { hook, problems } = await rig(t, 'sleep 3600', 100);
  await hook.call(['lan']);
  assert.deepEqual(problems, ['hook before Active, lan: killed at its deadline']);
});

test('an executor that does not answer is not waited for', async (t) => {
  const { clock, problems, settings } = await rig(t, 'exit 0');
  const deaf = new BeforeActiveHook({
    executor: { run: () => new Promise(() => undefined) },
    settings,
    name: 'dallas-1',
    flaps: () => 0,
    onEvent: () => undefined,
    onProblem: (problem) => problems.push(problem),
    now: clock.now,
    later: clock.later,
  });
  const called = deaf.call(['lan']);
  clock.advance(60_100);
  await called;
  assert.deepEqual(problems, [
    'hook before Active, lan: no answer from the executor of hooks within 60100 ms',
  ]);
});

test('without one nothing is waited for; a reload brings another one, or none', async (t) => {
  const { hook, settings, problems } = await rig(t, 'exit 1');
  await hook.call(['lan']);
  hook.configure({ ...settings, beforeActive: null });
  assert.equal(hook.call(['lan']), null);
  assert.deepEqual(problems, ['hook before Active, lan: exit code 1', null]);
});
