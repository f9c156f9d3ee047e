// What the numbers were measured on. Nothing is measured here.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import process from 'node:process';
import { attempt } from '../../scripts/lab/command.js';
import { ROOT } from '../../scripts/lab/program.js';
import type { Machine } from './results.js';

export async function describeMachine(): Promise<Machine> {
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    readonly version: string;
  };
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryMib: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
    understudy: version,
    keepalived: await keepalivedVersion(),
  };
}

/** keepalived prints its version on standard error. @throws Error when there is none. */
async function keepalivedVersion(): Promise<string> {
  const { stderr, stdout } = await attempt(['keepalived', '--version']).catch((error: Error) => {
    throw new Error(`expected keepalived, found none: ${error.message}; scripts/prepare bench`);
  });
  return /Keepalived (v[\d.]+)/.exec(`${stderr}${stdout}`)?.[1] ?? 'unknown';
}
