// `scripts/bench pull`: where the milliseconds of a cable pull go, from the command that pulls it to the client's
// next answer, by the kernels' clocks and the agents' own recordings. No keepalived, no verdicts.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { monitorOf, noticedAt } from '../../scripts/lab/address-watch.js';
import { now } from '../../scripts/lab/clock.js';
import type { Lab } from '../../scripts/lab/lab.js';
import { STATIONS, type NamespaceName } from '../../scripts/lab/network.js';
import { enterSandbox, mappedUser } from '../../scripts/lab/sandbox.js';
import { startTcpdump } from '../../scripts/lab/tcpdump.js';
import { milliseconds, table } from './markdown.js';
import { readTimes } from './options.js';
import { BenchPair } from './pair.js';
import { ADDRESS, failoverPrograms } from './programs.js';
import { pullSteps, STEPS, type Seen, type Steps } from './pull-steps.js';
import { spread } from './statistics.js';

const USAGE = `usage: scripts/bench pull [--runs N]

Where the milliseconds of a cable pull go: a pair at its defaults, the Active's LAN cable pulled, a client that
asks 1000 times a second. Needs root. Ten seconds for each run.

  --runs N   1 to 1000 (default 10)
`;

/** What is watched goes on so long after the pull. */
const AFTERMATH_MS = 600;

/** One watcher: where, what tcpdump is to show, and which lines count. */
interface Watch {
  readonly of: keyof Seen;
  readonly on: NamespaceName;
  readonly port: string;
  readonly filter: string;
  readonly direction: 'in' | 'out';
}

/** A push of the HA port: its kind stands in byte 6 of the datagram. */
const PUSH = 'src host 10.98.0.1 and udp dst port 7112 and udp[14] = 3';
const ANNOUNCED = `arp and arp[6:2] = 1 and ether src ${STATIONS.b.mac}`;

const WATCHES: readonly Watch[] = [
  { of: 'messageOut', on: 'a', port: 'ha0', filter: PUSH, direction: 'out' },
  { of: 'messageIn', on: 'b', port: 'ha0', filter: PUSH, direction: 'in' },
  { of: 'announced', on: 'b', port: 'eth0', filter: ANNOUNCED, direction: 'out' },
  { of: 'bridged', on: 'c', port: 'eth0', filter: ANNOUNCED, direction: 'in' },
  {
    of: 'answers',
    on: 'c',
    port: 'eth0',
    filter: `icmp[0] = 0 and src host ${ADDRESS}`,
    direction: 'in',
  },
];

/** Times of what was seen, newest last, and what ends the watching. */
class Watching {
  readonly seen: Record<keyof Seen, number[]>;
  readonly #children: ChildProcess[] = [];

  private constructor() {
    this.seen = {
      carrier: [],
      messageOut: [],
      messageIn: [],
      address: [],
      announced: [],
      bridged: [],
      answers: [],
    };
  }

  static async start(lab: Lab): Promise<Watching> {
    const watching = new Watching();
    for (const { of, on, port, filter, direction } of WATCHES) {
      const words = ['-l', '-n', '-tt', '-Q', direction, filter];
      const { child } = await startTcpdump(lab.network, on, port, words);
      watching.#follow(child, /^(\d+\.\d+) /, (at) => watching.seen[of].push(Number(at) * 1000));
    }
    watching.#followCarrier(lab);
    return watching;
  }

  /** `ip` stamps the notice when it reads it. */
  #followCarrier(lab: Lab): void {
    const { network } = lab;
    const monitor = ['chrt', '--fifo', '2', ...monitorOf('link')];
    const [command = '', ...rest] = network.inside('a', monitor);
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = /^\[([\d-]+T[\d:]+)\.(\d{6})\] \d+: eth0\S* .*NO-CARRIER/;
    this.#follow(child, line, (seconds, micros) =>
      this.seen.carrier.push(noticedAt(seconds, micros)),
    );
  }

  #follow(child: ChildProcess, line: RegExp, take: (...found: string[]) => void): void {
    this.#children.push(child);
    if (child.stdout === null) throw new Error('expected a watcher with an output');
    createInterface({ input: child.stdout }).on('line', (text) => {
      const [match, ...found] = line.exec(text) ?? [];
      if (match !== undefined) take(...found);
    });
  }

  forget(): void {
    for (const times of Object.values(this.seen)) times.length = 0;
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

/** Kernel.now, in µs, on the lab's clock. */
const monotonicOffsetMs = (): number => now() - Number(process.hrtime.bigint()) / 1e6;

/** When the core took the event that this matches, by the agent's own recording. */
async function recorded(pair: BenchPair, name: 'a' | 'b', from: number): Promise<number[]> {
  const appliance = pair.appliance(name);
  const file = `${appliance.directory}/state/recording.jsonl`;
  rmSync(file, { force: true });
  process.kill(appliance.pid, 'SIGUSR2');
  await pair.waitFor(`a recording of ${name}`, () => existsSync(file));
  await sleep(100);
  const offset = monotonicOffsetMs();
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { at?: number; event?: { kind: string; status?: Status } })
    .filter(({ event }) => event !== undefined && counts(event))
    .map(({ at = 0 }) => at / 1000 + offset)
    .filter((at) => at >= from);
}

interface Status {
  readonly fault?: string;
  readonly state: string;
}

const counts = ({ kind, status }: { kind: string; status?: Status }): boolean =>
  kind === 'peer-report' || (status?.fault === 'no-carrier' && status.state === 'failed');

async function pullOnce(pair: BenchPair, watching: Watching): Promise<Steps> {
  const { lab } = pair;
  await pair.ready();
  watching.forget();
  const from = now();
  await lab.unplug('a');
  await pair.waitFor(
    'b holds the address',
    () => lab.takeOver(ADDRESS, 'b', from).takenAt !== null,
  );
  await sleep(AFTERMATH_MS);
  const decided = (await recorded(pair, 'a', from))[0] ?? Number.NaN;
  const reports = await recorded(pair, 'b', from);
  const address = lab.takeOver(ADDRESS, 'b', from).takenAt ?? Number.NaN;
  const steps = pullSteps({ ...watching.seen, address: [address] }, { from, decided, reports });
  pair.disturb();
  await lab.plug('a');
  await pair.ready();
  return steps;
}

async function main(runs: number): Promise<number> {
  const pair = await BenchPair.open({
    software: 'understudy',
    intervalMs: 1000,
    programs: failoverPrograms('understudy', 1000, null),
    addresses: [ADDRESS],
    realtime: true,
    probed: [ADDRESS],
  });
  const all: Steps[] = [];
  try {
    await pair.ready();
    const watching = await Watching.start(pair.lab);
    try {
      for (let run = 1; run <= runs; run += 1) {
        const steps = await pullOnce(pair, watching);
        all.push(steps);
        process.stderr.write(`${run}: ${JSON.stringify(steps)}\n`);
      }
    } finally {
      watching.close();
    }
  } finally {
    await pair.close();
  }
  process.stdout.write(`${report(all)}\n`);
  return 0;
}

function report(all: readonly Steps[]): string {
  const rows = STEPS.map(({ key, what }) => {
    const found = all.map((steps) => steps[key]).filter((ms) => Number.isFinite(ms));
    const both = spread(found);
    const shown = (ms: number | undefined): string => (ms === undefined ? 'n/a' : milliseconds(ms));
    return [what, shown(both?.median), shown(both?.worst), String(found.length)];
  });
  const right = (title: string) => ({ title, right: true });
  return table([{ title: 'from, to' }, right('median ms'), right('worst ms'), right('runs')], rows);
}

function runsOrEnd(): number {
  try {
    const { values } = parseArgs({
      options: { runs: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
    });
    if (!values.help) return values.runs === undefined ? 10 : readTimes('--runs', values.runs);
    process.stdout.write(USAGE);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const runs = runsOrEnd();
const refusal = (await enterSandbox()) ?? (mappedUser() ? 'tcpdump needs root' : null);
if (refusal !== null) {
  process.stderr.write(`bench: ${refusal}\n`);
  process.exit(1);
}
process.exitCode = await main(runs);
process.exit();
