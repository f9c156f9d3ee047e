// Reads settings of so many virtual routers, and counts what is done for it: how often each block of the program runs, by
// V8's own count. A thread of its own, so that nobody else's count is disturbed. Not a test: see work.test.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { parseSettings } from '../../src/config/load.js';
import { countBlocks } from '../support/blocks.js';

const { texts } = workerData as { readonly texts: readonly string[] };
const host = { hostName: () => 'a', fileExists: () => false };
const blocksRun = countBlocks();
// What is done once only.
for (const text of texts) parseSettings(text, 'settings', host);
blocksRun();
const counts = texts.map((text) => {
  const read = parseSettings(text, 'settings', host);
  return { accepted: read.ok, blocks: blocksRun() };
});
parentPort?.postMessage(counts, []);
