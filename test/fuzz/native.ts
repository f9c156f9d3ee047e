// The units of native/ under libFuzzer, with AddressSanitizer and UndefinedBehaviorSanitizer. What they hold is in
// native/*.c; without clang the tests feed them by themselves (native/drive.h).
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readCorpus, writeCorpus } from './corpus.js';

const NATIVE = fileURLToPath(new URL('../../../test/fuzz/native', import.meta.url));
export const UNITS: readonly string[] = readdirSync(NATIVE)
  .filter((name) => name.endsWith('.c'))
  .map((name) => name.replace('.c', ''))
  .toSorted();

export const COMPILER = ['clang', 'clang-14', 'clang-19'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);
const FLAGS =
  '-std=gnu11 -O1 -g -D_GNU_SOURCE -Wno-gnu-variable-sized-type-not-at-end ' +
  '-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all';
/** Of what libFuzzer says of its progress, at most one line in so long is passed on. */
const BETWEEN_LINES_MS = 5_000;
/** As long as the longest that a kernel or an agent sends in one piece, for most. */
const LONGEST = 2_048;
/** One input that takes so many seconds has no end. */
const HANG_S = 60;

interface Manner {
  readonly keep: string;
  readonly seed?: number;
  readonly seconds?: number;
  readonly executions?: number;
  /** A file: this one input alone. */
  readonly input?: string;
}

interface Outcome {
  readonly good: boolean;
  readonly text: string;
}

/** Builds the unit and feeds it. Where it fails, the text names the file that repeats it. */
export async function feedNative(unit: string, manner: Manner): Promise<Outcome> {
  const { keep, input } = manner;
  const program = join(keep, `native-${unit}`);
  const source = join(NATIVE, `${unit}.c`);
  const built = spawnSync(COMPILER ?? 'clang', [...FLAGS.split(' '), source, '-o', program], {
    encoding: 'utf8',
  });
  if (built.status !== 0)
    return { good: false, text: `${unit}: expected to compile, found:\n${built.stderr}` };
  if (input !== undefined) {
    const { code, said } = await run(program, [input]);
    return { good: code === 0, text: `${unit}: ${code === 0 ? 'taken' : said}` };
  }
  const corpus = unpacked(unit, keep);
  const before = readdirSync(corpus).length;
  const { code, said, count, took } = await rounds(program, unit, corpus, manner);
  const last = [...said.matchAll(/cov: (\d+) ft: (\d+) corp: (\d+)/g)].at(-1);
  const speed = Math.round(count / took);
  const kept = await packed(program, unit, corpus, keep);
  const found = `${last?.[1] ?? '?'} edges covered, ${last?.[2] ?? '?'} features`;
  const text = `${unit}: ${count} executions, ${speed} a second; ${found}; corpus of ${before}, now ${last?.[3] ?? '?'}, ${kept} kept`;
  if (code === 0) return { good: true, text };
  const file = written(said) ?? 'none';
  const tail = said.slice(-4_000);
  return {
    good: false,
    text: `${text}: FAILED\n${tail}\nto repeat it: scripts/fuzz --input ${file} ${unit}`,
  };
}

/** Feeds the unit until it is enough, or fails: on and on where a run ended because this machine stood still. */
async function rounds(
  program: string,
  unit: string,
  corpus: string,
  { keep, seed = 1, seconds = Infinity, executions = Infinity }: Manner,
): Promise<{ code: number; said: string; count: number; took: number }> {
  const startedAt = performance.now();
  const spent = (): number => (performance.now() - startedAt) / 1_000;
  let count = 0;
  for (let round = 0; ; round += 1) {
    const { code, said } = await run(program, [
      ...(seconds === Infinity ? [] : [`-max_total_time=${Math.ceil(seconds - spent())}`]),
      ...(executions === Infinity ? [] : [`-runs=${executions - count}`]),
      `-max_len=${LONGEST}`,
      `-timeout=${HANG_S}`,
      `-seed=${seed + round}`,
      '-print_final_stats=1',
      '-reload=0',
      `-artifact_prefix=${keep}/native-${unit}-`,
      corpus,
    ]);
    count += Number(/number_of_executed_units: *(\d+)/.exec(said)?.[1] ?? 0);
    const isSound = code === 0 || code === INTERRUPTED || (await stoodStill(program, said));
    const isOver = isDone(code) || spent() >= seconds || count >= executions;
    if (!isSound || isOver) return { code: isSound ? 0 : code, said, count, took: spent() };
  }
}

/** The exit code of libFuzzer when a signal ended it. */
const INTERRUPTED = 72;
const isDone = (code: number): boolean => code === 0 || code === INTERRUPTED;

/** Whether the input that had no end has one by itself: then the machine, or whoever stopped the run, took the time. */
async function stoodStill(program: string, said: string): Promise<boolean> {
  const file = said.includes('ERROR: libFuzzer: timeout') ? written(said) : null;
  return file !== null && (await run(program, [`-timeout=${HANG_S}`, file])).code === 0;
}

const written = (said: string): string | null =>
  /Test unit written to (\S+)/.exec(said)?.[1] ?? null;

/** The corpus of the tree as files. @returns their folder. */
function unpacked(unit: string, keep: string): string {
  const folder = join(keep, `native-${unit}-corpus`);
  mkdirSync(folder, { recursive: true });
  for (const [index, one] of readCorpus(`native-${unit}`).entries())
    writeFileSync(join(folder, `kept-${index}`), one);
  return folder;
}

/** The smallest corpus that covers as much. @returns how many inputs it has. */
async function packed(
  program: string,
  unit: string,
  corpus: string,
  keep: string,
): Promise<number> {
  const folder = join(keep, `native-${unit}-smallest`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { code } = await run(program, ['-merge=1', `-max_len=${LONGEST}`, folder, corpus]);
  const from = code === 0 ? folder : corpus;
  const inputs = readdirSync(from).map((name) => readFileSync(join(from, name)));
  return writeCorpus(join(keep, 'corpus', `native-${unit}.txt`), inputs);
}

/** Keeps the end of what it says: a long run says much. */
function run(program: string, words: readonly string[]): Promise<{ code: number; said: string }> {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let lines: string[] = [];
  let saidAt = performance.now();
  createInterface(child.stderr).on('line', (line) => {
    lines.push(line);
    if (/^#\d+\s.*cov: /.test(line) && performance.now() - saidAt >= BETWEEN_LINES_MS) {
      saidAt = performance.now();
      process.stderr.write(`${basename(program)}: ${line}\n`);
    }
    if (lines.length > 2_000) lines = lines.slice(-1_000);
  });
  const end = (): void => void child.kill('SIGINT');
  process.once('SIGTERM', end);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      process.off('SIGTERM', end);
      resolve({ code: code ?? 1, said: lines.join('\n') });
    });
  });
}
