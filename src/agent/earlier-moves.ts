// The last move of each virtual router as earlier agents have recorded it, so that a restart does not forget it. The
// records come from a file: what does not have the form of a move is passed over.
import { TRANSITION_REASONS, type TransitionReason } from '../model/reasons.js';
import type { EventRecord, MoveStatus, PeerSight } from '../model/status.js';

/** By virtual router, of records that are in the order in which they were written. */
export function earlierMoves(records: readonly EventRecord[]): Map<string, MoveStatus> {
  const moves = new Map<string, MoveStatus>();
  for (const record of records) {
    const { virtualRouter } = record;
    const move = moveOf(record);
    if (typeof virtualRouter === 'string' && move !== null) moves.set(virtualRouter, move);
  }
  return moves;
}

/** The event `move` says all; a role that went has only its transition. */
function moveOf(record: EventRecord): MoveStatus | null {
  const { event, from, to, reason, time, because, orderedBy } = record;
  if (event !== 'transition' && event !== 'move') return null;
  const moves = from === 'Active' || to === 'Active';
  if (!isReason(reason) || (event === 'transition' && !moves)) return null;
  const isTaken = event === 'move' ? record['way'] === 'taken' : to === 'Active';
  return {
    way: isTaken ? 'taken' : 'given',
    reason,
    ...(typeof because === 'string' ? { because } : {}),
    ...(typeof orderedBy === 'string' ? { orderedBy } : {}),
    noticedAt: textOf(record['noticedAt']) ?? time,
    stoodAt: textOf(record['stoodAt']),
    nobodyHeldAtMostMs: numberOf(record['nobodyHeldAtMostMs']),
    peerSaw: sightsOf(record['peerSaw']),
    beforeStart: true,
  };
}

const isReason = (reason: unknown): reason is TransitionReason =>
  typeof reason === 'string' && Object.hasOwn(TRANSITION_REASONS, reason);

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

const sightsOf = (value: unknown): PeerSight[] =>
  (Array.isArray(value) ? (value as unknown[]) : []).filter(isSight);

const isSight = (value: unknown): value is PeerSight =>
  typeof value === 'object' &&
  value !== null &&
  'peer' in value &&
  typeof value.peer === 'string' &&
  'state' in value &&
  typeof value.state === 'string' &&
  'addressesPresent' in value &&
  typeof value.addressesPresent === 'boolean';
