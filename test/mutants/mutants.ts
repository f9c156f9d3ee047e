// `scripts/mutants`: plants faults one after the other, runs what should notice each, and reports. The
// faults are the .patch files beside this; README.md says how to write one.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { endAll } from './children.js';
import { Copy, isNative } from './copy.js';
import { FaultError, parseFault, select, type Fault } from './fault.js';
import { runTestFile } from './test-file.js';
import {
  isSettled,
  judge,
  lineOf,
  silenceLimit,
  summaryOf,
  unfitness,
  type FileOutcome,
  type Judged,
  type Verdict,
} from './verdict.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FAULTS = join(ROOT, 'test/mutants');

const USAGE = `usage: scripts/mutants [--jobs N] [--list] [NAME]...

Plants faults of test/mutants, each in a copy of the project, and runs the tests that should notice.
NAME is a fault, or the beginning of the names of some; all unless named. Exit code 1 when one survived
that is not argued, was noticed by a hang only, or no longer fits the sources.

  --jobs N   so many copies side by side; default: as many as there are cores
  --list     names the faults, and what each breaks
`;

interface Arguments {
  readonly faults: readonly Fault[];
  readonly jobs: number;
  readonly list: boolean;
}

/** @throws FaultError, or the error of `parseArgs`. */
function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      jobs: { type: 'string', short: 'j', default: String(availableParallelism()) },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  if (!/^[1-9]\d?$/.test(values.jobs)) {
    throw new FaultError(`--jobs: a number of 1..99 expected; found "${values.jobs}"`);
  }
  const names = readdirSync(FAULTS)
    .filter((file) => file.endsWith('.patch'))
    .map((file) => file.slice(0, -'.patch'.length))
    .toSorted();
  const faults = select(names, positionals).map((name) =>
    parseFault(name, readFileSync(join(FAULTS, `${name}.patch`), 'utf8')),
  );
  return { faults, jobs: Math.min(Number(values.jobs), faults.length), list: values.list };
}

/** Each item by whichever copy is free next. */
async function share<Item>(
  copies: readonly Copy[],
  items: readonly Item[],
  work: (copy: Copy, item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const worker = async (copy: Copy): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      await work(copy, item);
    }
  };
  await Promise.all(copies.map(worker));
}

/** What each test file says without any fault: only who passes then can judge. */
async function runUnplanted(
  copies: readonly Copy[],
  faults: readonly Fault[],
): Promise<Map<string, FileOutcome>> {
  const files = [...new Set(faults.flatMap(({ notice }) => notice))].toSorted();
  const outcomes = new Map<string, FileOutcome>();
  process.stdout.write(`${files.length} test files without any fault\n`);
  await share(copies, files, async ({ root }, file) => {
    outcomes.set(file, { file, outcome: await runTestFile(root, file, UNPLANTED_SILENCE_MS) });
  });
  return outcomes;
}

/** Nothing is known yet of how long its tests take here. */
const UNPLANTED_SILENCE_MS = 150_000;

async function verdictOn(
  fault: Fault,
  copy: Copy,
  unplanted: ReadonlyMap<string, FileOutcome>,
): Promise<Verdict> {
  for (const file of fault.notice) {
    const known = unplanted.get(file);
    const why = known === undefined ? `${file} was not run` : unfitness(known);
    if (why !== null) return { kind: 'unjudged', why };
  }
  const verdict = await copy.planted(fault, async () => {
    const outcomes: FileOutcome[] = [];
    for (const file of fault.notice) {
      const limit = silenceLimit(unplanted.get(file)?.outcome.ms ?? 0);
      const outcome = await runTestFile(copy.root, file, limit);
      outcomes.push({ file, outcome });
      if (outcome.kind === 'failed') break;
    }
    return judge(outcomes);
  });
  return typeof verdict === 'string' ? { kind: 'stale', why: verdict } : verdict;
}

async function main({ faults, jobs }: Arguments, folder: string): Promise<number> {
  const startedAt = performance.now();
  const first = await Copy.of(ROOT, join(folder, 'copy-1'), faults.some(isNative));
  const copies = [first];
  while (copies.length < jobs) {
    copies.push(await first.again(join(folder, `copy-${copies.length + 1}`)));
  }
  const unplanted = await runUnplanted(copies, faults);
  const judged: Judged[] = [];
  await share(copies, faults, async (copy, fault) => {
    const one = { fault, verdict: await verdictOn(fault, copy, unplanted) };
    judged.push(one);
    process.stdout.write(`${lineOf(one)}\n`);
  });
  const took = `${((performance.now() - startedAt) / 1_000).toFixed(0)} s in all`;
  process.stdout.write(`${summaryOf(judged)}; ${took}\n`);
  return judged.every(isSettled) ? 0 : 1;
}

/** Ends with nothing left behind, whatever ends it but SIGKILL. */
async function inFolder(work: (folder: string) => Promise<number>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-mutants-'));
  // A test that gives its rights away still loads its modules from there.
  chmodSync(folder, 0o755);
  const clean = (): void => {
    endAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      clean();
      process.exit(code);
    });
  }
  try {
    return await work(folder);
  } finally {
    clean();
  }
}

function complain(error: unknown): void {
  const expected = error instanceof FaultError || isUsageError(error);
  const text = error instanceof Error ? (expected ? error.message : error.stack) : String(error);
  process.stderr.write(`mutants: ${text}\n`);
}

const isUsageError = (error: unknown): boolean =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');

try {
  const read = readArguments();
  if (read.list) {
    for (const { name, breaks } of read.faults) process.stdout.write(`${name}: ${breaks}\n`);
  } else process.exitCode = await inFolder((folder) => main(read, folder));
} catch (error) {
  complain(error);
  process.exitCode = 2;
}
