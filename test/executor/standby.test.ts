// The program in waiting: used once, replaced, passed by where it does not fit, gone with its
// executor.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from '../support/test.js';
import type { Program, RunRequest } from '../../src/executor/executor.js';
import { milliseconds } from '../../src/model/units.js';
import {
  PROTOCOL_VERSION,
  encodeFinish,
  encodeHello,
  encodeRun,
  encodeStandby,
  encodeWill,
} from '../../src/executor/protocol.js';
import { converse, directory, fifo, releaseOnly, request, shell, start } from './bench.js';

/** A program that says its pid when it starts, and again with its lines when it has all of them. */
function waiter(t: TestContext, rest = '') {
  const begun = fifo(t);
  const lines = begun.lines();
  const program = shell(`echo $$ > ${begun.path}; echo $$ $(cat); ${rest}`);
  return {
    program,
    next: async (): Promise<number> => Number(await lines()),
    given: (input: string, more: Partial<RunRequest> = {}): RunRequest => ({
      ...program,
      input,
      ...more,
    }),
  };
}

/** Holds the FIFO open as long as it lives, and says so; whatever it reads, it goes on. */
const holder = (path: string, rest = ''): Program =>
  shell(`exec 3> ${path}; echo up >&3; cat; ${rest}; exec sleep 1000`);

test('a run finds it started, and the next run finds another', async (t) => {
  const { executor } = await start(t);
  const { program, next, given } = waiter(t);
  executor.setStandby(program);
  const pids: number[] = [];
  for (const input of ['first\n', 'second\n', 'third']) {
    const pid = await next();
    const result = await executor.run(given(input));
    assert.deepEqual(result, {
      outcome: { kind: 'exited', code: 0 },
      stdout: `${pid} ${input.trim()}\n`,
      stderr: '',
    });
    pids.push(pid);
  }
  assert.equal(new Set(pids).size, 3);
});

for (const priority of [null, '1']) {
  const where = priority === null ? 'ordinary' : 'real-time';
  test(`its lines come before other ordinary work when the executor is ${where}, or do not`, async (t) => {
    if (priority !== null) process.env['UNDERSTUDY_REALTIME_PRIORITY'] = priority;
    const { executor } = await start(t).finally(
      () => delete process.env['UNDERSTUDY_REALTIME_PRIORITY'],
    );
    const policy = 'cut -d" " -f41 /proc/$PPID/stat';
    const { program, next, given } = waiter(t, `${policy}; cut -d" " -f19 /proc/$$/stat`);
    executor.setStandby(program);
    await next();
    const { stdout } = await executor.run(given(''));
    const [, scheduled, nice] = stdout.trim().split('\n');
    // Who may not have real time has ordinary time.
    const first = scheduled === '1';
    assert.ok(!(first && priority === null), 'nobody asked for real time');
    assert.equal(nice, first ? '-20' : String(getPriority()));
  });
}

test('another program, argument or addition is started by itself', async (t) => {
  const { executor } = await start(t);
  const { program, next, given } = waiter(t);
  executor.setStandby({ ...program, environment: { WORD: 'here' } });
  const waiting = await next();
  const others = [
    given('x'),
    given('x', { environment: { WORD: 'there' } }),
    given('x', { environment: { WORD: 'here', MORE: '' } }),
    given('x', { environment: { WORD: 'here' }, argv: [...program.argv, 'more'] }),
  ];
  for (const other of others) {
    const running = executor.run(other);
    const pid = await next();
    assert.notEqual(pid, waiting);
    assert.equal((await running).stdout, `${pid} x\n`);
  }
  const same = await executor.run(given('y', { environment: { WORD: 'here' } }));
  assert.equal(same.stdout, `${waiting} y\n`);
});

test('its deadline counts from its lines, and takes the whole process group', async (t) => {
  const { executor } = await start(t);
  const held = fifo(t);
  const { written, closed } = held.watch();
  const program = holder(held.path, 'sleep 1000 & wait');
  executor.setStandby(program);
  await written;
  const run = await executor.run(request([...program.argv], { timeout: milliseconds(50) }));
  assert.deepEqual(run.outcome, { kind: 'timed-out' });
  executor.setStandby(null);
  await closed;
});

test('what ends a whole control group does not end it', async (t) => {
  const { executor } = await start(t);
  const { program, next, given } = waiter(t);
  executor.setStandby(program);
  const pid = await next();
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGQUIT');
  assert.equal((await executor.run(given('x'))).stdout, `${pid} x\n`);
});

test('after one that was killed a run starts its own, and another waits in its place', async (t) => {
  const { executor } = await start(t);
  const { program, next, given } = waiter(t);
  executor.setStandby(program);
  const killed = await next();
  // Ends when the executor has taken notice: until then the dead one has its pid.
  await executor.run(shell(`kill -KILL ${killed}; while kill -0 ${killed} 2>&-; do :; done`));
  const running = executor.run(given('x'));
  const own = await next();
  assert.equal((await running).stdout, `${own} x\n`);
  const successor = await next();
  assert.equal((await executor.run(given('y'))).stdout, `${successor} y\n`);
});

test('one that does not wait is started once a second at most', async (t) => {
  const { executor } = await start(t);
  const begun = fifo(t);
  const lines = begun.lines();
  // When the kernel made it, in ticks of 10 ms: when it gets to run, and when the test hears of it, may be late.
  executor.setStandby(shell(`read line < /proc/$$/stat; echo "$line" > ${begun.path}`));
  const times = [await lines(), await lines()].map((line) => Number(line.split(' ')[21]));
  const [first = 0, second = 0] = times;
  assert(second - first >= 98, `one second expected, ${second - first} ticks found`);
});

test('one that cannot be started is told by its run', async (t) => {
  const { executor } = await start(t);
  const missing = request(['/nonexistent/program']);
  executor.setStandby(missing);
  const { outcome } = await executor.run(missing);
  assert(outcome.kind === 'failed');
  assert.match(outcome.message, /cannot start \/nonexistent\/program: No such file/);
});

test('it is not started beside a program that runs', async (t) => {
  const { executor } = await start(t);
  const begun = fifo(t);
  const lines = begun.lines();
  const go = fifo(t);
  const over = join(directory(), 'over');
  const running = executor.run(
    shell(`exec 3<> ${go.path}; echo runs > ${begun.path}; read go <&3; echo > ${over}`),
  );
  assert.equal(await lines(), 'runs');
  executor.setStandby(shell(`test -e ${over}; echo $? > ${begun.path}; cat`));
  // Its answer says that the frame before it was taken.
  await executor.run(request(['/bin/true']));
  go.release(1);
  assert.equal(await lines(), '0');
  assert.deepEqual((await running).outcome, { kind: 'exited', code: 0 });
});

test('another program in waiting takes the place of the first', async (t) => {
  const { executor } = await start(t);
  const held = fifo(t);
  const { written, closed } = held.watch();
  const acted = join(directory(), 'acted');
  executor.setStandby(holder(held.path, `echo acted > ${acted}`));
  await written;
  const { program, next, given } = waiter(t);
  executor.setStandby(program);
  await closed;
  const former = await next();
  executor.setStandby(program);
  const pid = await next();
  assert.notEqual(pid, former);
  assert.equal((await executor.run(given('x'))).stdout, `${pid} x\n`);
  assert(!existsSync(acted), 'the end of its stdin was not an end of its lines');
});

test('it does not outlive the executor, nor take its end for the end of its lines', async (t) => {
  const { executor } = await start(t);
  const held = fifo(t);
  const { written, closed } = held.watch();
  const acted = join(directory(), 'acted');
  executor.setStandby(holder(held.path, `echo acted > ${acted}`));
  await written;
  await executor.finish({ farewellSent: true });
  await closed;
  assert(!existsSync(acted));
});

test('when the executor is killed it reads the end of its lines', async (t) => {
  const { executor } = await start(t);
  const { program, next } = waiter(t);
  const held = fifo(t);
  const { written, closed } = held.watch();
  const argv = ['/bin/sh', '-c', `exec 3> ${held.path}; echo up >&3; ${program.argv[2]}`];
  executor.setStandby({ argv });
  await written;
  await next();
  executor.kill('by its test');
  await closed;
});

for (const [how, last] of [
  ['a finish', encodeFinish({ farewellSent: true })],
  ['the end of its agent', Buffer.alloc(0)],
] as const) {
  test(`the release of the will finds it: ${how}`, async (t) => {
    const released = join(directory(), 'released');
    const begun = fifo(t);
    const lines = begun.lines();
    const release = shell(
      `echo $$ > ${begun.path}; read line; kill -TERM $$; echo $$ $line > ${released}`,
      { input: 'go\n' },
    );
    const executor = converse(t);
    executor.stdin.write(encodeHello(PROTOCOL_VERSION));
    executor.stdin.write(encodeWill(releaseOnly('', { release })));
    executor.stdin.write(encodeStandby(release));
    const pid = await lines();
    // What runs is killed; what waits is not.
    executor.stdin.write(encodeRun(1, shell(`echo runs > ${begun.path}; exec sleep 1000`)));
    assert.equal(await lines(), 'runs');
    executor.stdin.end(last);
    assert.deepEqual(await executor.ended, [0, null]);
    assert.equal(readFileSync(released, 'utf8'), `${pid} go\n`);
    assert.equal(await executor.stderr, '');
  });
}
