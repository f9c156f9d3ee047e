// What tests of the deployments' judge take as seen: a client's reports, a role that stays, and one that moves from `a`
// to `b`. No tests.
import type { Moves } from '../deployments/ending.js';
import { summed, type Part, type Seen } from '../deployments/part.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';

/** All answered by `one`. */
export const GOOD: ProbeReport = {
  sent: 100,
  lost: 0,
  longestOutageMs: 0,
  firstLostAt: null,
  goodAgainAt: null,
  scheduleLatenessMs: 0,
  lostLatenessMs: 0,
  slowestMs: 3,
  longestGapMs: 5,
  answeredFirst: ['one'],
  answeredLast: ['one'],
  reasons: {},
};
/** Two lost, and good again after 80 ms. */
export const LOST: ProbeReport = {
  ...GOOD,
  lost: 2,
  longestOutageMs: 80,
  longestGapMs: 90,
  firstLostAt: 1_000,
  goodAgainAt: 1_080,
  reasons: { ECONNRESET: 1, timeout: 1 },
};
export const ENDLESS: ProbeReport = { ...LOST, goodAgainAt: null };

export const STILL: Moves = { taken: [], left: [], failed: [] };
/** When the role moves, unless told. */
export const MOVED_AT = 5_000;
/** `a` gives the role to `b` for these reasons. */
export const moved = (taken: string, left?: string, monitor?: string): Moves => ({
  taken: [{ appliance: 'b', virtualRouter: 'lan', reason: taken, at: MOVED_AT }],
  left:
    left === undefined
      ? []
      : [{ appliance: 'a', virtualRouter: 'lan', reason: left, at: MOVED_AT }],
  failed: monitor === undefined ? [] : [{ appliance: 'a', monitor }],
});

/** Nothing has happened: `a` holds the address. */
export const CALM: Seen = {
  holdersBefore: 'lb-1',
  holdersAfter: 'lb-1',
  before: ['a'],
  heirs: ['a'],
  moves: STILL,
  words: [],
  movedAfterMs: null,
  marked: false,
  nginxErrors: 0,
  answeredLast: null,
  complaints: [],
};
export const TOLD: Seen = {
  ...CALM,
  holdersAfter: 'lb-2',
  heirs: ['b'],
  moves: moved('peer-released', 'no-carrier'),
  movedAfterMs: 21,
};

/** Without a site's word what was to happen to the role has happened. */
export const judged = (part: Part, byTarget: Readonly<Record<string, ProbeReport>>, seen?: Seen) =>
  summed(part, byTarget, seen ?? (part.heir === 'b' ? TOLD : CALM));
