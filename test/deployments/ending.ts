// What ended an outage, by what both agents wrote into events.jsonl, and whether it is what should have:
// causes and their order, no times. Pure.
import type { EventRecord } from '../../src/model/status.js';
import type { ApplianceName } from '../../scripts/lab/network.js';

/** A part's events of either appliance, oldest first. */
export type Events = Readonly<Record<ApplianceName, readonly EventRecord[]>>;

/** Which mechanism has to end it, by its name in events.jsonl. */
export interface Mechanism {
  /** With this reason the heir becomes Active: the name of the mechanism, which a slower one has not. */
  readonly taken: readonly string[];
  /** Why the one before gave it up, one of: reasons of its transition, names of monitors that failed. */
  readonly left?: readonly string[];
}

/** What happened to the roles. */
export interface Moves {
  /** Whoever became Active: each virtual router. */
  readonly taken: readonly Move[];
  /** Whoever ceased to be Active. */
  readonly left: readonly Move[];
  /** The monitors that failed. */
  readonly failed: readonly { readonly appliance: ApplianceName; readonly monitor: string }[];
}

export interface Move {
  readonly appliance: ApplianceName;
  readonly virtualRouter: string;
  readonly reason: string;
}

const NAMES: readonly ApplianceName[] = ['a', 'b'];

export function movesOf(events: Events): Moves {
  const transitions = (which: 'from' | 'to'): Move[] =>
    NAMES.flatMap((appliance) =>
      events[appliance]
        .filter((one) => one.event === 'transition' && one[which] === 'Active')
        .map(({ virtualRouter = '', reason }) => ({ appliance, virtualRouter, reason })),
    );
  const failed = NAMES.flatMap((appliance) =>
    events[appliance]
      .filter(({ event, reason }) => event === 'monitor' && reason === 'failed')
      .map(({ monitor }) => ({ appliance, monitor: String(monitor) })),
  );
  return { taken: transitions('to'), left: transitions('from'), failed };
}

/** `soft-fault (nginx) → peer-released`; of a role that stays `-`. */
export function movesText(moves: Moves): string {
  if (moves.taken.length === 0) return '-';
  const leavers = new Set(moves.left.map(({ appliance }) => appliance));
  const monitors = unique(
    moves.failed.filter(({ appliance }) => leavers.has(appliance)).map(({ monitor }) => monitor),
  );
  const because = monitors.length === 0 ? '' : ` (${monitors.join(', ')})`;
  const left = unique(moves.left.map(({ reason }) => reason)).join(', ');
  const taken = unique(moves.taken.map(({ reason }) => reason)).join(', ');
  return left === '' ? taken : `${left}${because} → ${taken}`;
}

/** Why the role was given up: reasons of transitions, and the monitors that failed. */
export const causesOf = ({ left, failed }: Moves): string[] =>
  unique([...left.map(({ reason }) => reason), ...failed.map(({ monitor }) => monitor)]);

/**
 * What is not as it must be.
 * @param heirs who holds each virtual address in the end, and `before` who did.
 * @param by which mechanism; undefined where any may.
 */
export function judgeMoves(
  moves: Moves,
  heirs: readonly ApplianceName[],
  before: readonly (ApplianceName | null)[],
  by: Mechanism | undefined,
): string[] {
  const { taken } = moves;
  const movers = new Set(heirs.filter((heir, index) => heir !== before[index]));
  const strays = taken.filter(({ appliance }) => !movers.has(appliance));
  const complaints = strays.map(
    ({ appliance, virtualRouter }) =>
      `${virtualRouter}: nothing to move to ${appliance} expected, found ${movesText(moves)}`,
  );
  for (const heir of movers) {
    if (!taken.some(({ appliance }) => appliance === heir)) {
      complaints.push(`an event that ${heir} became Active expected, found none`);
    }
  }
  if (by === undefined || movers.size === 0) return complaints;
  const others = unique(
    taken.map(({ reason }) => reason).filter((reason) => !by.taken.includes(reason)),
  );
  if (others.length > 0) {
    complaints.push(`ended by ${by.taken.join(' or ')} expected, found ${others.join(', ')}`);
  }
  const causes = causesOf(moves);
  if (by.left !== undefined && !by.left.some((cause) => causes.includes(cause))) {
    const found = causes.join(', ') || 'nothing';
    complaints.push(`given up because of ${by.left.join(' or ')} expected, found ${found}`);
  }
  return complaints;
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
