// One change between two real agents that follow each other, in which one process is killed; and what has become of the
// settings of both when they are in sync again. No tests in here.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { until } from '../support/limits.js';
import type { KillPlan } from './kill-at.js';
import { NAMES, type Name, type RealPair } from './real-pair.js';

export interface Kill extends KillPlan {
  readonly side: Name;
  /** What of the change has been done by then. */
  readonly step: string;
}

const FILE = 'understudy.yaml';
const NOTES = 'sync.json';

const at = (
  side: Name,
  when: KillPlan['when'],
  file: string,
  nth: number,
  step: string,
): Omit<Kill, 'victim'> => {
  // The author's file is written by its agent, with what its operator sets.
  const by = side === 'a' && file === FILE ? 'agent' : 'service';
  return { side, by, when, file, nth, step };
};

/** `a` is Active and makes the change; `b` is Backup and has it first. */
export const STEPS: readonly Omit<Kill, 'victim'>[] = [
  at('a', 'before', NOTES, 1, 'author: b says that it fits'),
  at('a', 'after', NOTES, 1, 'author: the note is written'),
  at('b', 'before', 'last-good.yaml', 1, 'receiver: the change has come'),
  at('b', 'after', 'last-good.yaml', 1, 'receiver: the former file is kept'),
  at('b', 'after', NOTES, 1, 'receiver: the note is written'),
  at('b', 'before', FILE, 1, 'receiver: the file is about to be replaced'),
  at('b', 'after', FILE, 1, 'receiver: the file is replaced'),
  at('b', 'before', NOTES, 2, 'receiver: the agent runs with it'),
  at('b', 'after', NOTES, 2, 'receiver: the version is recorded'),
  at('a', 'before', FILE, 1, 'author: the file is about to be replaced'),
  at('a', 'after', FILE, 1, 'author: the file is replaced'),
  at('a', 'before', NOTES, 2, 'author: both run with it'),
  at('a', 'after', NOTES, 2, 'author: the version is recorded'),
];

export const KILL_AT = new URL('./kill-at.js', import.meta.url).href;

const FLAPS = /maximumFlaps: (\d+)/;

export interface KillOutcome {
  /** What the file of either had right after the kill. */
  readonly atOnce: readonly string[];
  /** What both have in the end, in the file and in force. */
  readonly finally: string;
  readonly former: string;
}

/** @returns once both are in sync again. */
export async function killed(pair: RealPair, kill: Kill, value: number): Promise<KillOutcome> {
  const { side, victim, by, when, file, nth } = kill;
  // Its default stands in a file that had it once.
  const flaps = (name: Name): string => FLAPS.exec(pair.textOf(name))?.[1] ?? '3';
  await settled(pair);
  const former = flaps('a');
  const from = pair.agents[side].lines.length;
  const plan = `${pair.homes[side].directory}/kill`;
  writeFileSync(plan, JSON.stringify({ victim, by, when, file, nth } satisfies KillPlan));
  const set = pair.saying('a', 'set', 'maximum-flaps', String(value));
  await until(
    `the kill at ${when} ${file} ${nth} of ${side}`,
    () => existsSync(plan),
    (there) => !there,
  );
  if (victim === 'agent') {
    await pair.agents[side].exited;
    pair.run(side);
  } else await pair.agents[side].event('sync-service-lost', from);
  await set;
  const atOnce = NAMES.map(flaps);
  await settled(pair);
  const [a, b] = NAMES.map(flaps);
  assert.equal(a, b, 'both files say the same');
  for (const name of NAMES) {
    const got = await pair.agents[name].control.settings();
    const inForce = got.settings.find(({ setting }) => setting === 'maximum-flaps')?.value;
    assert.equal(String(inForce), a, `${name} runs with what its file says`);
  }
  return { atOnce, finally: a ?? '', former };
}

/** Both run, have the same, and nothing is to be confirmed. */
async function settled(pair: RealPair): Promise<void> {
  await until(
    'both in sync, and nothing to be confirmed',
    () => Promise.all(NAMES.map((name) => syncOf(pair, name))),
    ([a, b]) => a !== undefined && a.digest === b?.digest && [a, b].every((one) => one.rests),
  );
}

interface Rest {
  readonly digest: string;
  readonly rests: boolean;
}

async function syncOf(pair: RealPair, name: Name): Promise<Rest | undefined> {
  try {
    const { sync } = await pair.agents[name].status();
    if (sync === undefined) return undefined;
    const inSync = sync.peers.every(({ state }) => state === 'in-sync');
    return { digest: sync.digest, rests: inSync && sync.unconfirmed === undefined };
  } catch {
    // It is not there yet.
    return undefined;
  }
}
