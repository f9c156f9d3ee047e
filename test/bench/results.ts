// What the benchmark measures, as it stands in its JSON. Values and names only: nothing is measured,
// judged or rendered here.
import type { Program } from '../../scripts/lab/program.js';

export type Software = Program['software'];
export const SOFTWARES = ['understudy', 'keepalived'] as const satisfies readonly Software[];

export const PARTS = ['failover', 'tuned', 'idle', 'cost', 'start', 'stress', 'planned'] as const;
export type Part = (typeof PARTS)[number];

/** What compares with keepalived. `planned` judges understudy alone, and has to be asked for. */
export const DEFAULT_PARTS: readonly Part[] = PARTS.filter((part) => part !== 'planned');

/** Planned work, in the order of the table. Each is done and undone. */
export const WORKS = ['failover', 'maintenance', 'stop', 'move', 'add', 'key'] as const;
export type Work = (typeof WORKS)[number];
export const HALVES = ['there', 'back'] as const;
export type Half = (typeof HALVES)[number];

/** What befalls the Active, in the order of the tables. */
export const FAULTS = [
  'stop',
  'handover',
  'kill',
  'hang',
  'kill-all',
  'unplug',
  'silent-lan',
  'power-cut',
  'check',
  'parted-5',
  'parted-20',
  'parted-50',
] as const;
export type BenchFault = (typeof FAULTS)[number];

/** A power cut that silences the LAN first and the HA link so many milliseconds later. */
export const PARTED_MS = {
  'parted-5': 5,
  'parted-20': 20,
  'parted-50': 50,
} as const satisfies Partial<Record<BenchFault, number>>;

/** Of the failover part, in which understudy has its defaults. */
export const FAILOVER_FAULTS: readonly BenchFault[] = FAULTS.filter(
  (fault) => !(fault in PARTED_MS),
);

/** Of the tuned part, in which peer and gateway are asked every TUNED_MS: what has to be found out. */
export const TUNED_FAULTS: readonly BenchFault[] = FAULTS.filter(
  (fault) =>
    fault in PARTED_MS || fault === 'unplug' || fault === 'silent-lan' || fault === 'power-cut',
);
export const TUNED_MS = 10;

/** The role going back to the primary once the fault is mended. */
export interface ReturnRun {
  readonly lost: number;
  readonly outageMs: number;
  readonly bothHeldMs: number;
  readonly nobodyHeldMs: number;
}

export interface FailoverRun {
  /** From 1. */
  readonly run: number;
  /** Probes sent and lost, one a millisecond, from the fault to the end of the observation. */
  readonly sent: number;
  readonly lost: number;
  /** Longest time without an answer. */
  readonly outageMs: number;
  /** From the fault until the Backup held the address; null: it never did. */
  readonly takenAfterMs: number | null;
  /** From the fault until the Backup alone held it; null: never in `watchedMs`. */
  readonly aloneAfterMs: number | null;
  readonly watchedMs: number;
  readonly bothHeldMs: number;
  readonly nobodyHeldMs: number;
  readonly back: ReturnRun;
  /** Worst lateness of the probing client itself. */
  readonly latenessMs: number;
}

/** An attempt that the bench could not bring to its end: each run has two. */
export interface FailedAttempt {
  readonly run: number;
  readonly attempt: number;
  readonly reason: string;
}

export interface FailoverCell {
  readonly software: Software;
  readonly intervalMs: number;
  readonly fault: BenchFault;
  readonly runs: readonly FailoverRun[];
  readonly failed: readonly FailedAttempt[];
}

export interface ProcessUsage {
  readonly name: string;
  /** Of one core, over the window. */
  readonly cpuPercent: number;
  readonly rssKib: number;
  /** Shared pages counted in part; null where the kernel does not say. */
  readonly pssKib: number | null;
}

export interface SideUsage {
  readonly cpuPercent: number;
  readonly rssKib: number;
  readonly processes: readonly ProcessUsage[];
}

export interface CostCell {
  readonly software: Software;
  readonly routers: number;
  readonly intervalMs: number;
  readonly windowMs: number;
  readonly active: SideUsage;
  readonly backup: SideUsage;
  /** Of both sides, in the window: nothing was asked of anybody. */
  readonly transitions: number;
  /** From SIGTERM to the Active until the Backup held every address. */
  readonly takeOverMs: number;
}

/** A pair in which nothing happens. */
export interface IdleCell {
  readonly software: Software;
  /** How often the peer is asked; null: there is none. */
  readonly checksMs: number | null;
  /** With a gateway (understudy) and a check. */
  readonly monitors: boolean;
  readonly windowMs: number;
  readonly active: SideUsage;
  readonly backup: SideUsage;
}

export interface FailedCost {
  readonly software: Software;
  readonly routers: number;
  readonly intervalMs: number;
  readonly reason: string;
}

export interface StartResult {
  /** From exec to the first advertisement on the wire, address owner (priority 255), by run. */
  readonly firstAdvertisementMs: Readonly<Record<Software, readonly number[]>>;
  /** `understudy status`, `understudy check` and bare `node -e 0`, in turn. */
  readonly statusMs: readonly number[];
  readonly checkMs: readonly number[];
  readonly nodeMs: readonly number[];
  readonly unavailable: readonly string[];
}

export interface StressCell {
  readonly software: Software;
  readonly realtime: boolean;
  readonly minutes: number;
  readonly intervalMs: number;
  /** Transitions of either side while nothing was asked of them, as they log them. */
  readonly transitions: number;
  /** How often the Backup took the address, as the kernel says. */
  readonly takeOvers: number;
  readonly bothHeldMs: number;
  readonly nobodyHeldMs: number;
}

export interface FailedStress {
  readonly software: Software;
  readonly realtime: boolean;
  readonly reason: string;
}

/** One half of planned work, done once. */
export interface PlannedRun {
  /** From 1. */
  readonly run: number;
  /** Of all probed addresses: probes sent, and those without an answer in time, by the client's count. */
  readonly sent: number;
  readonly lost: number;
  /** Requests without an answer in the capture on the switch; null without a capture that has all frames. */
  readonly unanswered: number | null;
  /** Frames that the capture had no room for. */
  readonly missedFrames: number;
  /** Longest time between two answers from one address. */
  readonly longestGapMs: number;
  /** Of the address that was so longest, by the kernels' notices. */
  readonly nobodyHeldMs: number;
  readonly bothHeldMs: number;
  /** Who answered, one after the other, by the capture: `a, b`. */
  readonly answeredBy: string;
  /** In which order the heir told whom, for each virtual router that moved. */
  readonly orders: readonly string[];
  /** Worst lateness of the probing client itself. */
  readonly latenessMs: number;
}

/** What there is to look at of a run that lost something or could not be carried out. */
export interface PlannedTrouble {
  readonly run: number;
  readonly reason: string;
  /** A folder. */
  readonly kept: string;
}

export interface PlannedCell {
  readonly work: Work;
  readonly half: Half;
  readonly intervalMs: number;
  readonly runs: readonly PlannedRun[];
  readonly troubles: readonly PlannedTrouble[];
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryMib: number;
  readonly kernel: string;
  readonly node: string;
  readonly understudy: string;
  readonly keepalived: string;
}

export interface BenchOptions {
  readonly parts: readonly Part[];
  readonly runs: number;
  readonly intervals: readonly number[];
  /** Of the tuned part. */
  readonly tunedIntervals: readonly number[];
  readonly faults: readonly BenchFault[];
  /** Length of each of the two halves of the stress part. */
  readonly minutes: number;
  /** How often each planned work is done, which, and at which intervals. */
  readonly times: number;
  readonly works: readonly Work[];
  readonly plannedIntervals: readonly number[];
  /** Where evidence of lost probes is kept; a new folder for temporary files when null. */
  readonly keep: string | null;
  readonly quick: boolean;
  readonly json: string | null;
  readonly markdown: string | null;
}

export interface Results {
  readonly date: string;
  readonly tookSeconds: number;
  readonly machine: Machine;
  readonly options: BenchOptions;
  /** How daemons and client were scheduled in the failover part. */
  readonly scheduling: string;
  readonly failover: readonly FailoverCell[];
  readonly tuned: readonly FailoverCell[];
  readonly cost: readonly CostCell[];
  readonly costFailed: readonly FailedCost[];
  readonly idle: readonly IdleCell[];
  readonly start: StartResult | null;
  readonly stress: readonly StressCell[];
  readonly stressFailed: readonly FailedStress[];
  readonly planned: readonly PlannedCell[];
}
