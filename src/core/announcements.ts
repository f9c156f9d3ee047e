// When to send gratuitous ARP or unsolicited neighbor advertisements: a schedule, no frames.
//
// A round goes out when the addresses stand on the interface (RFC 9568 §8.1.2: not before), then
// 1 s and 5 s later, since a single broadcast may be lost, then every minute, since switch tables
// age. A rival that was outvoted may have announced itself: one more round corrects the caches.
import { after, instant, microseconds, type Instant, type Microseconds } from '../model/units.js';

/** Rivals cause a round at most this often, so that a duel does not become a broadcast storm. */
const RIVAL_GAP = microseconds(1_000_000);

export type Announcements =
  | { readonly kind: 'awaiting-addresses' }
  | {
      readonly kind: 'scheduled';
      /** Rounds sent since the addresses were last made present. */
      readonly rounds: number;
      readonly announcedAt: Instant;
      readonly announceAt: Instant;
    };

/** Becoming Active: nothing is due until the addresses are present. */
export const awaitingAddresses: Announcements = { kind: 'awaiting-addresses' };

/** The schedule after the first round, which goes out at `now`: the addresses are present (again). */
export const firstRound = (now: Instant): Announcements => afterRound(1, now);

export const announceAt = (state: Announcements): Instant | null =>
  state.kind === 'scheduled' ? state.announceAt : null;

/** A rival was outvoted: a round is due, no sooner than RIVAL_GAP after the last one. */
export function rivalOutvoted(state: Announcements, now: Instant): Announcements {
  if (state.kind === 'awaiting-addresses') return state;
  const soonest = instant(Math.max(now, after(state.announcedAt, RIVAL_GAP)));
  return soonest < state.announceAt ? { ...state, announceAt: soonest } : state;
}

/** The schedule after a round that is due at `now`; null when none is. */
export function roundDue(state: Announcements, now: Instant): Announcements | null {
  if (state.kind === 'awaiting-addresses' || now < state.announceAt) return null;
  return afterRound(state.rounds + 1, now);
}

const afterRound = (rounds: number, now: Instant): Announcements => ({
  kind: 'scheduled',
  rounds,
  announcedAt: now,
  announceAt: after(now, gapAfter(rounds)),
});

function gapAfter(rounds: number): Microseconds {
  if (rounds === 1) return microseconds(1_000_000);
  return rounds === 2 ? microseconds(4_000_000) : microseconds(60_000_000);
}
