// `scripts/bench scraping`: what scrapes cost the punctuality of advertisements. One Active, asked in several ways by
// another process; its own histogram of lateness, and the gaps between its advertisements on the wire. No keepalived.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SMALL_FRAMES } from '../../scripts/lab/capture.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import { readPcap } from '../../scripts/lab/pcap.js';
import { enterSandbox, mappedUser } from '../../scripts/lab/sandbox.js';
import { controlSocketPath } from '../../src/control/protocol.js';
import type { LatenessStatus, Status } from '../../src/model/status.js';
import { table } from './markdown.js';
import { readTimes } from './options.js';
import { manyRouters, plainPrograms } from './programs.js';
import type { ScraperPlan, ScraperResult } from './scraper-process.js';

const USAGE = `usage: scripts/bench scraping [--seconds N]

How late an Active advertises while its metrics are scraped a thousand times a second, by its own histogram and by a
capture, beside the same without. Needs root.

  --seconds N   of each measurement, 1 to 1000 (default 10)
`;

const INTERVAL_MS = 10;
const ROUTERS = [1, 50, 250] as const;
/** As Prometheus does, as nobody should, and as who opens connections and reads nothing. */
const WAYS: readonly (readonly [string, ScraperPlan | null])[] = [
  ['nobody asks', null],
  ['a scrape a second', { perSecond: 1, deaf: 0, path: '/metrics' }],
  ['1000 scrapes a second', { perSecond: 1_000, deaf: 0, path: '/metrics' }],
  ['the same, and 16 that never read', { perSecond: 1_000, deaf: 16, path: '/metrics' }],
];

const COLUMNS = [
  { title: 'virtual routers', right: true },
  { title: 'asked' },
  { title: 'answers', right: true },
  { title: 'advertisements', right: true },
  { title: '> 1 ms late', right: true },
  { title: '> 2.5 ms', right: true },
  { title: '> 10 ms', right: true },
  { title: 'longest gap, ms over', right: true },
] as const;

interface Row {
  readonly sent: number;
  /** Advertisements that were later than so many ms, by the agent. */
  readonly late: Readonly<Record<'1' | '2.5' | '10', number>>;
  /** On the wire: gaps between two of one virtual router that were so much longer than the interval, in ms. */
  readonly longest: number | null;
  readonly answered: number;
}

const later = (before: LatenessStatus, after: LatenessStatus, ms: number): number => {
  const within = (one: LatenessStatus): number =>
    one.atMost.find((bound) => bound.ms === ms)?.count ?? 0;
  return after.count - before.count - (within(after) - within(before));
};

async function measure(lab: Lab, plan: ScraperPlan | null, seconds: number): Promise<Row> {
  const { control, directory } = lab.appliance('a');
  const capture = mappedUser()
    ? null
    : await lab.capture({
        port: 'port-a',
        direction: 'in',
        filter: 'ip proto 112',
        snapLength: SMALL_FRAMES,
      });
  const lateness = async (): Promise<LatenessStatus> => latenessOf(await control.status());
  const before = await lateness();
  const scraped =
    plan === null ? null : scrape(controlSocketPath(`${directory}/run`), plan, seconds);
  if (scraped === null) await sleep(seconds * 1_000);
  const answered = (await scraped)?.answered ?? 0;
  const after = await lateness();
  await capture?.stop();
  return {
    sent: after.count - before.count,
    late: {
      '1': later(before, after, 1),
      '2.5': later(before, after, 2.5),
      '10': later(before, after, 10),
    },
    longest: capture === null ? null : longestGap(capture.file) - INTERVAL_MS,
    answered,
  };
}

function latenessOf({ lateness }: Status): LatenessStatus {
  if (lateness === undefined) throw new Error('expected an agent that counts how late it is');
  return lateness;
}

/** The longest time between two advertisements of one VRID, in ms. */
function longestGap(file: string): number {
  const last = new Map<number, number>();
  let longest = 0;
  for (const { bytes, capturedAt } of readPcap(file)) {
    // Ethernet, then an IPv4 header without options.
    const vrid = bytes[14 + 20 + 1] ?? 0;
    const before = last.get(vrid);
    if (before !== undefined) longest = Math.max(longest, (capturedAt - before) / 1_000);
    last.set(vrid, capturedAt);
  }
  return longest;
}

async function scrape(
  socketPath: string,
  plan: ScraperPlan,
  seconds: number,
): Promise<ScraperResult> {
  const program = fileURLToPath(new URL('scraper-process.js', import.meta.url));
  const child = fork(program, [socketPath, String(seconds), JSON.stringify(plan)]);
  const [result] = (await once(child, 'message')) as [ScraperResult];
  child.disconnect();
  return result;
}

async function measureAll(seconds: number): Promise<string> {
  const rows: string[][] = [];
  for (const routers of ROUTERS) {
    const lab = await createLab();
    try {
      const appliance = lab.appliance('a');
      appliance.start(plainPrograms('understudy', INTERVAL_MS, routers)('a', appliance.directory));
      const addresses = manyRouters(routers).map(({ address }) => address);
      await lab.waitFor(
        'a holds every address',
        () => addresses.every((address) => lab.holding(address).join() === 'a'),
        { deadlineMs: 30_000 },
      );
      await sleep(1_000);
      for (const [what, plan] of WAYS) {
        const { sent, late, longest, answered } = await measure(lab, plan, seconds);
        const cells = [
          `${routers}`,
          what,
          `${answered}`,
          `${sent}`,
          ...(['1', '2.5', '10'] as const).map((ms) => `${late[ms]}`),
          longest === null ? 'n/a' : longest.toFixed(2),
        ];
        process.stderr.write(`${cells.join('  ')}\n`);
        rows.push(cells);
      }
    } finally {
      await lab.close();
    }
  }
  return table(COLUMNS, rows);
}

function secondsOrEnd(): number {
  const options = { seconds: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
  try {
    const { values } = parseArgs({ args: process.argv.slice(2), options });
    if (values.help === true) {
      process.stdout.write(USAGE);
      return process.exit(0);
    }
    return values.seconds === undefined ? 10 : readTimes('--seconds', values.seconds);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const seconds = secondsOrEnd();
const refusal = await enterSandbox();
if (refusal !== null) {
  process.stderr.write(`bench: ${refusal}\n`);
  process.exit(1);
}
process.stdout.write(
  `advertisements every ${INTERVAL_MS} ms, ${seconds} s each\n\n${await measureAll(seconds)}\n`,
);
process.exit();
