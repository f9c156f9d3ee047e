// The executor as a child process: started once, spoken to over a pipe. No script is chosen here
// and no will composed; when the process is gone, requests fail and the caller is told why.
import { spawn, type ChildProcess } from 'node:child_process';
import { constants, accessSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Microseconds } from '../model/units.js';
import type { Executor, LastWill, Program, RunRequest, RunResult } from './executor.js';
import {
  PROTOCOL_VERSION,
  FrameReader,
  FrameType,
  decodeHello,
  decodeResult,
  encodeFinish,
  encodeHello,
  encodeRun,
  encodeStandby,
  encodeUntil,
  encodeWill,
  type Frame,
} from './protocol.js';

/** build/Release/executor of this package, seen from dist/src/executor. */
export const EXECUTOR_PATH = fileURLToPath(
  new URL('../../../build/Release/executor', import.meta.url),
);

/** Why the executor is gone. */
export interface ExecutorExit {
  /** True after `finish`: it did what it was asked for. */
  readonly expected: boolean;
  /** One line that can stand in a log. */
  readonly message: string;
}

interface ExecutorOptions {
  readonly path: string;
  /** Called once, when the process is gone for whatever reason; never before `startExecutor` resolved. */
  readonly onExit: (cause: ExecutorExit) => void;
  /** Gets one line about what went wrong with no request to answer for it. */
  readonly log?: (message: string) => void;
  /** The memory in which agent and executor see each other live (see kernel's Lease). */
  readonly lease?: { readonly fd: number };
  /** The agent's lease lapsed: another router is Active, and the addresses go. */
  readonly onRevoked?: () => void;
  /** Longest wait for the first answer, in milliseconds; default 5000. */
  readonly greetingTimeout?: number;
}

export interface ExecutorProcess extends Executor {
  readonly pid: number;
  /** The package version it was built from. */
  readonly version: string;
  /** Ends it at once, whatever it is doing; `reason` is then what its exit says. */
  kill(reason: string): void;
}

type Pipes = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable };

/**
 * Starts the executor and greets it. It gets a session of its own: what ends the agent's process
 * group does not end the holder of the last will.
 * @throws Error when the binary is missing or of another version; the message says what to do.
 */
export async function startExecutor(options: ExecutorOptions): Promise<ExecutorProcess> {
  requireBinary(options.path);
  const { path, lease } = options;
  const child =
    lease === undefined
      ? spawn(path, [], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
      : spawn(path, ['lease'], { detached: true, stdio: ['pipe', 'pipe', 'inherit', lease.fd] });
  // Both standard pipes are there: only a type that knows every descriptor could say so.
  const connection = new Connection(child as Pipes, options);
  await connection.greeted;
  return connection;
}

const REMEDY = 'build it with `npm run build:native`, or install the package again';

function requireBinary(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`an executable executor expected at ${path} (${code}): ${REMEDY}`, {
      cause: error,
    });
  }
}

/** One process, its requests in flight, and its end. */
class Connection implements ExecutorProcess {
  version = 'unknown';
  readonly greeted: Promise<void>;
  private readonly child: Pipes;
  private readonly options: ExecutorOptions;
  private readonly reader = new FrameReader();
  private readonly waiting = new Map<number, (result: RunResult) => void>();
  private readonly greeting = deferred();
  private readonly exited = deferred();
  private nextId = 1;
  private finishing = false;
  private killedFor: string | null = null;
  /** Set when the process is gone, or when it must not be spoken to any more. */
  private gone: string | null = null;

  constructor(child: Pipes, options: ExecutorOptions) {
    this.child = child;
    this.options = options;
    this.greeted = this.greet(options.greetingTimeout ?? 5000);
    child.stdout.on('data', (chunk: Buffer) => this.receive(chunk));
    // EPIPE when it died: its exit says so, with a cause.
    child.stdin.on('error', (error) => options.log?.(`executor's stdin: ${error.message}`));
    child.on('error', (error) => this.end(`cannot run ${options.path}: ${error.message}`));
    // 'close', not 'exit': results that lie in the pipe are read first.
    child.on('close', (code, signal) => this.end(this.killedFor ?? describeExit(code, signal)));
    child.stdin.write(encodeHello(PROTOCOL_VERSION));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  run(request: RunRequest): Promise<RunResult> {
    if (this.gone !== null || this.finishing) {
      return Promise.resolve(failed(this.gone ?? 'the executor is finishing'));
    }
    const id = this.nextId;
    this.nextId = (id % 0xffff_ffff) + 1;
    let frame: Buffer;
    try {
      frame = encodeRun(id, request);
    } catch (error) {
      return Promise.resolve(failed((error as Error).message));
    }
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.child.stdin.write(frame);
    });
  }

  /** @throws RangeError when the will is larger than the executor accepts. */
  setWill(will: LastWill | null): void {
    const frame = encodeWill(will);
    if (this.gone === null && !this.finishing) this.child.stdin.write(frame);
  }

  /** @throws RangeError when it cannot be expressed: no path, or a NUL in a text. */
  setStandby(program: Program | null): void {
    const frame = encodeStandby(program);
    if (this.gone === null && !this.finishing) this.child.stdin.write(frame);
  }

  holdUntil(until: Microseconds | null): void {
    if (this.gone === null && !this.finishing) this.child.stdin.write(encodeUntil(until));
  }

  finish(options: { readonly farewellSent: boolean }): Promise<void> {
    if (this.gone === null && !this.finishing) {
      this.finishing = true;
      this.child.stdin.write(encodeFinish(options));
    }
    return this.exited.promise;
  }

  kill(reason: string): void {
    this.killedFor = reason;
    this.child.kill('SIGKILL');
  }

  private async greet(timeout: number): Promise<void> {
    const timer = setTimeout(() => {
      this.abandon(`no answer from ${this.options.path} within ${timeout} ms`);
    }, timeout);
    try {
      await this.greeting.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  private receive(chunk: Buffer): void {
    if (this.gone !== null) return;
    try {
      for (const frame of this.reader.push(chunk)) this.handle(frame);
    } catch (error) {
      this.abandon(`${this.options.path} does not speak our protocol: ${(error as Error).message}`);
    }
  }

  private handle(frame: Frame): void {
    if (frame.type === FrameType.hello) {
      this.welcome(frame);
    } else if (frame.type === FrameType.result) {
      const result = decodeResult(frame.payload);
      this.waiting.get(frame.id)?.(result);
      this.waiting.delete(frame.id);
    } else if (frame.type === FrameType.revoked) {
      this.options.onRevoked?.();
    } else {
      this.abandon(
        `HELLO, RESULT or REVOKED expected from ${this.options.path}, type ${frame.type} found`,
      );
    }
  }

  private welcome(frame: Frame): void {
    const { protocol, version } = decodeHello(frame.payload);
    if (protocol === PROTOCOL_VERSION) {
      this.version = version;
      this.greeting.resolve();
    } else {
      this.abandon(
        `executor protocol ${PROTOCOL_VERSION} expected, ${this.options.path} speaks ${protocol}`,
      );
    }
  }

  /**
   * Ends the conversation from our side. End of file is all the executor needs: it does the will
   * and exits. One that never greeted is no executor and holds no will: it is killed.
   */
  private abandon(message: string): void {
    if (this.greeting.settled) this.child.stdin.end();
    else this.child.kill('SIGKILL');
    this.end(message);
  }

  private end(message: string): void {
    if (this.gone !== null) return;
    this.gone = message;
    const running = this.greeting.settled;
    this.greeting.reject(new Error(`${message}: ${REMEDY}`));
    for (const resolve of this.waiting.values()) resolve(failed(message));
    this.waiting.clear();
    this.exited.resolve();
    if (running) this.options.onExit({ expected: this.finishing, message });
  }
}

const failed = (message: string): RunResult => ({
  outcome: { kind: 'failed', message },
  stdout: '',
  stderr: '',
});

function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null
    ? `the executor exited with code ${code ?? 'unknown'}`
    : `the executor was killed by ${signal}`;
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly settled: boolean;
  resolve(): void;
  reject(error: Error): void;
}

function deferred(): Deferred {
  let settle: { resolve: () => void; reject: (error: Error) => void } | null = null;
  let settled = false;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // The one who awaits it sees the rejection; a promise nobody awaits must not end the process.
  promise.catch(() => undefined);
  return {
    promise,
    get settled() {
      return settled;
    },
    resolve() {
      settled = true;
      settle?.resolve();
    },
    reject(error) {
      settled = true;
      settle?.reject(error);
    },
  };
}
