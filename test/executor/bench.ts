// What the executor's tests stand on: real executors, FIFOs to wait on, an agent that can be killed,
// a network namespace with a wire. No test.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { EXECUTOR_PATH, startExecutor, type ExecutorExit } from '../../src/executor/process.js';
import type { LastWill, RunRequest } from '../../src/executor/executor.js';
import { FrameReader, type Frame } from '../../src/executor/protocol.js';
import { milliseconds } from '../../src/model/units.js';

/** The executor under test; the environment can name another build, such as one with ASAN. */
export const EXECUTOR = process.env['UNDERSTUDY_TEST_EXECUTOR'] ?? EXECUTOR_PATH;

const UNSHARE = ['--user', '--map-root-user', '--net'];

/** False when user and network namespaces can be made, else why not. */
export const noNamespace: string | false =
  spawnSync('unshare', [...UNSHARE, 'true']).status === 0
    ? false
    : 'needs user and network namespaces (unshare --user --map-root-user --net)';

/** The same for tests that watch the wire. */
export const noWire: string | false =
  noNamespace ||
  (spawnSync('python3', ['-c', 'import socket']).status === 0 ? false : 'needs python3');

/** A request with what matters to most tests: nothing on stdin, as long as a wait may take. */
export function request(argv: string[], more: Partial<RunRequest> = {}): RunRequest {
  return { argv, input: '', timeout: milliseconds(WAIT_LIMIT_MS), ...more };
}

export const shell = (script: string, more: Partial<RunRequest> = {}): RunRequest =>
  request(['/bin/sh', '-c', script], more);

/** A will that only runs a script. */
export const releaseOnly = (script: string, more: Partial<LastWill> = {}): LastWill => ({
  farewell: [],
  successors: [],
  keepAtMost: milliseconds(0),
  release: shell(script),
  lease: null,
  lifetime: 0,
  addresses: [],
  settings: [],
  ...more,
});

export const directory = (): string => temporaryFolder('understudy-executor-');

/** An executor of our own, with the story of its end. */
export async function start(t: TestContext, path = EXECUTOR) {
  const exits: ExecutorExit[] = [];
  const executor = await startExecutor({ path, onExit: (cause) => exits.push(cause) });
  t.after(() => executor.finish({ farewellSent: true }));
  return { executor, exits };
}

/** A FIFO, to wait for writers without looking at a clock. */
export function fifo(t: TestContext) {
  const path = join(directory(), 'fifo');
  execFileSync('mkfifo', [path]);
  return {
    path,
    /** Everything written until the last writer closed it. */
    read: (): Promise<string> =>
      within(`what is written to ${path}`, text(readerOf(t, ['cat', path]).stdout)),
    /** When somebody wrote, and when the last one who held it open is gone. */
    watch: () => {
      const { stdout } = readerOf(t, ['cat', path]);
      return {
        written: eventOf(stdout, 'data', `somebody to write to ${path}`),
        closed: eventOf(stdout, 'end', `nobody to hold ${path} open`),
      };
    },
    /** Line by line; opened for writing too, so that it does not end between two writers. */
    lines: () => {
      const reader = readerOf(t, ['/bin/sh', '-c', 'exec cat 0<> "$0"', path]);
      return linesOf(reader.stdout, path);
    },
    /** Lets that many readers of one line go, who have it open already. */
    release: (count: number): void => writeFileSync(path, '\n'.repeat(count)),
  };
}

function readerOf(t: TestContext, [program = 'cat', ...rest]: readonly string[]) {
  const reader = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => reader.kill('SIGKILL'));
  return reader;
}

export async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The executor without its agent's side: bytes in, frames out. */
export function converse(t: TestContext, argv: readonly string[] = [EXECUTOR], extraPipes = 0) {
  const [path = EXECUTOR, ...rest] = argv;
  const extra = Array.from<'pipe'>({ length: extraPipes }).fill('pipe');
  const child: ChildProcess = spawn(path, rest, { stdio: ['pipe', 'pipe', 'pipe', ...extra] });
  t.after(() => child.kill('SIGKILL'));
  const { stdin, stdout, stderr } = child;
  assert(stdin !== null && stdout !== null && stderr !== null);
  stdin.on('error', () => undefined); // EPIPE: it had heard enough
  return {
    stdin,
    frames: framesOf(stdout),
    stderr: text(stderr),
    ended: eventOf(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  };
}

async function* framesOf(stdout: Readable): AsyncGenerator<Frame, void> {
  const reader = new FrameReader();
  for await (const chunk of stdout) yield* reader.push(chunk as Buffer);
}

/** Starts a process that starts an executor, gives it the will and waits to be killed. */
export async function agent(t: TestContext, will: LastWill, options: AgentOptions = {}) {
  const script = fileURLToPath(new URL('./agent.js', import.meta.url));
  const task = { path: options.path ?? EXECUTOR, will: plain(will), run: options.run ?? null };
  const child = spawn(process.execPath, [script, JSON.stringify(task)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const stderr = text(child.stderr);
  const next = linesOf(child.stdout, 'the agent in miniature');
  const first = 'the process id of its executor';
  const executorPid = Number(await wordOf(child, first, next(first)));
  const lastWords = (): Promise<string> => within('the end of agent and executor', stderr);
  return {
    pid: child.pid ?? 0,
    executorPid,
    signal: (signal: NodeJS.Signals): boolean => child.kill(signal),
    /** Resolves when it has answered; with a lease it has renewed that. */
    alive: async (): Promise<void> => {
      child.stdin.write('?\n');
      assert.equal(await wordOf(child, 'a sign of life', next()), 'alive');
    },
    /** From now on it is within one wake-up that gets on, and has no end. */
    wakeUpLong: async (): Promise<void> => {
      child.stdin.write('long\n');
      assert.equal(await wordOf(child, 'a long wake-up', next()), 'long');
    },
    /** The next thing it says. */
    next: (): Promise<string> => next(),
    /** Why it ended. */
    ended: eventOf(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
    /** What both wrote, once the executor is gone too. */
    lastWords,
    /** SIGKILL, and the executor's last words once it is gone too. */
    kill: (): Promise<string> => {
      child.kill('SIGKILL');
      return lastWords();
    },
  };
}

interface AgentOptions {
  readonly path?: string;
  /** Still running when the agent is killed. */
  readonly run?: RunRequest;
}

const plain = (will: LastWill) => ({
  ...will,
  farewell: will.farewell.map(({ linkIndex, frame }) => ({ linkIndex, frame: [...frame] })),
});

/**
 * A network namespace with a veth pair, `va` (ours) and `vb` (the LAN), and a wire on vb that shows
 * each VRRP frame and sends what it is given. It goes away with the test.
 */
export async function namespace(t: TestContext) {
  const holder = spawn(
    'unshare',
    [...UNSHARE, '--pid', '--fork', '--kill-child', 'sh', '-c', SETUP],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  t.after(() => holder.kill('SIGKILL'));
  const index = await wordOf(holder, 'the index of va', linesOf(holder.stdout, 'the namespace')());
  const enter = ['-t', String(holder.pid), '--user', '--net', '--preserve-credentials'];
  const run = (...argv: string[]): string =>
    execFileSync('nsenter', [...enter, ...argv], { encoding: 'utf8' });
  return {
    /** Link index of va. */
    linkIndex: Number(index),
    /** What nsenter needs to enter it. */
    enter,
    run,
    /** A program that is the executor inside the namespace, for `startExecutor`. */
    executor: (...prefix: string[]): string => {
      const path = join(directory(), 'executor');
      const command = ['nsenter', ...enter, ...prefix, EXECUTOR].join(' ');
      writeFileSync(path, `#!/bin/sh\nexec ${command} "$@"\n`);
      chmodSync(path, 0o755);
      return path;
    },
    wire: () => openWire(t, enter),
  };
}

const SETUP = `
set -e
ip link add va type veth peer name vb
ip link set va up
ip link set vb up
cat /sys/class/net/va/ifindex 2>/dev/null || ip -o link show va | cut -d: -f1
exec cat >/dev/null
`;

/** Prints each VRRP frame that arrives; sends each frame it is given and says `sent`. */
const WIRE = `
import select, socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("vb", 3))
print("open", flush=True)
while True:
    for ready in select.select([wire, sys.stdin], [], [])[0]:
        if ready is wire:
            frame, address = wire.recvfrom(2048)
            if address[2] != socket.PACKET_OUTGOING and (frame[23] == 112 or frame[20] == 112):
                print(frame.hex(), flush=True)
        else:
            line = sys.stdin.readline()
            if not line: sys.exit()
            wire.send(bytes.fromhex(line))
            print("sent", flush=True)
`;
import { wordOf } from '../support/child.js';
import { temporaryFolder } from '../support/folder.js';
import { WAIT_LIMIT_MS, eventOf, linesOf, within } from '../support/limits.js';

async function openWire(t: TestContext, enter: readonly string[]) {
  const child = spawn('nsenter', [...enter, 'python3', '-u', '-c', WIRE], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const next = linesOf(child.stdout, 'the wire');
  assert.equal(await wordOf(child, 'the wire to be open', next()), 'open');
  const arrived: string[] = [];
  return {
    /** The next VRRP frame that arrived. */
    next: async (): Promise<string> => arrived.shift() ?? next(),
    /** A VRRP frame that arrived while another one was sent, if there is one. */
    heard: (): string | undefined => arrived.shift(),
    /** Resolves when the frame has left. */
    send: async (frame: Uint8Array): Promise<void> => {
      child.stdin.write(`${Buffer.from(frame).toString('hex')}\n`);
      for (let line = await next(); line !== 'sent'; line = await next()) arrived.push(line);
    },
  };
}
