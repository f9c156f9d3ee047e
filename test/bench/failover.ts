// The failover part: breaks both pairs in turn, again and again, and measures what a client and the
// kernels saw. A run that fails is tried once more and never dropped.
import { setTimeout as sleep } from 'node:timers/promises';
import { measure, type AddressMeasurement } from '../../scripts/lab/fault.js';
import { strike } from './faults.js';
import { BenchPair } from './pair.js';
import { ADDRESS, failoverPrograms } from './programs.js';
import {
  FAILOVER_FAULTS,
  SOFTWARES,
  TUNED_FAULTS,
  TUNED_MS,
  type BenchFault,
  type BenchOptions,
  type FailedAttempt,
  type FailoverCell,
  type FailoverRun,
  type ReturnRun,
  type Software,
} from './results.js';

/** The second pair is struck this much later: at the same instant one would burden the other. */
const STAGGER_MS = 500;

const ATTEMPTS = 2;

/** How long a fault is watched at most: an address still left behind then is left for good. */
export function watchMs(intervalMs: number, fault: BenchFault, quick: boolean): number {
  const detection = fault === 'check' ? 4000 : 0;
  const settled = 5 * intervalMs + 1000;
  // Whoever hangs for 5 s is ended by its executor: not while it is being woken, or nobody would start it again.
  if (fault === 'hang') return settled <= 4000 ? Math.max(3000, settled) : Math.max(6000, settled);
  return detection + Math.max(quick ? 3000 : 5000, settled);
}

interface Cell {
  readonly software: Software;
  readonly intervalMs: number;
  readonly fault: BenchFault;
  readonly runs: FailoverRun[];
  readonly failed: FailedAttempt[];
}

/** What the first half of a run found: the fault. The second is the way back. */
type Struck = Omit<FailoverRun, 'back'> & { readonly mend: () => Promise<void> };

type Say = (text: string) => void;

export interface FailoverPart {
  readonly options: BenchOptions;
  readonly realtime: boolean;
  readonly say: Say;
  /** Called after every fault with what there is so far. */
  readonly onProgress: (cells: readonly FailoverCell[]) => void;
}

/** Which faults, at which intervals, and how often understudy asks its peer and the gateway. */
interface Series {
  readonly faults: readonly BenchFault[];
  readonly intervals: readonly number[];
  /** Null: its defaults. */
  readonly checksMs: number | null;
}

/** Every fault at every interval, understudy with its defaults. */
export const measureFailover = (part: FailoverPart): Promise<FailoverCell[]> =>
  measureSeries(part, {
    faults: part.options.faults.filter((fault) => FAILOVER_FAULTS.includes(fault)),
    intervals: part.options.intervals,
    checksMs: null,
  });

/** What has to be found out, understudy asking peer and gateway every TUNED_MS. */
export const measureTuned = (part: FailoverPart): Promise<FailoverCell[]> =>
  measureSeries(part, {
    faults: part.options.faults.filter((fault) => TUNED_FAULTS.includes(fault)),
    intervals: part.options.tunedIntervals,
    checksMs: TUNED_MS,
  });

async function measureSeries(part: FailoverPart, series: Series): Promise<FailoverCell[]> {
  const cells: FailoverCell[] = [];
  if (series.faults.length === 0) return cells;
  for (const intervalMs of series.intervals) {
    await atInterval(part, series, intervalMs, (cell) => {
      cells.push(cell);
      part.onProgress(cells);
    });
  }
  return cells;
}

async function atInterval(
  part: FailoverPart,
  { faults, checksMs }: Series,
  intervalMs: number,
  done: (cell: FailoverCell) => void,
): Promise<void> {
  const { options, realtime, say } = part;
  const open = (software: Software): Promise<BenchPair> =>
    BenchPair.open({
      software,
      intervalMs,
      programs: failoverPrograms(software, intervalMs, checksMs),
      addresses: [ADDRESS],
      realtime,
      probed: [ADDRESS],
    });
  const opened = await Promise.all(SOFTWARES.map(open));
  try {
    for (const fault of faults) {
      const cells = SOFTWARES.map((software): Cell => ({
        software,
        intervalMs,
        fault,
        runs: [],
        failed: [],
      }));
      const sides = opened.map((pair, index) => new Side(pair, cells[index] as Cell, part));
      for (let run = 1; run <= options.runs; run += 1) {
        await sideBySide(run % 2 === 1 ? sides : [...sides].reverse(), run);
      }
      for (const cell of cells) {
        const tuned = checksMs === null ? '' : `, checks every ${checksMs} ms`;
        say(`${intervalMs} ms${tuned} ${fault}: ${cell.software} ${describe(cell)}`);
        done(cell);
      }
    }
  } finally {
    await Promise.all(opened.map((pair) => pair.close()));
  }
}

/** One run of both, staggered; whoever failed then tries once more, alone. */
async function sideBySide(sides: readonly Side[], run: number): Promise<void> {
  await Promise.all(sides.map((side) => side.prepare(run)));
  for (const half of ['strike', 'back'] as const) {
    await Promise.all(
      sides.map(async (side, index) => {
        await sleep(index * STAGGER_MS);
        await side[half]();
      }),
    );
  }
  for (const side of sides) await side.again();
}

const describe = ({ runs, failed }: Cell): string => {
  const lost = runs.map((run) => run.lost).join(' ');
  const back = runs.map((run) => run.back.lost).join(' ');
  const trouble = failed.length === 0 ? '' : `, ${failed.length} failed attempts`;
  return `lost ${lost || '-'}, on return ${back || '-'}${trouble}`;
};

/** One software's part in a run: each half is skipped when the one before has failed. */
class Side {
  readonly #pair: BenchPair;
  readonly #cell: Cell;
  readonly #part: FailoverPart;
  #run = 0;
  #attempt = 0;
  #broken = false;
  #struck: Struck | null = null;

  constructor(pair: BenchPair, cell: Cell, part: FailoverPart) {
    this.#pair = pair;
    this.#cell = cell;
    this.#part = part;
  }

  prepare(run: number): Promise<void> {
    this.#run = run;
    this.#attempt = 1;
    this.#broken = false;
    return this.#half(() => this.#pair.ready());
  }

  strike(): Promise<void> {
    return this.#half(async () => {
      this.#struck = await this.#observeFault();
    });
  }

  back(): Promise<void> {
    return this.#half(async () => {
      if (this.#struck === null) return;
      const { mend, ...struck } = this.#struck;
      const back = await this.#observeReturn(mend);
      await this.#pair.ready();
      this.#cell.runs.push({ ...struck, back });
    });
  }

  async again(): Promise<void> {
    if (!this.#broken || this.#attempt >= ATTEMPTS) return;
    this.#attempt += 1;
    this.#broken = false;
    await this.#half(() => this.#pair.ready());
    await this.strike();
    await this.back();
  }

  /** What goes wrong is noted, and the pair begins anew: nothing is carried into the next run. */
  async #half(body: () => Promise<void>): Promise<void> {
    if (this.#broken) return;
    try {
      await body();
    } catch (error) {
      this.#broken = true;
      this.#struck = null;
      const reason = (error as Error).message;
      const { software, intervalMs, fault } = this.#cell;
      this.#cell.failed.push({ run: this.#run, attempt: this.#attempt, reason });
      const where = `${intervalMs} ms ${fault}: ${software} run ${this.#run}`;
      this.#part.say(`${where}, attempt ${this.#attempt} FAILED: ${reason}`);
      await this.#pair.openAnew();
    }
  }

  async #observeFault(): Promise<Struck> {
    const { intervalMs, fault } = this.#cell;
    const watch = watchMs(intervalMs, fault, this.#part.options.quick);
    let mend: (() => Promise<void>) | null = null;
    this.#pair.disturb();
    const { from, to, measured } = await this.#observe('b', watch, async () => {
      mend = await strike(this.#pair, fault);
    });
    if (mend === null) throw new Error('expected a fault that can be mended, found none');
    const { takenAt, aloneAt } = this.#pair.lab.takeOver(ADDRESS, 'b', from);
    return {
      run: this.#run,
      sent: measured.probes.sent,
      lost: measured.probes.lost,
      outageMs: measured.probes.longestOutageMs,
      takenAfterMs: takenAt === null ? null : takenAt - from,
      aloneAfterMs: aloneAt === null ? null : aloneAt - from,
      watchedMs: to - from,
      bothHeldMs: measured.held.bothHeldMs,
      nobodyHeldMs: measured.held.nobodyHeldMs,
      latenessMs: measured.probes.scheduleLatenessMs,
      mend,
    };
  }

  async #observeReturn(mend: () => Promise<void>): Promise<ReturnRun> {
    const deadlineMs = 10 * this.#cell.intervalMs + 10_000;
    const { measured } = await this.#observe('a', deadlineMs, mend);
    if (measured.holdersAfter.join() !== 'a') {
      const found = measured.holdersAfter.join(' ') || 'nobody';
      throw new Error(`expected the role back at a within ${deadlineMs} ms, found it at ${found}`);
    }
    return {
      lost: measured.probes.lost,
      outageMs: measured.probes.longestOutageMs,
      bothHeldMs: measured.held.bothHeldMs,
      nobodyHeldMs: measured.held.nobodyHeldMs,
    };
  }

  async #observe(
    heir: 'a' | 'b',
    deadlineMs: number,
    act: () => Promise<void>,
  ): Promise<{
    readonly from: number;
    readonly to: number;
    readonly measured: AddressMeasurement;
  }> {
    const { lab, prober } = this.#pair;
    const observation = { lab, prober, addresses: [ADDRESS], heir, deadlineMs };
    const { from, to, addresses } = await measure(observation, act);
    const [measured] = addresses;
    if (measured === undefined) throw new Error('expected a measured address, found none');
    return { from, to, measured };
  }
}
