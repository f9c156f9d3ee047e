// events.jsonl: appended in the background, bounded in memory and on disk. A disk that is full or
// read-only costs records, never the role.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { appendFile, open, rename, stat } from 'node:fs/promises';
import { isEventRecord } from '../control/event-call.js';
import type { EventRecord } from '../model/status.js';

const MAXIMUM_QUEUED = 4_096;
const MAXIMUM_BYTES = 8 * 1024 * 1024;
/** Read of each file at a start, from its end: more than a thousand records of usual length. */
const TAIL_BYTES = 512 * 1024;

export interface EventFile {
  append(record: EventRecord): void;
  /** What is wrong with the file, for health; null when nothing is. */
  problem(): string | null;
  /** Resolves when everything queued so far has been written or given up. */
  flush(): Promise<void>;
}

/** Opens the file lazily; at 8 MiB it becomes `<path>.1`, replacing the one before. */
export function createEventFile(path: string): EventFile {
  let queue: string[] = [];
  let dropped = 0;
  let failure: string | null = null;
  let writing: Promise<void> | null = null;
  /** The last line may have been cut off: by a power failure, or when the disk was full. */
  let cut = true;

  const writeAll = async (): Promise<void> => {
    // The caller must have `writing` before this can reset it.
    await Promise.resolve();
    while (queue.length > 0) {
      const lines = queue;
      queue = [];
      try {
        await rotateWhenLarge(path);
        if (cut && (await endsWithin(path))) lines.unshift('\n');
        cut = true;
        await appendFile(path, lines.join(''), { mode: 0o640 });
        cut = false;
        failure = null;
      } catch (error) {
        dropped += lines.filter((line) => line !== '\n').length;
        failure = `${path}: ${(error as Error).message}`;
      }
    }
    writing = null;
  };

  return {
    append: (record) => {
      if (queue.length >= MAXIMUM_QUEUED) dropped += 1;
      else queue.push(`${JSON.stringify(record)}\n`);
      writing ??= writeAll();
    },
    problem: () => (failure === null ? null : `${failure} (${dropped} events lost)`),
    flush: async () => {
      await writing;
    },
  };
}

async function rotateWhenLarge(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAXIMUM_BYTES) await rename(path, `${path}.1`);
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
