// When to send gratuitous ARP or unsolicited neighbor advertisements: a schedule, no frames.
//
// The first round goes out when the addresses stand on the interface, and not before (RFC 9568 §8.1.2). It is repeated
// after 1 s and 5 s, since a single broadcast may be lost, and then every minute, since switch tables age. A rival that
// was outvoted may have announced itself, so one more round corrects the caches.
import {
  after,
  instant,
  microseconds,
  type Instant,
  type Microseconds,
} from '../../model/units.js';

/** Rivals cause a round at most this often, so that a duel does not become a broadcast storm. */
const RIVAL_GAP = microseconds(1_000_000);

export type Announcements =
  | { readonly kind: 'awaiting-addresses' }
  | {
      readonly kind: 'scheduled';
      /** Rounds sent since the addresses were last made present. */
      readonly rounds: number;
      readonly announceAt: Instant;
      /** The last rival that was outvoted while we announced; null before the first. */
      readonly rivalAt: Instant | null;
    };

/** Becoming Active: nothing is due until the addresses are present. */
export const awaitingAddresses: Announcements = { kind: 'awaiting-addresses' };

/** The schedule after the first round, which goes out at `now`: the addresses are present (again). */
export const firstRound = (now: Instant): Announcements => afterRound(1, null, now);

/** A schedule that begins at `at`, although the addresses are present already. */
export const roundsFrom = (at: Instant): Announcements => ({
  kind: 'scheduled',
  rounds: 0,
  announceAt: at,
  rivalAt: null,
});

/** The schedule without rounds before `until`. */
export const silentUntil = (state: Announcements, until: Instant): Announcements =>
  state.kind === 'awaiting-addresses' || state.announceAt >= until
    ? state
    : { ...state, announceAt: until };

export const announceAt = (state: Announcements): Instant | null =>
  state.kind === 'scheduled' ? state.announceAt : null;

/**
 * A rival was outvoted, and may have announced itself. A round is due at once, so that nobody is misled for longer than
 * necessary, and the schedule starts again, since the rival's announcement may have come after ours. While rivals keep
 * coming there is one round every RIVAL_GAP.
 */
export function rivalOutvoted(state: Announcements, now: Instant): Announcements {
  if (state.kind === 'awaiting-addresses') return state;
  const { rivalAt, announceAt: due } = state;
  if (rivalAt !== null && rivalAt > now) return state;
  const soonest = rivalAt === null ? now : instant(Math.max(now, after(rivalAt, RIVAL_GAP)));
  return { ...state, rounds: 0, rivalAt: soonest, announceAt: instant(Math.min(due, soonest)) };
}

/** A rival let go of the addresses. Ours must be the last announcement, however recent the one before is. */
export function rivalGone(state: Announcements, now: Instant): Announcements {
  return state.kind === 'awaiting-addresses' ? state : { ...state, rounds: 0, announceAt: now };
}

/** The schedule after a round that is due at `now`; null when none is. */
export function roundDue(state: Announcements, now: Instant): Announcements | null {
  if (state.kind === 'awaiting-addresses' || now < state.announceAt) return null;
  return afterRound(state.rounds + 1, state.rivalAt, now);
}

const afterRound = (rounds: number, rivalAt: Instant | null, now: Instant): Announcements => ({
  kind: 'scheduled',
  rounds,
  announceAt: after(now, gapAfter(rounds)),
  rivalAt,
});

function gapAfter(rounds: number): Microseconds {
  if (rounds === 1) return microseconds(1_000_000);
  return rounds === 2 ? microseconds(4_000_000) : microseconds(60_000_000);
}
