// What a process lets go of once it has started: the addon asked in processes of their own, and the prober.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { PROBER_COMMAND, startProber } from '../../src/monitors/prober-process.js';
import { until, WAIT_LIMIT_MS } from '../support/limits.js';
import { describe, it } from '../support/test.js';

const REALTIME = JSON.stringify(new URL('../../src/kernel/realtime.js', import.meta.url).href);

/** What is left by a task that takes some MiB, if nothing is told to glibc; a third is allowed. In KiB. */
const LEFT_ALONE_KIB = 6 * 1024;

/**
 * Resident KiB of the memory that threads have for themselves, before and after one of Node's threads has taken and freed some
 * MiB. A larger block is freed first: after that glibc keeps twice as much at the end of each arena, if it is left alone.
 * And resident KiB of files, before and after.
 */
const script = (settled: string): string => `
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { openRealtime } from ${REALTIME};
// An arena of a thread begins at a multiple of its greatest size.
const ARENA = 64 * 1024 * 1024;
const ofThreads = () => {
  let sum = 0, counts = false;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\\n')) {
    const [, from] = /^([0-9a-f]+)-[0-9a-f]+ rw-p \\S+ \\S+ 0 *$/.exec(line) ?? [];
    const [, kib] = /^Rss: +(\\d+)/.exec(line) ?? [];
    if (from !== undefined) counts = parseInt(from, 16) % ARENA === 0;
    else if (counts && kib !== undefined) {
      sum += Number(kib);
      counts = false;
    }
  }
  return sum;
};
const ofFiles = () => Number(/^RssFile:\\s+(\\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
const text = randomBytes(4 * 1024 * 1024);
void new ArrayBuffer(24 * 1024 * 1024);
globalThis.gc();
const files = ofFiles();
${settled}
const dropped = files - ofFiles();
const before = ofThreads();
const params = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 22 };
await promisify(brotliCompress)(text, { params });
globalThis.gc();
process.stdout.write(JSON.stringify({ dropped, left: ofThreads() - before }));
`;

/** Resident KiB of malloc's first arena that are left of 16 MB in small pieces, between which others stay in use. */
const piecesLeft = (trimmed: string): string => `
import { readFileSync } from 'node:fs';
import { openRealtime } from ${REALTIME};
const { trim } = openRealtime();
const heap = () => {
  const [, behind] = readFileSync('/proc/self/smaps', 'utf8').split(/^.*\\[heap\\]$/m);
  return Number(/^Rss: +(\\d+)/m.exec(behind)[1]);
};
const before = heap();
const pieces = Array.from({ length: 1_000 }, () => new Uint8Array(new ArrayBuffer(16 * 1024)).fill(1));
// One of ten stays.
const kept = pieces.filter((_, index) => index % 10 === 9);
pieces.length = 0;
globalThis.gc();
globalThis.gc();
${trimmed}
process.stdout.write(JSON.stringify({ dropped: kept.length, left: heap() - before }));
`;

interface Found {
  readonly dropped: number;
  readonly left: number;
}

function found(program: string): Found {
  const words = ['--expose-gc', '--single-threaded-gc', '--input-type=module', '-e'];
  const child = spawnSync(process.execPath, [...words, program], { encoding: 'utf8' });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout) as Found;
}

/** What glibc keeps is judged: under scripts/sanitize its allocator is another one. */
const skip = process.env['SANITIZER_LIBRARY'] !== undefined && 'glibc does not allocate here';

describe('a process that has started', { skip }, () => {
  it('gives memory back that it has freed, and the pages that only its start needed', () => {
    const alone = found(script(''));
    const settled = found(script('openRealtime().settle(false);'));
    assert.ok(alone.left >= LEFT_ALONE_KIB, `kept if left alone; found ${alone.left} KiB`);
    const most = LEFT_ALONE_KIB / 3;
    assert.ok(settled.left <= most, `at most ${most} KiB expected, found ${settled.left}`);
    assert.ok(settled.dropped >= 4 * 1024, `some MiB of Node expected, found ${settled.dropped}`);
  });

  it('gives back what was freed between blocks that are in use, when it is to', () => {
    const MOST_KIB = 16_000;
    const alone = found(piecesLeft(''));
    const trimmed = found(piecesLeft('trim();'));
    assert.ok(alone.left >= MOST_KIB / 2, `kept if left alone; found ${alone.left} KiB`);
    assert.ok(trimmed.left <= MOST_KIB / 3, `what is in use expected, found ${trimmed.left} KiB`);
  });

  it('does so as the prober, after a while', async (t) => {
    const prober = startProber({
      command: PROBER_COMMAND,
      silenceLimitMs: WAIT_LIMIT_MS,
      onReport: () => undefined,
      onWitness: () => undefined,
      onEnd: () => undefined,
    });
    t.after(() => prober.end());
    const resident = (): number => {
      const text = readFileSync(`/proc/${prober.pid}/status`, 'utf8');
      return Number(/^RssFile:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    };
    let most = 0;
    await until(
      'a third of the pages of files given back',
      () => {
        const now = resident();
        most = Math.max(most, now);
        return { most, now };
      },
      (seen) => seen.now > 0 && seen.now < (2 * seen.most) / 3,
    );
  });
});
