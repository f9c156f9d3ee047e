// What a pair costs in which nothing happens: with and without a peer, and by how often it asks. No client, no
// failover.
import { setTimeout as sleep } from 'node:timers/promises';
import { pairProgram } from '../../scripts/lab/pair-program.js';
import { BenchPair } from './pair.js';
import { manyRouters, plainPrograms, type ProgramFor } from './programs.js';
import type { BenchOptions, FailedCost, IdleCell, Software } from './results.js';
import { markUsage, usageSince } from './usage.js';

/** One virtual router. */
const INTERVAL_MS = 1000;

/** Every how many milliseconds the peer is asked, over HA link and LAN; null: there is no peer. */
const CHECKS = { full: [null, 100, 30, 10], quick: [null, 100] } as const;

/** What a process does once, after its start, is not what it costs: code is compiled, memory tidied up. */
const TIMES = {
  full: { settlingMs: 20_000, windowMs: 20_000 },
  quick: { settlingMs: 2000, windowMs: 2000 },
} as const;

export interface IdleResults {
  readonly cells: readonly IdleCell[];
  readonly failed: readonly FailedCost[];
}

export interface IdlePart {
  readonly options: BenchOptions;
  readonly say: (text: string) => void;
  readonly onProgress: (results: IdleResults) => void;
}

/** Each way to be idle once, keepalived first. */
export async function measureIdle({ options, say, onProgress }: IdlePart): Promise<void> {
  const size = options.quick ? 'quick' : 'full';
  const ways: { readonly software: Software; readonly checksMs: number | null }[] = [
    { software: 'keepalived', checksMs: null },
    ...CHECKS[size].map((checksMs) => ({ software: 'understudy' as const, checksMs })),
  ];
  const cells: IdleCell[] = [];
  const failed: FailedCost[] = [];
  for (const { software, checksMs } of ways) {
    const where = `idle, ${software}, ${checksMs === null ? 'no peer' : `checks every ${checksMs} ms`}`;
    try {
      const cell = await measureOne(software, checksMs, TIMES[size]);
      cells.push(cell);
      const [active, backup] = [cell.active.cpuPercent, cell.backup.cpuPercent];
      say(`${where}: Active ${active.toFixed(2)} %, Backup ${backup.toFixed(2)} %`);
    } catch (error) {
      const reason = `${where}: ${(error as Error).message}`;
      failed.push({ software, routers: 1, intervalMs: INTERVAL_MS, reason });
      say(`FAILED: ${reason}`);
    }
    onProgress({ cells, failed });
  }
}

async function measureOne(
  software: Software,
  checksMs: number | null,
  { settlingMs, windowMs }: { readonly settlingMs: number; readonly windowMs: number },
): Promise<IdleCell> {
  const programs =
    software === 'understudy' ? asking(checksMs) : plainPrograms(software, INTERVAL_MS, 1);
  const addresses = manyRouters(1).map(({ address }) => address);
  const plan = {
    software,
    intervalMs: INTERVAL_MS,
    programs,
    addresses,
    realtime: false,
    probed: [],
  };
  const pair = await BenchPair.open(plan);
  try {
    await pair.ready();
    await sleep(settlingMs);
    const [a, b] = [pair.appliance('a'), pair.appliance('b')];
    const marks = [markUsage(a), markUsage(b)] as const;
    await sleep(windowMs);
    const [active, backup] = [usageSince(a, marks[0]), usageSince(b, marks[1])];
    return { software, checksMs, windowMs, active, backup };
  } finally {
    await pair.close();
  }
}

/** Without a peer the priorities stand in the settings: there is nobody to be primary of. */
const asking =
  (checksMs: number | null): ProgramFor =>
  (name) => {
    const virtualRouters = manyRouters(1).map(({ name: router, vrid, addresses }) => ({
      name: router,
      vrid,
      addresses,
      interface: 'eth0',
      advertisementIntervalMs: INTERVAL_MS,
      ...(checksMs === null ? { priority: name === 'a' ? 200 : 100 } : {}),
    }));
    return checksMs === null
      ? pairProgram(name, { members: [name], virtualRouters })
      : pairProgram(name, { ha: { peerCheckIntervalMs: checksMs }, virtualRouters });
  };
