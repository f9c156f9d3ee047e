// Keeps what is needed to understand and to repeat a failed storm, in a folder of its own.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { keepAppliances } from '../../scripts/lab/evidence.js';
import type { RouterName } from '../../scripts/lab/network.js';
import type { Bench } from './bench.js';
import { pause } from './fault.js';
import { describeSightings } from '../../scripts/lab/sightings.js';
import type { Verdict } from './judge.js';
import { describePair, describeStorm, type PairPlan, type Storm } from './storm.js';
import type { Observed } from './weather.js';

export interface Failure {
  readonly command: string;
  readonly plan: PairPlan;
  readonly storm: Storm;
  /** Storms that had befallen the same pair before. */
  readonly before: readonly Storm[];
  readonly observed: Observed;
  readonly verdict: Verdict;
}

/** This much of the time before the storm is kept, too. */
const BEFORE_MS = 3_000;

/** Writes the folder. What an agent says is evidence here, and nothing else. */
export async function keep(folder: string, bench: Bench, failure: Failure): Promise<void> {
  const { observed, plan, storm, before, verdict, command } = failure;
  const { evidence, frames, pcap } = observed;
  const from = evidence.startedAt - BEFORE_MS;
  mkdirSync(folder, { recursive: true });
  const put = (name: string, text: string): void => writeFileSync(`${folder}/${name}`, text);
  put(
    'README',
    [
      `again: ${command}`,
      `pair: ${describePair(plan)}`,
      `storm ${storm.index}: ${describeStorm(storm)}`,
      ...verdict.complaints.map((text) => `- ${text}`),
      observed.lateRestMs === null ? '' : `at rest after ${Math.round(observed.lateRestMs)} ms`,
      before.length === 0 ? 'nothing before it' : 'before it, on the same pair:',
      ...before.map((one) => `- ${one.index}: ${describeStorm(one)}`),
      '',
    ].join('\n'),
  );
  const { changes, ...rest } = evidence;
  const recent = changes.filter(({ at }) => at >= from);
  put('storm.json', `${JSON.stringify({ ...failure, observed: { ...rest, recent } }, null, 2)}\n`);
  put('frames.txt', describeSightings(frames, evidence.startedAt));
  if (pcap !== null) copyFileSync(pcap, `${folder}/frames.pcap`);
  await record(bench);
  // From the pair's beginning: an earlier storm may have prepared it.
  keepAppliances(folder, bench.lab, 0);
  for (const name of bench.lab.routers) {
    put(`kernel-${name}.txt`, await kernelOf(bench, name));
    const notices = bench.noticesOf(name);
    if (existsSync(notices)) copyFileSync(notices, `${folder}/notices-${name}.txt`);
  }
}

/** What its kernel has now: links, addresses, routes, neighbors, rules. */
async function kernelOf(bench: Bench, name: RouterName): Promise<string> {
  const questions = ['ip -d link', 'ip address', 'ip route', 'ip neighbor', 'nft list ruleset'];
  const answers = await Promise.all(
    questions.map((question) =>
      bench.lab.run(name, question.split(' ')).then(
        ({ stdout }) => stdout,
        (error: Error) => `${error.message}\n`,
      ),
    ),
  );
  return questions.map((question, index) => `# ${question}\n${answers[index]}\n`).join('');
}

/** Asks all agents for their recordings (SIGUSR2), which they put beside their state. */
async function record(bench: Bench): Promise<void> {
  // The signal would end one that is only starting.
  const silent = await bench.silentAgents();
  for (const name of bench.ours) {
    const appliance = bench.lab.appliance(name);
    if (appliance.running && !silent.includes(name)) process.kill(appliance.pid, 'SIGUSR2');
  }
  await pause(1_000);
}
