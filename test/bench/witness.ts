// `scripts/bench witness`: a pair with a real etcd as witness, in namespaces. What becomes of the role when nothing
// connects the two or the Active dies, and what an etcd that is in trouble does to a pair that is well. No keepalived.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { USUAL, Witnessed } from '../net/witness-bench.js';
import { milliseconds, table } from './markdown.js';
import { readTimes } from './options.js';
import { spread } from './statistics.js';
import {
  lose,
  LOSSES,
  loseWithout,
  otherOf,
  trouble,
  TROUBLES,
  type Lost,
  type Trouble,
  type Troubled,
} from './witness-faults.js';

const PARTS = [...LOSSES.map(({ name }) => name), 'without', 'trouble'] as const;

const USAGE = `usage: scripts/bench witness [--runs N] [--pairs N] [--seconds N,…] PART...

A pair with a real etcd on a third host (ttl ${USUAL.ttlMs / 1_000} s), by the kernels' notices. Exit status 1 when two ever held the
address, when a role moved beside a pair that is well, or a mending cost the client an answer.

  PART          ${PARTS.join(', ')}
  --runs N      of each loss, 1 to 1000 (default 20)
  --pairs N     so many pairs at once, 1 to 16 (default 4)
  --seconds N   of each trouble of the witness; several by commas (default 1,5,15,60)
  --only NAME   of the troubles: ${TROUBLES.map(({ name }) => name).join(', ')}
`;

interface Options {
  readonly parts: readonly string[];
  readonly runs: number;
  readonly pairs: number;
  readonly seconds: readonly number[];
  readonly only: readonly string[];
}

function readOptions(): Options | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '20' },
      pairs: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '1,5,15,60' },
      only: { type: 'string', multiple: true },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || positionals.length === 0) return null;
  const stranger = positionals.find((name) => !PARTS.includes(name));
  if (stranger !== undefined) {
    throw new Error(`expected parts out of ${PARTS.join(', ')}, found "${stranger}"`);
  }
  return {
    parts: positionals,
    runs: readTimes('--runs', values.runs),
    pairs: Math.min(16, readTimes('--pairs', values.pairs)),
    seconds: values.seconds.split(',').map((text) => readTimes('--seconds', text)),
    only: values.only ?? TROUBLES.map(({ name }) => name),
  };
}

const say = (line: object): void => void process.stderr.write(`${JSON.stringify(line)}\n`);

/** The runs of one loss, on several pairs at once; the role changes sides each time. */
async function losses(name: string, { runs, pairs }: Options): Promise<Lost[]> {
  const all: Lost[] = [];
  let left = runs;
  const loss = LOSSES.find((one) => one.name === name);
  const one = (): Promise<void> =>
    Witnessed.run(
      null,
      async (pair) => {
        let active: 'a' | 'b' = 'a';
        while (left > 0) {
          left -= 1;
          const lost =
            loss === undefined ? await loseWithout(pair, active) : await lose(pair, loss, active);
          say(lost);
          all.push(lost);
          if (loss?.moves !== false) active = otherOf(active);
        }
      },
      USUAL,
    );
  await Promise.all(Array.from({ length: Math.min(pairs, runs) }, one));
  return all;
}

/** Each trouble has a pair of its own. */
async function troubles({ pairs, seconds, only }: Options): Promise<Troubled[]> {
  const all: Troubled[] = [];
  const waiting = TROUBLES.filter(({ name }) => only.includes(name));
  const one = async (): Promise<void> => {
    for (let next: Trouble | undefined; (next = waiting.shift()) !== undefined;) {
      const mine = next;
      await Witnessed.run(
        null,
        async (pair) => {
          for (const long of seconds) {
            const troubled = await trouble(pair, mine, long);
            say(troubled);
            all.push(troubled);
          }
        },
        { ...USUAL, members: mine.members },
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(pairs, waiting.length) }, one));
  return all;
}

const right = (title: string) => ({ title, right: true });

/** `median / worst`. */
function both(values: readonly (number | null)[]): string {
  const found = spread(values.filter((value) => value !== null));
  if (found === null) return '-';
  return `${milliseconds(found.median)} / ${milliseconds(found.worst)}`;
}

const worst = (values: readonly number[]): string => milliseconds(Math.max(0, ...values));

function lossTable(all: readonly Lost[]): string {
  const titles = [...LOSSES, { name: 'without', what: 'etcd stopped, then a power cut' }];
  const rows = titles.flatMap(({ name, what }) => {
    const runs = all.filter((one) => one.name === name);
    if (runs.length === 0) return [];
    const rooms = runs.flatMap(({ roomMs }) => roomMs ?? []);
    return [
      [
        what,
        String(runs.length),
        worst(runs.map(({ bothMs }) => bothMs)),
        both(runs.map(({ takenMs }) => takenMs)),
        rooms.length === 0 ? '-' : milliseconds(Math.min(...rooms)),
        `${runs.reduce((sum, run) => sum + run.unanswered, 0)} of ${runs.reduce((sum, run) => sum + run.asked, 0)}`,
        [...new Set(runs.map(({ reason }) => reason))].join(', '),
      ],
    ];
  });
  return table(
    [
      { title: 'the Active: what happens' },
      right('runs'),
      right('both held, ms'),
      right('taken after, ms (median / worst)'),
      right('free before, ms (least)'),
      right('lost by mending'),
      { title: 'why' },
    ],
    rows,
  );
}

function troubleTable(all: readonly Troubled[]): string {
  const rows = TROUBLES.flatMap(({ name, what }) => {
    const runs = all.filter((one) => one.name === name);
    if (runs.length === 0) return [];
    return [
      [
        what,
        runs.map(({ seconds }) => String(seconds)).join(', '),
        String(runs.reduce((sum, { moves }) => sum + moves, 0)),
        `${runs.reduce((sum, run) => sum + run.unanswered, 0)} of ${runs.reduce((sum, run) => sum + run.asked, 0)}`,
        runs.map(({ alarms }) => String(alarms)).join(', '),
        worst(runs.map(({ backMs }) => backMs)),
        String(runs.reduce((sum, { restarts }) => sum + restarts, 0)),
      ],
    ];
  });
  return table(
    [
      { title: 'the witness' },
      { title: 'for, s' },
      right('moves'),
      right('lost'),
      { title: 'alarms' },
      right('back after, ms (worst)'),
      right('restarts'),
    ],
    rows,
  );
}

function optionsOrEnd(): Options {
  try {
    const options = readOptions();
    if (options !== null) return options;
    process.stdout.write(USAGE);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const options = optionsOrEnd();
const refusal = await enterSandbox();
if (refusal !== null) {
  process.stderr.write(`bench: ${refusal}\n`);
  process.exit(1);
}
const lost: Lost[] = [];
const troubled: Troubled[] = [];
for (const part of options.parts) {
  if (part === 'trouble') troubled.push(...(await troubles(options)));
  else lost.push(...(await losses(part, options)));
}
if (lost.length > 0) process.stdout.write(`${lossTable(lost)}\n`);
if (troubled.length > 0) process.stdout.write(`${troubleTable(troubled)}\n`);
const isBad =
  [...lost, ...troubled].some(({ bothMs, unanswered }) => bothMs > 0 || unanswered > 0) ||
  troubled.some(({ moves, restarts }) => moves + restarts > 0);
process.exit(isBad ? 1 : 0);
