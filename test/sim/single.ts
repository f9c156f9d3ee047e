// One fault, and later its repair, among appliances at rest: the sharpest bounds there are, since
// nothing else goes on. What may be lost, and who may move, is DESIGN §5 as a table; the formulas are
// argued in docs/INVARIANTS.md.
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import { timingOf } from './bounds.js';
import { perform, type Deed } from './deeds.js';
import { GATEWAY } from './gateway.js';
import { LOOK, SCRIPT } from './kernel.js';
import { settings, THRESHOLDS, type Setting } from './settings.js';
import { begin, build, unrest, type Stage } from './story.js';
import type { World } from './world.js';

/** What goes wrong, and what mends it; nothing where it is not mended. */
interface Fault {
  readonly breaks: readonly Deed[];
  readonly mends: readonly Deed[];
  /** Between what goes wrong, in peer checks; as long as a handover takes unless given. */
  readonly checksApart?: number;
}

type Index = 0 | 1;
type Monitor = 'gateway' | 'bandwidth' | 'pairs';

const cut = (what: Extract<Deed, { kind: 'cut' }>['what'], of: Index, oneWay = false): Fault => ({
  breaks: [{ kind: 'cut', from: of, to: of, what, oneWay }],
  mends: [{ kind: 'mend', of }],
});

const monitor = (
  name: Monitor,
  state: 'failed' | 'unknown' | 'doubtful',
  ...whose: readonly number[]
): Fault => ({
  breaks: whose.map((of) => ({ kind: 'monitor', of, monitor: name, state })),
  mends: whose.map((of) => ({ kind: 'monitor', of, monitor: name, state: 'ok' })),
});

const order = (
  of: Index,
  command: Extract<Deed, { kind: 'operator' }>['command'],
  undo: typeof command,
): Fault => ({
  breaks: [{ kind: 'operator', of, command, force: true }],
  mends: [{ kind: 'operator', of, command: undo }],
});

const EVERYBODY = [0, 1, 2, 3];

const lossesOf = (kind: 'take-away' | 'lose', of: Index): Deed[] =>
  ['lan', 'wan', 'lan6'].map((virtualRouter) => ({ kind, of, virtualRouter }));

const FAULTS = {
  crash: (of) => ({ breaks: [{ kind: 'crash', of }], mends: [{ kind: 'start', of }] }),
  stop: (of) => ({ breaks: [{ kind: 'stop', of }], mends: [{ kind: 'start', of }] }),
  'power cut': (of) => ({ breaks: [{ kind: 'power-cut', of }], mends: [{ kind: 'start', of }] }),
  'power cut, one path after the other': (of) => ({
    breaks: [...cut('lan', of).breaks, ...cut('ha', of).breaks, { kind: 'power-cut', of }],
    mends: [
      { kind: 'mend', of },
      { kind: 'start', of },
    ],
    checksApart: 1,
  }),
  pause: (of) => ({ breaks: [{ kind: 'pause', of }], mends: [{ kind: 'resume' }] }),
  'eth0 unplugged': (of) => ({
    breaks: [{ kind: 'unplug', of, on: 'eth0' }],
    mends: [{ kind: 'plug' }],
  }),
  'eth1 unplugged': (of) => ({
    breaks: [{ kind: 'unplug', of, on: 'eth1' }],
    mends: [{ kind: 'plug' }],
  }),
  failover: (of) => ({ breaks: [{ kind: 'operator', of, command: 'failover' }], mends: [] }),
  maintenance: (of) => order(of, 'maintenance-on', 'maintenance-off'),
  'restart in maintenance': (of) => ({
    breaks: [
      { kind: 'operator', of, command: 'maintenance-on', force: true },
      { kind: 'restart', of },
    ],
    mends: [{ kind: 'operator', of, command: 'maintenance-off' }],
  }),
  bypass: (of) => order(of, 'bypass-engage', 'bypass-release'),
  'mode off': (of) => ({ breaks: [{ kind: 'mode', of, mode: 'off' }], mends: [] }),
  'primary set': (of) => ({
    breaks: [{ kind: 'primary', of, primary: of !== 0 }],
    mends: [{ kind: 'primary', of, primary: of === 0 }],
  }),
  'gateway lost': (of) => monitor('gateway', 'failed', of),
  'gateway lost by all': () => ({
    breaks: [
      // A threshold has to be reached first: whoever is in doubt is no successor.
      ...monitor('gateway', 'doubtful', ...EVERYBODY).breaks,
      ...monitor('gateway', 'failed', ...EVERYBODY).breaks,
    ],
    mends: monitor('gateway', 'failed', ...EVERYBODY).mends,
  }),
  'gateway in doubt': (of) => monitor('gateway', 'doubtful', of),
  'gateway unknown': (of) => monitor('gateway', 'unknown', of),
  'bandwidth low everywhere': () => monitor('bandwidth', 'failed', 1, 2, 3, 4),
  'addresses taken away': (of) => ({ breaks: lossesOf('take-away', of), mends: [] }),
  'addresses lost unnoticed': (of) => ({ breaks: lossesOf('lose', of), mends: [] }),
  'link pairs down': (of) => monitor('pairs', 'failed', of),
  'multicast filtered': (of) => cut('multicast', of),
  'multicast filtered one way': (of) => cut('multicast', of, true),
  'HA link cut': (of) => cut('ha', of),
  'HA link cut one way': (of) => cut('ha', of, true),
  'HA port filtered': (of) => cut('HA port', of),
  'HA port filtered one way': (of) => cut('HA port', of, true),
  'LAN split': (of) => cut('lan', of),
  'LAN lost with the gateway': (of) => ({
    breaks: [{ kind: 'lan-lost', of }],
    mends: [{ kind: 'mend', of }],
  }),
  'all paths cut': (of) => cut('everything', of),
} as const satisfies Record<string, (of: Index) => Fault>;

type FaultName = keyof typeof FAULTS;

export interface SingleFault {
  readonly setting: Setting;
  readonly fault: FaultName;
  /** The first two hold something, or would be the next to. */
  readonly of: Index;
  /** Advertisement intervals before it happens: somewhere between two of everything. */
  readonly phase: number;
}

export const singleFault: fc.Arbitrary<SingleFault> = fc.record({
  setting: settings(
    fc.record({
      loss: fc.constant(0),
      duplication: fc.constantFrom(0, 10),
      jitter: fc.constant(300),
    }),
  ).map((setting) => ({
    ...setting,
    mismatch: 'none' as const,
    preempt: true,
    maximumFlaps: 0,
  })),
  fault: fc.constantFrom(...(Object.keys(FAULTS) as FaultName[])),
  of: fc.constantFrom(0, 0, 1),
  phase: fc.noBias(fc.integer({ min: 0, max: 200 })).map((hundredths) => hundredths / 100),
});

/** The appliances of this fault; nothing has happened yet. */
export const buildSingle = ({ setting, fault }: SingleFault, verbose: boolean): Stage =>
  build(
    { setting, story: [], without: false },
    { verbose, peaceful: false, losses: { unnoticed: fault === UNNOTICED, forgotten: false } },
  );

const UNNOTICED = 'addresses lost unnoticed';

/** Lets it happen, and mends it; throws when more was lost than may be, or somebody moved. */
export function endure(stage: Stage, { setting, fault, of, phase }: SingleFault): void {
  begin(stage);
  const { world, watch } = stage;
  const names = routersOf(world).map(({ name }) => name);
  for (const name of names) assert.equal(world.counts.get(`${name} taken`), 1, `one takes ${name}`);
  const { advertisement, down, check } = timingOf(setting);
  world.run((THRESHOLDS.recoveryThreshold + 3) * check + Math.round(phase * advertisement));
  assert.equal(unrest(stage, 'the best hold'), null, 'at rest before it happens');
  const before = new Map(world.counts);
  const concerned = new Set(world.appliances[of]?.active);
  watch.tolerated = new Map(
    routersOf(world).map((router) => [
      router.name,
      concerned.has(router.name) ? lostBy(fault, router, setting) + lostByParting(setting) : 0,
    ]),
  );
  const { breaks, mends, checksApart }: Fault = FAULTS[fault](of);
  const apart = checksApart === undefined ? timingOf(setting).handover : checksApart * check;
  for (const deed of breaks) {
    act(stage, deed);
    if (fault !== UNNOTICED && deed !== breaks.at(-1)) world.run(apart);
  }
  if (fault === 'LAN lost with the gateway') findsLoss(stage, setting, of);
  // Shorter than any silence that counts: nobody may notice.
  const isShort = fault === 'pause' && phase < 1;
  const least = Math.min(advertisement, (THRESHOLDS.failureThreshold - 1) * check);
  const found = fault === UNNOTICED ? LOOK : 0;
  world.run(isShort ? Math.round(phase * least) : found + 3 * down + 4 * check);
  for (const name of names) {
    const taken = (world.counts.get(`${name} taken`) ?? 0) - (before.get(`${name} taken`) ?? 0);
    const most = takenBy(fault, concerned.has(name) && !isShort, setting);
    assert.ok(taken <= most, `${name} taken ${taken} times, ${most} at most`);
    watch.tolerated.set(name, lostByRepair(setting));
  }
  if (mends.length === 0) return;
  for (const deed of mends) act(stage, deed);
  world.run(3 * down + 8 * check + setting.preemptDelay);
  assert.equal(unrest(stage, 'the best hold'), null, 'at rest after it is mended');
}

/**
 * Whoever lost the LAN has let go of the role when the gateway has told: as soon as the link is late both sides ask,
 * and the one that gets no answer hands over. Without another path nothing is late: it is a split, or nothing.
 */
function findsLoss({ world }: Stage, setting: Setting, of: Index): void {
  const { advertisement, check, packet } = timingOf(setting);
  const unanswered =
    setting.paths === 'ha and lan' ? check + Math.min(check / 2, 40_000) : Infinity;
  const late = Math.min(unanswered, 1.5 * advertisement);
  const asked = late + packet + GATEWAY.failures * GATEWAY.hasty;
  const inTurn = GATEWAY.judged + GATEWAY.failures * GATEWAY.interval;
  // It asks for a successor, which puts its addresses in place and says so.
  const handedOver = 2 * packet + 2 * SCRIPT.most;
  world.run(Math.round(Math.min(asked, inTurn) + handedOver + packet));
  if (setting.paths.startsWith('ha')) {
    assert.deepEqual([...(world.appliances[of]?.active ?? [])], [], 'it has handed over');
  }
}

function act({ world, watch, scenario }: Stage, deed: Deed): void {
  world.log(() => `-- ${JSON.stringify(deed)}`);
  const done = perform(world, scenario.setting, deed);
  if (done !== null) world.count(done);
  watch.disturbed();
}

/** Nobody moves: there is a path on which the Active is known to be well, or nobody better. */
const STILL: ReadonlySet<FaultName> = new Set([
  'addresses taken away',
  UNNOTICED,
  'primary set',
  'gateway lost by all',
  'gateway in doubt',
  'gateway unknown',
  'bandwidth low everywhere',
  'multicast filtered',
  'multicast filtered one way',
  'HA link cut',
  'HA link cut one way',
  'HA port filtered',
  'HA port filtered one way',
  'LAN split',
]);

/** How often a virtual router may be taken: what the victim held once, by the next in order. */
function takenBy(fault: FaultName, isConcerned: boolean, setting: Setting): number {
  const { appliances, mode, paths } = setting;
  // Without another path what is cut is all there was, and each side must think itself alone. And
  // equals, or Backups nearly so, who do not speak to each other take it both.
  const isSplit = fault === 'LAN split' || fault === 'LAN lost with the gateway';
  const isAlone = fault === 'all paths cut' || (isSplit && paths === 'lan');
  if (isAlone || paths === 'none') return Infinity;
  // Each finds it in its turn, and whoever holds something then gives it to one that has not.
  if (fault === 'bandwidth low everywhere') return mode === 'active-active' ? appliances : 0;
  return isConcerned && !STILL.has(fault) ? 1 : 0;
}

const routersOf = ({ appliances }: World): readonly RouterConfiguration[] =>
  appliances[0]?.configuration.virtualRouters ?? [];

/**
 * Without the HA port equals, or Backups whose Skew_Times differ by less than a script takes, may both
 * take over, and of a group a part each; the one that loses the first gives the others up to be found.
 */
function lostByParting(setting: Setting): number {
  return setting.appliances > 2 ? lostByRepair(setting) : 0;
}

/**
 * A preempting primary takes the first of the group. Without the HA port the others are given up to
 * it unseen (priority 0), and it waits for its Skew_Time.
 */
function lostByRepair(setting: Setting): number {
  const { advertisement, packet } = timingOf(setting);
  const isGroup = setting.mode === 'active-passive' && setting.routers !== 'lan';
  return isGroup && setting.paths === 'none' ? advertisement + packet + 2 * SCRIPT.most : 0;
}

/** How long nobody may hold what the victim held, in microseconds. */
function lostBy(fault: FaultName, router: RouterConfiguration, setting: Setting): number {
  const { paths } = setting;
  const { advertisement, check, packet, down } = timingOf(setting);
  // One script at a time: that of another virtual router may come first.
  const script = SCRIPT.most * (setting.routers === 'lan' ? 1 : 2);
  const told = packet + script;
  // Without peers a Backup waits for Skew_Time, at most one interval.
  const farewell = told + (paths === 'none' ? advertisement : 0);
  const { failureThreshold } = THRESHOLDS;
  const silence = failureThreshold * check + Math.min(check / 2, 40_000) + 2 * packet;
  // Silence on the HA link alone proves nothing: an advertisement has to be overdue, too.
  const hasLanPath = paths.endsWith('lan') && router.interface === 'eth0';
  const proven = hasLanPath ? silence : Math.max(silence, 1.5 * advertisement + packet);
  const found = (paths === 'none' ? down : proven) + script;
  if (fault.startsWith('power cut')) return found;
  if (fault === 'addresses taken away') return script;
  if (fault === UNNOTICED) return LOOK + script;
  if (fault === 'link pairs down') return farewell;
  if (GIVEN_UP.has(fault)) return paths === 'none' ? farewell : 0;
  if (!fault.endsWith('unplugged')) return 0;
  const on = fault.slice(0, 4);
  if (router.interface !== on) return setting.mode === 'active-passive' ? farewell : 0;
  const isTold = paths.startsWith('ha') || (paths === 'lan' && on !== 'eth0');
  return isTold ? told : found;
}

/** Handed over where somebody is known, and else just given up. */
const GIVEN_UP: ReadonlySet<FaultName> = new Set([
  'maintenance',
  'restart in maintenance',
  'bypass',
  'mode off',
]);
