// The memory of a process beside the agent, once it has started. What is let go of: realtime.ts, settle.
import { openRealtime } from './realtime.js';

/** The start, and the first of what it is there for, have ended by then. */
const SETTLED_AFTER_MS = 5_000;
const TRIM_EVERY_MS = 60_000;

/**
 * Lets go of what only the start needed, after a while, and from then on of what was freed. Without an addon the process is
 * larger, and as good.
 */
export function settleLater(): void {
  setTimeout(() => {
    try {
      const memory = openRealtime();
      memory.settle(false);
      setInterval(() => memory.trim(), TRIM_EVERY_MS).unref();
    } catch {
      // Not built, or a kernel that does not tell of pages: nobody waits for it.
    }
  }, SETTLED_AFTER_MS).unref();
}
