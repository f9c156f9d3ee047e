// What V8 is told at the start, and what once all is loaded: what comes of it, in processes of their own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { ENGINE_OPTIONS } from '../../src/engine/options.js';
import { describe, it } from '../support/test.js';

function said(options: readonly string[], script: string): string {
  const words = ['--no-warnings', ...options, '--input-type=module', '-e', script];
  const { stdout, stderr, status } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout.trim();
}

/** How many of Node's own modules were compiled anew, though Node carries their code. */
const COMPILED_ANEW = `
import 'node:http';
import { createRequire } from 'node:module';
const { internalBinding } = createRequire('/')('internal/test/binding');
const { compiledWithCache, compiledWithoutCache } = internalBinding('builtins').getCacheUsage();
process.stdout.write(String(compiledWithCache.size ?? compiledWithCache.length) === '0'
  ? 'no code on board' : String(compiledWithoutCache.size ?? compiledWithoutCache.length));
`;

/** The largest that the young generation gets while much of what is made lives for a while, in bytes. */
const youngest = (before: string): string => `
import { getHeapSpaceStatistics } from 'node:v8';
import { keepHeapSmall } from ${JSON.stringify(new URL('../../src/engine/heap.js', import.meta.url).href)};
${before}
let kept = [];
let largest = 0;
for (let round = 0; round < 200_000; round += 1) {
  kept.push({ round, list: [round] });
  if (kept.length > 20_000) kept = kept.slice(10_000);
  if (round % 1_000 !== 0) continue;
  const young = getHeapSpaceStatistics().find((one) => one.space_name === 'new_space');
  largest = Math.max(largest, young.space_size);
}
process.stdout.write(String(largest));
`;

/** The largest that the heap gets while 20 MB live, and as much again dies old several times over, in bytes. */
const largestHeap = (before: string): string => `
import { getHeapStatistics } from 'node:v8';
import { keepHeapSmall } from ${JSON.stringify(new URL('../../src/engine/heap.js', import.meta.url).href)};
${before}
const kept = Array.from({ length: 100_000 }, (_, index) => ({ index, list: [index, 1, 2, 3, 4, 5, 6] }));
let largest = 0;
for (let round = 0; round < 1_000_000; round += 1) {
  kept[round % kept.length] = { index: round, list: [round, 1, 2, 3, 4, 5, 6] };
  if (round % 1_000 === 0) largest = Math.max(largest, getHeapStatistics().used_heap_size);
}
process.stdout.write(String(largest));
`;

const NODE_20 = process.versions.node.startsWith('20.');

describe('V8', () => {
  it('takes the code that Node carries for its own modules, whatever its options at the start', (t) => {
    const plain = said(['--expose-internals'], COMPILED_ANEW);
    if (plain !== '0') t.skip(`this Node has ${plain}`);
    else assert.equal(said(['--expose-internals', ...ENGINE_OPTIONS], COMPILED_ANEW), '0');
  });

  it('keeps the young generation as small as it is at the start, once it is told', () => {
    const MIB = 1024 * 1024;
    const alone = Number(said(ENGINE_OPTIONS, youngest('')));
    const largest = Number(said(ENGINE_OPTIONS, youngest('keepHeapSmall();')));
    // Later ones add page by page what did not fit (9 MiB at most here, with Node 24 and 26).
    const most = NODE_20 ? 2 * MIB : alone - MIB;
    assert.ok(alone > 2 * MIB, 'left alone it grows');
    assert.ok(largest <= most, `at most ${most} bytes expected, found ${largest}`);
  });

  it('lets the heap grow by a part of what lives in it, once it is told', (t) => {
    // Of later ones the first limit is a large one, whatever they are told: an agent has a first collection early.
    if (!NODE_20) return t.skip('judged with Node 20');
    const largest = Number(said(ENGINE_OPTIONS, largestHeap('keepHeapSmall();')));
    const MOST = 56 * 1024 * 1024;
    assert.ok(largest <= MOST, `20 MB, a third and 8 MB expected, found ${largest} bytes`);
  });
});
