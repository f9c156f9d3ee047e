// The monitor hook over real processes: what it is told and when, that the newest states win, and that a
// program which fails, hangs or is missing is told of, called again and holds up nobody.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from '../support/test.js';
import {
  MonitorHook,
  FIRST_RESULTS,
  FIRST_RETRY,
  LONGEST_RETRY,
  type MonitorHookOptions,
} from '../../src/hooks/monitor-hook.js';
import { createMonitorStates } from '../../src/hooks/monitor-states.js';
import type { RunResult } from '../../src/executor/executor.js';
import type { MonitorStatus } from '../../src/model/monitor.js';
import { milliseconds } from '../../src/model/units.js';
import { start } from '../executor/bench.js';
import { directory, type Told } from './bypass-rig.js';
import { manualClock } from '../support/manual-clock.js';
import { eventOf } from '../support/limits.js';

type State = MonitorStatus['state'];

const GATED = 'read -r _ <gate';

/**
 * A hook with `body` as its script, started in a directory of its own with a FIFO `gate`; each run has
 * added its arguments and what has failed to `runs` before the body begins.
 */
async function rig(t: TestContext, body = '', options: Partial<MonitorHookOptions> = {}) {
  const path = directory();
  const program = join(path, 'hook');
  const script = (text: string): void => {
    const failed = '$(echo "$UNDERSTUDY_FAILED" | paste -sd,)';
    writeFileSync(program, `#!/bin/sh\ncd ${path}\necho "$* [${failed}]" >>runs\n${text}\n`);
    chmodSync(program, 0o755);
  };
  script(body);
  execFileSync('mkfifo', [join(path, 'gate')]);
  // Held open for both, so that a line waits for its reader and no reader meets the end of file.
  const gate = openSync(join(path, 'gate'), 'r+');
  t.after(() => closeSync(gate));
  const { executor } = await start(t);
  const signals = new EventEmitter();
  let running = 0;
  let most = 0;
  const observed: MonitorHookOptions['executor'] = {
    ...executor,
    run: async (request) => {
      running += 1;
      most = Math.max(most, running);
      const result = await executor.run(request);
      running -= 1;
      // Behind the hook's own judgement of it.
      setImmediate(() => signals.emit('ended', result));
      return result;
    },
  };
  const clock = manualClock();
  const events: Told[] = [];
  const problems: (string | null)[] = [];
  const states = createMonitorStates();
  let id = 0;
  const hook = new MonitorHook({
    executor: observed,
    name: 'dallas-1',
    flaps: () => 2,
    onEvent: (severity, fields) => events.push({ severity, ...fields }),
    onProblem: (problem) => problems.push(problem),
    now: clock.now,
    wallClock: () => Date.UTC(2026, 0, 1),
    later: clock.later,
    newEventId: () => `e${(id += 1)}`,
    deadline: milliseconds(10_000),
    ...options,
  });
  t.after(() => hook.close(milliseconds(0)));
  const read = (name: string): string => readFileSync(join(path, name), 'utf8');
  return {
    hook,
    program,
    clock,
    events,
    problems,
    script,
    read,
    /** What the monitors say now, by name, in words: `db: 'failed'`. */
    say: (told: Readonly<Record<string, State>>) => {
      states.take(
        Object.entries(told).map(([name, state]) => ({
          name,
          state,
          detail: `${name} is ${state}`,
          weight: 0,
        })),
        () => true,
      );
      hook.tell(states.all());
    },
    /** Waits for the end of the call that is under way. */
    ended: async () => ((await eventOf(signals, 'ended')) as [RunResult])[0],
    running: () => running,
    most: () => most,
    runs: () => read('runs').trim().split('\n'),
    pass: () => writeSync(gate, '\n'),
  };
}

test('arguments, environment, and one JSON object on stdin', async (t) => {
  const { hook, program, say, ended, runs, read, problems } = await rig(
    t,
    'env | grep ^UNDERSTUDY_ | sort >environment; cat >event',
  );
  say({ 'link eth0': 'ok', 'web-1': 'failed', 'web-2': 'failed', slow: 'unknown' });
  hook.configure(program);
  await ended();
  assert.deepEqual(runs(), ['MONITOR web-1 failed [web-1,web-2]']);
  const ours = (line: string): boolean => process.env[line.split('=')[0] ?? ''] === undefined;
  assert.deepEqual(read('environment').trim().split('\n').filter(ours), [
    'UNDERSTUDY_DEADLINE_MS=10000',
    'UNDERSTUDY_EVENT_ID=e1',
    'UNDERSTUDY_FAILED=web-1',
    'UNDERSTUDY_FLAPS=2',
    'UNDERSTUDY_NAME=dallas-1',
    'UNDERSTUDY_OK=link eth0',
    'UNDERSTUDY_REASON=web-1 is failed',
    'UNDERSTUDY_UNKNOWN=slow',
  ]);
  assert.deepEqual(JSON.parse(read('event')), {
    time: '2026-01-01T00:00:00.000Z',
    event: 'monitors',
    monitors: [
      { name: 'link eth0', state: 'ok', detail: 'link eth0 is ok', weight: 0 },
      { name: 'web-1', state: 'failed', detail: 'web-1 is failed', weight: 0 },
      { name: 'web-2', state: 'failed', detail: 'web-2 is failed', weight: 0 },
      { name: 'slow', state: 'unknown', detail: 'slow is unknown', weight: 0 },
    ],
  });
  assert.deepEqual(problems, []);
});

test('nothing has failed: an empty list, not a missing variable', async (t) => {
  const { hook, program, say, ended, read } = await rig(t, 'echo "<${UNDERSTUDY_FAILED-no}>" >is');
  hook.configure(program);
  say({ db: 'ok' });
  await ended();
  assert.equal(read('is'), '<>\n');
});

test('the first call waits until every monitor has a result, or one has failed', async (t) => {
  const { hook, program, say, ended, runs, running, clock } = await rig(t);
  say({ 'link eth0': 'ok' });
  assert.equal(running(), 0, 'the settings are not known yet');
  say({ 'link eth0': 'ok', a: 'unknown', b: 'unknown' });
  hook.configure(program);
  say({ 'link eth0': 'ok', a: 'ok', b: 'unknown' });
  assert.equal(running(), 0);
  say({ 'link eth0': 'ok', a: 'ok', b: 'ok' });
  await ended();
  assert.deepEqual(runs(), ['MONITOR link eth0 ok []']);
  assert.equal(clock.pending(), 0);
});

test('the first call waits for results no longer than so, and for what comes later another one', async (t) => {
  const { hook, program, say, ended, runs, running, clock } = await rig(t);
  hook.configure(program);
  say({ a: 'ok', b: 'unknown' });
  clock.advance(FIRST_RESULTS - 1);
  assert.equal(running(), 0);
  clock.advance(1);
  await ended();
  say({ a: 'ok' });
  assert.equal(running(), 0, 'that nothing is known of b is no news');
  say({ a: 'ok', b: 'ok' });
  await ended();
  assert.deepEqual(runs(), ['MONITOR a ok []', 'MONITOR b ok []']);
  assert.equal(clock.pending(), 0);
});

test('each change is told once; what changes meanwhile by one further call with the newest', async (t) => {
  const { hook, program, say, ended, runs, pass, most } = await rig(t, GATED);
  hook.configure(program);
  say({ a: 'ok', b: 'ok' });
  say({ a: 'failed', b: 'ok' });
  say({ a: 'failed', b: 'failed' });
  say({ a: 'ok', b: 'failed' });
  pass();
  await ended();
  pass();
  await ended();
  say({ a: 'ok', b: 'failed' });
  assert.deepEqual(runs(), ['MONITOR a ok []', 'MONITOR b failed [b]']);
  assert.equal(most(), 1);
});

test('what is as it was again when the call ends needs no other', async (t) => {
  const { hook, program, say, ended, runs, pass, running } = await rig(t, GATED);
  hook.configure(program);
  say({ a: 'ok' });
  say({ a: 'failed' });
  say({ a: 'ok' });
  pass();
  await ended();
  assert.equal(running(), 0);
  assert.deepEqual(runs(), ['MONITOR a ok []']);
});

test('a prober that dies and comes back is no news, whatever its monitors were', async (t) => {
  const { hook, program, say, ended, runs, running, read } = await rig(t, 'cat >event');
  hook.configure(program);
  say({ a: 'failed', b: 'ok', 'link eth0': 'ok' });
  await ended();
  say({ a: 'unknown', b: 'unknown', 'link eth0': 'ok' });
  say({ a: 'failed', b: 'ok', 'link eth0': 'ok' });
  say({ a: 'unknown', b: 'unknown', 'link eth0': 'ok' });
  assert.equal(running(), 0);
  say({ a: 'unknown', b: 'unknown', 'link eth0': 'failed' });
  await ended();
  assert.deepEqual(runs(), ['MONITOR a failed [a]', 'MONITOR link eth0 failed [a,link eth0]']);
  const { monitors } = JSON.parse(read('event')) as { monitors: { state: string }[] };
  assert.deepEqual(
    monitors.map(({ state }) => state),
    ['failed', 'ok', 'failed'],
  );
});

test('a monitor that the settings no longer have is told as unknown, and is not among the failed', async (t) => {
  const { hook, program, say, ended, runs, running } = await rig(t);
  hook.configure(program);
  say({ a: 'failed', b: 'ok' });
  await ended();
  say({ b: 'ok' });
  await ended();
  say({ b: 'ok', c: 'unknown' });
  assert.equal(running(), 0, 'nothing is known of c');
  say({ b: 'ok', c: 'ok' });
  await ended();
  assert.deepEqual(runs(), ['MONITOR a failed [a]', 'MONITOR a unknown []', 'MONITOR c ok []']);
});

test('a call that fails is repeated, ever more rarely, with one id; told once a minute', async (t) => {
  const { hook, program, say, ended, runs, clock, events, problems, script } = await rig(
    t,
    'echo not now >&2; exit 75',
  );
  hook.configure(program);
  say({ db: 'failed' });
  const waits: number[] = [];
  for (let call = 0; call < 7; call += 1) {
    const armed = clock.armed();
    await ended();
    waits.push(await armed);
    clock.advance(waits.at(-1) ?? 0);
  }
  assert.deepEqual(waits, [FIRST_RETRY, 2_000, 4_000, 8_000, 16_000, LONGEST_RETRY, LONGEST_RETRY]);
  const text = 'monitor hook, db failed: exit code 75: not now';
  assert.deepEqual(problems, [text]);
  assert.deepEqual(events.slice(0, 1), [
    {
      severity: 'warn',
      event: 'monitor-hook',
      reason: 'failed',
      detail: 'db failed: exit code 75: not now',
      eventId: 'e1',
    },
  ]);
  await ended();
  script('echo "$UNDERSTUDY_EVENT_ID" >id');
  clock.advance(LONGEST_RETRY);
  await ended();
  assert.equal(problems.at(-1), null);
  assert.deepEqual(
    events.map(({ suppressed, eventId }) => [suppressed, eventId]),
    [
      [undefined, 'e1'],
      [5, 'e1'],
    ],
  );
  assert.deepEqual(new Set(runs()), new Set(['MONITOR db failed [db]']));
  assert.equal(runs().length, 9);
  assert.equal(clock.pending(), 0);
});

test('new states are told at once, also while a repetition waits; and what was told before, too', async (t) => {
  const { hook, program, say, ended, runs, clock, script } = await rig(t);
  hook.configure(program);
  say({ db: 'ok' });
  await ended();
  script('exit 1');
  for (const state of ['failed', 'ok', 'failed'] as const) {
    const armed = clock.armed();
    say({ db: state });
    await ended();
    assert.equal(await armed, FIRST_RETRY, 'what failed before was another call');
  }
  script('');
  say({ db: 'ok' });
  await ended();
  assert.deepEqual(runs(), [
    'MONITOR db ok []',
    'MONITOR db failed [db]',
    'MONITOR db ok []',
    'MONITOR db failed [db]',
    'MONITOR db ok []',
  ]);
  assert.equal(clock.pending(), 0);
});

test('a repetition brings what was measured meanwhile', async (t) => {
  const { hook, program, ended, read, clock, script } = await rig(t, 'exit 1');
  const verdict = { name: 'db', state: 'failed', weight: 0 } as const;
  hook.configure(program);
  const armed = clock.armed();
  hook.tell([{ ...verdict, detail: 'earlier' }]);
  await ended();
  await armed;
  hook.tell([{ ...verdict, detail: 'later' }]);
  script('cat >event');
  clock.advance(FIRST_RETRY);
  await ended();
  const { monitors } = JSON.parse(read('event')) as { monitors: { detail: string }[] };
  assert.deepEqual(
    monitors.map(({ detail }) => detail),
    ['later'],
  );
});

test('a hook taken away while a repetition waits is not called any more, nor is any after a stop', async (t) => {
  const { hook, program, say, ended, clock } = await rig(t, 'exit 1');
  const failed = async (): Promise<void> => {
    const armed = clock.armed();
    await ended();
    await armed;
    assert.equal(clock.pending(), 1);
  };
  hook.configure(program);
  say({ db: 'failed' });
  await failed();
  hook.configure(null);
  assert.equal(clock.pending(), 0);
  hook.configure(program);
  await failed();
  await hook.close(milliseconds(2_000));
  assert.equal(clock.pending(), 0);
});

test('a hook that hangs is killed with all it started, and called again', async (t) => {
  const { hook, program, say, ended, clock, events } = await rig(t, 'sleep 1000 & wait', {
    deadline: milliseconds(500),
  });
  hook.configure(program);
  say({ db: 'failed' });
  const armed = clock.armed();
  assert.equal((await ended()).outcome.kind, 'timed-out');
  assert.match(String(events[0]?.detail), /^db failed: killed at its deadline/);
  assert.equal(await armed, FIRST_RETRY);
});

test('a hook that is missing is a problem with a remedy; another one is told the present states', async (t) => {
  const { hook, program, say, ended, problems, runs, clock } = await rig(t);
  hook.configure(`${program}.missing`);
  say({ a: 'ok', db: 'failed' });
  await ended();
  assert.match(
    problems[0] ?? '',
    /^monitor hook, db failed: cannot start .*No such file or directory; install the hook there/,
  );
  hook.configure(program);
  assert.equal(problems.at(-1), null, 'nothing is known of another hook');
  await ended();
  hook.configure(program);
  assert.deepEqual(runs(), ['MONITOR db failed [db]']);
  assert.equal(clock.pending(), 0);
});

test('a hook taken away: no call, and what runs is no problem any more; given back: the states of now', async (t) => {
  const { hook, program, say, ended, runs, pass, problems, running } = await rig(
    t,
    `${GATED}; exit 9`,
  );
  hook.configure(program);
  say({ db: 'failed' });
  hook.configure(null);
  pass();
  await ended();
  say({ db: 'ok' });
  assert.equal(running(), 0);
  assert.deepEqual(problems, []);
  hook.configure(program);
  pass();
  await ended();
  assert.deepEqual(runs(), ['MONITOR db failed [db]', 'MONITOR db ok []']);
});

test('a stop waits for the call under way, not for ever, and starts no other', async (t) => {
  const { hook, program, say, ended, runs, pass, clock } = await rig(t, `${GATED}; exit 1`);
  hook.configure(program);
  say({ db: 'failed' });
  const closed = hook.close(milliseconds(2_000));
  clock.advance(2_000);
  await closed;
  say({ db: 'ok' });
  pass();
  await ended();
  assert.deepEqual(runs(), ['MONITOR db failed [db]']);
  assert.equal(clock.pending(), 0);
});
