// What a pair costs in which nothing happens: with and without a peer, by how often it is asked, with and without
// monitors. No client, no failover.
import { setTimeout as sleep } from 'node:timers/promises';
import { GATEWAY_MONITORING, pairProgram } from '../../scripts/lab/pair-program.js';
import { BenchPair } from './pair.js';
import {
  ADDRESS,
  failoverPrograms,
  manyRouters,
  monitors,
  plainPrograms,
  type ProgramFor,
} from './programs.js';
import type { BenchOptions, FailedCost, IdleCell } from './results.js';
import { markUsage, usageSince } from './usage.js';

/** One virtual router. */
const INTERVAL_MS = 1000;

type Way = Pick<IdleCell, 'software' | 'checksMs' | 'monitors'>;

/** keepalived first; it has no peer to ask. */
const BESIDE: readonly Way[] = [false, true].map((withMonitors) => ({
  software: 'keepalived',
  checksMs: null,
  monitors: withMonitors,
}));

/** Every how many milliseconds the peer is asked, over HA link and LAN; null: there is no peer. */
const own = (checksMs: number | null, withMonitors = false): Way => ({
  software: 'understudy',
  checksMs,
  monitors: withMonitors,
});

const WAYS = {
  full: [
    ...BESIDE,
    own(null),
    own(100),
    own(30),
    own(10),
    own(null, true),
    own(100, true),
    own(30, true),
    own(10, true),
  ],
  quick: [...BESIDE, own(null), own(100), own(100, true)],
} as const;

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

/** Each way to be idle once. */
export async function measureIdle({ options, say, onProgress }: IdlePart): Promise<void> {
  const size = options.quick ? 'quick' : 'full';
  const cells: IdleCell[] = [];
  const failed: FailedCost[] = [];
  for (const way of WAYS[size]) {
    const { software, checksMs } = way;
    const asked = checksMs === null ? 'no peer' : `checks every ${checksMs} ms`;
    const where = `idle, ${software}, ${asked}${way.monitors ? ', monitors' : ''}`;
    try {
      const cell = await measureOne(way, TIMES[size]);
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
  way: Way,
  { settlingMs, windowMs }: { readonly settlingMs: number; readonly windowMs: number },
): Promise<IdleCell> {
  const { software } = way;
  const { programs, addresses } = programsOf(way);
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
    return { ...way, windowMs, active, backup };
  } finally {
    await pair.close();
  }
}

interface Told {
  readonly programs: ProgramFor;
  readonly addresses: readonly string[];
}

function programsOf({ software, checksMs, monitors: withMonitors }: Way): Told {
  if (software === 'keepalived' && withMonitors) {
    return { programs: failoverPrograms(software, INTERVAL_MS, null), addresses: [ADDRESS] };
  }
  const addresses = manyRouters(1).map(({ address }) => address);
  const programs =
    software === 'understudy'
      ? asking(checksMs, withMonitors)
      : plainPrograms(software, INTERVAL_MS, 1);
  return { programs, addresses };
}

/** Without a peer the priorities stand in the settings: there is nobody to be primary of. */
const asking =
  (checksMs: number | null, withMonitors: boolean): ProgramFor =>
  (name) => {
    const virtualRouters = manyRouters(1).map(({ name: router, vrid, addresses }) => ({
      name: router,
      vrid,
      addresses,
      interface: 'eth0',
      advertisementIntervalMs: INTERVAL_MS,
      ...(checksMs === null ? { priority: name === 'a' ? 200 : 100 } : {}),
    }));
    // Without a peer the gateway is asked as often as a peer is by default.
    const top = withMonitors ? { top: monitors(checksMs ?? GATEWAY_MONITORING.intervalMs) } : {};
    return checksMs === null
      ? pairProgram(name, { members: [name], virtualRouters, ...top })
      : pairProgram(name, { ha: { peerCheckIntervalMs: checksMs }, virtualRouters, ...top });
  };
