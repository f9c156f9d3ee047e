// The command line of `scripts/soak`: read, checked, given its defaults. Nothing is run here.
import { parseArgs } from 'node:util';
import { wholeNumber } from '../support/options.js';

export interface SoakOptions {
  /** Handovers of the role, ordered one after the other. */
  readonly transitions: number;
  /** Every sample is added to this file, as a line of JSON; null for none. */
  readonly keep: string | null;
}

export const USAGE = `usage: scripts/soak [--transitions N] [--keep FILE]

Orders one handover after the other at a real pair in a private sandbox, and watches every process of both
appliances: resident memory, file descriptors, threads, how many there are, and the size of the state
directory. Nothing may grow after the first thousand handovers (or the first half of less than two thousand): memory by at
most 2 MiB, from the least in the first third of the rest to the least in the last; all else not at all. Needs root or user namespaces; about five handovers a second.

  --transitions N   10 to 10000000 (default 10000)
  --keep FILE       every sample is added to it, as a line of JSON

Exit status: 0 nothing grew, 1 something did or a handover failed, 2 usage, or no sandbox.
`;

/**
 * Reads the arguments; null when help is asked for.
 * @throws Error saying what was expected and what was found.
 */
export function readOptions(argv: readonly string[]): SoakOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      transitions: { type: 'string', default: '10000' },
      keep: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const transitions = wholeNumber('--transitions', values.transitions, 10, 10_000_000);
  return { transitions, keep: values.keep ?? null };
}
