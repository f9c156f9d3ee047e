// Running programs: every outcome, every bound. Not the last will (will.test.ts), not broken frames
// (protocol.test.ts).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from '../support/test.js';
import { milliseconds } from '../../src/model/units.js';
import {
  FrameType,
  PROTOCOL_VERSION,
  decodeResult,
  encodeHello,
  encodeRun,
} from '../../src/executor/protocol.js';
import { converse, fifo, request, shell, start } from './bench.js';
import { scaled, until } from '../support/limits.js';

const exited = (code: number) => ({ kind: 'exited', code });

test('a program gets its arguments, stdin and environment; both outputs come back', async (t) => {
  const { executor } = await start(t);
  const result = await executor.run(
    request(['/bin/sh', '-c', 'cat; echo "$1 $ADDED $HOME" >&2; exit 7', 'sh', 'an argument'], {
      input: 'line\nü',
      environment: { ADDED: 'a=b', HOME: '/replaced' },
    }),
  );
  assert.deepEqual(result, {
    outcome: exited(7),
    stdout: 'line\nü',
    stderr: 'an argument a=b /replaced\n',
  });
});

test('an overridden variable is there once', async (t) => {
  const { executor } = await start(t);
  const result = await executor.run(
    request(['/usr/bin/env'], { environment: { PATH: '/only', PAT: 'x' } }),
  );
  const lines = result.stdout.split('\n');
  assert.deepEqual(
    lines.filter((line) => /^PATH?=/.test(line)),
    ['PATH=/only', 'PAT=x'],
  );
});

test('a program that dies of a signal is signalled', async (t) => {
  const { executor } = await start(t);
  const result = await executor.run(shell('echo first; kill -TERM $$'));
  assert.deepEqual(result, {
    outcome: { kind: 'signalled', signal: 15 },
    stdout: 'first\n',
    stderr: '',
  });
});

for (const [path, reason] of [
  ['/nonexistent/program', /No such file/],
  ['/etc', /Permission denied/],
  ['/etc/passwd', /Permission denied/],
] as const) {
  test(`${path} fails with its reason`, async (t) => {
    const { executor } = await start(t);
    const { outcome } = await executor.run(request([path]));
    assert(outcome.kind === 'failed');
    assert.match(outcome.message, reason);
    assert.match(outcome.message, new RegExp(path));
  });
}

test('what no program can be given fails before it is sent', async (t) => {
  const { executor } = await start(t);
  const cases = [
    [request([]), /needs a path/],
    [request(['/bin/true', 'a\0b']), /NUL/],
    [request(['/bin/true'], { environment: { 'a=b': 'c' } }), /variable's name/],
    [request(['/bin/cat'], { input: 'x'.repeat(5 << 20) }), /at most 4194304 bytes/],
  ] as const;
  for (const [impossible, reason] of cases) {
    const { outcome } = await executor.run(impossible);
    assert(outcome.kind === 'failed');
    assert.match(outcome.message, reason);
  }
  assert.deepEqual((await executor.run(request(['/bin/true']))).outcome, exited(0));
});

test('past its deadline the whole process group is killed', async (t) => {
  const { executor } = await start(t);
  const held = fifo(t);
  const closed = held.read();
  const result = await executor.run(
    shell(`exec 3>${held.path}; echo both >&3; echo said; sleep 1000 & sleep 1000`, {
      timeout: milliseconds(scaled(1_000)),
    }),
  );
  assert.deepEqual(result, { outcome: { kind: 'timed-out' }, stdout: 'said\n', stderr: '' });
  // End of file comes when the grandchild, which holds it open too, is gone.
  assert.equal(await closed, 'both\n');
});

test('a grandchild that keeps the pipes does not hold the result back', async (t) => {
  const { executor } = await start(t);
  const result = await executor.run(shell('sleep 1000 & echo $!'));
  process.kill(Number(result.stdout), 'SIGKILL');
  assert.deepEqual(result.outcome, exited(0));
});

test('64 KiB of each output are kept, the rest is drained', async (t) => {
  const { executor } = await start(t);
  const result = await executor.run(
    shell('head -c 65530 /dev/zero | tr "\\0" a; echo 0123456789; head -c 900000 /dev/zero >&2'),
  );
  assert.deepEqual(result.outcome, exited(0));
  assert.equal(result.stdout, `${'a'.repeat(65_530)}012345`);
  assert.equal(result.stderr, '\0'.repeat(65_536));
});

test('a long stdin arrives whole, and may be left unread', async (t) => {
  const { executor } = await start(t);
  const input = 'x'.repeat(3 << 20);
  const [counted, ignored] = await Promise.all([
    executor.run(request(['/usr/bin/wc', '-c'], { input })),
    executor.run(request(['/bin/true'], { input })),
  ]);
  assert.equal(counted.stdout.trim(), String(3 << 20));
  assert.deepEqual(ignored.outcome, exited(0));
});

test('a thousand runs: each gets its own result, and nothing stays behind', async (t) => {
  const { executor } = await start(t);
  const descriptors = async (): Promise<number> =>
    Number((await executor.run(shell(`ls /proc/${executor.pid}/fd | wc -l`))).stdout);
  // What it was started with is not its own doing.
  const before = await descriptors();
  for (let batch = 0; batch < 13; batch += 1) {
    const numbers = Array.from({ length: 80 }, (_, index) => `${batch * 80 + index}`);
    const results = await Promise.all(
      numbers.map((number) => executor.run(request(['/bin/echo', number]))),
    );
    assert.deepEqual(
      results.map(({ stdout }) => stdout),
      numbers.map((number) => `${number}\n`),
    );
  }
  // The program may look before the executor has closed the program's own ends of the pipes.
  await until('as many descriptors as before', descriptors, (count) => count <= before);
  const status = readFileSync(`/proc/${executor.pid}/status`, 'utf8');
  assert.equal(/^Name:\s+(\S+)/m.exec(status)?.[1], 'understudy-exec');
});

test('64 run side by side, 16 wait, one more is refused', async (t) => {
  const { executor } = await start(t);
  const arrived = fifo(t);
  const go = fifo(t);
  const lines = arrived.lines();
  const blocked = Array.from({ length: 64 }, () =>
    executor.run(shell(`exec 3<> ${go.path}; echo here > ${arrived.path}; read go <&3`)),
  );
  for (let count = 0; count < 64; count += 1) assert.equal(await lines(), 'here');
  const queued = Array.from({ length: 16 }, () => executor.run(request(['/bin/true'])));
  const { outcome } = await executor.run(request(['/bin/true']));
  assert(outcome.kind === 'failed');
  assert.match(outcome.message, /ask for fewer at once/);
  go.release(64);
  for (const result of await Promise.all([...blocked, ...queued])) {
    assert.deepEqual(result.outcome, exited(0));
  }
});

test('a program starts clean: three descriptors, default signals, a group of its own', async (t) => {
  const executor = converse(t, undefined, 3);
  executor.stdin.write(encodeHello(PROTOCOL_VERSION));
  executor.stdin.write(
    encodeRun(9, shell('ls -l /proc/self/fd; grep Sig /proc/self/status; cat /proc/$$/stat')),
  );
  await executor.frames.next();
  const answer = (await executor.frames.next()).value;
  assert(answer !== undefined && answer.type === FrameType.result && answer.id === 9);
  const { stdout } = decodeResult(answer.payload);
  const descriptors = [...stdout.matchAll(/ (\d+) -> (\S+)/g)].map(([, fd, to = '']) => [
    fd,
    to[0],
  ]);
  // 3 is the directory that ls itself reads.
  assert.deepEqual(descriptors, [
    ['0', 'p'],
    ['1', 'p'],
    ['2', 'p'],
    ['3', '/'],
  ]);
  const mask = (name: string) => BigInt(`0x${new RegExp(`${name}:\\s+(\\w+)`).exec(stdout)?.[1]}`);
  assert.equal(mask('SigBlk'), 0n);
  // glibc's posix_spawn leaves its own two real-time signals, 32 and 33, ignored.
  assert.equal(mask('SigIgn') & ~(3n << 31n), 0n);
  const [, pid, group] = /^(\d+) \(.*\) \S \d+ (\d+)/m.exec(stdout) ?? [];
  assert.equal(group, pid);
  executor.stdin.end();
  assert.deepEqual(await executor.ended, [0, null]);
});

test("the agent's signals pass it by, and it has a session of its own", async (t) => {
  const { executor } = await start(t);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGPIPE'] as const) {
    process.kill(executor.pid, signal);
  }
  assert.deepEqual((await executor.run(request(['/bin/true']))).outcome, exited(0));
  const [, session] =
    /\) \S \d+ \d+ (\d+)/.exec(readFileSync(`/proc/${executor.pid}/stat`, 'utf8')) ?? [];
  assert.equal(Number(session), executor.pid);
});
