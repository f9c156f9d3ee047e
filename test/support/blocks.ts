// What a program does, counted: how often its blocks run, by V8's own count. In a thread of its own (`counted`), so that
// nobody else's count is disturbed.
import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { eventOf, within } from './limits.js';

/** Begins to count in this thread. @returns what answers how many blocks have run since the last call. */
export function countBlocks(): () => number {
  // Else a function that was not used for a while begins to count anew; and what an optimizing compiler has made does not
  // count at all, from whenever it is ready.
  for (const flag of ['--no-flush-bytecode', '--no-opt', '--no-maglev']) setFlagsFromString(flag);
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return () => {
    let sum = 0;
    session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw new Error(error.message);
      for (const { functions } of answer.result) {
        // The most frequent block of each: which others V8 tells apart depends on whether they differ from what is around them.
        for (const { ranges } of functions) sum += Math.max(...ranges.map(({ count }) => count));
      }
    });
    return sum;
  };
}

/** What the program of this thread posts. */
export async function counted<Answer>(program: URL, workerData: unknown): Promise<Answer> {
  const worker = new Worker(program, { workerData });
  try {
    const [answer] = await within('what it cost', eventOf(worker, 'message'));
    return answer as Answer;
  } finally {
    await worker.terminate();
  }
}

/** By how much the third step was more than the second, as a part of the first: nothing where work is in proportion. */
export function bent(counts: readonly number[]): number {
  const [first = 0, second = 0, third = 0] = counts;
  return (third - 2 * second + first) / first;
}
