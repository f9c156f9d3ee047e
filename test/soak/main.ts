// `scripts/soak`: handovers of a real pair, one after the other, and what grew meanwhile. What may grow: growth.ts.
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { APPLIANCES, createLab, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { pairProgram } from '../../scripts/lab/pair-program.js';
import { enterSandbox } from '../../scripts/lab/sandbox.js';
import { table } from '../bench/markdown.js';
import { monitors } from '../bench/programs.js';
import { complaintsOf, growthOf, type Sample } from './growth.js';
import { readOptions, USAGE, type SoakOptions } from './options.js';
import { sampleOf } from './processes.js';

/** Ends a hang. */
const PATIENCE_MS = 30_000;
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

/** Waits until `holder` is Active, the other one its Backup, and a handover back would succeed. */
function settledAt(lab: Lab, holder: ApplianceName): Promise<void> {
  const other = holder === 'a' ? 'b' : 'a';
  const states = (): string => APPLIANCES.map((name) => `${name} ${stateAt(lab, name)}`).join(', ');
  const isFit = (): boolean => lab.appliance(holder).status()?.peers[0]?.fitness === 'sound';
  return lab.waitFor(
    `${holder} Active, ${other} a fit Backup`,
    () => stateAt(lab, holder) === 'Active' && stateAt(lab, other) === 'Backup' && isFit(),
    { deadlineMs: PATIENCE_MS, describe: states },
  );
}

/** @throws Error when the holder refuses, or nobody takes over. */
async function handOver(lab: Lab, holder: ApplianceName): Promise<ApplianceName> {
  await lab.appliance(holder).patientControl.command('failover');
  const heir = holder === 'a' ? 'b' : 'a';
  await settledAt(lab, heir);
  return heir;
}

type Samples = Readonly<Record<ApplianceName, Sample[]>>;

async function soak(lab: Lab, { transitions }: SoakOptions): Promise<Samples> {
  for (const name of APPLIANCES) {
    lab.appliance(name).start(pairProgram(name, { top: monitors(100) }));
  }
  await settledAt(lab, 'a');
  const samples: Samples = { a: [], b: [] };
  const every = Math.max(1, Math.floor(transitions / SAMPLES));
  let holder: ApplianceName = 'a';
  for (let done = 1; done <= transitions; done += 1) {
    holder = await handOver(lab, holder);
    if (done % every !== 0) continue;
    await sleep(SETTLING_MS);
    for (const name of APPLIANCES) samples[name].push(sampleOf(lab.appliance(name), done));
    say(progress(done, samples));
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
  const begun = Math.min(1_000, transitions / 10);
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
