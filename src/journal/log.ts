// The log: pino to standard output, asynchronous and bounded. A reader that stalls (a full pipe, a
// paused terminal) loses lines; it neither stops the protocol loop nor holds up the end.
import { pino, type Logger } from 'pino';
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

export function openLog(name: string): AgentLog {
  const stream = openLogStream(1, MAXIMUM_BUFFERED);
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
    close: () => stream.close(CLOSE_WITHIN_MS),
    endAtOnce: () => ({ canExit: stream.writeAtOnce() }),
  };
}
