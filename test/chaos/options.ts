// The command line of `scripts/chaos`: read, checked, given its defaults. Nothing is run here.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { decimal, wholeNumber } from '../support/options.js';

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Only this one. */
  readonly storm: number | null;
  /** Where failed storms are kept; a new folder of the system's temporary one unless given. */
  readonly keep: string | null;
}

export const USAGE = `usage: scripts/chaos [--minutes N] [--seed S] [--storm K] [--keep DIR]

Random faults on a real pair in a private sandbox, one or two at once; some pairs stand beside a third
router, ours or keepalived. After each storm everything is mended, and within ten seconds each virtual
address must have exactly one holder, by the kernels, and answer a probe. Runs with other seeds may go
on side by side. As root (captures need it) or with user namespaces.

  --minutes N   how long; a storm that has begun is ended, 0.1 to 1440 (default 10)
  --seed S      of what is drawn, 0 to 4294967295 (default: another one each time, printed)
  --storm K     only this one of the seed, on a fresh pair
  --keep DIR    where failed storms are kept (default: a new folder for temporary files); with
                --storm it is kept if it passes, too

Exit status: 0 all passed, 1 a storm failed, 2 usage, or no sandbox.
`;

/**
 * Reads the arguments; null when help is asked for.
 * @param chance the seed when none is given.
 * @throws Error saying what was expected and what was found.
 */
export function readOptions(argv: readonly string[], chance: () => number): ChaosOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string' },
      seed: { type: 'string' },
      storm: { type: 'string' },
      keep: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  if (values.keep !== undefined) checkKeep(values.keep);
  return {
    minutes: decimal('--minutes', values.minutes ?? '10', 0.1, 1440),
    seed: values.seed === undefined ? chance() : wholeNumber('--seed', values.seed, 0, 0xffff_ffff),
    storm: values.storm === undefined ? null : wholeNumber('--storm', values.storm, 0, 1_000_000),
    keep: values.keep ?? null,
  };
}

/** The sandbox hides /run behind one of its own. */
function checkKeep(folder: string): void {
  if (folder !== '' && !/^\/run(\/|$)/.test(resolve(folder))) return;
  throw new Error(`--keep: expected a folder that is not below /run, found "${folder}"`);
}

/** What repeats the run, or one storm of it. */
export const commandOf = ({ minutes, seed, storm }: ChaosOptions): string =>
  storm === null
    ? `scripts/chaos --minutes ${minutes} --seed ${seed}`
    : `scripts/chaos --seed ${seed} --storm ${storm}`;
