// A file that is rewritten in the background, as a whole: the newest text wins, and what could not be written is
// tried again. Nothing about what stands in it.
import { stat } from 'node:fs/promises';
import { laterIdly, type Later } from '../timers/later.js';
import { atomicWriteFile } from './atomic-write.js';

/** Somebody else may have removed it. */
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * A file rewritten in the background: the newest text wins, one write at a time. A text that could not be written
 * is tried again until the file holds it.
 */
export interface BackgroundFile {
  write(text: string): void;
  /** Why the file does not hold what it should; null as soon as it does. */
  problem(): string | null;
  /** Resolves when the newest text has been written, or could not be: it is tried at once. */
  flush(): Promise<void>;
  /** Writes nothing any more: resolves when nothing is under way. */
  abandon(): Promise<void>;
}

/** What replaces a file as a whole, or rejects: `atomicWriteFile`, or a test's. */
export type ReplaceFile = (
  path: string,
  text: string,
  options: { readonly mode: number; readonly durable: boolean; readonly followsLink: boolean },
) => Promise<void>;

interface BackgroundOptions {
  readonly replace?: ReplaceFile | undefined;
  readonly later?: Later;
  /** Default 0o640. */
  readonly mode?: number;
  /** Whether a symbolic link in its place is followed; default true. */
  readonly followsLink?: boolean;
  /** Called when `problem` begins, ends, or is another. */
  readonly onProblem?: () => void;
}

/** From a failed write to the next attempt, in ms. */
export const WRITE_AGAIN_MS = 1_000;

export function createBackgroundFile(
  path: string,
  durable: boolean,
  options: BackgroundOptions = {},
): BackgroundFile {
  const { replace = atomicWriteFile, later = laterIdly, onProblem } = options;
  const { mode = 0o640, followsLink = true } = options;
  let wanted: string | null = null;
  let written: string | null = null;
  let failure: string | null = null;
  let writing: Promise<void> | null = null;
  let abandoned = false;
  /** Ends the wait for the next attempt; null while there is none. */
  let stopWaiting: (() => void) | null = null;

  const settle = (problem: string | null): void => {
    const news = problem !== failure;
    failure = problem;
    if (news) onProblem?.();
  };

  const writeAll = async (): Promise<void> => {
    stopWaiting?.();
    stopWaiting = null;
    // The caller must have `writing` before this can reset it, also when nothing is to be written.
    await Promise.resolve();
    while (wanted !== null) {
      const text: string = wanted;
      wanted = null;
      try {
        if (text !== written || !(await exists(path))) {
          await replace(path, text, { mode, durable, followsLink });
        }
        written = text;
        settle(null);
      } catch (error) {
        // What the file holds now, if there still is one, nobody knows: any text is news to it.
        written = null;
        settle(`${path}: ${(error as Error).message}`);
        if (abandoned) break;
        if (wanted === null) {
          wanted = text;
          break;
        }
      }
    }
    writing = null;
    if (wanted === null) return;
    stopWaiting = later(WRITE_AGAIN_MS, () => {
      writing ??= writeAll();
    });
  };

  return {
    write: (text) => {
      if (abandoned) return;
      wanted = text;
      writing ??= writeAll();
    },
    problem: () => failure,
    flush: async () => {
      if (stopWaiting !== null) writing ??= writeAll();
      await writing;
    },
    abandon: async () => {
      wanted = null;
      abandoned = true;
      stopWaiting?.();
      stopWaiting = null;
      await writing;
    },
  };
}
