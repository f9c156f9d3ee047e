// `scripts/bench sync`: how long a change of settings takes from one appliance to the other under `ha.sync: follow`, and
// what is left of one in which a process is killed. Two real agents in namespaces, or three.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { KILL_AT, killed, STEPS } from '../sync-service/kills.js';
import { NAMES, RealPair, THREE, type Name } from '../sync-service/real-pair.js';
import { enterNamespace } from '../support/namespace.js';
import { table } from './markdown.js';
import { readTimes } from './options.js';
import { spread } from './statistics.js';

const USAGE = `usage: scripts/bench sync [--changes N] [--three | --kills]

How long a change takes until the other appliances run with it, and until all do, under ha.sync: follow.

  --changes N   1 to 1000 (default 100)
  --three       between three appliances
  --kills       instead, kill each process at each step of a change, and print what is left
`;

async function changes(pair: RealPair, count: number): Promise<void> {
  const seen: number[] = [];
  const done: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const author: Name = pair.names[index % pair.names.length] ?? 'a';
    const others = pair.names.filter((name) => name !== author);
    const at = performance.now();
    const applied = Promise.all(
      others.map((name) =>
        pair.agents[name].event('settings-applied', pair.agents[name].lines.length),
      ),
    ).then(() => {
      seen.push(performance.now() - at);
    });
    const outcome = await pair.agents[author].control.set('maximum-flaps', String(5 + index));
    done.push(performance.now() - at);
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.errors));
    await applied;
  }
  const row = (title: string, values: readonly number[]): string[] => {
    const { median, worst } = spread(values) ?? { median: 0, worst: 0 };
    return [title, String(values.length), median.toFixed(0), worst.toFixed(0)];
  };
  const columns = [
    { title: '' },
    { title: 'changes', right: true },
    { title: 'median, ms', right: true },
    { title: 'worst, ms', right: true },
  ] as const;
  const rows = [
    row(`${pair.names.length}: all others run with it`, seen),
    row(`${pair.names.length}: the command returns, all do`, done),
  ];
  process.stdout.write(`${table(columns, rows)}\n`);
}

async function kills(pair: RealPair): Promise<void> {
  const rows: string[][] = [];
  let value = 10;
  for (const step of STEPS) {
    for (const victim of ['service', 'agent'] as const) {
      value += 1;
      const outcome = await killed(pair, { ...step, victim }, value);
      const what = (text: string): string =>
        text === outcome.former ? 'former' : text === String(value) ? 'new' : `! ${text}`;
      const row = [step.step, victim, outcome.atOnce.map(what).join(', '), what(outcome.finally)];
      process.stderr.write(`${row.join(' | ')}\n`);
      rows.push(row);
    }
  }
  const columns = ['killed when', 'which', 'author, receiver then', 'both in the end'];
  process.stdout.write(
    `${table(
      columns.map((title) => ({ title })),
      rows,
    )}\n`,
  );
}

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '100' },
    kills: { type: 'boolean', default: false },
    three: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const refused = enterNamespace(import.meta.url);
if (refused !== false) throw new Error(refused);
if (values.kills && values.three) throw new Error('expected --kills or --three, found both');
const pair = new RealPair(values.kills ? KILL_AT : undefined, values.three ? THREE : NAMES);
try {
  await pair.start('follow');
  await pair.agents.a.transition('Active');
  if (values.kills) await kills(pair);
  else await changes(pair, readTimes('changes', values.changes));
} finally {
  await pair.end();
}
