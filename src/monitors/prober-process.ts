// The prober as a child process: one life of it, from start to end. Whether there is another one
// afterwards is for its owner to say.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterPendingInput, explain, oneLine } from './probe.js';
import { encodeMessage, messageReader, type FromProber, type ToProber } from './prober-protocol.js';
import { BUILD } from '../model/build.js';
import { ENGINE_OPTIONS } from '../engine/options.js';
import { killGroup } from './process-group.js';

export type ProberReport = Extract<FromProber, { readonly kind: 'report' }>;
export type WitnessReport = Extract<FromProber, { readonly kind: 'witness' }>;

/** Program and arguments. The last tells a prober of another build that it is not the agent's. */
export const PROBER_COMMAND: readonly string[] = [
  process.execPath,
  ...ENGINE_OPTIONS,
  fileURLToPath(new URL('prober.js', import.meta.url)),
  BUILD,
];

interface ProberProcessOptions {
  readonly command: readonly string[];
  /** A prober that says nothing for so long hangs and is killed. */
  readonly silenceLimitMs: number;
  readonly onReport: (report: ProberReport) => void;
  readonly onWitness: (report: WitnessReport) => void;
  /** Called once, when the process is gone and nothing it started is left. Says why it ended. */
  readonly onEnd: (cause: string) => void;
}

export interface ProberProcess {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  send(message: ToProber): void;
  /** Asks it to end, and kills it when it does not. `onEnd` follows. */
  end(): void;
}

type Child = ChildProcess & {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
};

/** A prober told to end needs a moment to kill its scripts. */
const PATIENCE_MS = 2_000;
/** After an upgrade that left the agent running: what lies on the disk may speak otherwise. */
const FOREIGN =
  'it is of another program than this agent, installed since its start; systemctl restart understudy, when a peer is fit and sound';
/** What it has said last on standard error, for the cause of its end. */
const KEPT_STDERR = 4_096;

/**
 * Starts a prober. Spawning stops the caller's loop for about a millisecond, seldom for 17: not
 * something to do while a role changes hands.
 */
export function startProber(options: ProberProcessOptions): ProberProcess {
  return new Prober(options);
}

class Prober implements ProberProcess {
  readonly #options: ProberProcessOptions;
  readonly #child: Child | null;
  readonly #groups = new Set<number>();
  #stderr = '';
  /** Why we are ending it; null while we are not. */
  #verdict: string | null = null;
  #ended = false;
  #heard = false;
  /** What is to be said once it has said that it is of our build; null since then. */
  #unsaid: ToProber[] | null = [];
  readonly #silence: NodeJS.Timeout;
  #patience: NodeJS.Timeout | null = null;

  constructor(options: ProberProcessOptions) {
    this.#options = options;
    this.#silence = setInterval(() => this.#listen(), options.silenceLimitMs);
    this.#child = this.#spawn();
    if (this.#child !== null) this.#follow(this.#child);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  send(message: ToProber): void {
    if (this.#ended || this.#verdict !== null) return;
    // A prober that says nothing, or does not read, is killed for its silence before much can queue.
    if (this.#unsaid === null) this.#child?.stdin.write(encodeMessage(message));
    else this.#unsaid.push(message);
  }

  end(): void {
    if (this.#verdict !== null) return;
    this.#verdict = 'it was told to';
    this.#child?.stdin.end();
    this.#patience = setTimeout(() => this.#child?.kill('SIGKILL'), PATIENCE_MS);
  }

  #spawn(): Child | null {
    const [program = '', ...words] = this.#options.command;
    try {
      // A session of its own: what ends the agent's process group leaves it to the agent to end it.
      return spawn(program, words, {
        detached: true,
        env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    } catch (error) {
      // Not before the caller has what this constructor makes.
      setImmediate(() => this.#conclude(`it cannot be started: ${explain(error)}`));
      return null;
    }
  }

  #follow(child: Child): void {
    const read = messageReader((message) => this.#receive(message as FromProber));
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      try {
        read(text);
      } catch (error) {
        this.#kill(`it does not speak our protocol: ${explain(error)}`);
      }
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
    // EPIPE when it died: its end says so, with a cause.
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      stream.on('error', () => undefined);
    }
    child.on('error', (error) => this.#conclude(`it cannot be started: ${explain(error)}`));
    // 'close', not 'exit': the last groups it started may be told in what is still to be read.
    child.on('close', (code, signal) => this.#conclude(this.#describeEnd(code, signal)));
  }

  #receive(message: FromProber): void {
    this.#heard = true;
    if (message.kind === 'hello') {
      this.#greet(message.build);
    } else if (this.#unsaid !== null) {
      this.#kill(`it does not speak our protocol: ${FOREIGN}`);
    } else if (message.kind === 'report') {
      if (this.#verdict === null) this.#options.onReport(message);
    } else if (message.kind === 'witness') {
      if (this.#verdict === null) this.#options.onWitness(message);
    } else if (message.running) {
      this.#groups.add(message.group);
    } else {
      this.#groups.delete(message.group);
    }
  }

  #greet(build: string): void {
    if (build !== BUILD) return this.#kill(FOREIGN);
    const unsaid = this.#unsaid ?? [];
    this.#unsaid = null;
    for (const message of unsaid) this.send(message);
  }

  /** After a stall of our own, what it said meanwhile still waits to be read. */
  #listen(): void {
    if (this.#heard) {
      this.#heard = false;
      return;
    }
    afterPendingInput(() => {
      if (this.#heard) return;
      this.#kill(`it was silent for ${this.#options.silenceLimitMs} ms`);
    });
  }

  #kill(verdict: string): void {
    this.#verdict ??= verdict;
    this.#child?.kill('SIGKILL');
  }

  #describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#verdict !== null) return this.#verdict;
    const end = signal === null ? `exit ${code}` : `killed by ${signal}`;
    const said = oneLine(this.#stderr);
    return said === '' ? end : `${end}: ${said}`;
  }

  #conclude(cause: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#silence);
    if (this.#patience !== null) clearTimeout(this.#patience);
    for (const group of this.#groups) killGroup(group);
    this.#options.onEnd(cause);
  }
}
