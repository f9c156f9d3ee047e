// Hooks that root runs for the agent: `call` is the agent's end of the socket, `serve` is root's, one
// process a call. No hardware, no policy but root's own: what stands in /etc/understudy-hooks may run.
import { spawn } from 'node:child_process';
import { constants, lstatSync, readlinkSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { constants as system } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { buffer } from 'node:stream/consumers';

const SOCKET = '/run/understudy-hooks.sock';
const PROGRAMS = '/etc/understudy-hooks';
const FAILED = 1;
const USAGE = 2;

/** More variables would let the agent choose what root runs: hooks read paths and commands from theirs. */
const PASSED = [
  'NAME',
  'REASON',
  'EVENT_ID',
  'FLAPS',
  'DEADLINE_MS',
  'FAILED',
  'OK',
  'UNKNOWN',
].map((word) => `UNDERSTUDY_${word}`);

/** A frame is a length in four bytes, the highest first, and that many bytes of JSON. */
const LONGEST_FRAME = 1024 * 1024;
/** What is kept of stdout and of stderr; the agent reads far less. */
const KEPT = 64 * 1024;
const MOST_LINKS = 16;
const PIPE_GRACE_MS = 250;

interface Call {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Base64, as below. */
  readonly input: string;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function frameOf(value: Call | Outcome): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** The one frame the other end sends. @throws Error when it ends before, sends too much or no JSON. */
async function readFrame(socket: Socket): Promise<unknown> {
  let read = Buffer.alloc(0);
  const body = await new Promise<string>((resolve, reject) => {
    socket.on('data', (piece: Buffer) => {
      read = Buffer.concat([read, piece]);
      const length = read.length < 4 ? 0 : read.readUInt32BE();
      if (length > LONGEST_FRAME) reject(new Error(`a frame of ${length} bytes`));
      else if (read.length >= 4 + length && read.length >= 4) {
        resolve(read.toString('utf8', 4, 4 + length));
      }
    });
    socket.once('close', () => reject(new Error('the connection ended before an answer')));
  });
  return JSON.parse(body) as unknown;
}

/* --- the agent's end ------------------------------------------------------------------------- */

async function call(words: readonly string[]): Promise<number> {
  const input = await buffer(process.stdin);
  const environment = Object.fromEntries(
    PASSED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const socket = connect({ path: SOCKET });
  const failed = new Promise<never>((_, reject) => {
    socket.once('error', (error: Error & { code?: string }) =>
      reject(
        new Error(
          `expected the hook service at ${SOCKET}, found ${error.code ?? error.message}: ` +
            'systemctl enable --now understudy-hooks.socket, and run as the user understudy',
        ),
      ),
    );
  });
  socket.write(frameOf({ arguments: words, environment, input: input.toString('base64') }));
  const outcome = (await Promise.race([readFrame(socket), failed])) as Outcome;
  process.stdout.write(Buffer.from(outcome.stdout, 'base64'));
  process.stderr.write(Buffer.from(outcome.stderr, 'base64'));
  socket.destroy();
  return outcome.code;
}

/* --- root's end ------------------------------------------------------------------------------ */

async function serve(): Promise<number> {
  const socket = new Socket({ fd: 0, readable: true, writable: true });
  socket.on('error', () => undefined);
  try {
    const asked = checkedCall(await readFrame(socket));
    const path = trustedProgram(join(PROGRAMS, programFor(asked)));
    return await answer(socket, await runProgram(path, asked, socket));
  } catch (error) {
    const stderr = Buffer.from(`understudy-hooks: ${(error as Error).message}\n`);
    process.stderr.write(stderr);
    return answer(socket, { code: FAILED, stdout: '', stderr: stderr.toString('base64') });
  }
}

function answer(socket: Socket, outcome: Outcome): Promise<number> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve(0));
    socket.end(frameOf(outcome), () => resolve(0));
  });
}

/**
 * The transition hook is called with keepalived's arguments, the other two with a word alike, the
 * bypass hook with a verb of its own.
 */
function programFor({ arguments: [first] }: Call): string {
  if (first === 'INSTANCE') return 'transition';
  if (first === 'BEFORE') return 'before-active';
  return first === 'MONITOR' ? 'monitor' : 'bypass';
}

function checkedCall(value: unknown): Call {
  const { arguments: words, environment, input } = value as Partial<Call>;
  const texts = (list: unknown): boolean =>
    Array.isArray(list) && list.every((one) => typeof one === 'string' && !one.includes('\0'));
  if (!texts(words) || typeof input !== 'string' || typeof environment !== 'object') {
    throw new Error('a call expected: arguments, environment, input; found something else');
  }
  const passed = Object.entries(environment).filter(([name]) => PASSED.includes(name));
  if (!texts(passed.map(([, text]) => text))) throw new Error('an environment of texts expected');
  return { arguments: words ?? [], environment: Object.fromEntries(passed), input };
}

/**
 * The program a path leads to, when nobody but root can change it or what leads to it.
 * @throws Error that says which part is not root's alone.
 */
function trustedProgram(path: string): string {
  let at = '/';
  let ahead = path.split('/');
  let links = 0;
  while (ahead.length > 0) {
    const [name = '', ...rest] = ahead;
    ahead = rest;
    if (name === '' || name === '.') continue;
    const here = name === '..' ? dirname(at) : join(at, name);
    const found = lstatSync(here, { throwIfNoEntry: false });
    if (found === undefined)
      throw new Error(`a program expected at ${here}, found none: put it there`);
    if (found.isSymbolicLink() && found.uid === 0) {
      links += 1;
      if (links > MOST_LINKS) throw new Error(`${path}: more than ${MOST_LINKS} links`);
      const target = readlinkSync(here);
      if (target.startsWith('/')) at = '/';
      ahead = [...target.split('/'), ...rest];
      continue;
    }
    if (found.uid !== 0 || (found.mode & 0o022) !== 0) {
      throw new Error(
        `${here}: expected to be root's, writable by nobody else; found owner ${found.uid}, ` +
          `mode ${(found.mode & 0o7777).toString(8)}: chown root:root, chmod go-w`,
      );
    }
    at = here;
  }
  const program = lstatSync(at);
  if (program.isFile() && (program.mode & constants.S_IXUSR) !== 0) return at;
  throw new Error(`an executable file expected at ${at}: chmod +x`);
}

function runProgram(path: string, asked: Call, socket: Socket): Promise<Outcome> {
  // A group of its own: it ends as a whole, with whatever it has started.
  const child = spawn(path, asked.arguments, {
    env: { ...process.env, ...asked.environment },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const endGroup = (): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, 'SIGKILL');
  };
  // The agent's end is killed at the deadline: then nobody waits any more.
  socket.once('close', endGroup);
  const output = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (piece: Buffer) => {
      output[name] = Buffer.concat([output[name], piece]).subarray(0, KEPT);
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(Buffer.from(asked.input, 'base64'));
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`${path} cannot be started: ${error.message}`)),
    );
    const finish = (): void =>
      resolve({
        code: child.exitCode ?? 128 + (child.signalCode ? system.signals[child.signalCode] : 0),
        stdout: output.stdout.toString('base64'),
        stderr: output.stderr.toString('base64'),
      });
    child.once('close', finish);
    // A grandchild may hold the pipes for ever: what is there by then is the answer.
    child.once('exit', () => setTimeout(finish, PIPE_GRACE_MS));
  });
}

/* --------------------------------------------------------------------------------------------- */

async function main([verb, ...words]: readonly string[]): Promise<void> {
  if (verb === 'call') process.exitCode = await call(words);
  else if (verb === 'serve') process.exit(await serve());
  else {
    process.stderr.write(
      'privileged-hook: call ARGUMENT... or serve expected; see docs/HOOKS.md\n',
    );
    process.exitCode = USAGE;
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`privileged-hook: ${(error as Error).message}\n`);
  process.exitCode = FAILED;
});
