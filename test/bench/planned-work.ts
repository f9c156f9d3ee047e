// Planned work on a pair: what each kind does and undoes, and what must be the case afterwards. Nothing is
// observed here.
import { copyFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandName } from '../../src/control/protocol.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { LAN, pairProgram } from '../../scripts/lab/pair-program.js';
import { MAIN } from '../../scripts/lab/program.js';
import type { BenchPair } from './pair.js';
import type { Half, Work } from './results.js';

/** What an operator waits before the next step, so that the one before has come to rest. */
const REST_MS = 300;

/** The virtual routers of the pair, by name, with their addresses. */
type Routers = Readonly<Record<'one' | 'two', readonly string[]>>;

const AT_FIRST: Routers = { one: ['10.99.0.100'], two: ['10.99.0.101', '10.99.0.102'] };
const MOVED: Routers = { one: ['10.99.0.100', '10.99.0.102'], two: ['10.99.0.101'] };
const ADDED: Routers = { ...AT_FIRST, two: [...AT_FIRST.two, '10.99.0.103'] };

/** In the order in which the HA port tells of them. */
export const ROUTERS = [
  { vrid: 51, addresses: AT_FIRST.one },
  { vrid: 52, addresses: AT_FIRST.two },
] as const;

/** Those that are there whatever is done. */
export const ADDRESSES = [...AT_FIRST.one, ...AT_FIRST.two];

/** One that stays in its virtual router, and one that moves: each a thousand times a second. */
export const PROBED = ['10.99.0.100', '10.99.0.102'] as const;

/** Settings of one side; `intervalMs`: between two advertisements. */
export const programOf = (
  name: ApplianceName,
  intervalMs: number,
  { one, two }: Routers = AT_FIRST,
): ReturnType<typeof pairProgram> =>
  pairProgram(name, {
    virtualRouters: [
      { ...LAN, name: 'one', vrid: 51, addresses: one.map(withLength) },
      { ...LAN, name: 'two', vrid: 52, addresses: two.map(withLength) },
    ],
    router: { advertisementIntervalMs: intervalMs },
  });

const withLength = (address: string): string => `${address}/24`;

export interface Step {
  /** In the table. */
  readonly title: string;
  /** Who has the role before, and afterwards. */
  readonly from: ApplianceName;
  readonly to: ApplianceName;
  /** Done by an operator; resolves when it has been carried out. `run`: from 1. */
  readonly act: (pair: BenchPair, run: number) => Promise<void>;
  /** Waits, unobserved, until the pair is ready for the next step. */
  readonly rest: (pair: BenchPair) => Promise<unknown>;
}

const settled =
  (holder: ApplianceName): Step['rest'] =>
  (pair) =>
    pair.settled(holder);

const ordered =
  (name: ApplianceName, command: CommandName, argument?: string): Step['act'] =>
  async (pair) => {
    const outcome = await pair.appliance(name).patientControl.command(command, argument);
    if (!outcome.ok) {
      throw new Error(`${command} ${argument ?? ''} at ${name}: ${JSON.stringify(outcome)}`);
    }
  };

/** The command line on an appliance. @throws Error when its exit code is not 0. */
async function understudy(
  pair: BenchPair,
  name: ApplianceName,
  ...words: readonly string[]
): Promise<void> {
  const config = ['--config', `${pair.appliance(name).directory}/understudy.yaml`];
  await pair.lab.run(name, [process.execPath, MAIN, ...words, ...config]);
}

/** As the unit does: SIGTERM, and ExecStopPost when it has ended. */
async function stop(pair: BenchPair): Promise<void> {
  await pair.appliance('a').stop();
  await understudy(pair, 'a', 'release');
}

const NAMES = ['a', 'b'] as const;

/** The Active first in odd runs, the Backup first in even ones. */
const inTurn = (run: number): readonly ApplianceName[] =>
  run % 2 === 1 ? NAMES : NAMES.toReversed();

/** As docs/HA-PROTOCOL.md says: a new key on one, its file to the other, which is told to read it. */
async function rotateKey(pair: BenchPair, run: number): Promise<void> {
  const [first = 'a', second = 'b'] = inTurn(run);
  await understudy(pair, first, 'key', 'rotate');
  await sleep(REST_MS);
  const file = (name: ApplianceName): string => `${pair.appliance(name).directory}/ha.key`;
  copyFileSync(file(first), file(second));
  process.kill(pair.appliance(second).pid, 'SIGHUP');
  await pair.waitFor('both speak under the new key', () => speakUnderOne(pair));
}

async function speakUnderOne(pair: BenchPair): Promise<boolean> {
  const statuses = await Promise.all(NAMES.map((name) => pair.status(name)));
  return statuses.every((status) => status?.peers.every(({ keys }) => keys?.settled === true));
}

async function retireKey(pair: BenchPair, run: number): Promise<void> {
  for (const name of inTurn(run)) {
    await understudy(pair, name, 'key', 'retire');
    await sleep(REST_MS);
  }
}

/** New settings on both, one after the other. */
const reloaded =
  (routers: Routers): Step['act'] =>
  async (pair, run) => {
    for (const name of inTurn(run)) {
      pair.appliance(name).reload(programOf(name, pair.plan.intervalMs, routers));
      await pair.waitFor(`${name} has its new settings`, () => hasApplied(pair, name, routers));
      await sleep(REST_MS);
    }
  };

async function hasApplied(
  pair: BenchPair,
  name: ApplianceName,
  routers: Routers,
): Promise<boolean> {
  const status = await pair.status(name);
  return Object.entries(routers).every(([router, addresses]) => {
    const found = status?.virtualRouters.find((one) => one.name === router)?.addresses;
    const present = found?.map(({ address }) => address.split('/')[0]).sort();
    return present?.join() === [...addresses].sort().join();
  });
}

const staying = { from: 'a', to: 'a' } as const;
const leaving = { from: 'a', to: 'b' } as const;
const returning = { from: 'b', to: 'a', rest: settled('a') } as const;

export const STEPS: Readonly<Record<Work, Readonly<Record<Half, Step>>>> = {
  failover: {
    there: { title: 'failover', ...leaving, act: ordered('a', 'failover'), rest: settled('b') },
    back: { title: 'failover back', ...returning, act: ordered('b', 'failover') },
  },
  maintenance: {
    there: {
      title: 'maintenance on',
      ...leaving,
      act: ordered('a', 'maintenance', 'on'),
      rest: () => sleep(REST_MS),
    },
    back: {
      title: 'maintenance off, preempting',
      ...returning,
      act: ordered('a', 'maintenance', 'off'),
    },
  },
  stop: {
    there: { title: 'stop (SIGTERM)', ...leaving, act: stop, rest: () => sleep(REST_MS) },
    back: {
      title: 'start of the primary, preempting',
      ...returning,
      act: (pair) => Promise.resolve(pair.start('a')),
    },
  },
  move: {
    there: {
      title: 'reload: an address moves',
      ...staying,
      act: reloaded(MOVED),
      rest: settled('a'),
    },
    back: {
      title: 'reload: it moves back',
      ...staying,
      act: reloaded(AT_FIRST),
      rest: settled('a'),
    },
  },
  add: {
    there: {
      title: 'reload: an address added',
      ...staying,
      act: reloaded(ADDED),
      rest: settled('a'),
    },
    back: {
      title: 'reload: it is removed',
      ...staying,
      act: reloaded(AT_FIRST),
      rest: settled('a'),
    },
  },
  // The last: a reload by new settings writes the first key again.
  key: {
    there: { title: 'key rotated', ...staying, act: rotateKey, rest: settled('a') },
    back: { title: 'the former key retired', ...staying, act: retireKey, rest: settled('a') },
  },
};
