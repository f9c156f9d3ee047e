// Watches the processors of this machine: when one of them ran nobody, not even who comes before everything else.
// No judgement on what that excuses.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { realtime } from './realtime.js';

/** A processor ran nobody for so long, on the lab's clock: a kernel without preemption was busy, or its host was. */
export interface Standstill {
  readonly processor: number;
  readonly from: number;
  readonly to: number;
}

/** More are not watched: where there are many an agent is seldom on the one that stands still. */
const AT_MOST = 8;

/**
 * Sleeps 10 ms at a time, and says when it was woken more than 50 ms late: the time, and by how much, both in ms.
 * Only the sleep is measured, and by the monotonic clock: neither a full pipe nor a clock that is set is a standstill.
 */
const PROGRAM = `
use Time::HiRes qw(clock_gettime usleep CLOCK_MONOTONIC);
$| = 1;
print "watching\\n";
for (;;) {
  my $since = clock_gettime(CLOCK_MONOTONIC);
  usleep(10_000);
  my $late = clock_gettime(CLOCK_MONOTONIC) - $since - 0.010;
  printf "%.3f %.3f\\n", Time::HiRes::time() * 1000, $late * 1000 if $late > 0.050;
}
`;

/** Reads a list as the kernel writes it: "0-2,5". */
export function parseProcessors(list: string): number[] {
  return list
    .trim()
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** Those on which this process, and what it starts, may run. */
function ownProcessors(): number[] {
  const [, list = ''] =
    /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return parseProcessors(list);
}

/** Where a watcher cannot run (no Perl, no right to come first) nothing is known of its processor. */
export class ProcessorWatch {
  readonly #children = new Map<number, ChildProcess>();
  readonly #standstills: Standstill[] = [];
  readonly #onStandstill: () => void;

  constructor(onStandstill: () => void = () => undefined) {
    this.#onStandstill = onStandstill;
  }

  /**
   * Resolves when each processor is watched, or will not be.
   * @param first prefix of a command line that runs before everything else.
   */
  async start(first: readonly string[] = realtime(99)): Promise<void> {
    const processors = ownProcessors().slice(0, AT_MOST);
    await Promise.all(processors.map((processor) => this.#watch(processor, first)));
  }

  /** By processor. */
  get pids(): ReadonlyMap<number, number> {
    const pids = [...this.#children].map(([processor, { pid = 0 }]) => [processor, pid] as const);
    return new Map(pids);
  }

  /** Those that fell, at least in part, into this time. */
  standstills(from: number, to: number): Standstill[] {
    return this.#standstills.filter((one) => one.from < to && one.to > from);
  }

  close(): void {
    for (const child of this.#children.values()) child.kill('SIGKILL');
  }

  #watch(processor: number, first: readonly string[]): Promise<void> {
    const pinned = ['taskset', '--cpu-list', String(processor), 'perl', '-e', PROGRAM];
    // It ends with this process, however that ends.
    const argv = ['--pdeathsig', 'KILL', ...first, ...pinned];
    const env = { PATH: process.env['PATH'], LC_ALL: 'C' };
    const child = spawn('setpriv', argv, { stdio: ['ignore', 'pipe', 'ignore'], env });
    this.#children.set(processor, child);
    return new Promise((resolve) => {
      child.once('error', () => resolve()).once('exit', () => resolve());
      createInterface({ input: child.stdout }).on('line', (line) => {
        resolve();
        const [to = Number.NaN, late = Number.NaN] = line.split(' ').map(Number);
        if (Number.isNaN(to)) return;
        this.#standstills.push({ processor, from: to - late, to });
        this.#onStandstill();
      });
    });
  }
}
