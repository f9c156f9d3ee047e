// When a role is taken or given up for the lease of a witness: only where silence is all there is to go by. While a
// peer is in touch the witness moves nobody, and while both have said that it is away it is as if there were none.
// Verdicts only.
import type { Instant } from '../../model/units.js';
import type { BackupState } from '../machine/router-state.js';
import type { Sight } from '../peers/sight.js';
import { holderAmong } from './candidates.js';
import type { Verdict } from './rows.js';

/**
 * Whether the role may be taken only with the lease of the witness.
 * @param heard whoever has the role has said that it gives it up. Then no lease is needed as long as any peer is in touch.
 */
export const needsLease = ({ witness }: Pick<Sight, 'witness'>, heard: boolean): boolean =>
  witness !== null && witness.guards && !(heard && witness.inTouch);

/**
 * What a Backup does whose turn has come, where it needs the lease of the witness; null where it does not.
 * @param isSilent it has nothing but silence to go by.
 */
export function unlessLeased(
  sight: Sight,
  { machine: { takeoverReason } }: BackupState,
  isSilent: boolean,
): Verdict | null {
  if (!needsLease(sight, !isSilent || takeoverReason === 'peer-released')) return null;
  return takeoverReason === 'priority' && !isSilent
    ? { row: 'witness: no contact', act: 'hold', cause: null }
    : { row: 'witness: ask', act: 'ask-witness' };
}

/** When a Backup that asks for the lease may take the role; null while there is nothing to go by. */
export function grantedAt(sight: Sight, { asks }: BackupState): Instant | null {
  const { witness } = sight;
  if (!asks || witness === null || holderAmong(sight.speaking) !== null) return null;
  return witness.grantedFrom;
}

/** Takes the role with the lease. */
export function whenLeased(sight: Sight, state: BackupState): Verdict | null {
  const at = grantedAt(sight, state);
  if (at === null || at > sight.now) return null;
  return { row: 'witness: ours', act: 'take-over', reason: 'witness-granted', agreed: false };
}

/** Gives the role up before the lease can be another's. */
export function whenLeaseEnds({ witness, now }: Sight): Verdict | null {
  const at = witness?.leaveAt ?? null;
  if (at === null || at > now) return null;
  return { row: 'witness: over', act: 'yield', reason: 'witness-lost' };
}
