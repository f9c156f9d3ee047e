// The protocol: what cannot be understood ends the service, at the first byte that is wrong, and
// the last will is done all the same. Also the agent's side against executors that are none.
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from '../support/test.js';
import { startExecutor } from '../../src/executor/process.js';
import {
  FrameReader,
  FrameType,
  HEADER_LENGTH,
  PAYLOAD_MAX,
  PROTOCOL_VERSION,
  ProtocolError,
  decodeHello,
  decodeResult,
  encodeFrame,
  encodeHello,
  encodeRun,
  encodeStandby,
  encodeWill,
} from '../../src/executor/protocol.js';
import { address } from '../support/fake-kernel.js';
import {
  EXECUTOR,
  converse,
  directory,
  fifo,
  noNamespace,
  releaseOnly,
  request,
  shell,
  start,
} from './bench.js';
import { within } from '../support/limits.js';

function header(length: number, type: number, reserved = 0): Buffer {
  const bytes = Buffer.alloc(HEADER_LENGTH);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE((type << 24) | reserved, 4);
  return bytes;
}

const changed = (frame: Buffer, offset: number, value: number): Buffer => {
  const copy = Buffer.from(frame);
  copy[HEADER_LENGTH + offset] = value;
  return copy;
};

const run = encodeRun(1, request(['/bin/true', 'x'], { environment: { A: 'b' } }));
const fed = encodeRun(1, request(['/bin/true'], { input: 'line' }));
const will = encodeWill({
  ...releaseOnly('true'),
  successors: [{ linkIndex: 1, family: 'ipv4', vrid: 51 }],
  addresses: [{ linkIndex: 1, address: address('10.99.0.100'), prefixLength: 24 }],
});
const malformed: readonly [string, Buffer][] = [
  ['a length over the limit', header(PAYLOAD_MAX + 1, FrameType.run)],
  ['the largest length', header(0xffff_ffff, FrameType.run)],
  ['a reserved byte that is not zero', header(0, FrameType.finish, 1)],
  ['an unknown type', header(0, 99)],
  ['type 0', header(0, 0)],
  ['a frame that only the executor sends', header(0, FrameType.result)],
  ['a second HELLO', encodeHello(PROTOCOL_VERSION)],
  ['RUN without a payload', header(0, FrameType.run)],
  ['RUN with the id of the release program', encodeRun(0, request(['/bin/true']))],
  ['REVOKED, which only the executor says', header(0, FrameType.revoked)],
  ['RUN without arguments', changed(run, 5, 0)],
  ['RUN with more arguments than bytes', changed(run, 4, 0xff)],
  ['RUN with an argument longer than the frame', changed(run, 8, 0xff)],
  ['RUN with an argument that does not end in NUL', changed(run, 21, 0x78)],
  ['RUN with a NUL inside an argument', changed(run, 14, 0)],
  ['RUN with an addition without a name', changed(run, 32, 0x3d)],
  ['RUN with bytes left over', changed(run, run.length - HEADER_LENGTH - 1, 0xff)],
  ['WILL cut short', encodeFrame(FrameType.will, 0, Buffer.alloc(3))],
  ['WILL with more farewells than bytes', changed(will, 20, 0xff)],
  ['WILL with more successors than bytes', changed(will, 22, 0x02)],
  ['WILL with more successors than the limit', changed(will, 22, 0xff)],
  ['WILL with more addresses than bytes', changed(will, 24, 0xff)],
  ['WILL with more settings than bytes', changed(will, 26, 0xff)],
  ['WILL with VRID 0', changed(will, 33, 0)],
  ['WILL with family 5', changed(will, 32, 5)],
  ['WILL with an address of family 5', changed(will, 40, 5)],
  ['WILL with a prefix longer than an address', changed(will, 41, 33)],
  ['WILL with an address that is not padded with zeros', changed(will, 43, 1)],
  ['STANDBY with lines', encodeFrame(FrameType.standby, 0, fed.subarray(HEADER_LENGTH))],
  ['STANDBY cut short', encodeFrame(FrameType.standby, 0, Buffer.alloc(3))],
  ['UNTIL cut short', encodeFrame(FrameType.until, 0, Buffer.alloc(7))],
  ['UNTIL beyond any time', encodeFrame(FrameType.until, 0, Buffer.alloc(8, 0xff))],
  ['FINISH with a flag that is none', encodeFrame(FrameType.finish, 0, Buffer.from([0, 0, 0, 2]))],
];

for (const [name, frame] of malformed) {
  test(`${name}: ends as if the agent had died`, async (t) => {
    const released = fifo(t);
    const said = released.read();
    const executor = converse(t);
    executor.stdin.write(encodeHello(PROTOCOL_VERSION));
    executor.stdin.write(encodeWill(releaseOnly(`echo released > ${released.path}`)));
    executor.stdin.write(frame);
    // stdin stays open: the frame alone must end it.
    assert.deepEqual(await executor.ended, [0, null]);
    assert.equal(await said, 'released\n');
    assert.match(await executor.stderr, /malformed frame/);
  });
}

test('end of file in the middle of a frame ends it like any other', async (t) => {
  const released = fifo(t);
  const said = released.read();
  const executor = converse(t);
  executor.stdin.write(encodeHello(PROTOCOL_VERSION));
  executor.stdin.write(encodeWill(releaseOnly(`echo released > ${released.path}`)));
  executor.stdin.end(run.subarray(0, -1));
  assert.deepEqual(await executor.ended, [0, null]);
  assert.equal(await said, 'released\n');
});

test('what the agent sent last is done before its end is noticed', async (t) => {
  const released = fifo(t);
  const said = released.read();
  const executor = converse(t);
  const bytes = [
    encodeHello(PROTOCOL_VERSION),
    encodeWill(releaseOnly(`echo last > ${released.path}`)),
  ];
  executor.stdin.end(Buffer.concat(bytes));
  await executor.ended;
  assert.equal(await said, 'last\n');
});

test('a frame may come in any pieces', async (t) => {
  const executor = converse(t);
  const answers: Promise<unknown>[] = [executor.frames.next(), executor.frames.next()];
  for (const byte of Buffer.concat([encodeHello(PROTOCOL_VERSION), run])) {
    const written = new Promise((resolve) => executor.stdin.write(Buffer.of(byte), resolve));
    await within('a byte to be taken', written);
  }
  const [hello, result] = (await Promise.all(answers)) as { value: { type: number } }[];
  assert.equal(hello?.value.type, FrameType.hello);
  assert.equal(result?.value.type, FrameType.result);
});

test('before HELLO nothing is done', async (t) => {
  const executor = converse(t);
  executor.stdin.write(run);
  assert.deepEqual(await executor.ended, [0, null]);
  assert.equal((await executor.frames.next()).done, true);
});

test('an agent of another version is told, and nothing is done for it', async (t) => {
  const executor = converse(t);
  const later = encodeFrame(FrameType.hello, 0, Buffer.from([0, 0, 0, 9, 1, 2, 3]));
  executor.stdin.write(Buffer.concat([later, run]));
  const hello = (await executor.frames.next()).value;
  assert(hello !== undefined && hello.type === FrameType.hello);
  assert.equal(decodeHello(hello.payload).protocol, PROTOCOL_VERSION);
  assert.deepEqual(await executor.ended, [0, null]);
  assert.match(await executor.stderr, /agent speaks protocol 9, this executor 3/);
  assert.equal((await executor.frames.next()).done, true);
});

test('run by hand it says who should run it', async (t) => {
  const executor = converse(t, [EXECUTOR, '--help']);
  assert.deepEqual(await executor.ended, [2, null]);
  assert.match(await executor.stderr, /understudy run/);
});

// --- the agent's side -----------------------------------------------------------------------------

function impostor(script: string): string {
  const path = join(directory(), 'executor');
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

const refusal = (path: string): Promise<Error> =>
  startExecutor({
    path,
    onExit: () => assert.fail('it never started'),
    greetingTimeout: 60_000,
  }).then(
    () => assert.fail('a rejection expected'),
    (error: unknown) => error as Error,
  );

test('what is no executor of ours is refused, with what to do', async () => {
  const hello1 = String.raw`#!/bin/sh
printf '\000\000\000\004\001\000\000\000\000\000\000\000\000\000\000\001'; exec cat > /dev/null`;
  const cases: readonly [string, RegExp][] = [
    ['/nonexistent/executor', /expected at \/nonexistent\/executor \(ENOENT\): build it with/],
    ['/etc/passwd', /\(EACCES\): build it with/],
    [impostor('#!/bin/sh\nexit 3'), /exited with code 3: build it with/],
    [impostor(hello1), /protocol 3 expected, .* speaks 1: build it with `npm run build:native`/],
    ['/bin/true', /exited with code 0: build it with/],
    ['/bin/cat', /does not speak our protocol: .*: build it with/],
    [
      impostor('#!/bin/sh\necho hello, this is something else'),
      /does not speak our protocol: .*: build it with/,
    ],
  ];
  for (const [path, reason] of cases) assert.match((await refusal(path)).message, reason);
});

test('an executor that never answers is given up on and killed', async () => {
  const path = impostor('#!/bin/sh\nexec sleep 1000');
  const error = await startExecutor({ path, onExit: () => undefined, greetingTimeout: 50 }).then(
    () => assert.fail('a rejection expected'),
    (reason: unknown) => reason as Error,
  );
  assert.match(error.message, /no answer .* within 50 ms: build it/);
});

test('when the executor dies, requests fail and the agent hears of it once', async (t) => {
  const { executor, exits } = await start(t);
  const inFlight = executor.run(shell('kill -9 $PPID'));
  const { outcome } = await inFlight;
  assert.deepEqual(outcome, { kind: 'failed', message: 'the executor was killed by SIGKILL' });
  assert.deepEqual((await executor.run(request(['/bin/true']))).outcome, outcome);
  executor.setWill(null);
  await executor.finish({ farewellSent: false });
  assert.deepEqual(exits, [{ expected: false, message: 'the executor was killed by SIGKILL' }]);
});

test('a result that is none is refused', () => {
  assert.throws(() => decodeResult(Buffer.alloc(7)), ProtocolError);
  assert.throws(() => decodeResult(Buffer.concat([Buffer.from([4]), Buffer.alloc(19)])), /found$/);
  assert.throws(() => decodeResult(Buffer.alloc(21)), /20 bytes expected, 21 found/);
  assert.throws(() => new FrameReader().push(header(PAYLOAD_MAX + 1, 3)), ProtocolError);
});

// --- random bytes ---------------------------------------------------------------------------------

/** xorshift32: the same bytes for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const harmless = releaseOnly('exit 0', {
  farewell: [{ linkIndex: 1, frame: new Uint8Array(60) }],
});
const samples = [
  run,
  encodeWill(harmless),
  encodeWill(null),
  encodeStandby({ argv: ['/bin/cat'] }),
  encodeStandby(null),
  encodeFrame(FrameType.finish, 0, Buffer.alloc(4)),
];

/** A sample with a few bytes changed, or noise; the will's time (payload bytes 0 to 3) stays 0. */
function mutant(next: (below: number) => number): Buffer {
  const sample = Buffer.from(samples[next(samples.length)] ?? run);
  if (next(4) === 0) return Buffer.from(Array.from({ length: next(64) }, () => next(256)));
  for (let changes = next(4); changes > 0; changes -= 1) {
    const offset = next(sample.length);
    if (offset < HEADER_LENGTH || offset >= HEADER_LENGTH + 4) sample[offset] = next(256);
  }
  return next(4) === 0 ? sample.subarray(0, next(sample.length)) : sample;
}

test('random bytes never crash it', { skip: noNamespace }, async (t) => {
  const seed = Number(process.env['UNDERSTUDY_TEST_SEED'] ?? Date.now() % 0x7fff_ffff);
  const rounds = Number(process.env['UNDERSTUDY_TEST_ROUNDS'] ?? 100);
  t.diagnostic(`UNDERSTUDY_TEST_SEED=${seed} UNDERSTUDY_TEST_ROUNDS=${rounds}`);
  for (let round = 0; round < rounds; round += 1) {
    const next = random(seed + round * 7919);
    // Without a network: a mutant may name any link to say farewell on.
    const executor = converse(t, ['unshare', '--user', '--map-root-user', '--net', EXECUTOR]);
    const greeting = next(10) === 0 ? [] : [encodeHello(PROTOCOL_VERSION)];
    const frames = Array.from({ length: 1 + next(12) }, () => mutant(next));
    executor.stdin.end(Buffer.concat([...greeting, ...frames]));
    assert.deepEqual(await executor.ended, [0, null], `round ${round}: ${await executor.stderr}`);
    assert.doesNotMatch(await executor.stderr, /Sanitizer|runtime error/);
  }
});
