// `scripts/bench connections`: what scripts/connections costs. Traffic to an Active with its rules and without, in turn;
// connections that live on the Backup beside such that live on the Active. No keepalived, no faults.
import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { PATHS } from '../../scripts/lab/pair-program.js';
import { ROOT } from '../../scripts/lab/program.js';
import { enterSandbox, mappedUser } from '../../scripts/lab/sandbox.js';
import { ConnectionsPair, SEGMENTS, type Kind, type Measured } from './connections-pair.js';
import { table } from './markdown.js';
import { readTimes } from './options.js';
import { median } from './statistics.js';

const USAGE = `usage: scripts/bench connections [--runs N] [--write]

What scripts/connections costs on this machine, as ratios: traffic to an Active with its rules and without, to
connections that are handed over and to others, with 1, 10 and 100 virtual addresses. Needs root. Two minutes
for each run.

  --runs N   1 to 1000 (default 5)
  --write    puts the tables into docs/CONNECTIONS.md
`;

const ADDRESSES = [1, 10, 100] as const;
/** A run takes so many short windows of each of the two that it compares, in turn, and the median of each. */
const TURNS = 8;

const upload: Kind = {
  what: 'stream, packets of 64 KiB',
  client: 'c',
  traffic: 'upload',
  connections: 1,
};
const segments: Kind = { ...upload, what: 'stream, packets of 1.5 kB', client: SEGMENTS };
const kept: Kind = { ...upload, what: 'requests, kept connection', traffic: 'small' };
const many: Kind = { ...kept, what: 'requests, 8 kept connections', connections: 8 };
const own: Kind = { ...kept, what: 'requests, one a connection', connections: 0 };
const download: Kind = { ...upload, what: 'stream to the client', traffic: 'download' };

/** What is compared in which table. */
const PARTS = [
  { title: 'to a virtual address: on / off', kinds: [upload, segments, many, own] },
  { title: 'to its own address: on / off', kinds: [upload, segments, many, own] },
  { title: 'handed over / not', kinds: [kept, many, upload, segments, download] },
] as const;
const [VIRTUAL, OTHER, DETOUR] = PARTS;
type Part = (typeof PARTS)[number];

/** The ratios of all runs. */
interface Row {
  readonly part: Part;
  readonly kind: Kind;
  readonly addresses: number;
  readonly runs: readonly Measured[];
}

/** Brings the pair into the one state, or the other, in which the same traffic is measured. */
type Enter = (one: boolean) => Promise<void>;

/** Every kind of the part in both states, each first in every other turn. */
async function rowsOf(
  { part, addresses, runs }: Pick<Row, 'part' | 'addresses'> & { readonly runs: number },
  enter: Enter,
  measure: (kind: Kind) => Promise<Measured>,
): Promise<Row[]> {
  const rows = part.kinds.map((kind) => ({ part, kind, addresses, runs: [] as Measured[] }));
  for (let run = 0; run < runs; run += 1) {
    const found = part.kinds.map(() => ({ one: [] as Measured[], other: [] as Measured[] }));
    for (let turn = 0; turn < TURNS; turn += 1) {
      const states = ['one', 'other'] as const;
      for (const state of turn % 2 === 0 ? states : states.toReversed()) {
        await enter(state === 'one');
        for (const [index, kind] of part.kinds.entries()) {
          found[index]?.[state].push(await measure(kind));
        }
      }
    }
    for (const [index, { one, other }] of found.entries()) {
      const ratio = (of: (measured: Measured) => number): number =>
        median(one.map(of)) / median(other.map(of));
      rows[index]?.runs.push({ rate: ratio(({ rate }) => rate), cpu: ratio(({ cpu }) => cpu) });
    }
  }
  return rows;
}

/** Always the same connections, so that nothing but the state differs. */
async function measureWith(addresses: number, runs: number): Promise<Row[]> {
  const subject = await ConnectionsPair.open(addresses);
  const rows = async (part: Part, to: string, enter: Enter): Promise<Row[]> => {
    await subject.keep(part.title, to, part.kinds);
    const measure = (kind: Kind) => subject.measure(part.title, to, kind);
    return rowsOf({ part, addresses, runs }, enter, measure);
  };
  try {
    const virtual = await rows(VIRTUAL, subject.virtual, (on) => subject.rules(on));
    const other = await rows(OTHER, PATHS.a[1], (on) => subject.rules(on));
    await subject.rules(true);
    const detour = await rows(DETOUR, subject.virtual, (moved) =>
      subject.moveTo(moved ? 'b' : 'a'),
    );
    return [...virtual, ...other, ...detour];
  } finally {
    await subject.pair.close();
  }
}

/** Twice at most: where a busy machine keeps an agent quiet for a second, connections are reset. */
async function attempted(addresses: number, runs: number): Promise<Row[]> {
  try {
    return await measureWith(addresses, runs);
  } catch (error) {
    const reason = (error as Error).message;
    process.stderr.write(`with ${addresses} virtual addresses: ${reason}; once more\n`);
    return measureWith(addresses, runs);
  }
}

function ratios(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`;
}

function tableOf(part: Part, rows: readonly Row[]): string {
  const numbers = (kind: Kind, of: (run: Measured) => number): string[] =>
    rows
      .filter((row) => row.part === part && row.kind === kind)
      .map((row) => ratios(row.runs.map(of)));
  const columns = [
    { title: part.title },
    { title: 'ratio of' },
    ...ADDRESSES.map((count) => ({ title: `${count}`, right: true })),
  ];
  const lines = part.kinds.flatMap((kind) => [
    [kind.what, 'throughput', ...numbers(kind, ({ rate }) => rate)],
    ['', 'processor time', ...numbers(kind, ({ cpu }) => cpu)],
  ]);
  return table(columns, lines);
}

const PAGE = `${ROOT}docs/CONNECTIONS.md`;
const MARKED = /<!-- cost -->[\s\S]*<!-- end of cost -->/;

async function main(runs: number, write: boolean): Promise<void> {
  const rows: Row[] = [];
  for (const count of ADDRESSES) {
    rows.push(...(await attempted(count, runs)));
    process.stderr.write(`measured with ${count} virtual addresses\n`);
  }
  const day = new Date().toISOString().slice(0, 10);
  const head = `Measured ${day}, Linux ${release()}, by number of virtual addresses; ${runs} runs, median (lowest-highest).`;
  const text = [head, ...PARTS.map((part) => tableOf(part, rows))].join('\n\n');
  process.stdout.write(`${text}\n`);
  if (!write) return;
  const whole = `<!-- cost -->\n\n${text}\n\n<!-- end of cost -->`;
  const page = readFileSync(PAGE, 'utf8').replace(MARKED, () => whole);
  writeFileSync(PAGE, page);
}

/** Reads the arguments, or ends the program: 0 with the usage, 2 with a complaint. */
function readArguments(): { readonly runs: number; readonly write: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '5' },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const runs = readTimes('--runs', values.runs);
    // Now, not after a quarter of an hour: whether the page can take the tables.
    if (values.write && !MARKED.test(readFileSync(PAGE, 'utf8'))) {
      throw new Error(`${PAGE}: expected the marks of the cost, found none`);
    }
    return { runs, write: values.write };
  } catch (error) {
    process.stderr.write(`bench connections: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const { runs, write } = readArguments();
const refusal = await enterSandbox();
try {
  if (refusal !== null) throw new Error(refusal);
  if (mappedUser()) throw new Error('root expected, for a priority above the ordinary: sudo');
  await main(runs, write);
} catch (error) {
  process.stderr.write(`bench connections: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
process.exit();
