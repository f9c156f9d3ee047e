// Text to a descriptor in the background: bounded, and never waited for. Not pino's own destination:
// its last flush, at the end of the process, never returns once the reader has gone or stalls, and a
// process that cannot end keeps its addresses. No formatting.
import { write, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/** A pipe that is full is tried again this much later. */
const RETRY_MS = 100;
const NOTHING = Buffer.alloc(0);

export interface LogStream {
  /** Queues the text; drops it when the reader is too far behind. */
  write(text: string): void;
  /** Resolves when everything is written, or after `deadlineMs`; what is left then is dropped. */
  close(deadlineMs: number): Promise<void>;
  /**
   * For a process that ends at once: writes what can be written without waiting. From now on
   * `write` does the same.
   * @returns whether the process can exit: false when a thread hangs in a write to a terminal.
   */
  writeAtOnce(): boolean;
}

/** @param maximumBytes kept for a reader that stalls. The descriptor should not block. */
export function openLogStream(descriptor: number, maximumBytes: number): LogStream {
  let waiting: Buffer[] = [];
  /** Being written, or what is left of it. */
  let chunk = NOTHING;
  let bytes = 0;
  let writing = false;
  let atOnce = false;
  let retry: NodeJS.Timeout | null = null;
  let onEmpty: (() => void) | null = null;

  const forget = (): void => {
    waiting = [];
    chunk = NOTHING;
    bytes = 0;
  };
  const next = (): void => {
    if (writing || retry !== null || atOnce) return;
    if (bytes === 0) {
      onEmpty?.();
      return;
    }
    if (chunk.length === 0) {
      chunk = Buffer.concat(waiting);
      waiting = [];
    }
    const sent = chunk;
    writing = true;
    write(descriptor, sent, (error, written) => {
      writing = false;
      if (chunk === sent) settle(error, written);
      next();
    });
  };
  const settle = (error: NodeJS.ErrnoException | null, written: number): void => {
    if (error === null) {
      chunk = chunk.subarray(written);
      bytes -= written;
    } else if (error.code === 'EAGAIN') {
      retry = setTimeout(() => {
        retry = null;
        next();
      }, RETRY_MS).unref();
    } else forget();
  };
  const writeNow = (): void => {
    // What a thread is writing now is not ours to write again.
    const pieces = writing ? waiting : [chunk, ...waiting];
    forget();
    try {
      for (const piece of pieces) writeSync(descriptor, piece);
    } catch {
      // The reader stalls or has gone; there is nowhere left to say so.
    }
  };

  return {
    write: (text) => {
      const buffer = Buffer.from(text);
      if (bytes + buffer.length > maximumBytes) return;
      waiting.push(buffer);
      bytes += buffer.length;
      if (atOnce) writeNow();
      else next();
    },
    close: (deadlineMs) =>
      new Promise((resolve) => {
        const deadline = setTimeout(() => {
          forget();
          resolve();
        }, deadlineMs);
        onEmpty = () => {
          clearTimeout(deadline);
          resolve();
        };
        next();
      }),
    writeAtOnce: () => {
      atOnce = true;
      writeNow();
      return !(writing && isatty(descriptor));
    },
  };
}
