// What may be done to a world: faults, repairs and orders, as data that fast-check draws and shrinks.
// No invariants: watch.ts.
import * as fc from 'fast-check';
import type { OperatorCommand } from '../../src/core/interface.js';
import type { Appliance } from './appliance.js';
import { MONITORS, tellMonitor, WORDS, type Monitor, type Word } from './monitor-deeds.js';
import type { Way } from './network.js';
import type { Live, Setting } from './settings.js';
import { reconfigure, share } from './settings-deeds.js';
import { forge, intrude } from './stranger-deeds.js';
import { befallWitness, type WitnessFate } from './witness-deeds.js';
import type { World } from './world.js';

/** Who is meant: an index, modulo the number of appliances. */
type Index = number;

/** Parts of the network that fail together. */
const CUTS = {
  multicast: ['lan eth0', 'lan eth1'],
  'link eth0': ['lan eth0', 'unicast eth0'],
  'link eth1': ['lan eth1'],
  lan: ['lan eth0', 'lan eth1', 'unicast eth0'],
  ha: ['ha'],
  'HA port': ['unicast eth0', 'ha'],
  'LAN path': ['unicast eth0'],
  everything: ['lan eth0', 'lan eth1', 'unicast eth0', 'ha'],
} as const satisfies Record<string, readonly Way[]>;

/** What is drawn anywhere; the others only where a situation needs them. */
const MANY_CUT = (Object.keys(CUTS) as (keyof typeof CUTS)[]).filter((one) => one !== 'LAN path');

export type Deed =
  | {
      readonly kind: 'cut';
      readonly from: Index;
      /** The same as `from`: everybody else. */
      readonly to: Index;
      readonly what: keyof typeof CUTS;
      /** Only what `from` sends is lost. */
      readonly oneWay: boolean;
    }
  /** It loses the LAN beyond its own link, and the gateway with it. */
  | { readonly kind: 'lan-lost'; readonly of: Index }
  /** Everything that was cut from or to this one. */
  | { readonly kind: 'mend'; readonly of: Index }
  /** `restart`: a crash, and a supervisor that does not wait for the executor. */
  | {
      readonly kind: 'power-cut' | 'crash' | 'restart' | 'stop' | 'start' | 'pause';
      readonly of: Index;
    }
  | { readonly kind: 'unplug'; readonly of: Index; readonly on: string }
  /** Everybody who was paused goes on; every link comes back. */
  | { readonly kind: 'resume' | 'plug' }
  | {
      readonly kind: 'monitor';
      readonly of: Index;
      readonly monitor: Monitor;
      readonly state: Word;
    }
  | {
      readonly kind: 'operator';
      readonly of: Index;
      readonly command: OperatorCommand;
      /** Although no successor is fit and sound. */
      readonly force?: boolean;
    }
  | { readonly kind: 'mode'; readonly of: Index; readonly mode: Live['mode'] }
  | { readonly kind: 'primary'; readonly of: Index; readonly primary: boolean }
  | { readonly kind: 'take-away'; readonly of: Index; readonly virtualRouter: string }
  /** Somebody deletes the macvlan of the virtual MAC address. */
  | { readonly kind: 'delete-macvlan'; readonly of: Index; readonly virtualRouter: string }
  /** As `take-away`, and no notice of it. */
  | { readonly kind: 'lose'; readonly of: Index; readonly virtualRouter: string }
  /** The interface is made again while the agent stands still. */
  | { readonly kind: 'remake'; readonly of: Index; readonly on: string }
  /** So many orders to add addresses are lost. */
  | { readonly kind: 'forget'; readonly of: Index; readonly times: number }
  | { readonly kind: 'script'; readonly of: Index; readonly fails: boolean }
  | { readonly kind: 'witness'; readonly of: Index; readonly what: WitnessFate }
  /** A router that nobody knows is Active for so many advertisement intervals, with this priority. */
  | {
      readonly kind: 'stranger';
      readonly virtualRouter: string;
      readonly priority: number;
      readonly intervals: number;
    }
  /** Somebody on the link says farewell in its name. */
  | { readonly kind: 'forge'; readonly of: Index; readonly virtualRouter: string }
  /** The settings that all share are another version of themselves there; where others follow, soon at those it reaches. */
  | {
      readonly kind: 'settings';
      readonly of: Index;
      readonly version: Live['version'];
      readonly follow: boolean;
    };

export const SETTINGS_VERSIONS = [0, 1, 2] as const satisfies readonly Live['version'][];

/** A deed, and how many advertisement intervals it is quiet afterwards. */
export type Story = readonly (readonly [Deed, number])[];

/** The first ones more often: they hold, or are next. */
export const of = fc.constantFrom(0, 0, 0, 1, 1, 2, 3);
const deed = <Kind extends Deed['kind']>(...kinds: readonly Kind[]) => fc.constantFrom(...kinds);

export const planned: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: deed('operator'),
      of,
      command: fc.constantFrom(
        ...(['failover', 'failover', 'maintenance-on', 'maintenance-off'] as const),
      ),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: deed('monitor'),
      of,
      monitor: fc.constantFrom(...MONITORS.slice(0, 3)),
      state: fc.constantFrom('ok', 'failed', 'failed', ...WORDS),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: deed('stop', 'crash', 'start', 'start'), of }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: deed('mode'),
      of,
      mode: fc.constantFrom('off', 'active-passive', 'active-active'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: deed('primary'), of, primary: fc.boolean() }) },
);

const bypass: fc.Arbitrary<Deed> = fc.record({
  kind: deed('operator'),
  of,
  command: fc.constantFrom('flaps-clear', 'bypass-engage', 'bypass-release', 'bypass-release'),
});

export const broken: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: deed('cut'),
      from: of,
      to: of,
      what: fc.constantFrom(...MANY_CUT),
      oneWay: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: deed('operator'),
      of,
      command: fc.constantFrom('failover', 'failover', 'maintenance-on'),
      force: fc.constant(true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: deed('lan-lost'), of }) },
  { weight: 3, arbitrary: fc.record({ kind: deed('mend'), of }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: deed('power-cut', 'crash', 'restart', 'restart', 'start', 'pause', 'pause'),
      of,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: deed('resume', 'plug') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: deed('unplug'),
      of,
      on: fc.constantFrom('eth0', 'eth0', 'eth1'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: deed('monitor'),
      of,
      monitor: fc.constant('pairs' as const),
      state: fc.constantFrom('ok', 'failed'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: deed('take-away', 'lose'),
      of,
      virtualRouter: fc.constantFrom('lan', 'lan', 'wan', 'lan6'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: deed('remake'), of, on: fc.constantFrom('eth0', 'eth0', 'eth1') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: deed('forget'), of, times: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: deed('script'), of: fc.constantFrom(0, 1), fails: fc.boolean() }),
  },
);

/** Nearly at once, or anywhere up to four intervals, in which everything comes to its end. */
export const quiet = fc.oneof(
  fc.constantFrom(0, 0.001, 0.01, 0.05, 0.5),
  fc.noBias(fc.integer({ min: 0, max: 400 })).map((hundredths) => hundredths / 100),
);

/** Everything that can go wrong. */
export const stormyStory: fc.Arbitrary<Story> = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 3, arbitrary: planned },
      { weight: 1, arbitrary: bypass },
      { weight: 7, arbitrary: broken },
    ),
    quiet,
  ),
  { maxLength: 10 },
);

/** Only what leaves time for a handover. */
export const calmStory: fc.Arbitrary<Story> = fc.array(fc.tuple(planned, quiet), { maxLength: 8 });

/** Does it; returns what it is called in the counts, or null when there was nothing to do. */
export function perform(world: World, setting: Setting, wanted: Deed): string | null {
  if (wanted.kind === 'cut') return cut(world, wanted);
  if (wanted.kind === 'stranger') return intrude(world, setting, wanted);
  if (!('of' in wanted)) return wanted.kind === 'resume' ? resume(world) : plug(world);
  const appliance = world.appliances[wanted.of % world.appliances.length];
  return appliance === undefined ? null : performOn(world, setting, appliance, wanted);
}

type LocalDeed = Extract<Deed, { readonly of: Index }>;

function performOn(
  world: World,
  setting: Setting,
  appliance: Appliance,
  wanted: LocalDeed,
): string | null {
  switch (wanted.kind) {
    case 'witness':
      return befallWitness(world, appliance, wanted.what);
    case 'forge':
      return forge(world, appliance, wanted.virtualRouter);
    case 'lan-lost': {
      const { index } = appliance;
      for (const one of world.appliances) {
        if (!one.statuses.has('gateway')) tellMonitor(one, 'gateway', 'ok');
      }
      cut(world, { from: index, to: index, what: 'lan', oneWay: false });
      appliance.gateway.lose((word) => void tellMonitor(appliance, 'gateway', word));
      return 'LAN lost with the gateway';
    }
    case 'mend':
      return mend(world, appliance);
    case 'unplug':
      if (appliance.unplugged.has(wanted.on)) return null;
      world.setUnplugged(appliance, wanted.on, true);
      return 'unplug';
    case 'monitor':
      return tellMonitor(appliance, wanted.monitor, wanted.state);
    case 'operator':
      return order(appliance, wanted.command, wanted.force);
    case 'mode':
      return reconfigure(setting, appliance, { mode: wanted.mode });
    case 'primary':
      return reconfigure(setting, appliance, { primary: wanted.primary });
    case 'settings':
      return share(world, setting, appliance, wanted.version, wanted.follow);
    case 'take-away':
      return appliance.alive && appliance.kernel.takeAway(wanted.virtualRouter)
        ? 'take-away'
        : null;
    case 'lose':
      return appliance.alive && appliance.kernel.loseUnnoticed(wanted.virtualRouter)
        ? 'lose'
        : null;
    case 'delete-macvlan':
      return appliance.alive && appliance.kernel.deleteMacvlan(wanted.virtualRouter)
        ? 'delete-macvlan'
        : null;
    case 'remake':
      return remake(appliance, wanted.on);
    case 'forget':
      return forget(setting, appliance, wanted.times);
    case 'script':
      return breakScript(world, setting, appliance, wanted.fails);
    case 'power-cut':
    case 'crash':
    case 'restart':
    case 'stop':
    case 'start':
    case 'pause':
      return live(world, appliance, wanted.kind);
  }
}

function breakScript(
  world: World,
  { interval }: Setting,
  { kernel }: Appliance,
  fails: boolean,
): string | null {
  // An address that cannot be added is left alone for a minute: too long for the quick ones.
  if (interval < 100) return null;
  if (fails) kernel.failing.add('lan');
  else if (!kernel.failing.delete('lan')) return null;
  world.changed = true;
  return fails ? 'script fails' : 'script works';
}

function remake(appliance: Appliance, on: string): string | null {
  const { agent, configuration, kernel } = appliance;
  if (agent !== 'running') return null;
  appliance.pause();
  for (const { name, interface: where } of configuration.virtualRouters) {
    if (where !== on) continue;
    kernel.takeAway(name);
    kernel.deleteMacvlan(name);
  }
  return 'remake';
}

/** Six seconds are too long for the quick ones. */
function forget({ interval }: Setting, { kernel }: Appliance, times: number): string | null {
  if (interval < 100) return null;
  kernel.forgets = times;
  return 'forget';
}

export function resume({ appliances }: World): string | null {
  const paused = appliances.filter(({ agent }) => agent === 'paused');
  for (const appliance of paused) appliance.resume();
  return paused.length > 0 ? 'resume' : null;
}

export function plug(world: World): string | null {
  let plugged = false;
  for (const appliance of world.appliances) {
    for (const on of appliance.unplugged) {
      world.setUnplugged(appliance, on, false);
      plugged = true;
    }
  }
  return plugged ? 'plug' : null;
}

type Life = 'power-cut' | 'crash' | 'restart' | 'stop' | 'start' | 'pause';

function live(world: World, appliance: Appliance, kind: Life): string | null {
  const { agent, memory } = appliance;
  switch (kind) {
    case 'power-cut':
      if (agent === 'off') return null;
      appliance.cutPower();
      return 'power-cut';
    case 'crash':
      if (!appliance.alive) return null;
      appliance.crash();
      return 'crash';
    case 'restart':
      if (!appliance.alive) return null;
      appliance.crash();
      world.start(appliance);
      return 'restart with memory';
    case 'stop':
      if (agent !== 'running') return null;
      appliance.stop();
      return 'stop';
    case 'start':
      if (appliance.alive) return null;
      world.start(appliance);
      return memory === null ? 'start' : 'restart with memory';
    case 'pause':
      if (agent !== 'running') return null;
      appliance.pause();
      return 'pause';
  }
}

type Cut = Omit<Extract<Deed, { kind: 'cut' }>, 'kind'>;

function cut(world: World, { from, to, what, oneWay }: Cut): string {
  const { appliances, network } = world;
  const size = appliances.length;
  const others = appliances.filter(({ index }) => index !== from % size);
  const cutFrom =
    to % size === from % size ? others : others.filter((one) => one.index === to % size);
  for (const other of cutFrom) {
    for (const way of CUTS[what]) {
      network.setCut(from % size, other.index, way, true);
      if (!oneWay) network.setCut(other.index, from % size, way, true);
    }
  }
  world.changed = true;
  return `cut ${what}${oneWay ? ' one way' : ''}`;
}

function mend(world: World, appliance: Appliance): string {
  const { appliances, network } = world;
  const { index, statuses } = appliance;
  appliance.gateway.regain();
  const gateway = statuses.get('gateway')?.status;
  if (gateway?.state === 'failed' || gateway?.doubtful === true)
    tellMonitor(appliance, 'gateway', 'ok');
  for (const other of appliances) {
    for (const way of CUTS.everything) {
      network.setCut(index, other.index, way, false);
      network.setCut(other.index, index, way, false);
    }
  }
  world.changed = true;
  return 'mend';
}

export function order(
  appliance: Appliance,
  command: OperatorCommand,
  force = false,
): string | null {
  // A command to an agent that is not there reaches nobody.
  if (appliance.agent !== 'running') return null;
  if (command === 'bypass-engage') appliance.bypassEngaged = true;
  if (command === 'bypass-release') appliance.bypassEngaged = false;
  appliance.give({ kind: 'operator', command, force });
  // It may have been refused.
  appliance.maintenance = appliance.memory?.maintenance === true;
  return `operator ${command}${force ? ', forced' : ''}`;
}
