// One clock for everything the lab measures. No formatting.
import { performance } from 'node:perf_hooks';

/** Milliseconds since the epoch with fractions; never steps back, and comparable between processes. */
export const now = (): number => performance.timeOrigin + performance.now();
