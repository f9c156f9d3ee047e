// The planned part: does each planned work again and again under a thousand probes a second, and keeps what
// is needed to see why one was lost. What is done stands in planned-work.ts. No retry: whatever failed counts.
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMALL_FRAMES, type Capture } from '../../scripts/lab/capture.js';
import { keepAppliances } from '../../scripts/lab/evidence.js';
import { now } from '../../scripts/lab/lab.js';
import { readPcap } from '../../scripts/lab/pcap.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';
import {
  describeSightings,
  ROLE_FILTER,
  sightings,
  type Sighting,
} from '../../scripts/lab/sightings.js';
import { BenchPair } from './pair.js';
import { answersFrom, orderOf } from './planned-frames.js';
import { ADDRESSES, PROBED, programOf, ROUTERS, STEPS, type Step } from './planned-work.js';
import {
  HALVES,
  type BenchOptions,
  type PlannedCell,
  type PlannedRun,
  type PlannedTrouble,
  type Work,
} from './results.js';

/** Probing goes on for this long after the work is done: what comes late is seen. */
const AFTERMATH_MS = 300;
/** And the capture for this long after the last probe: an answer within the prober's patience is one. */
const ANSWER_MS = 500;

export interface PlannedPart {
  readonly options: BenchOptions;
  readonly realtime: boolean;
  readonly say: (text: string) => void;
  /** Called after every run with what there is so far. */
  readonly onProgress: (cells: readonly PlannedCell[]) => void;
}

/** A cell that grows. */
interface Cell extends PlannedCell {
  readonly runs: PlannedRun[];
  readonly troubles: PlannedTrouble[];
}

/** What was seen of one step, before it is counted. */
interface Observed {
  readonly from: number;
  readonly to: number;
  readonly probes: Readonly<Record<string, ProbeReport>>;
  /** In order of time; null without captures. */
  readonly frames: readonly Sighting[] | null;
  readonly missedFrames: number;
}

/** Every chosen work at every interval, `times` times. */
export async function measurePlanned(part: PlannedPart): Promise<readonly PlannedCell[]> {
  const { plannedIntervals, works } = part.options;
  const cells: Cell[] = [];
  for (const intervalMs of plannedIntervals) {
    const pair = await BenchPair.open({
      software: 'understudy',
      intervalMs,
      programs: (name) => programOf(name, intervalMs),
      addresses: ADDRESSES,
      realtime: part.realtime,
      probed: PROBED,
    });
    try {
      for (const work of works) {
        const both = HALVES.map((half): Cell => ({
          work,
          half,
          intervalMs,
          runs: [],
          troubles: [],
        }));
        cells.push(...both);
        await repeat(new Site(part, pair), work, both, () => part.onProgress(cells));
      }
    } finally {
      await pair.close();
    }
  }
  return cells;
}

async function repeat(
  site: Site,
  work: Work,
  cells: readonly Cell[],
  onProgress: () => void,
): Promise<void> {
  const { times } = site.part.options;
  for (let run = 1; run <= times; run += 1) {
    for (const cell of cells) if (!(await site.once(cell, run))) break;
    onProgress();
  }
  for (const { half, runs, troubles, intervalMs } of cells) {
    const lost = runs.reduce((sum, one) => sum + one.lost, 0);
    const failed = times - runs.length;
    site.part.say(
      `${intervalMs} ms ${STEPS[work][half].title}: ${runs.length} times, ${lost} lost` +
        (failed > 0 ? `, ${failed} not carried out` : '') +
        troubles.map(({ kept }) => `, see ${kept}`).join(''),
    );
  }
}

/** A pair on which work is done. */
class Site {
  readonly part: PlannedPart;
  readonly #pair: BenchPair;
  #captures: readonly Capture[] = [];

  constructor(part: PlannedPart, pair: BenchPair) {
    this.part = part;
    this.#pair = pair;
  }

  /** One half, once. @returns whether the pair is where the other half begins. */
  async once(cell: Cell, run: number): Promise<boolean> {
    const step = STEPS[cell.work][cell.half];
    const began = now();
    try {
      if (cell.half === 'there') await this.#pair.ready();
      this.#pair.disturb();
      const observed = await this.#observe(step, run);
      const counted = this.#count(step, run, observed);
      cell.runs.push(counted);
      const reason = lossOf(counted);
      if (reason !== null) this.#keep(cell, run, reason, observed);
      await step.rest(this.#pair);
      return true;
    } catch (error) {
      await this.#endCaptures();
      this.#keep(cell, run, (error as Error).message, { from: began });
      await this.#pair.openAnew();
      return false;
    }
  }

  async #observe(step: Step, run: number): Promise<Observed> {
    const { lab, prober } = this.#pair;
    if (this.part.realtime) {
      this.#captures = await Promise.all([
        lab.capture({ port: 'br0', filter: `${ROLE_FILTER} or icmp`, snapLength: SMALL_FRAMES }),
        lab.capture({ on: 'a', port: 'ha0', filter: ROLE_FILTER, snapLength: SMALL_FRAMES }),
      ]);
    }
    const window = await prober.open();
    const from = now();
    await step.act(this.#pair, run);
    const heir = step.to;
    await this.#pair.waitFor(`${heir} alone holds every address`, () => this.#pair.holds(heir));
    await sleep(AFTERMATH_MS);
    const to = now();
    const probes = await window.close();
    await sleep(Math.max(0, to + ANSWER_MS - now()));
    const missedFrames = await this.#endCaptures();
    const captured = this.#captures.flatMap(({ file }) => sightings(readPcap(file)));
    const frames = captured.sort((left, right) => left.at - right.at);
    return { from, to, probes, frames: this.part.realtime ? frames : null, missedFrames };
  }

  async #endCaptures(): Promise<number> {
    const missed = await Promise.all(this.#captures.map((capture) => capture.stop()));
    return missed.reduce((sum, one) => sum + one, 0);
  }

  #count(step: Step, run: number, observed: Observed): PlannedRun {
    const { from, to, frames, missedFrames } = observed;
    const { lab } = this.#pair;
    const reports = Object.values(observed.probes);
    const most = (values: readonly number[]): number => Math.max(0, ...values);
    const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
    const answers = PROBED.map((address) => answersFrom(frames ?? [], address, { from, to }));
    // A frame that is missing is no proof that there was none.
    const whole = frames !== null && missedFrames === 0;
    const held = ADDRESSES.map((address) => lab.heldTimes(address, from, to));
    const changes = ADDRESSES.flatMap((address) => lab.changes(address, from)).sort(
      (left, right) => left.at - right.at,
    );
    const moves = step.from !== step.to && frames !== null;
    return {
      run,
      sent: sum(reports.map((one) => one.sent)),
      lost: sum(reports.map((one) => one.lost)),
      unanswered: whole ? sum(answers.map((one) => one.unanswered)) : null,
      missedFrames,
      longestGapMs: most([
        ...reports.map((one) => one.longestGapMs),
        ...(whole ? answers.map((one) => one.longestGapMs) : []),
      ]),
      nobodyHeldMs: most(held.map((one) => one.nobodyHeldMs)),
      bothHeldMs: most(held.map((one) => one.bothHeldMs)),
      answeredBy: [...new Set(answers.map(({ by }) => by.join(', ')))].join(' / '),
      orders: moves
        ? ROUTERS.map((router, place) =>
            orderOf(frames, changes, { ...router, place }, step.to, from),
          )
        : [],
      latenessMs: most(reports.map((one) => one.scheduleLatenessMs)),
    };
  }

  /** Frames as they were captured and as text, both agents' logs and folders, and what was counted. */
  #keep(
    cell: Cell,
    run: number,
    reason: string,
    observed: Partial<Observed> & { readonly from: number },
  ): void {
    const { work, half, intervalMs } = cell;
    const folder = `${keepFolder(this.part.options)}/${work}-${half}-${intervalMs}ms-${run}`;
    mkdirSync(folder, { recursive: true });
    const { lab } = this.#pair;
    const { frames, ...rest } = observed;
    const counted = cell.runs.at(-1);
    const found = { ...rest, counted: counted?.run === run ? counted : null };
    writeFileSync(`${folder}/README`, `${STEPS[work][half].title}, run ${run}: ${reason}\n`);
    writeFileSync(`${folder}/found.json`, `${JSON.stringify(found, null, 2)}\n`);
    const seen = frames ?? this.#captures.flatMap(({ file }) => sightings(readPcap(file)));
    writeFileSync(`${folder}/frames.txt`, describeSightings(seen, observed.from));
    for (const [index, { file }] of this.#captures.entries()) {
      copyFileSync(file, `${folder}/${['lan', 'ha'][index] ?? index}.pcap`);
    }
    keepAppliances(folder, lab, observed.from - 2_000);
    cell.troubles.push({ run, reason, kept: folder });
    this.part.say(`${intervalMs} ms ${STEPS[work][half].title}, run ${run}: ${reason}`);
  }
}

/** What a run lost, in words; null when it lost nothing. */
export function lossOf({ lost, unanswered }: PlannedRun): string | null {
  if (lost === 0 && (unanswered ?? 0) === 0) return null;
  return `${lost} probes lost; ${unanswered ?? 'no'} requests without an answer in the capture`;
}

/** Made when it is needed first. */
let folder: string | null = null;

function keepFolder({ keep }: BenchOptions): string {
  folder ??= keep ?? mkdtempSync(`${tmpdir()}/understudy-planned-`);
  return folder;
}
