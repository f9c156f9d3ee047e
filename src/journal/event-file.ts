// events.jsonl: appended in the background, bounded in memory and on disk. A disk that is full or
// read-only costs records, never the role.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { appendFile, open, rename, stat } from 'node:fs/promises';
import { isEventRecord, type EventRecord } from '../model/status.js';
import { laterIdly, type Later } from '../timers/later.js';

const MAXIMUM_QUEUED = 4_096;
const MAXIMUM_BYTES = 8 * 1024 * 1024;
/** Read of each file at a start, from its end: more than a thousand records of usual length. */
const TAIL_BYTES = 512 * 1024;

export interface EventFile {
  append(record: EventRecord): void;
  /** What is wrong with the file, for health; null when nothing is. */
  problem(): string | null;
  /** Resolves when everything queued so far has been written, or could not be: it is tried at once. */
  flush(): Promise<void>;
}

interface EventFileOptions {
  readonly later?: Later;
  /** Called when `problem` begins or ends. */
  readonly onProblem?: () => void;
  /** Replaces appendFile of node:fs/promises. For tests, whose disk is full. */
  readonly append?: (path: string, text: string, options: { mode: number }) => Promise<void>;
}

/** From a failed write to the next attempt, in ms. */
export const APPEND_AGAIN_MS = 1_000;

/**
 * Opens the file lazily; at 8 MiB it becomes `<path>.1`, replacing the one before. What could not be written waits
 * and is tried again; of more than 4096 lines the oldest are lost, which the file says itself once it can.
 */
export function createEventFile(path: string, options: EventFileOptions = {}): EventFile {
  return new Appender(path, options);
}

class Appender implements EventFile {
  readonly #path: string;
  readonly #options: EventFileOptions;
  #queue: string[] = [];
  #lost = 0;
  #failure: string | null = null;
  #writing: Promise<void> | null = null;
  /** Ends the wait for the next attempt; null while there is none. */
  #stopWaiting: (() => void) | null = null;
  /** The last line may have been cut off: by a power failure, or when the disk was full. */
  #cut = true;

  constructor(path: string, options: EventFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  append(record: EventRecord): void {
    this.#queue.push(lineOf(record));
    this.#bound();
    if (this.#stopWaiting === null) void this.#write();
  }

  problem(): string | null {
    if (this.#failure === null) return null;
    const lost = this.#lost === 0 ? '' : `, ${this.#lost} are lost`;
    return `${this.#failure} (${this.#queue.length} events wait${lost})`;
  }

  async flush(): Promise<void> {
    if (this.#stopWaiting !== null) void this.#write();
    await this.#writing;
  }

  #write(): Promise<void> {
    return (this.#writing ??= this.#writeAll());
  }

  async #writeAll(): Promise<void> {
    this.#stopWaiting?.();
    this.#stopWaiting = null;
    // The caller must have `#writing` before this can reset it.
    await Promise.resolve();
    let failure: string | null = null;
    while (this.#queue.length > 0 && failure === null) {
      const lines = this.#queue;
      this.#queue = this.#lost === 0 ? [] : [this.#takeLoss()];
      failure = await this.#appendAll(lines);
    }
    this.#writing = null;
    if (failure !== null) {
      const { later = laterIdly } = this.#options;
      this.#stopWaiting = later(APPEND_AGAIN_MS, () => void this.#write());
    }
    const news = (failure === null) !== (this.#failure === null);
    this.#failure = failure;
    if (news) this.#options.onProblem?.();
  }

  /** What could not be written goes back to the head of the queue. @returns why, or null. */
  async #appendAll(lines: readonly string[]): Promise<string | null> {
    const { append = appendFile } = this.#options;
    let before: number | null = null;
    try {
      await rotateWhenLarge(this.#path);
      const mend = this.#cut && (await endsWithin(this.#path)) ? '\n' : '';
      this.#cut = true;
      before = (await sizeOf(this.#path)) + mend.length;
      await append(this.#path, `${mend}${lines.join('')}`, { mode: 0o640 });
      this.#cut = false;
      return null;
    } catch (error) {
      const there = before === null ? 0 : (await sizeOf(this.#path)) - before;
      this.#queue = [...withoutFirst(lines, there), ...this.#queue];
      this.#bound();
      return `${this.#path}: ${(error as Error).message}`;
    }
  }

  #bound(): void {
    const beyond = this.#queue.length - MAXIMUM_QUEUED;
    if (beyond <= 0) return;
    this.#queue.splice(0, beyond);
    this.#lost += beyond;
  }

  /** Written behind what waited, which is newer than what is lost. */
  #takeLoss(): string {
    const detail = `${this.#lost} events of before could not be written and are lost`;
    this.#lost = 0;
    const time = new Date().toISOString();
    return lineOf({ time, event: 'events-lost', reason: 'file', detail });
  }
}

const lineOf = (record: EventRecord): string => `${JSON.stringify(record)}\n`;

/** The lines that `bytes` of them, already in the file, do not hold as a whole. */
function withoutFirst(lines: readonly string[], bytes: number): readonly string[] {
  let left = bytes;
  const first = lines.findIndex((line) => (left -= Buffer.byteLength(line)) < 0);
  return first === -1 ? [] : lines.slice(first);
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (found) => found.size,
    () => 0,
  );

async function rotateWhenLarge(path: string): Promise<void> {
  if ((await sizeOf(path)) > MAXIMUM_BYTES) await rename(path, `${path}.1`);
}

/** Whether the file ends within a line. */
async function endsWithin(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { size } = await file.stat();
    if (size === 0) return false;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer.toString() !== '\n';
  } finally {
    await file.close();
  }
}

/**
 * What earlier agents have written last, oldest first: at most `limit` records, from this file and
 * the one before it. Lines that are no records are passed over; without a file there are none.
 */
export function readEventTail(path: string, limit: number): EventRecord[] {
  const records = recordsAtEnd(path);
  const former = records.length < limit ? recordsAtEnd(`${path}.1`) : [];
  return [...former, ...records].slice(-limit);
}

function recordsAtEnd(path: string): EventRecord[] {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(file);
    const from = Math.max(0, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - from);
    const length = readSync(file, bytes, 0, bytes.length, from);
    const lines = bytes.toString('utf8', 0, length).split('\n');
    // The first may be the rest of a longer one.
    return (from === 0 ? lines : lines.slice(1)).flatMap(recordOf);
  } catch {
    return [];
  } finally {
    closeSync(file);
  }
}

function recordOf(line: string): EventRecord[] {
  try {
    const value: unknown = JSON.parse(line);
    return isEventRecord(value) ? [value] : [];
  } catch {
    return [];
  }
}
