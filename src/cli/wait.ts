// How a command waits before it looks at the agent again.
import { setTimeout as pause } from 'node:timers/promises';
import type { Surroundings } from './surroundings.js';

/** Resolves after `watchIntervalMs`, or when the command is interrupted. */
export const waitToLook = ({ watchIntervalMs = 500, interrupted }: Surroundings): Promise<void> =>
  pause(watchIntervalMs, undefined, interrupted === undefined ? {} : { signal: interrupted }).catch(
    () => undefined,
  );
