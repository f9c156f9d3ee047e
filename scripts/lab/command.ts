// Runs short commands and keeps the lines of long ones. No knowledge of what they do.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { now } from './clock.js';

export interface Completed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end.
 * @throws Error naming the command, its exit status and its stderr when the status is not 0.
 */
export async function run(argv: readonly string[], input = ''): Promise<Completed> {
  const result = await attempt(argv, input);
  succeeded(argv, result);
  return result;
}

function succeeded(argv: readonly string[], { code, stderr }: Completed): void {
  if (code === 0) return;
  throw new Error(`${argv.join(' ')}: expected exit status 0, found ${code}: ${stderr.trim()}`);
}

/** Runs a command to its end, whatever its status. Rejects only when it cannot be started. */
export const attempt = (argv: readonly string[], input = ''): Promise<Completed> =>
  begin(argv, input)();

/**
 * Starts a command that acts when it has read all of its input, and keeps the end of that back.
 * @returns what lets go of it, and resolves when it has ended.
 * @throws Error from that, as `run` does.
 */
export function held(argv: readonly string[], input: string): () => Promise<void> {
  const release = begin(argv, input);
  return async () => succeeded(argv, await release());
}

function begin(argv: readonly string[], input: string): () => Promise<Completed> {
  const [command = '', ...rest] = argv;
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A command may end without reading its input: that is its right.
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  const done = new Promise<Completed>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 128, stdout, stderr }));
  });
  // Whoever lets go of it learns of that.
  done.catch(() => {});
  return () => {
    child.stdin.end();
    return done;
  };
}

export interface LogLine {
  /** When the line was read, on the lab's clock. */
  readonly at: number;
  readonly text: string;
}

/** The lines a long-running command prints, bounded, with a call for each. */
export class LineLog {
  readonly lines: LogLine[] = [];
  readonly #limit = 20_000;

  readonly #onLine: (line: LogLine) => void;

  constructor(onLine: (line: LogLine) => void) {
    this.#onLine = onLine;
  }

  follow(stream: Readable): void {
    createInterface({ input: stream }).on('line', (text) => this.add(text));
  }

  add(text: string): void {
    const line = { at: now(), text };
    if (this.lines.length < this.#limit) this.lines.push(line);
    this.#onLine(line);
  }
}

/** Resolves when the process has ended, also when it has already. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
