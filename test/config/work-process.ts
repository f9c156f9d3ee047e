// Reads settings of so many virtual routers, and counts what is done for it: how often each block of the program runs, by
// V8's own count. A thread of its own, so that nobody else's count is disturbed. Not a test: see work.test.ts.
import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { parseSettings } from '../../src/config/load.js';

const { texts } = workerData as { readonly texts: readonly string[] };
const host = { hostName: () => 'a', fileExists: () => false };
// Else a function that was not used for a while begins to count anew.
setFlagsFromString('--no-flush-bytecode');
const session = new Session();
session.connect();

function blocksRun(): number {
  let sum = 0;
  session.post('Profiler.takePreciseCoverage', (error, answer) => {
    if (error !== null) throw new Error(error.message);
    for (const { functions } of answer.result) {
      // The most frequent block of each: which others V8 tells apart depends on whether they differ from what is around them.
      for (const { ranges } of functions) sum += Math.max(...ranges.map(({ count }) => count));
    }
  });
  return sum;
}

session.post('Profiler.enable');
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
// What is done once only.
for (const text of texts) parseSettings(text, 'settings', host);
blocksRun();
const counts = texts.map((text) => {
  const read = parseSettings(text, 'settings', host);
  return { accepted: read.ok, blocks: blocksRun() };
});
parentPort?.postMessage(counts, []);
