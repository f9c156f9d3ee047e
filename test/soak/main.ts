// `scripts/soak`: handovers of a real pair, one after the other, and what grew meanwhile. What may grow: growth.ts.
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { APPLIANCES, createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { pairProgram } from '../../scripts/lab/pair-program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { table } from '../bench/markdown.js';
import { monitors } from '../bench/programs.js';
import { beginningOf, complaintsOf, growthOf, type Sample } from './growth.js';
import { readOptions, USAGE, type SoakOptions } from './options.js';
import { sampleOf } from './processes.js';

/** Ends a hang. */
const PATIENCE_MS = 120_000;
const SAMPLES = 50;
/** What the last handover began has ended by then. */
const SETTLING_MS = 500;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** The options, or the end of the program: status 0 after help, 2 after bad ones. */
function optionsOrEnd(): SoakOptions {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options !== null) return options;
    process.stdout.write(USAGE);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`soak: ${(error as Error).message}\n${USAGE}`);
    return process.exit(2);
  }
}

const stateAt = (lab: Lab, name: ApplianceName): string | undefined =>
  lab.appliance(name).status()?.virtualRouters[0]?.state;

const otherThan = (name: ApplianceName): ApplianceName => (name === 'a' ? 'b' : 'a');

/** Whoever is Active beside a fit Backup, so that it could hand over; null while nobody is. */
function settledAt(lab: Lab): ApplianceName | null {
  const holders = APPLIANCES.filter((name) => stateAt(lab, name) === 'Active');
  const [holder] = holders;
  if (holder === undefined || holders.length > 1) return null;
  const isFit = lab.appliance(holder).status()?.peers[0]?.fitness === 'sound';
  return isFit && stateAt(lab, otherThan(holder)) === 'Backup' ? holder : null;
}

/**
 * Waits until the role is somewhere, and could be handed over. Not where it was sent: on a busy machine a peer is silent for
 * longer than a peer check waits, and the role moves once more. What grows is judged here, not where the role is.
 */
async function settled(lab: Lab): Promise<ApplianceName> {
  const states = (): string => APPLIANCES.map((name) => `${name} ${stateAt(lab, name)}`).join(', ');
  let holder: ApplianceName | null = null;
  await lab.waitFor('one Active beside a fit Backup', () => (holder = settledAt(lab)) !== null, {
    deadlineMs: PATIENCE_MS,
    describe: states,
  });
  return holder ?? 'a';
}

/** How often the states of both have changed; a handover changes that of each. */
const changesOf = (lab: Lab): readonly number[] =>
  APPLIANCES.map(
    (name) => lab.appliance(name).status()?.virtualRouters[0]?.counters.transitions ?? 0,
  );

/** One handover that was carried out. @returns who has the role then. @throws Error when none is in `PATIENCE_MS`. */
async function handOver(lab: Lab): Promise<ApplianceName> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const holder = await settled(lab);
    const before = changesOf(lab);
    try {
      const outcome = await lab.appliance(holder).patientControl.command('failover');
      if (!outcome.ok) throw new Error(outcome.message);
      await lab.waitFor(
        `the state of both to change after ${before.join(' and ')} times`,
        () => changesOf(lab).every((count, index) => count > (before[index] ?? 0)),
        { deadlineMs: PATIENCE_MS, describe: () => changesOf(lab).join(' and ') },
      );
      return await settled(lab);
    } catch (error) {
      // The role has moved between the look and the order, or the peer has been silent meanwhile.
      if (Date.now() > until) throw error;
      await sleep(SETTLING_MS);
    }
  }
}

type Samples = Readonly<Record<ApplianceName, Sample[]>>;

/** One line a sample: what is there of a run that is ended early. */
function keepSample(path: string, done: number, samples: Samples): void {
  const [a, b] = [samples.a.at(-1), samples.b.at(-1)];
  appendFileSync(path, `${JSON.stringify({ transitions: done, a, b })}\n`);
}

async function soak(lab: Lab, { transitions, keep }: SoakOptions): Promise<Samples> {
  for (const name of APPLIANCES) {
    lab.appliance(name).start(pairProgram(name, { top: monitors(100) }));
  }
  const samples: Samples = { a: [], b: [] };
  const every = Math.max(1, Math.floor(transitions / SAMPLES));
  let due = every;
  for (let done = 1; done <= transitions; done += 1) {
    const holder = await handOver(lab);
    // Whoever holds has one descriptor more in its executor: samples are compared where it is `a`.
    if (done < due || holder !== 'a') continue;
    due = done + every;
    await sleep(SETTLING_MS);
    for (const name of APPLIANCES) samples[name].push(sampleOf(lab.appliance(name), done));
    say(progress(done, samples));
    if (keep !== null) keepSample(keep, done, samples);
  }
  return samples;
}

const progress = (done: number, samples: Samples): string =>
  [
    String(done).padStart(8),
    ...APPLIANCES.map((name) => {
      const last = samples[name].at(-1)?.processes ?? [];
      return `${name}: ${last.map((one) => `${one.name} ${one.rssKib}`).join(', ')}`;
    }),
  ].join('  ');

const COLUMNS = [
  { title: 'appliance' },
  { title: 'process' },
  { title: 'KiB from', right: true },
  { title: 'to', right: true },
  { title: 'descriptors', right: true },
  { title: 'threads', right: true },
] as const;

const isSame = ([before, after]: readonly [number, number]): string =>
  before === after ? `${after}` : `${before} → ${after}`;

function report(samples: Samples, { transitions }: SoakOptions): readonly string[] {
  const begun = beginningOf(transitions);
  const complaints: string[] = [];
  const rows: string[][] = [];
  for (const name of APPLIANCES) {
    const judged = samples[name].filter((sample) => sample.transitions >= begun);
    complaints.push(...complaintsOf(judged).map((complaint) => `${name}: ${complaint}`));
    for (const { name: what, rssKib, descriptors, threads } of growthOf(judged)) {
      const [from, to] = rssKib;
      rows.push([name, what, `${from}`, `${to}`, isSame(descriptors), isSame(threads)]);
    }
    const [first, last] = [judged[0], judged.at(-1)];
    const kib = (bytes = 0): string => `${Math.ceil(bytes / 1024)}`;
    rows.push([name, 'state directory', kib(first?.stateBytes), kib(last?.stateBytes), '', '']);
  }
  process.stdout.write(`${transitions} handovers\n\n${table(COLUMNS, rows)}\n`);
  return complaints;
}

const options = optionsOrEnd();
const refusal = await enterSandbox();
if (refusal !== null) {
  process.stderr.write(`soak: ${refusal}\n`);
  process.exit(2);
}
const lab = await createLab({ patienceMs: PATIENCE_MS });
let complaints: readonly string[];
try {
  complaints = report(await soak(lab, options), options);
} catch (error) {
  complaints = [(error as Error).message, lab.logs().split('\n').slice(-30).join('\n')];
} finally {
  await lab.close();
}
for (const complaint of complaints) process.stdout.write(`GREW: ${complaint}\n`);
process.exit(complaints.length === 0 ? 0 : 1);
