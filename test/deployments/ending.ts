// What ended an outage, by what both agents wrote into events.jsonl, and whether it is what should have:
// causes and their order, no times. Pure.
import type { EventRecord } from '../../src/model/status.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { OF_THE_SILENT } from '../net/verdicts.js';
import { wasSilent, type Word } from './words.js';

/** A part's events of either appliance, oldest first. */
export type Events = Readonly<Record<ApplianceName, readonly EventRecord[]>>;

/** Which mechanism has to end it, by its name in events.jsonl. */
export interface Mechanism {
  /** With this reason the heir becomes Active: the name of the mechanism, which a slower one has not. */
  readonly taken: readonly string[];
  /** Why the one before gave it up, one of: reasons of its transition, names of monitors that failed. */
  readonly left?: readonly string[];
  /** The agent that had it dies, and its executor says farewell for it. */
  readonly dies?: boolean;
}

/**
 * What the executor of an agent that was killed has said last: the farewell is sent; somebody was Active already; the agent
 * was silent, and somebody was Active before it had died. null: none of these.
 */
export type LastWord = 'farewell' | 'succeeded' | 'lapsed' | null;

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
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const NAMES: readonly ApplianceName[] = ['a', 'b'];

export function movesOf(events: Events): Moves {
  const transitions = (which: 'from' | 'to'): Move[] =>
    NAMES.flatMap((appliance) =>
      events[appliance]
        .filter((one) => one.event === 'transition' && one[which] === 'Active')
        .map(({ virtualRouter = '', reason, time }) => {
          return { appliance, virtualRouter, reason, at: Date.parse(time) };
        }),
    ).toSorted((one, other) => one.at - other.at);
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

/** What is known of a part's moves besides themselves. */
export interface Circumstances {
  /** What both said meanwhile. */
  readonly words: readonly Word[];
  /** Of the executor of the agent that was killed. */
  readonly lastWord?: LastWord;
}

const OTHER = { a: 'b', b: 'a' } as const;

/**
 * The first time that a role was taken from an agent that stood still: by the wire it was silent, and was heard again. Such a
 * machine moves roles rightly; null when none was.
 */
export const takenFromStill = ({ taken }: Moves, words: readonly Word[]): Move | null =>
  taken.find(
    ({ appliance, reason, at }) =>
      OF_THE_SILENT.has(reason) && wasSilent(words, OTHER[appliance], at),
  ) ?? null;

/**
 * What is not as it must be. What follows from a machine that stood still is.
 * @param heirs who holds each virtual address in the end, and `before` who did.
 * @param by which mechanism; undefined where any may.
 */
export function judgeMoves(
  moves: Moves,
  heirs: readonly ApplianceName[],
  before: readonly (ApplianceName | null)[],
  by: Mechanism | undefined,
  circumstances: Circumstances,
): string[] {
  const { taken } = moves;
  const movers = new Set(heirs.filter((heir, index) => heir !== before[index]));
  const complaints = [...movers]
    .filter((heir) => !taken.some(({ appliance }) => appliance === heir))
    .map((heir) => `an event that ${heir} became Active expected, found none`);
  const still = takenFromStill(moves, circumstances.words);
  // What was before it has another cause.
  const due = still === null ? taken : taken.filter(({ at }) => at < still.at);
  const strays = due.filter(({ appliance }) => !movers.has(appliance));
  complaints.push(
    ...strays.map(
      ({ appliance, virtualRouter }) =>
        `${virtualRouter}: nothing to move to ${appliance} expected, found ${movesText(moves)}`,
    ),
  );
  if (by === undefined || movers.size === 0) return complaints;
  return [...complaints, ...judgeMechanism(moves, due, by, still, circumstances)];
}

function judgeMechanism(
  moves: Moves,
  due: readonly Move[],
  by: Mechanism,
  still: Move | null,
  circumstances: Circumstances,
): string[] {
  const complaints: string[] = [];
  const others = due.filter(
    (move) =>
      !by.taken.includes(move.reason) && !(by.dies === true && diedLate(move, circumstances)),
  );
  if (others.length > 0) {
    const found = unique(others.map(({ reason }) => reason)).join(', ');
    complaints.push(`ended by ${by.taken.join(' or ')} expected, found ${found}`);
  }
  const causes = causesOf(moves);
  if (by.left !== undefined && still === null && !by.left.some((one) => causes.includes(one))) {
    const found = causes.join(', ') || 'nothing';
    complaints.push(`given up because of ${by.left.join(' or ')} expected, found ${found}`);
  }
  return complaints;
}

/** What arrives while the heir is in the middle of a turn is read in its next one. */
const TURN_MS = 10;

/**
 * Whether the silence of an agent that was killed was found before its death: a busy machine takes its time to end a
 * process, and until then nobody owes a farewell. Its executor has heard the heir by then; or it has seen the death,
 * and said the farewell, too late.
 */
function diedLate({ appliance, reason, at }: Move, { words, lastWord }: Circumstances): boolean {
  if (!OF_THE_SILENT.has(reason)) return false;
  const said = (name: ApplianceName, what: Word['what'], from: number): boolean =>
    words.some((word) => word.from === name && word.what === what && word.at >= from);
  if (lastWord === 'lapsed' || lastWord === 'succeeded')
    return said(appliance, 'advertisement', at);
  return lastWord === 'farewell' && said(OTHER[appliance], 'farewell', at - TURN_MS);
}

/** Whether a role was taken from an agent that was killed before its executor could say farewell for it. */
export const takenBeforeDeath = (
  { taken }: Moves,
  by: Mechanism | undefined,
  circumstances: Circumstances,
): boolean =>
  by?.dies === true &&
  taken.some((move) => !by.taken.includes(move.reason) && diedLate(move, circumstances));

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
