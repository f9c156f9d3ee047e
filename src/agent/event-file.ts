// events.jsonl: appended in the background, bounded in memory and on disk. A disk that is full or
// read-only costs records, never the role.
import { appendFile, rename, stat } from 'node:fs/promises';
import type { EventRecord } from '../model/status.js';

const MAXIMUM_QUEUED = 4_096;
const MAXIMUM_BYTES = 8 * 1024 * 1024;

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

  const writeAll = async (): Promise<void> => {
    // The caller must have `writing` before this can reset it.
    await Promise.resolve();
    while (queue.length > 0) {
      const lines = queue;
      queue = [];
      try {
        await rotateWhenLarge(path);
        await appendFile(path, lines.join(''), { mode: 0o640 });
        failure = null;
      } catch (error) {
        dropped += lines.length;
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
