// Whoever waits for the word of a child process learns of its end instead, when that comes first. No tests in here.
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { until, within } from './limits.js';

/** Its last words come before its streams are closed; but who else holds them open may live on for long. */
const LAST_WORDS_MS = 500;

const ends = new WeakMap<ChildProcess, Promise<never>>();

/**
 * Rejects when the child has ended, or could not be started, with its exit code or signal and the end of what
 * it wrote to its standard error (where that is a pipe: else whoever runs the test has seen it). Never resolves.
 */
export function endOf(child: ChildProcess): Promise<never> {
  const known = ends.get(child);
  if (known !== undefined) return known;
  let said = '';
  child.stderr?.on('data', (piece: Buffer | string) => (said += piece.toString()));
  const end = new Promise<never>((_, reject) => {
    const tell = (): void => {
      const { exitCode, signalCode, spawnargs } = child;
      const how = signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`;
      const words = [`the process ended ${how}: ${spawnargs.join(' ')}`, said.slice(-2_000)];
      reject(new Error(words.filter((text) => text !== '').join('\n')));
    };
    const last = (): void => {
      const timer = setTimeout(tell, LAST_WORDS_MS);
      child.once('close', () => {
        clearTimeout(timer);
        tell();
      });
    };
    child.once('error', reject);
    if (child.exitCode === null && child.signalCode === null) child.once('exit', last);
    else last();
  });
  // Nobody may be waiting for anything when it ends.
  end.catch(() => undefined);
  ends.set(child, end);
  return end;
}

/**
 * What the child says next, by `word`.
 * @throws Error with what was expected when the child ends instead, or says nothing up to the limit.
 */
export function wordOf<T>(
  child: ChildProcess,
  expected: string,
  word: Promise<T>,
  lastSeen?: () => unknown,
): Promise<T> {
  const end = endOf(child).catch((error: Error): never => {
    throw new Error(`expected ${expected}; found: ${error.message}`);
  });
  return within(expected, Promise.race([word, end]), lastSeen);
}

/** All that one stream of a child has said so far. */
export class Words {
  text = '';
  #end: Error | null = null;

  constructor(child: ChildProcess, stream: Readable) {
    stream.on('data', (piece: Buffer | string) => (this.text += piece.toString()));
    endOf(child).catch((end: Error) => (this.#end = end));
  }

  /** @throws Error with what was expected when the child ends without having said it, or at the limit. */
  async until(expected: string, fits: (text: string) => boolean): Promise<string> {
    const look = (): string => {
      if (this.#end === null || fits(this.text)) return this.text;
      throw new Error(`expected ${expected}; found: ${this.#end.message}\n${this.text}`);
    };
    return until(expected, look, fits, 1);
  }
}
