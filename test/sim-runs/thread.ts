// One bundle of the simulator in a thread, with the scenarios that it plays: what each came to, one after the other, and
// an end also where a scenario has none. No faults, no verdicts.
import { Worker } from 'node:worker_threads';
import type { Drawn, Played } from './scenarios-worker.js';

/** A scenario takes milliseconds. With a fault one may have no end, which breaks a promise as well. */
const LOOKS = 60;
const LOOK_MS = 1_000;
/** With a fault one may take all the memory there is. */
const MOST_MIB = 1_024;

/**
 * Plays the scenarios; `take` says whether the next one is wanted.
 * @returns why it did not come to the end; null when it did, or was told that it is enough.
 */
export function playAll(
  bundle: string,
  scenarios: readonly Drawn[],
  take: (played: Played) => boolean,
): Promise<string | null> {
  const worker = new Worker(bundle, {
    eval: true,
    workerData: scenarios,
    resourceLimits: { maxOldGenerationSizeMb: MOST_MIB },
  });
  return new Promise((resolve) => {
    let end: string | null = null;
    // Looks are counted, not time: whoever stops this process stops both.
    let looks = 0;
    const watching = setInterval(() => {
      if ((looks += 1) <= LOOKS) return;
      end = `a scenario without an end within ${(LOOKS * LOOK_MS) / 1_000} s`;
      void worker.terminate();
    }, LOOK_MS);
    let enough = false;
    worker.on('message', (played: Played) => {
      looks = 0;
      if (enough || take(played)) return;
      enough = true;
      void worker.terminate();
    });
    worker.once('error', (error) => {
      if (!enough) end = error instanceof Error ? error.message : String(error);
    });
    worker.once('exit', () => {
      clearInterval(watching);
      resolve(end);
    });
  });
}
