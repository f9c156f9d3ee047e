// One scenario from its beginning to its rest: everybody starts, the story is told while the watch
// looks on, everything is mended, and then the appliances must agree. No drawing: settings.ts, deeds.ts.
import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import type { Appliance } from './appliance.js';
import { ADDRESS_PATIENCE } from '../../src/core/machine/states.js';
import { boundsOf, LEASES, timingOf, type Losses } from './bounds.js';
import { LOOK } from './kernel.js';
import { calmStory, order, perform, plug, resume, stormyStory, type Story } from './deeds.js';
import { MONITORS, tellMonitor } from './monitor-deeds.js';
import type { Way } from './network.js';
import { configurationOf, kindsOf, settings, type Paths, type Setting } from './settings.js';
import { restore } from './settings-deeds.js';
import { banish } from './stranger-deeds.js';
import { healWitness } from './witness-deeds.js';
import { Watch } from './watch.js';
import { World } from './world.js';

export interface Scenario {
  readonly setting: Setting;
  readonly story: Story;
  /** Whether the first appliance, which is the best, stays away when everything is mended. */
  readonly without: boolean;
}

/** Everything that can go wrong. */
export const stormy: fc.Arbitrary<Scenario> = fc.record({
  setting: settings(
    fc.record({
      loss: fc.constantFrom(0, 0, 2, 10),
      duplication: fc.constantFrom(0, 10),
      jitter: fc.constantFrom(300, 300, 3_000, 12_000),
    }),
  ),
  story: stormyStory,
  without: fc.constantFrom(false, false, false, true),
});

/** A network without fault, and only what leaves time for a handover. */
export const calm: fc.Arbitrary<Scenario> = fc.record({
  setting: settings(
    fc.record({
      loss: fc.constant(0),
      duplication: fc.constantFrom(0, 10),
      jitter: fc.constantFrom(300, 300, 2_000),
    }),
  ).map((setting) => ({
    ...setting,
    paths: setting.paths === 'none' ? ('ha and lan' as const) : setting.paths,
    mismatch: 'none' as const,
    // Flaps put an instance out at once, with whatever else it holds.
    maximumFlaps: 0,
  })),
  story: calmStory,
  without: fc.constant(false),
});

const WAYS_OF: Readonly<Record<Paths, readonly Way[]>> = {
  'ha and lan': ['ha', 'unicast eth0'],
  ha: ['ha'],
  lan: ['unicast eth0'],
  none: [],
};

export interface Manner {
  /** Whether to write down everything that is sent, too. */
  readonly verbose: boolean;
  /** Nothing breaks, so nothing may be lost. */
  readonly peaceful: boolean;
  /** Besides what the story says. */
  readonly losses?: Losses;
}

const lossesOf = (story: Story): Losses => ({
  unnoticed: story.some(([{ kind }]) => kind === 'lose'),
  forgotten: story.some(([{ kind }]) => kind === 'forget'),
});

export interface Stage {
  readonly world: World;
  readonly watch: Watch;
  readonly scenario: Scenario;
  readonly peaceful: boolean;
}

/** Nothing has happened yet. */
export function build(scenario: Scenario, { verbose, peaceful, losses }: Manner): Stage {
  const { setting, story } = scenario;
  const { appliances, seed, quality, paths } = setting;
  const configurations = Array.from({ length: appliances }, (_, index) =>
    configurationOf(setting, index),
  );
  const world = new World(seed, quality, configurations, verbose, setting.witness);
  for (const appliance of world.appliances) {
    appliance.relayWorks = setting.relay === 'works';
    appliance.late = setting.late ?? 0;
    appliance.counts = setting.counts === true;
    appliance.leased = setting.leased === true;
    if (setting.monitored) tellAllIsWell(appliance);
    if (setting.virtualMac === true)
      appliance.kernel.macvlans.use(appliance.configuration.virtualRouters.map(({ name }) => name));
  }
  const ways = quality.loss > 0 ? [] : WAYS_OF[paths];
  const bounds = boundsOf(timingOf(setting), losses ?? lossesOf(story));
  const watch = new Watch(world, bounds, { ways, peaceful });
  for (const kind of kindsOf(setting)) world.count(kind);
  return { world, watch, scenario, peaceful };
}

/** Everybody starts and finds a role. */
export function begin({ world, scenario }: Stage): void {
  for (const appliance of world.appliances) world.start(appliance);
  world.run(timingOf(scenario.setting).down);
}

/** The whole of it; throws when a promise is broken. */
export function play(stage: Stage): void {
  begin(stage);
  tell(stage);
  comesToRest(stage);
}

/** Tells the story; the watch looks on. */
function tell({ world, watch, scenario, peaceful }: Stage): void {
  const { setting, story } = scenario;
  for (const [deed, intervals] of story) {
    world.log(() => `-- ${JSON.stringify(deed)}`);
    if (!isImpatient(world, deed, peaceful)) {
      const done = perform(world, setting, deed);
      if (done !== null) {
        world.count(done);
        watch.disturbed();
      }
    }
    world.run(Math.round(intervals * setting.interval * 10_000));
  }
}

/** A supervisor waits for the executor; an impatient one takes away what still stands. */
const isImpatient = (world: World, deed: Story[number][0], peaceful: boolean): boolean =>
  peaceful &&
  deed.kind === 'start' &&
  world.appliances[deed.of % world.appliances.length]?.kernel.isKept === true;

/** Everything is mended, everybody runs, nobody is kept out; but for the first one, if it stays away. */
function heal({ world, watch, scenario, peaceful }: Stage): void {
  const { setting, without } = scenario;
  world.log(() => '-- heal');
  world.network.healAll();
  banish(world);
  healWitness(world);
  resume(world);
  plug(world);
  if (peaceful) {
    const kept = world.appliances.filter(({ kernel }) => kernel.isKept);
    world.run(Math.max(0, ...kept.map((appliance) => appliance.keepAtMost())));
  }
  for (const appliance of world.appliances) {
    if (without && appliance.index === 0) appliance.cutPower();
    else healOne(world, setting, appliance);
  }
  watch.disturbed();
}

function healOne(world: World, setting: Setting, appliance: Appliance): void {
  appliance.kernel.failing.clear();
  appliance.kernel.forgets = 0;
  if (!appliance.alive) world.start(appliance);
  restore(setting, appliance);
  tellAllIsWell(appliance);
  for (const command of ['maintenance-off', 'bypass-release', 'flaps-clear'] as const) {
    order(appliance, command);
  }
}

function tellAllIsWell(appliance: Appliance): void {
  appliance.gateway.regain();
  for (const monitor of MONITORS) tellMonitor(appliance, monitor, 'ok');
  if (appliance.statuses.has('backend')) tellMonitor(appliance, 'backend', 'ok');
}

/** Time enough to settle, and no more than needed: see docs/INVARIANTS.md. */
function settlingTime({ world, scenario }: Stage): number {
  const { setting } = scenario;
  const { advertisement, check, down, handover } = timingOf(setting);
  const yields = world.appliances.some((one) =>
    one
      .snapshot()
      ?.virtualRouters.some(({ adjustments }) =>
        adjustments.some(({ name }) => name === 'address-lost'),
      ),
  );
  const asked = world.counts.has('report refused') ? 5_000_000 : 0;
  const usual = 2 * down + 2 * advertisement + 8 * check + 2 * handover + setting.preemptDelay;
  const unnoticed = world.counts.has('lose') ? LOOK : 0;
  const forgotten = world.counts.has('forget') ? 2 * ADDRESS_PATIENCE : 0;
  // A lease of somebody who is gone ends, and is waited for once more where its end was not seen.
  const lease = LEASES * (setting.witness?.ttl ?? 0);
  return usual + (yields ? 60_000_000 : 0) + asked + unnoticed + forgotten + lease;
}

/** Healed and rested: one holder each, the best one where nobody sent it away; and no move. */
function comesToRest(stage: Stage): void {
  const { world, watch, scenario } = stage;
  heal(stage);
  const { advertisement } = timingOf(scenario.setting);
  // Now and then the rest is long enough for whatever comes late.
  const rest = (scenario.setting.seed % 16 === 0 ? 15 : 4) * advertisement;
  const healedAt = world.now;
  let until = healedAt + settlingTime(stage);
  // Where somebody else than the best may hold, the best may still be about to take over.
  while (
    world.now < until + rest &&
    (world.now < Math.max(healedAt, world.movedAt) + rest ||
      unrest(stage, 'the best hold') !== null)
  ) {
    world.run(advertisement);
    // An order that was lost before is given up only now.
    until = Math.max(until, healedAt + settlingTime(stage));
    // What was healed may have cost the role once too often.
    for (const one of world.appliances) if (one.memory?.flaps.latched) order(one, 'flaps-clear');
  }
  assert.equal(unrest(stage), null, 'at rest in time');
  watch.note('comes to rest', world.movedAt - healedAt, until - healedAt);
  assert.ok(world.movedAt <= until, 'nothing moves any more');
}

/** What is not as it should be at rest; null when everything is. */
export function unrest({ world, scenario }: Stage, strictly?: 'the best hold'): string | null {
  const { setting } = scenario;
  const here = world.appliances.filter(({ alive }) => alive);
  const holders: string[] = [];
  for (const { name } of configurationOf(setting, 0).virtualRouters) {
    const held = here.filter(({ kernel }) => kernel.present.has(name));
    const [holder] = held;
    if (holder === undefined || held.length > 1) {
      return `${name} held by ${held.map((one) => one.name).join() || 'nobody'}`;
    }
    if (!isBest(here, holder, name) && (strictly !== undefined || !mayHold(scenario)))
      return `${name} held by ${holder.name}`;
    holders.push(holder.name);
    const lie = disagreement(here, holder, name);
    if (lie !== null) return lie;
  }
  // Equals find together over the HA port; without one they may hold a part each (RFC 9568 §6.4.3).
  const mayPart = setting.paths === 'none';
  if (setting.mode === 'active-passive' && !mayPart && new Set(holders).size > 1) {
    return `held apart, by ${holders.join()}`;
  }
  return null;
}

/** Whether somebody else than the best may hold: sent away by an operator, or nobody preempts. */
const mayHold = ({ setting, story }: Scenario): boolean =>
  !setting.preempt ||
  story.some(([deed]) => deed.kind === 'operator' && deed.command === 'failover');

function isBest(here: readonly Appliance[], holder: Appliance, name: string): boolean {
  const priority = ({ configuration }: Appliance): number =>
    configuration.virtualRouters.find((router) => router.name === name)?.priority ?? 0;
  return here.every((one) => priority(one) <= priority(holder));
}

/** What somebody's status says otherwise than the kernels have it. */
function disagreement(
  here: readonly Appliance[],
  holder: Appliance,
  virtualRouter: string,
): string | null {
  for (const appliance of here) {
    const status = appliance.snapshot();
    const router = status?.virtualRouters.find(
      ({ configuration }) => configuration.name === virtualRouter,
    );
    if (router === undefined) return `${appliance.name} shows no ${virtualRouter}`;
    const expected = appliance === holder ? 'Active' : 'Backup';
    if (router.state !== expected) return `${appliance.name} shows ${router.state}`;
    const family = router.configuration.family;
    if (router.activeAddress !== holder.addresses[family]) {
      return `${appliance.name} shows ${router.activeAddress ?? 'nobody'} as Active`;
    }
    if (router.releasing !== null) return `${appliance.name} is releasing ${virtualRouter}`;
  }
  return null;
}
