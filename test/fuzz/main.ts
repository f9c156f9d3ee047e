// `scripts/fuzz`: the decoders fed with changed inputs until the time is over, or so many were taken; those in C by
// libFuzzer, where clang is there. What is fed: targets.ts and native/. What feeds: fuzz.ts in worker.ts, and native.ts.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { chosen, decimal, seedOf, wholeNumber } from '../support/options.js';
import { writeCorpus } from './corpus.js';
import type { Target } from './fuzz.js';
import { COMPILER, feedNative, UNITS } from './native.js';
import { pristine } from './pristine.js';
import { TARGETS } from './targets.js';
import { SEEN, SEEN_HEADER, type Order, type Report } from './worker.js';

const USAGE = `usage: scripts/fuzz [--minutes N] [--executions N] [--seed S] [--keep FOLDER] [TARGET]...
       scripts/fuzz --input FILE TARGET

  TARGET          of: ${TARGETS.map(({ name }) => name).join(', ')},
                  native (all of ${UNITS.join(', ')}); default: all
  --minutes N     for all targets together; default 1, or without end where --executions is given
  --executions N  of each target, at most
  --seed S        of the inputs; default: drawn, and printed
  --keep FOLDER   where a failing input, the slowest one and each corpus go; default fuzz.kept
  --input FILE    takes this one input alone: what a failure is repeated with

Says every five seconds on standard error how far it is. Ended by SIGINT or SIGTERM it still says what was done.
Exit code 1 when an input failed, 2 for a wrong option.
`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Options {
  /** For all together; infinite without an end. */
  readonly minutes: number;
  readonly executions: number;
  readonly seed: number;
  readonly keep: string;
  readonly input: string | undefined;
  readonly targets: readonly Target[];
  readonly units: readonly string[];
}

/** @throws Error that says what was expected. */
function optionsOf(words: string[]): Options | null {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      minutes: text,
      executions: text,
      seed: text,
      keep: text,
      input: text,
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return null;
  const known = [...TARGETS.map(({ name }) => name), ...UNITS];
  const asked = new Set(positionals.flatMap((name) => (name === 'native' ? UNITS : [name])));
  chosen('TARGET', known, [...asked]);
  if (values.input !== undefined && asked.size !== 1)
    throw new Error(`--input: expected one target, found ${asked.size}`);
  const wanted = (name: string): boolean => asked.size === 0 || asked.has(name);
  return {
    minutes:
      values.minutes === undefined && values.executions !== undefined
        ? Infinity
        : decimal('--minutes', values.minutes ?? '1', 0.01, 100_000),
    executions:
      values.executions === undefined
        ? Infinity
        : wholeNumber('--executions', values.executions, 1, Number.MAX_SAFE_INTEGER),
    seed: seedOf(values.seed),
    keep: values.keep ?? 'fuzz.kept',
    input: values.input,
    targets: TARGETS.filter(({ name }) => wanted(name)),
    units: UNITS.filter(wanted),
  };
}

/** No decoder takes so long for what is at most some thousand bytes. */
const BOUND_MS = 2_000;
/** An input that is still being taken after so many looks' worth of processor time has no end. */
const LOOKS = 120;
const LOOK_MS = 1_000;

type Outcome = Report | { readonly hangs: Buffer };

/** Every so many looks a line says how far it is. */
const LOOKS_A_LINE = 5;

/** Whoever ends this process gets the report of what was done so far. */
let isEnough = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (isEnough = true));

/** @returns what came of it, or the input that had no end. */
function work(target: Target, order: Omit<Order, 'name' | 'seen'>): Promise<Outcome> {
  const seen = new SharedArrayBuffer(SEEN_HEADER + target.longest + 64);
  const worker = new Worker(new URL('worker.js', import.meta.url), {
    workerData: { ...order, name: target.name, seen } satisfies Order,
  });
  const counts = new Int32Array(seen, 0, SEEN_HEADER / 4);
  const tell = progressOf(target.name, counts);
  return new Promise((resolve, reject) => {
    // Not time is counted: whoever stops or starves this process takes none of it.
    const spent = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1_000;
    let last = { count: 0, at: spent() };
    let looks = 0;
    const watching = setInterval(() => {
      const count = Atomics.load(counts, SEEN.done);
      if (isEnough) Atomics.store(counts, SEEN.enough, 1);
      if ((looks += 1) % LOOKS_A_LINE === 0) tell();
      if (count !== last.count || count === 0) last = { count, at: spent() };
      else if (spent() - last.at > LOOKS * LOOK_MS) {
        const input = Buffer.from(new Uint8Array(seen, SEEN_HEADER, counts[SEEN.length]));
        void worker.terminate();
        resolve({ hangs: input });
      }
    }, LOOK_MS);
    worker.once('message', (report: Report) => resolve(report));
    worker.once('error', reject);
    worker.once('exit', () => clearInterval(watching));
  });
}

/** Says on standard error how far it is: `settings: 1234000 executions, 2100 a second, 93 outcomes, 1 of them new; 140 kept`. */
function progressOf(name: string, counts: Int32Array): () => void {
  let before = { at: performance.now(), done: 0, outcomes: 0 };
  return () => {
    const [done = 0, , outcomes = 0, kept = 0] = counts;
    const at = performance.now();
    const speed = Math.round((1_000 * (done - before.done)) / (at - before.at));
    const found = `${outcomes} outcomes, ${outcomes - before.outcomes} of them new; ${kept} kept`;
    process.stderr.write(`${name}: ${done} executions, ${speed} a second, ${found}\n`);
    before = { at, done, outcomes };
  };
}

const each = (executions: number, ms: number): string =>
  `${executions} executions, ${Math.round((1_000 * executions) / ms)} a second`;

function failed(name: string, keep: string, seed: number, input: Uint8Array, text: string): void {
  const file = join(keep, `${name}-${seed}`);
  writeFileSync(file, input);
  say(`${name}: FAILED: ${text}\nto repeat it: scripts/fuzz --input ${file} ${name}`);
}

/** @returns whether nothing failed. */
async function feed(target: Target, options: Options, ms: number): Promise<boolean> {
  const { name } = target;
  const { seed, keep, executions } = options;
  const outcome = await work(target, { seed, ms, executions, boundMs: BOUND_MS });
  if ('hangs' in outcome) {
    failed(name, keep, seed, outcome.hangs, `no end within ${(LOOKS * LOOK_MS) / 1_000} s`);
    return false;
  }
  const { outcomes, slowest, kept, failure } = outcome;
  const count = writeCorpus(
    join(keep, 'corpus', `${name}.txt`),
    kept.map((input) => Buffer.from(input)),
  );
  const slow = `slowest ${slowest.ms.toFixed(1)} ms for ${slowest.input.length} bytes`;
  say(
    `${name}: ${each(outcome.executions, outcome.ms)}; ${outcomes.size} outcomes, ${count} kept; ${slow}`,
  );
  writeFileSync(join(keep, `${name}-slowest`), slowest.input);
  if (failure === null) return true;
  failed(name, keep, seed, failure.input, failure.text);
  return false;
}

async function run(options: Options): Promise<boolean> {
  const { targets, units, minutes, keep, seed, executions } = options;
  if (units.length > 0 && COMPILER === undefined)
    say('native: left out, since there is no clang: apt-get install clang libclang-rt-14-dev');
  const native = COMPILER === undefined ? [] : units;
  const ms = (minutes * 60_000) / Math.max(1, targets.length + native.length);
  mkdirSync(keep, { recursive: true });
  say(`SEED=${seed}`);
  let held = true;
  for (const one of targets) {
    if (isEnough) break;
    held = (await feed(one, options, ms)) && held;
  }
  for (const one of native) {
    if (isEnough) break;
    const { good, text } = await feedNative(one, { seed, keep, executions, seconds: ms / 1_000 });
    say(text);
    held = good && held;
  }
  return held;
}

async function repeat(file: string, { targets, units, keep }: Options): Promise<boolean> {
  const input = readFileSync(file);
  const [target] = targets;
  if (target === undefined) {
    mkdirSync(keep, { recursive: true });
    const { good, text } = await feedNative(units[0] ?? '', { input: file, keep });
    say(text);
    return good;
  }
  const outcome = await target.take(Buffer.from(input));
  pristine();
  say(`${target.name}: ${outcome}`);
  return true;
}

try {
  const options = optionsOf(process.argv.slice(2));
  if (options === null) say(USAGE);
  else {
    const { input } = options;
    process.exitCode = (await (input === undefined ? run(options) : repeat(input, options)))
      ? 0
      : 1;
  }
} catch (error) {
  const isUsage = error instanceof Error && !('generatedMessage' in error);
  process.stderr.write(
    `fuzz: ${isUsage ? `${error.message}\n${USAGE}` : String((error as Error).stack)}\n`,
  );
  process.exitCode = isUsage ? 2 : 1;
}
