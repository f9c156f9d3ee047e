// The start part: from exec to the first advertisement, `understudy status` and `check` beside bare Node. No
// failover.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstFrameAt } from '../../scripts/lab/capture.js';
import { now } from '../../scripts/lab/clock.js';
import { ended } from '../../scripts/lab/command.js';
import { createLab, type Lab } from '../../scripts/lab/lab.js';
import { COMMAND } from '../../scripts/lab/program.js';
import { mappedUser } from '../../scripts/lab/sandbox.js';
import { ownerProgram, timed } from './programs.js';
import { SOFTWARES, type BenchOptions, type Software, type StartResult } from './results.js';
import { median } from './statistics.js';

const DEADLINE_MS = 10_000;

/** So often each in turn. */
const ROUNDS = { full: 20, quick: 5 } as const;

export async function measureStart(
  options: BenchOptions,
  say: (text: string) => void,
): Promise<StartResult> {
  const firstAdvertisementMs: Record<Software, number[]> = { understudy: [], keepalived: [] };
  const unavailable: string[] = [];
  if (mappedUser()) {
    unavailable.push('first advertisement: tcpdump needs root, not a mapped user');
  } else {
    for (let run = 1; run <= options.runs; run += 1) {
      for (const software of run % 2 === 1 ? SOFTWARES : [...SOFTWARES].reverse()) {
        try {
          firstAdvertisementMs[software].push(await firstAdvertisement(software));
        } catch (error) {
          const reason = `first advertisement of ${software}, run ${run}: ${(error as Error).message}`;
          say(`FAILED: ${reason}`);
          unavailable.push(reason);
        }
      }
    }
  }
  for (const software of SOFTWARES) {
    const times = firstAdvertisementMs[software].map((ms) => ms.toFixed(0)).join(' ');
    say(`start to first advertisement, ${software}: ${times || '-'} ms`);
  }
  const commands = await commandsBesideNode(options.quick ? ROUNDS.quick : ROUNDS.full);
  const { statusMs, checkMs, nodeMs } = commands;
  const [status, check, node] = [statusMs, checkMs, nodeMs].map((ms) => median(ms).toFixed(1));
  say(`status ${status} ms, check ${check} ms, bare node ${node} ms`);
  return { firstAdvertisementMs, ...commands, unavailable };
}

async function firstAdvertisement(software: Software): Promise<number> {
  const lab = await createLab();
  try {
    const file = `${lab.network.directory}/exec-at`;
    const filter = 'ip proto 112';
    const capture = await lab.capture({ port: 'port-a', direction: 'in', filter });
    lab.appliance('a').start(timed(ownerProgram(software), file));
    const until = now() + DEADLINE_MS;
    while (firstFrameAt(capture.file) === null) {
      if (now() > until) throw new Error(`expected a frame within ${DEADLINE_MS} ms, found none`);
      await sleep(10);
    }
    await capture.stop();
    const execAt = Number(readFileSync(file, 'utf8')) * 1000;
    return (firstFrameAt(capture.file) ?? Number.NaN) - execAt;
  } finally {
    await lab.close();
  }
}

async function commandsBesideNode(
  rounds: number,
): Promise<Pick<StartResult, 'statusMs' | 'checkMs' | 'nodeMs'>> {
  const lab = await createLab();
  try {
    const config = await startOwner(lab);
    const found = { statusMs: [] as number[], checkMs: [] as number[], nodeMs: [] as number[] };
    const turns = [
      { into: found.statusMs, argv: [...COMMAND, 'status', '--config', config] },
      { into: found.nodeMs, argv: [process.execPath, '-e', '0'] },
      { into: found.checkMs, argv: [...COMMAND, 'check', '--config', config] },
    ];
    for (let round = 0; round < rounds; round += 1) {
      const order = round % 2 === 0 ? turns : [...turns].reverse();
      for (const { into, argv } of order) into.push(await duration(argv));
    }
    return found;
  } finally {
    await lab.close();
  }
}

/** Answers the settings file, once the agent is Active. */
async function startOwner(lab: Lab): Promise<string> {
  const appliance = lab.appliance('a');
  appliance.start(ownerProgram('understudy'));
  await lab.waitForHolders('10.99.0.100', ['a'], DEADLINE_MS);
  return `${appliance.directory}/understudy.yaml`;
}

/** From spawn to the end of a run of Node. @throws Error when it fails. */
async function duration([program = '', ...argv]: readonly string[]): Promise<number> {
  const from = now();
  const child = spawn(program, argv, { stdio: 'ignore' });
  await ended(child);
  const took = now() - from;
  if (child.exitCode === 0) return took;
  throw new Error(`node ${argv.join(' ')}: expected exit status 0, found ${child.exitCode}`);
}
