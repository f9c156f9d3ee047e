// The log: pino to standard output, asynchronous and bounded. A reader that stalls (a full pipe, a
// paused terminal) loses lines; with pino's own default it would stop the protocol loop for seconds.
import { destination, pino, type Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

export interface AgentLog {
  readonly log: Log;
  /** Writes out what is buffered; for the moment before the process ends. */
  flush(): void;
}

/** Bytes kept for a reader that stalls; beyond that lines are dropped. */
const MAXIMUM_BUFFERED = 1024 * 1024;

export function openLog(name: string): AgentLog {
  const stream = destination({ dest: 1, sync: false, maxLength: MAXIMUM_BUFFERED });
  // A reader that went away must not end the agent.
  stream.on('error', () => undefined);
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
    flush: () => {
      try {
        stream.flushSync();
      } catch {
        // Nobody reads any more; there is nowhere left to say so.
      }
    },
  };
}
