// The benchmark's command line: read, checked, given its defaults. Nothing is run here.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chosen, decimal, wholeNumber } from '../support/options.js';
import { DEFAULT_PARTS, FAULTS, PARTS, WORKS, type BenchOptions } from './results.js';

export const USAGE = `usage: scripts/bench [--quick] [--part NAME]... [--runs N] [--interval MS]... [--fault NAME]...
                     [--minutes N] [--json FILE] [--markdown FILE]
       scripts/bench --part planned [--times N] [--work NAME]... [--interval MS]... [--keep DIR]
       scripts/bench connections --help
       scripts/bench pull --help
       scripts/bench scale --help
       scripts/bench scraping --help
       scripts/bench witness --help

understudy beside keepalived, in the same run, on the same wires. As root or with user namespaces.
The part "planned" is understudy alone: planned work on a pair that is asked 1000 times a second. It
fails when a single probe is lost, and keeps what is needed to see why.

  --quick          one run, one interval, small cost part: within five minutes
  --part NAME      ${PARTS.join(', ')}; several allowed
                   (default all but planned)
  --runs N         runs of each fault and of each start, 1 to 1000 (default 5)
  --interval MS    advertisement interval, 10 to 40950; several allowed (default 1000,100,10;
                   tuned: 1000,10; planned: 1000,100)
  --fault NAME     ${FAULTS.slice(0, 6).join(', ')},
                   ${FAULTS.slice(6).join(', ')};
                   several allowed (default all that the part knows)
  --minutes N      of the stress part, twice: with and without real time, 0.05 to 1440 (default 10)
  --times N        of each planned work, 1 to 1000 (default 50)
  --work NAME      ${WORKS.join(', ')}; several allowed (default all)
  --keep DIR       where frames, logs and states of a loss are kept (default: a new folder for
                   temporary files)
  --json FILE      everything that was measured, also while the benchmark goes on
  --markdown FILE  the tables; in an existing file they replace the part between the markers

Tables go to standard output, progress to standard error. Exit status: 0 measured, 1 something could
not be measured, or planned work lost a probe, 2 usage.
`;

const QUICK = {
  runs: 1,
  intervals: [100],
  tuned: [10],
  minutes: 0.15,
  times: 1,
  planned: [100],
} as const;
const FULL = {
  runs: 5,
  intervals: [1000, 100, 10],
  tuned: [1000, 10],
  minutes: 10,
  times: 50,
  planned: [1000, 100],
} as const;

/**
 * Reads the arguments; null when help is asked for.
 * @throws Error saying what was expected and what was found.
 */
export function readOptions(argv: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      part: { type: 'string', multiple: true },
      runs: { type: 'string' },
      interval: { type: 'string', multiple: true },
      fault: { type: 'string', multiple: true },
      minutes: { type: 'string' },
      times: { type: 'string' },
      work: { type: 'string', multiple: true },
      keep: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const defaults = values.quick ? QUICK : FULL;
  const intervals = values.interval === undefined ? null : readIntervals(values.interval);
  return {
    parts:
      values.part === undefined ? DEFAULT_PARTS : chosen('--part', PARTS, separated(values.part)),
    runs: values.runs === undefined ? defaults.runs : readTimes('--runs', values.runs),
    intervals: intervals ?? defaults.intervals,
    tunedIntervals: intervals ?? defaults.tuned,
    faults:
      values.fault === undefined ? FAULTS : chosen('--fault', FAULTS, separated(values.fault)),
    minutes:
      values.minutes === undefined
        ? defaults.minutes
        : decimal('--minutes', values.minutes, 0.05, 1440),
    times: values.times === undefined ? defaults.times : readTimes('--times', values.times),
    works: values.work === undefined ? WORKS : chosen('--work', WORKS, separated(values.work)),
    plannedIntervals: intervals ?? defaults.planned,
    keep: readKeep(values.keep),
    quick: values.quick,
    json: readPath('--json', values.json),
    markdown: readPath('--markdown', values.markdown),
  };
}

const separated = (texts: readonly string[]): string[] => texts.flatMap((text) => text.split(','));

/** @throws Error saying what was expected and what was found. */
export const readTimes = (option: string, text: string): number =>
  wholeNumber(option, text, 1, 1000);

/** The sandbox hides /run behind one of its own. */
function readKeep(folder: string | undefined): string | null {
  const path = readPath('--keep', folder);
  if (path === null || !/^\/run(\/|$)/.test(resolve(path))) return path;
  throw new Error(`--keep: expected a folder that is not below /run, found "${path}"`);
}

function readIntervals(texts: readonly string[]): number[] {
  const intervals = separated(texts).map((text) => {
    const value = Number(text);
    if (/^\d+0$/.test(text) && value >= 10 && value <= 40_950) return value;
    throw new Error(`--interval: expected whole centiseconds from 10 to 40950 ms, found "${text}"`);
  });
  return [...new Set(intervals)].sort((left, right) => right - left);
}

function readPath(option: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (text !== '') return text;
  throw new Error(`${option}: expected a file name, found ""`);
}
