// The transition hook over real processes: keepalived's arguments, order, bounds, and that scripts
// which fail, hang or are missing are told of and hold up nobody.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from '../support/test.js';
import {
  RUNNING_LIMIT,
  WAITING_LIMIT,
  TransitionHook,
  keepalivedState,
  type HookTransition,
  type TransitionHookOptions,
} from '../../src/hooks/transition-hook.js';
import type { TransitionReason, VirtualRouterState } from '../../src/model/reasons.js';
import { TRANSITION_REASONS } from '../../src/model/reasons.js';
import { milliseconds } from '../../src/model/units.js';
import { start } from '../executor/bench.js';
import { directory, type Told } from './bypass-rig.js';
import { manualClock } from '../support/manual-clock.js';

const FOREVER = milliseconds(60_000);

/**
 * A hook with `body` as its script, started in a directory of its own with a FIFO `gate`; each run
 * has added its arguments to `runs` before the body begins.
 */
async function rig(t: TestContext, body = '', options: Partial<TransitionHookOptions> = {}) {
  const path = directory();
  const program = join(path, 'hook');
  const script = (text: string): void => {
    writeFileSync(program, `#!/bin/sh\ncd ${path}\necho "$*" >>runs\n${text}\n`);
    chmodSync(program, 0o755);
  };
  script(body);
  execFileSync('mkfifo', [join(path, 'gate')]);
  // Held open for both, so that a line waits for its reader and no reader meets the end of file.
  const gate = openSync(join(path, 'gate'), 'r+');
  t.after(() => closeSync(gate));
  const { executor } = await start(t);
  let running = 0;
  let most = 0;
  const counting: TransitionHookOptions['executor'] = {
    setWill: (will) => executor.setWill(will),
    setStandby: (waiting) => executor.setStandby(waiting),
    holdUntil: (until) => executor.holdUntil(until),
    finish: (how) => executor.finish(how),
    run: async (request) => {
      running += 1;
      most = Math.max(most, running);
      const result = await executor.run(request);
      running -= 1;
      return result;
    },
  };
  const clock = manualClock();
  const events: Told[] = [];
  const problems: (string | null)[] = [];
  let id = 0;
  const hook = new TransitionHook({
    executor: counting,
    program,
    name: 'dallas-1',
    onEvent: (severity, fields) => events.push({ severity, ...fields }),
    onProblem: (problem) => problems.push(problem),
    now: clock.now,
    later: clock.later,
    newEventId: () => `e${(id += 1)}`,
    deadline: milliseconds(10_000),
    ...options,
  });
  const read = (name: string): string => readFileSync(join(path, name), 'utf8');
  return {
    hook,
    program,
    clock,
    events,
    problems,
    script,
    read,
    /** The most runs there were at a time. */
    most: () => most,
    runs: () => read('runs').trim().split('\n'),
    /** Lets so many runs through the gate, those that stand there or come. */
    pass: (count: number) => writeSync(gate, '\n'.repeat(count)),
  };
}

function transition(more: Partial<HookTransition> = {}): HookTransition {
  const whole = {
    virtualRouter: 'lan',
    to: 'Active' as VirtualRouterState,
    reason: 'no-response' as TransitionReason,
    effectivePriority: 200,
    flaps: 0,
    ...more,
  };
  const { virtualRouter, to, reason } = whole;
  const record = {
    time: '2026-01-01T00:00:00.000Z',
    event: 'transition',
    virtualRouter,
    from: 'Backup' as const,
    to,
    reason,
    detail: TRANSITION_REASONS[reason],
  };
  return { record, ...whole };
}

test("keepalived's arguments, our environment, the event on stdin", async (t) => {
  const { hook, runs, read } = await rig(
    t,
    'env | grep ^UNDERSTUDY_ | sort >environment; cat >event',
  );
  const told = transition({ flaps: 2 });
  hook.notify(told);
  await hook.idle(FOREVER);
  assert.deepEqual(runs(), ['INSTANCE lan MASTER 200']);
  const ours = (line: string): boolean => process.env[line.split('=')[0] ?? ''] === undefined;
  assert.deepEqual(read('environment').trim().split('\n').filter(ours), [
    'UNDERSTUDY_DEADLINE_MS=10000',
    'UNDERSTUDY_EVENT_ID=e1',
    'UNDERSTUDY_FLAPS=2',
    'UNDERSTUDY_NAME=dallas-1',
    'UNDERSTUDY_REASON=no-response',
  ]);
  assert.deepEqual(JSON.parse(read('event')), told.record);
  assert.equal(hook.problem(), null);
});

test('a state in the words of keepalived', () => {
  const reasons = Object.keys(TRANSITION_REASONS) as TransitionReason[];
  const stops = reasons.filter((reason) => keepalivedState('Initialize', reason) === 'STOP');
  assert.deepEqual(stops, ['shutdown', 'mode-off', 'settings-changed']);
  assert.equal(keepalivedState('Initialize', 'no-carrier'), 'FAULT');
  assert.equal(keepalivedState('Initialize', 'maintenance'), 'FAULT');
  for (const reason of reasons) {
    assert.equal(keepalivedState('Active', reason), 'MASTER');
    assert.equal(keepalivedState('Backup', reason), 'BACKUP');
  }
});

test('one virtual router: one run at a time, in order', async (t) => {
  const { hook, runs, pass } = await rig(t, 'read -r _ <gate; echo "done $3" >>runs');
  hook.notify(transition());
  hook.notify(transition({ to: 'Backup', reason: 'preempted' }));
  hook.notify(transition({ to: 'Initialize', reason: 'shutdown' }));
  pass(3);
  await hook.idle(FOREVER);
  assert.deepEqual(runs(), [
    'INSTANCE lan MASTER 200',
    'done MASTER',
    'INSTANCE lan BACKUP 200',
    'done BACKUP',
    'INSTANCE lan STOP 200',
    'done STOP',
  ]);
});

test('too many transitions wait: the newest are kept, in order, and it is told', async (t) => {
  const { hook, runs, pass, events } = await rig(t, '[ "$4" != 0 ] || read -r _ <gate');
  for (let run = 0; run <= WAITING_LIMIT + 3; run += 1) {
    hook.notify(transition({ effectivePriority: run }));
  }
  pass(1);
  await hook.idle(FOREVER);
  const priorities = runs().map((run) => Number(run.split(' ')[3]));
  const newest = Array.from({ length: WAITING_LIMIT }, (_, index) => index + 4);
  assert.deepEqual(priorities, [0, ...newest]);
  assert.deepEqual(
    events.map(({ severity, virtualRouter, reason }) => [severity, virtualRouter, reason]),
    [['warn', 'lan', 'overrun']],
    'three more within the minute are only counted',
  );
});

test('a slow hook of one virtual router does not hold up another', async (t) => {
  const body = 'case $2 in lan) read -r _ <gate ;; wan) echo >gate ;; esac';
  const { hook, runs } = await rig(t, body);
  hook.notify(transition());
  hook.notify(transition({ virtualRouter: 'wan' }));
  await hook.idle(FOREVER);
  assert.equal(runs().length, 2);
  assert.equal(hook.problem(), null, 'lan was let through the gate by wan');
});

test('however many virtual routers move, few hooks run at a time, and all get their turn', async (t) => {
  const { hook, runs, pass, most } = await rig(t, 'read -r _ <gate');
  const names = Array.from({ length: 3 * RUNNING_LIMIT }, (_, index) => `vr${index}`);
  for (const virtualRouter of names) {
    hook.notify(transition({ virtualRouter }));
    hook.notify(transition({ virtualRouter, to: 'Backup', reason: 'preempted' }));
  }
  pass(2 * names.length);
  await hook.idle(FOREVER);
  assert.equal(most(), RUNNING_LIMIT);
  assert.equal(runs().length, 2 * names.length);
  const told = runs().map((line) => line.split(' ').slice(1, 3).join(' '));
  for (const name of names) {
    const own = told.filter((line) => line.startsWith(`${name} `));
    assert.deepEqual(own, [`${name} MASTER`, `${name} BACKUP`]);
  }
});

test('a failing hook: an event, then one a minute with the number kept back; health', async (t) => {
  const { hook, clock, events, problems, script } = await rig(t, 'echo no route >&2; exit 7');
  for (let run = 0; run < 3; run += 1) {
    hook.notify(transition());
    await hook.idle(FOREVER);
  }
  const text = 'transition hook, lan MASTER: exit code 7: no route';
  assert.equal(hook.problem(), text);
  assert.deepEqual(problems, [text]);
  assert.deepEqual(events, [
    {
      severity: 'warn',
      event: 'transition-hook',
      virtualRouter: 'lan',
      reason: 'failed',
      detail: 'MASTER: exit code 7: no route',
      eventId: 'e1',
    },
  ]);
  clock.advance(60_000);
  hook.notify(transition());
  await hook.idle(FOREVER);
  hook.notify(transition({ virtualRouter: 'wan' }));
  await hook.idle(FOREVER);
  assert.deepEqual(
    events.map(({ virtualRouter, suppressed }) => [virtualRouter, suppressed]),
    [
      ['lan', undefined],
      ['lan', 2],
      ['wan', undefined],
    ],
  );
  assert.match(hook.problem() ?? '', /\(and 1 more\)$/);
  script('exit 0');
  hook.notify(transition());
  hook.notify(transition({ virtualRouter: 'wan' }));
  await hook.idle(FOREVER);
  assert.equal(hook.problem(), null);
  assert.equal(problems.at(-1), null);
});

test('a hook that hangs is killed with all it started, and the next transition is told', async (t) => {
  const { hook, runs, events } = await rig(t, '[ "$3" != MASTER ] || { sleep 1000 & wait; }', {
    deadline: milliseconds(1_500),
  });
  hook.notify(transition());
  hook.notify(transition({ to: 'Backup', reason: 'preempted' }));
  await hook.idle(FOREVER);
  assert.equal(runs().length, 2);
  assert.match(String(events[0]?.detail), /^MASTER: killed at its deadline/);
  assert.equal(events.length, 1);
  assert.equal(hook.problem(), null, 'the last run was in order');
});

test('a hook that is missing, or not executable, is a problem with a remedy', async (t) => {
  const { hook, program } = await rig(t);
  hook.configure(`${program}.missing`);
  hook.notify(transition());
  await hook.idle(FOREVER);
  assert.match(
    hook.problem() ?? '',
    /^transition hook, lan MASTER: cannot start .*No such file or directory; install the hook there/,
  );
  chmodSync(program, 0o644);
  hook.configure(program);
  assert.equal(hook.problem(), null, 'nothing is known of another hook');
  hook.notify(transition());
  await hook.idle(FOREVER);
  assert.match(hook.problem() ?? '', /Permission denied/);
});

test('a hook that leaves its stdin unread does no harm', async (t) => {
  const { hook } = await rig(t, 'exec <&-; exit 0');
  const big = transition();
  hook.notify({ ...big, record: { ...big.record, padding: 'x'.repeat(200_000) } });
  await hook.idle(FOREVER);
  assert.equal(hook.problem(), null);
});

test('without a hook nothing runs and nothing waits', async (t) => {
  const { hook, program, clock } = await rig(t, '', { program: null });
  hook.notify(transition());
  await hook.idle(FOREVER);
  assert.throws(() => readFileSync(program.replace(/hook$/, 'runs')), /ENOENT/);
  assert.equal(clock.pending(), 0);
});

test('a hook taken away: what waited is dropped, what runs is no problem any more', async (t) => {
  const { hook, runs, pass, events } = await rig(t, 'read -r _ <gate; exit 9');
  hook.notify(transition());
  hook.notify(transition({ to: 'Backup', reason: 'preempted' }));
  hook.configure(null);
  pass(1);
  await hook.idle(FOREVER);
  assert.deepEqual(runs(), ['INSTANCE lan MASTER 200']);
  assert.equal(hook.problem(), null);
  assert.deepEqual(events, []);
});

test('a stop waits for the hooks, but not for ever', async (t) => {
  const { hook, clock, pass } = await rig(t, 'read -r _ <gate');
  hook.notify(transition({ to: 'Initialize', reason: 'shutdown' }));
  const waited = hook.idle(milliseconds(5_000));
  clock.advance(5_000);
  await waited;
  pass(1);
  await hook.idle(FOREVER);
  assert.equal(clock.pending(), 0);
});
