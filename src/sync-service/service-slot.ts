// The sync service in use: started when something needs it, replaced when it dies. Its death costs the step of the
// settings, never the role. Nothing is decided here.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { encodeLine, lineReader } from '../json/lines.js';
import { ENGINE_OPTIONS } from '../engine/options.js';
import type { FromService, ToService } from './service-protocol.js';

/** Program and arguments. */
export const SERVICE_COMMAND: readonly string[] = [
  process.execPath,
  ...ENGINE_OPTIONS,
  fileURLToPath(new URL('service.js', import.meta.url)),
];

export interface ServiceSlotOptions {
  readonly onMessage: (message: Exclude<FromService, { kind: 'alive' }>) => void;
  /** One was started: it knows nothing yet. `again`: another one has ended. */
  readonly onStarted: (again: boolean) => void;
  /** It ended unasked; another one is started after a while. */
  readonly onLost: (message: string) => void;
  /** For tests. */
  readonly command?: readonly string[];
}

const FIRST_RESTART_MS = 1_000;
const LONGEST_RESTART_MS = 30_000;
/** After a life this long, the next wait is the first again. */
const HEALTHY_AFTER_MS = 60_000;
/** One that says nothing for so long hangs, and is killed. */
const SILENCE_LIMIT_MS = 15_000;
/** One told to end. */
const PATIENCE_MS = 2_000;
const KEPT_STDERR = 2_000;

type Child = ChildProcess & {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

export class ServiceSlot {
  readonly #options: ServiceSlotOptions;
  #child: Child | null = null;
  #startedAt = 0;
  #heardAt = 0;
  #started = false;
  #restartMs = FIRST_RESTART_MS;
  #restart: NodeJS.Timeout | null = null;
  #silence: NodeJS.Timeout | null = null;
  #ending: Promise<void> = Promise.resolve();

  constructor(options: ServiceSlotOptions) {
    this.#options = options;
  }

  /** Whether there is one, or will be. */
  get wanted(): boolean {
    return this.#child !== null || this.#restart !== null;
  }

  get running(): boolean {
    return this.#child !== null;
  }

  /** Undefined while none runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts one after a while, unless there is one. A start stops the caller's loop for a millisecond. */
  start(afterMs: number): void {
    if (this.wanted) return;
    this.#restart = setTimeout(() => this.#spawn(), afterMs);
  }

  /** What is sent while none runs is lost: `onStarted` says all that it needs. */
  send(message: ToService): void {
    this.#child?.stdin.write(encodeLine(message));
  }

  /** Resolves when it is gone. No callback any more. */
  end(): Promise<void> {
    if (this.#restart !== null) clearTimeout(this.#restart);
    if (this.#silence !== null) clearInterval(this.#silence);
    this.#restart = null;
    this.#started = false;
    const child = this.#child;
    this.#child = null;
    if (child !== null) {
      child.stdin.end();
      setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS).unref();
    }
    return this.#ending;
  }

  #spawn(): void {
    this.#restart = null;
    const [program = '', ...words] = this.#options.command ?? SERVICE_COMMAND;
    let child: Child;
    try {
      child = spawn(program, words, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    } catch (error) {
      return this.#lose((error as Error).message);
    }
    this.#child = child;
    this.#startedAt = performance.now();
    this.#heardAt = this.#startedAt;
    this.#follow(child);
    this.#silence = setInterval(() => this.#listen(child), SILENCE_LIMIT_MS / 3);
    const again = this.#started;
    this.#started = true;
    this.#options.onStarted(again);
  }

  #follow(child: Child): void {
    let stderr = '';
    let ended = (): void => undefined;
    this.#ending = new Promise((resolve) => (ended = resolve));
    const read = lineReader((message) => this.#receive(child, message as FromService));
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      try {
        read(text);
      } catch {
        child.kill('SIGKILL');
      }
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => (stderr = (stderr + text).slice(-KEPT_STDERR)));
    // EPIPE when it died: its end says so.
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      stream.on('error', () => undefined);
    }
    let over = false;
    const conclude = (cause: string): void => {
      if (over) return;
      over = true;
      ended();
      if (this.#child !== child) return;
      this.#child = null;
      if (this.#silence !== null) clearInterval(this.#silence);
      this.#lose(cause);
    };
    child.on('error', (error) => conclude(error.message));
    child.on('close', (code, signal) => {
      const said = stderr.trim().split('\n', 1)[0] ?? '';
      const end = signal === null ? `exit ${code}` : `killed by ${signal}`;
      conclude(said === '' ? end : `${end}: ${said}`);
    });
  }

  #receive(child: Child, message: FromService): void {
    if (child !== this.#child) return;
    this.#heardAt = performance.now();
    if (message.kind !== 'alive') this.#options.onMessage(message);
  }

  /** After a stall of our own, what it said meanwhile still waits to be read. */
  #listen(child: Child): void {
    setImmediate(() => {
      if (performance.now() - this.#heardAt > SILENCE_LIMIT_MS) child.kill('SIGKILL');
    });
  }

  #lose(cause: string): void {
    if (performance.now() - this.#startedAt >= HEALTHY_AFTER_MS) this.#restartMs = FIRST_RESTART_MS;
    const wait = this.#restartMs;
    this.#restartMs = Math.min(wait * 2, LONGEST_RESTART_MS);
    this.#restart = setTimeout(() => this.#spawn(), wait);
    this.#options.onLost(`the sync service ended: ${cause}; another one in ${wait} ms`);
  }
}
