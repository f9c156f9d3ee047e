// What may happen to appliances, drawn by fast-check as data that shrinks, and how it is done to a
// world. No invariants: watch.ts.
import * as fc from 'fast-check';
import type { InstanceConfiguration } from '../../src/core/interface.js';
import { centiseconds, microseconds } from '../../src/model/units.js';
import { check, configuration, router, wan } from '../core/instance-bench.js';
import type { Appliance } from './appliance.js';
import type { Quality } from './network.js';
import { boundsOf, Watch, type Timing } from './watch.js';
import { haAddress, lanAddress, World, type Paths } from './world.js';

const NAMES = ['a', 'b', 'c'] as const;

export interface Setting {
  readonly appliances: 2 | 3;
  readonly routers: 1 | 2;
  readonly mode: 'active-passive' | 'active-active';
  /** Centiseconds. */
  readonly interval: number;
  /** Milliseconds. */
  readonly checkInterval: number;
  readonly paths: Paths;
  readonly preemptDelay: number;
  readonly maximumFlaps: number;
  readonly quality: Quality;
  readonly seed: number;
}

export type Deed =
  | {
      readonly kind: 'cut' | 'mend';
      readonly from: number;
      readonly to: number;
      readonly way: string;
    }
  | {
      readonly kind: 'power-cut' | 'crash' | 'stop' | 'start' | 'pause' | 'resume';
      readonly of: number;
    }
  | { readonly kind: 'unplug' | 'plug'; readonly of: number; readonly on: string }
  | {
      readonly kind: 'monitor';
      readonly of: number;
      readonly monitor: 'gateway' | 'bandwidth' | 'upcheck';
      readonly state: 'ok' | 'failed';
    }
  | {
      readonly kind: 'operator';
      readonly of: number;
      readonly command: 'failover' | 'maintenance-on' | 'maintenance-off';
    }
  | { readonly kind: 'mode'; readonly of: number; readonly on: boolean }
  | { readonly kind: 'take-away'; readonly of: number; readonly virtualRouter: string }
  | { readonly kind: 'script'; readonly of: number; readonly fails: boolean };

/** A deed, and how many advertisement intervals it is quiet afterwards. */
export type Story = readonly (readonly [Deed, number])[];

export interface Scenario {
  readonly setting: Setting;
  readonly story: Story;
}

/** Whole milliseconds, 10 at least. */
const checkInterval = (interval: number, share: number): number =>
  Math.max(10, Math.round(interval * 10 * share));

const settings = (quality: fc.Arbitrary<Quality>): fc.Arbitrary<Setting> =>
  fc
    .record({
      appliances: fc.constantFrom(2, 2, 2, 3),
      routers: fc.constantFrom(1, 1, 2),
      mode: fc.constantFrom('active-passive', 'active-passive', 'active-active'),
      interval: fc.constantFrom(100, 10, 100, 2),
      share: fc.constantFrom(0.3, 0.1, 1),
      paths: fc.constantFrom('ha and lan', 'ha and lan', 'ha', 'lan', 'none'),
      preemptDelay: fc.constantFrom(0, 0, 2_000_000),
      maximumFlaps: fc.constantFrom(0, 0, 3),
      quality,
      seed: fc.integer({ min: 0, max: 0xffffffff }),
    })
    .map(({ share, ...rest }) => ({
      ...rest,
      checkInterval: checkInterval(rest.interval, share),
      // A network slower than the timers cannot be served with them.
      quality: { ...rest.quality, jitter: Math.min(rest.quality.jitter, rest.interval * 2_000) },
    }));

const of = fc.integer({ min: 0, max: 2 });
const link = fc.constantFrom('eth0', 'eth1');
const way = fc.constantFrom('lan eth0', 'lan eth1', 'unicast eth0', 'ha');

const planned: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    kind: fc.constant('operator' as const),
    of,
    command: fc.constantFrom('failover', 'failover', 'maintenance-on', 'maintenance-off'),
  }),
  fc.record({
    kind: fc.constant('monitor' as const),
    of,
    monitor: fc.constantFrom('gateway', 'bandwidth', 'upcheck'),
    state: fc.constantFrom('ok', 'failed'),
  }),
  fc.record({ kind: fc.constantFrom('stop', 'crash', 'start', 'start'), of }),
  fc.record({ kind: fc.constant('mode' as const), of, on: fc.boolean() }),
);

const trouble: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 3, arbitrary: planned },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('cut', 'mend'), from: of, to: of, way }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('power-cut', 'crash', 'start', 'start', 'pause', 'resume'),
      of,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('unplug', 'plug'), of, on: link }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('take-away' as const),
      of,
      virtualRouter: fc.constantFrom('lan', 'wan'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('script' as const), of, fails: fc.boolean() }),
  },
);

const quiet = fc.oneof(
  fc.constantFrom(0, 0.001, 0.01, 0.05, 0.5, 3),
  fc.double({ min: 0, max: 6, noNaN: true }),
);

/** Everything that can go wrong. */
export const stormy: fc.Arbitrary<Scenario> = fc.record({
  setting: settings(
    fc.record({
      loss: fc.constantFrom(0, 0, 0.02, 0.1),
      duplication: fc.constantFrom(0, 0.1),
      jitter: fc.constantFrom(300, 300, 3_000, 12_000),
    }),
  ),
  story: fc.array(fc.tuple(trouble, quiet), { maxLength: 10 }),
});

/** A network without fault, and only what leaves time for a handover. */
export const calm: fc.Arbitrary<Scenario> = fc.record({
  setting: settings(
    fc.record({
      loss: fc.constant(0),
      duplication: fc.constantFrom(0, 0.1),
      jitter: fc.constantFrom(300, 300, 2_000),
    }),
  ).map((setting) => ({
    ...setting,
    paths: setting.paths === 'none' ? ('ha and lan' as const) : setting.paths,
    // Flaps put an instance out at once, with whatever else it holds.
    maximumFlaps: 0,
  })),
  story: fc.array(fc.tuple(planned, quiet), { maxLength: 8 }),
});

const PRIORITIES = [200, 100, 50];
const CHECK = { failureThreshold: 3, recoveryThreshold: 5 };

/** The priority of an appliance for its virtual router of this rank; in active-active they differ. */
const priorityOf = ({ mode }: Setting, index: number, rank: number): number =>
  PRIORITIES[mode === 'active-active' ? (index + rank) % 2 : index] ?? 50;

function configurationOf(setting: Setting, index: number): InstanceConfiguration {
  const { appliances, routers, mode, paths, checkInterval, maximumFlaps, interval } = setting;
  const common = { advertisementInterval: centiseconds(interval) };
  // A third one only helps out, whatever the mode.
  const priority = (rank: number): number => (index === 2 ? 50 : priorityOf(setting, index, rank));
  const list = [
    router({ ...common, priority: priority(0) }),
    wan({ ...common, priority: priority(1) }),
  ];
  const others = NAMES.slice(0, appliances)
    .map((name, other) => ({ name, other }))
    .filter(({ other }) => other !== index);
  const peers = others.map(({ name, other }) => ({
    name,
    addresses: [
      ...(paths.startsWith('ha') ? [haAddress(other)] : []),
      ...(paths.endsWith('lan') ? [lanAddress(other)] : []),
    ],
  }));
  return configuration(list.slice(0, routers), {
    name: NAMES[index] ?? '',
    mode,
    primary: index === 0,
    peers: paths === 'none' ? [] : peers,
    peerCheck: { interval: microseconds(checkInterval * 1_000), ...CHECK },
    flaps: { maximum: maximumFlaps, window: microseconds(900_000_000) },
    preemptDelay: microseconds(setting.preemptDelay),
  });
}

export const timingOf = ({ interval, checkInterval, quality }: Setting): Timing => ({
  advertisementInterval: interval * 10_000,
  checkInterval: checkInterval * 1_000,
  ...CHECK,
  loss: quality.loss,
  jitter: quality.jitter,
});

export interface Stage {
  readonly world: World;
  readonly watch: Watch;
}

export interface Manner {
  /** Whether to write down everything that is sent, too. */
  readonly verbose: boolean;
  /** Nothing breaks, so nothing may be lost. */
  readonly peaceful: boolean;
}

/** Everybody is started and has found a role. */
export function build(setting: Setting, { verbose, peaceful }: Manner): Stage {
  const world = new World(setting.seed, setting.quality, verbose);
  const ways = {
    'ha and lan': ['ha', 'unicast eth0'],
    ha: ['ha'],
    lan: ['unicast eth0'],
    none: [],
  }[setting.paths];
  for (const [index, name] of NAMES.slice(0, setting.appliances).entries()) {
    world.add(name, configurationOf(setting, index));
  }
  const watch = new Watch(world, boundsOf(timingOf(setting)), setting.quality.loss > 0 ? [] : ways);
  watch.peaceful = peaceful;
  for (const appliance of world.appliances) world.start(appliance);
  world.run(5 * setting.interval * 10_000);
  return { world, watch };
}

/** Tells the story; the watch looks on. */
export function tell({ world, watch }: Stage, { setting, story }: Scenario): void {
  for (const [deed, intervals] of story) {
    world.log(`-- ${JSON.stringify(deed)}`);
    perform(world, deed, watch.peaceful);
    watch.disturbed();
    world.run(Math.round(intervals * setting.interval * 10_000));
  }
}

function perform(world: World, deed: Deed, peaceful: boolean): void {
  const { appliances } = world;
  if ('from' in deed) {
    const [from, to] = [appliances[deed.from], appliances[deed.to]];
    if (from === undefined || to === undefined || from === to) return;
    world.network.setCut(from.name, to.name, deed.way, deed.kind === 'cut');
    return;
  }
  const appliance = appliances[deed.of];
  if (appliance !== undefined) performOn(world, appliance, deed, peaceful);
}

type LocalDeed = Exclude<Deed, { from: number }>;

function performOn(world: World, appliance: Appliance, deed: LocalDeed, peaceful: boolean): void {
  switch (deed.kind) {
    case 'power-cut':
      appliance.kill();
      return;
    case 'crash':
      appliance.crash();
      return;
    case 'stop':
      appliance.stop();
      return;
    case 'start':
      // A supervisor waits for the executor; an impatient one takes away what still stands.
      if (!peaceful || appliance.awaited.size === 0) world.start(appliance);
      return;
    case 'pause':
      appliance.pause();
      return;
    case 'resume':
      appliance.resume();
      return;
    case 'unplug':
    case 'plug':
      world.setUnplugged(appliance, deed.on, deed.kind === 'unplug');
      return;
    case 'monitor':
      monitor(appliance, deed.monitor, deed.state);
      return;
    case 'operator':
      order(appliance, deed.command);
      return;
    case 'mode':
      setMode(appliance, deed.on);
      return;
    case 'take-away':
      takeAway(appliance, deed.virtualRouter);
      return;
    case 'script':
      if (deed.fails) appliance.failing.add('lan');
      else appliance.failing.clear();
  }
}

/** The upcheck has a weight; the others are soft faults. */
function monitor(appliance: Appliance, name: string, state: 'ok' | 'failed'): void {
  const weight = name === 'upcheck' ? 150 : 'soft';
  appliance.receive(() => appliance.give(check(name, weight, state)));
}

function order(
  appliance: Appliance,
  command: 'failover' | 'maintenance-on' | 'maintenance-off' | 'flaps-clear',
): void {
  // A command to an agent that is not there reaches nobody.
  if (!appliance.alive) return;
  if (command === 'maintenance-on') appliance.maintenance = true;
  if (command === 'maintenance-off') appliance.maintenance = false;
  appliance.receive(() => appliance.give({ kind: 'operator', command }));
}

function setMode(appliance: Appliance, on: boolean): void {
  const { configuration: before } = appliance;
  const mode = on ? appliance.usualMode : 'off';
  if (mode === before.mode) return;
  appliance.configuration = { ...before, mode };
  const wanted = appliance.configuration;
  appliance.receive(() => appliance.give({ kind: 'configure', configuration: wanted }));
}

function takeAway(appliance: Appliance, virtualRouter: string): void {
  if (!appliance.alive || !appliance.present.delete(virtualRouter)) return;
  appliance.receive(() => appliance.give({ kind: 'addresses-removed', virtualRouter }));
}

/** Everything is mended, everybody runs, nobody is kept out. */
export function heal({ world, watch }: Stage): void {
  world.log('-- heal');
  world.network.healAll();
  // A supervisor waits for the executor of the agent that died.
  if (watch.peaceful)
    world.run(
      Math.max(...world.appliances.map((one) => (one.awaited.size > 0 ? one.keepAtMost() : 0))),
    );
  for (const appliance of world.appliances) {
    appliance.failing.clear();
    appliance.resume();
    for (const on of ['eth0', 'eth1']) {
      if (appliance.unplugged.has(on)) world.setUnplugged(appliance, on, false);
    }
    world.start(appliance);
    setMode(appliance, true);
    for (const name of ['gateway', 'bandwidth', 'upcheck']) monitor(appliance, name, 'ok');
    order(appliance, 'maintenance-off');
    order(appliance, 'flaps-clear');
  }
  watch.disturbed();
}
