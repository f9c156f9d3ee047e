// Draws pairs and storms from a seed: storm K of a seed is always the same. Nothing happens here.
import { Chance } from '../sim/agenda.js';
import type { Drawn, Target } from './fault.js';
import { FAULTS } from './faults.js';

/** How the appliances are set up that a few storms befall. */
export interface PairPlan {
  readonly intervalMs: 100 | 1000;
  readonly families: readonly ('ipv4' | 'ipv6')[];
  readonly mode: 'active-passive' | 'active-active';
  readonly preempt: boolean;
  /** The gateway, and a check that can be made to fail. */
  readonly monitors: boolean;
  /** Seconds; 0: addresses stand in the kernel until somebody removes them. */
  readonly leaseSeconds: 0 | 3;
  /** An agent that ended is started again by itself, as the unit does. */
  readonly supervised: boolean;
  /** On the LAN besides the two, with a priority between theirs: another appliance, or a foreign router. */
  readonly third: 'none' | 'ours' | 'keepalived';
}

export interface DrawnFault {
  readonly name: string;
  readonly target: Target;
  /** After the beginning of the storm. */
  readonly atMs: number;
  readonly drawn: Drawn;
}

export interface Storm {
  readonly index: number;
  /** One, or two that overlap. */
  readonly faults: readonly DrawnFault[];
}

/** So many storms befall a pair before there is another one, set up otherwise. */
export const STORMS_A_PAIR = 8;

/** Which pair storm K befalls. */
export const pairOf = (index: number): number => Math.floor(index / STORMS_A_PAIR);

export function drawPair(seed: number, pair: number): PairPlan {
  const chance = chanceOf(seed, pair, 1);
  const mode = chance.happens(0.2) ? 'active-active' : 'active-passive';
  return {
    intervalMs: chance.happens(0.5) ? 100 : 1000,
    families: FAMILIES[chance.between(0, FAMILIES.length - 1)] ?? ['ipv4'],
    mode,
    preempt: chance.happens(0.75),
    monitors: chance.happens(0.5),
    leaseSeconds: chance.happens(0.8) ? 3 : 0,
    supervised: chance.happens(0.5),
    third: mode === 'active-active' ? 'none' : (THIRDS[chance.between(0, 4)] ?? 'none'),
  };
}

/** As often as they stand there. */
const FAMILIES: readonly PairPlan['families'][] = [
  ['ipv4', 'ipv6'],
  ['ipv4', 'ipv6'],
  ['ipv4'],
  ['ipv6'],
];
const THIRDS: readonly PairPlan['third'][] = ['ours', 'keepalived'];

export function drawStorm(seed: number, index: number): Storm {
  const chance = chanceOf(seed, index, 2);
  const plan = drawPair(seed, pairOf(index));
  const first = drawFault(chance, plan, 0);
  if (chance.happens(0.6)) return { index, faults: [first] };
  // The second one begins while the first one lasts.
  const second = drawFault(chance, plan, chance.between(0, first.drawn.lastsMs));
  return { index, faults: [first, second] };
}

/** One that can befall such a pair. */
function drawFault(chance: Chance, plan: PairPlan, atMs: number): DrawnFault {
  const fitting = FAULTS.filter((fault) => fault.fits?.(plan) ?? true);
  const fault = fitting[chance.between(0, fitting.length - 1)];
  if (fault === undefined) throw new Error('a table with rows expected, found none');
  const drawn = chance.happens(0.65) ? 'holder' : 'standby';
  const target = fault.on ?? drawn;
  return { name: fault.name, target, atMs, drawn: fault.draw(chance, plan) };
}

/** What two numbers and a purpose give is not what their neighbours give. */
function chanceOf(seed: number, index: number, purpose: number): Chance {
  const mixed = [seed, index, purpose].reduce(
    (hash, part) => Math.imul(hash ^ part, 0x9e3779b1) ^ (hash >>> 15),
    0x2545f491,
  );
  const chance = new Chance(mixed);
  chance.next();
  return chance;
}

/** `agent killed (holder, 212 ms)`. */
export function describeFault({ name, target, atMs, drawn }: DrawnFault): string {
  const { lastsMs, ...rest } = drawn;
  const own = Object.values(rest).map(String);
  const at = atMs === 0 ? [] : [`from ${atMs} ms on`];
  return `${name} (${[target, ...own, `${lastsMs} ms`, ...at].join(', ')})`;
}

export const describeStorm = ({ faults }: Storm): string => faults.map(describeFault).join(' + ');

export const describePair = (plan: PairPlan): string =>
  [
    `advertisements every ${plan.intervalMs} ms`,
    plan.families.join(' and '),
    plan.mode,
    plan.preempt ? 'preempting' : 'not preempting',
    `vip.leaseSeconds ${plan.leaseSeconds}`,
    ...(plan.monitors ? ['gateway and a check monitored'] : []),
    ...(plan.supervised ? ['supervised'] : []),
    ...(plan.third === 'none' ? [] : [`a third router: ${plan.third}`]),
  ].join(', ');

/** What storms are counted by beside their faults: each pair is of several kinds. */
export const kindsOf = (plan: PairPlan): string[] => [
  `every ${plan.intervalMs} ms`,
  plan.families.join(' and '),
  plan.mode,
  plan.supervised ? 'supervised' : 'not supervised',
  plan.third === 'none' ? 'no third router' : `a third router: ${plan.third}`,
];
