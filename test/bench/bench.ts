// `scripts/bench`: understudy beside keepalived, in one run. Reads the options, runs the parts, writes
// what they found. What is measured and how stands in benchmark/.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { measureCost } from './cost.js';
import { measureFailover, measureTuned } from './failover.js';
import { measureIdle } from './idle.js';
import { describeMachine } from './machine.js';
import { replaceGenerated } from './markdown.js';
import { readOptions, USAGE } from './options.js';
import { nothingLost } from './planned-report.js';
import { measurePlanned } from './planned.js';
import { report } from './report.js';
import type { BenchOptions, Part, Results } from './results.js';
import { measureStart } from './start.js';
import { measureStress } from './stress.js';
import { now } from '../../scripts/lab/clock.js';
import { enterSandbox, mappedUser } from '../../scripts/lab/sandbox.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The options, or the end of the program: status 0 after help, 2 after bad ones. */
function optionsOrEnd(): BenchOptions {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options !== null) {
      // Now, not after half an hour: whether the file can take the tables.
      if (options.markdown !== null) replaceGenerated(textOf(options.markdown), '');
      return options;
    }
    process.stdout.write(USAGE);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const textOf = (path: string): string | null =>
  existsSync(path) ? readFileSync(path, 'utf8') : null;

/** In one step, so that a reader never finds half of it. */
function write(path: string, text: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

async function measureAll(options: BenchOptions): Promise<Results> {
  const beginning = now();
  const say = (text: string): void => {
    const at = new Date(now() - beginning).toISOString().slice(11, 19);
    process.stderr.write(`${at}  ${text}\n`);
  };
  const realtime = !mappedUser();
  const results: Writable<Results> = {
    date: new Date().toISOString(),
    tookSeconds: 0,
    machine: await describeMachine(),
    options,
    scheduling: realtime ? 'SCHED_FIFO, priority 1' : 'the ordinary scheduler (no root)',
    failover: [],
    tuned: [],
    cost: [],
    costFailed: [],
    idle: [],
    start: null,
    stress: [],
    stressFailed: [],
    planned: [],
  };
  const save = (found: Partial<Results>): void => {
    Object.assign(results, found, { tookSeconds: (now() - beginning) / 1000 });
    if (options.json !== null) write(options.json, `${JSON.stringify(results, null, 2)}\n`);
  };
  let idleFailed: Results['costFailed'] = [];
  const parts: Readonly<Record<Part, () => Promise<void>>> = {
    failover: async () => {
      const onProgress = (failover: Results['failover']): void => save({ failover });
      save({ failover: await measureFailover({ options, realtime, say, onProgress }) });
    },
    tuned: async () => {
      const onProgress = (tuned: Results['tuned']): void => save({ tuned });
      save({ tuned: await measureTuned({ options, realtime, say, onProgress }) });
    },
    idle: async () => {
      await measureIdle({
        options,
        say,
        onProgress: ({ cells, failed }) => {
          idleFailed = failed;
          save({ idle: cells, costFailed: failed });
        },
      });
    },
    cost: async () => {
      await measureCost({
        options,
        say,
        onProgress: ({ cells, failed }) =>
          save({ cost: cells, costFailed: [...idleFailed, ...failed] }),
      });
    },
    start: async () => save({ start: await measureStart(options, say) }),
    stress: async () => {
      await measureStress({
        options,
        say,
        onProgress: ({ cells, failed }) => save({ stress: cells, stressFailed: failed }),
      });
    },
    planned: async () => {
      const onProgress = (planned: Results['planned']): void => save({ planned });
      save({ planned: await measurePlanned({ options, realtime, say, onProgress }) });
    },
  };
  save({});
  for (const part of options.parts) await parts[part]();
  return results;
}

/** Whether everything that was asked for has a number, and planned work lost nothing. */
const complete = (results: Results): boolean =>
  [...results.failover, ...results.tuned].every(
    ({ runs }) => runs.length === results.options.runs,
  ) &&
  results.costFailed.length === 0 &&
  results.stressFailed.length === 0 &&
  (results.start?.unavailable.length ?? 0) === 0 &&
  nothingLost(results.planned, results.options.times);

async function main(options: BenchOptions): Promise<number> {
  const results = await measureAll(options);
  const text = report(results);
  process.stdout.write(text);
  if (options.markdown !== null) {
    write(options.markdown, replaceGenerated(textOf(options.markdown), text));
  }
  return complete(results) ? 0 : 1;
}

const options = optionsOrEnd();
const refusal = await enterSandbox();
if (refusal !== null) {
  process.stderr.write(`bench: ${refusal}\n`);
  process.exit(1);
}
try {
  process.exitCode = await main(options);
} catch (error) {
  process.stderr.write(`bench: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
process.exit();
