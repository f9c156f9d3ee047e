// Has a group of so many virtual routers move, one by one, and counts what is done for it. Not a test: see work.test.ts.
import { parentPort, workerData } from 'node:worker_threads';
import type { InstanceEvent } from '../../src/core/interface.js';
import { instant } from '../../src/model/units.js';
import { countBlocks } from '../support/blocks.js';
import { PEER, router } from './instance-bench.js';
import { backupBench, HA, type PairBench, type Saying } from './pair-bench.js';

const { sizes } = workerData as { readonly sizes: readonly number[] };

const nameOf = (index: number): string => `vr${String(index).padStart(4, '0')}`;

const routersOf = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    router({
      name: nameOf(index),
      vrid: (index % 250) + 1,
      addresses: [`10.80.${100 + Math.floor(index / 100)}.${100 + (index % 100)}/32`],
    }),
  );

function farewell(bench: PairBench, index: number): InstanceEvent {
  const { vrid, advertisementInterval, addresses } = bench.router(nameOf(index)).configuration;
  return {
    kind: 'advertisement',
    virtualRouter: nameOf(index),
    advertisement: {
      vrid,
      priority: 0,
      maxAdvertiseInterval: advertisementInterval,
      addresses: addresses.map(({ address }) => address),
    },
    source: PEER,
    dialect: 'rfc9568',
    multicast: true,
  };
}

const standing = (index: number): InstanceEvent => ({
  kind: 'addresses-present',
  virtualRouter: nameOf(index),
});

function saying(bench: PairBench, words: Saying): InstanceEvent {
  bench.says(words, null);
  const { report } = bench.voice();
  return { kind: 'peer-report', peer: 'there', address: HA, report, answered: false };
}

const blocksRun = countBlocks();

/** What the instance does with these events. */
function cost(bench: PairBench, events: readonly InstanceEvent[]): number {
  blocksRun();
  for (const event of events) bench.instance.handle(event, instant(2_000));
  return blocksRun();
}

export interface Costs {
  /** All virtual routers are given up by priority 0, and taken; and their addresses stand. */
  readonly taken: number;
  readonly stood: number;
  /** Every other one is taken; the Active of the others says what it is, and the group comes together. */
  readonly together: number;
  /** The Active says that it has no addresses, and advertises. */
  readonly lacking: number;
  /** Of the last instance that moved. */
  readonly states: readonly string[];
}

function costsOf(count: number): Costs {
  const all = Array.from({ length: count }, (_, index) => index);
  const whole = backupBench({ routers: routersOf(count) });
  const farewells = all.map((index) => farewell(whole, index));
  const taken = cost(whole, farewells);
  const stood = cost(whole, all.map(standing));
  const split = backupBench({ routers: routersOf(count) });
  const odd = all.filter((index) => index % 2 === 1);
  for (const index of odd) split.take(farewells[index] as InstanceEvent, 1_000);
  for (const index of odd) split.take(standing(index), 1_500);
  for (const index of odd)
    split.says({ state: 'Backup', addressesPresent: false, of: nameOf(index) }, null);
  const together = cost(split, [saying(split, {})]);
  const empty = backupBench({ routers: routersOf(count) });
  const words = saying(empty, { state: 'Active', addressesPresent: false });
  const heard = farewells.map((one) => withPriority(one, 200));
  const lacking = cost(empty, [words, ...heard]);
  return { taken, stood, together, lacking, states: [...new Set(whole.states().map(stateIn))] };
}

const stateIn = (text: string): string => text.split(' ')[1] ?? '';

const withPriority = (event: InstanceEvent, priority: number): InstanceEvent =>
  event.kind === 'advertisement'
    ? { ...event, advertisement: { ...event.advertisement, priority } }
    : event;

// What is done once only.
costsOf(sizes[0] ?? 0);
parentPort?.postMessage(sizes.map(costsOf), []);
