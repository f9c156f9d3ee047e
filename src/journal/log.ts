// The log: pino to journald where standard output is the journal, else to that, asynchronous and bounded. A reader that stalls (a full pipe, a
// paused terminal) loses lines; it neither stops the protocol loop nor holds up the end.
import { pino, type Logger } from 'pino';
import type { Journald } from './journald.js';
import { openLogStream } from './log-stream.js';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

export interface AgentLog {
  readonly log: Log;
  /** Waits until everything is written, but not for long. */
  close(): Promise<void>;
  /** From now on lines are written at once or not at all: the process is about to end. */
  endAtOnce(): { readonly canExit: boolean };
}

/** Bytes kept for a reader that stalls; beyond that lines are dropped. */
const MAXIMUM_BUFFERED = 1024 * 1024;
const CLOSE_WITHIN_MS = 1_000;

/** @param journald takes a line; false when it could not: the line goes to standard output then. */
export function openLog(name: string, journald: Journald = () => false): AgentLog {
  const lines = openLogStream(1, MAXIMUM_BUFFERED);
  let ending = false;
  const stream = {
    write: (line: string): void => {
      // Of a process that ends at once journald may not find out any more which unit it was.
      if (ending || !journald(line)) lines.write(line);
    },
  };
  const log = pino(
    {
      level: 'info',
      base: { name, pid: process.pid },
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return {
    log,
    close: () => lines.close(CLOSE_WITHIN_MS),
    endAtOnce: () => {
      ending = true;
      return { canExit: lines.writeAtOnce() };
    },
  };
}
