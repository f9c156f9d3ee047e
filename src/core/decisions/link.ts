// Whether a link may be broken on one side: a peer is late on it and heard elsewhere. Then both sides ask their gateways
// at once. The side whose gateway does not answer is the broken one; its monitor says so, and the rows of a soft fault
// decide what follows. Verdicts only.
import { after, microseconds, type Instant } from '../../model/units.js';
import type { BackupState } from '../machine/router-state.js';
import { silenceDue, type Path } from '../peers/peer-check.js';
import type { Sight } from '../peers/sight.js';
import { holderAmong } from './candidates.js';
import type { Verdict } from './rows.js';
import { overdueFrom } from './takeover.js';

/**
 * In check intervals. A link that loses packets leaves many checks unanswered, and the gateways are not asked for each of
 * them.
 */
const CHECKS_APART = 10;

/**
 * An advertisement is overdue, and the Active speaks elsewhere.
 * @param askedAt when the gateways were last asked for such a reason, here or by a peer's wish.
 */
export function whenLateOnLink(
  sight: Sight,
  { machine, unheard }: BackupState,
  askedAt: Instant | null,
): Verdict | null {
  // What is known to be unheard has been looked at; after priority 0 there is nothing to wonder about.
  if (unheard !== null || machine.takeoverReason !== 'no-response') return null;
  const overdue = overdueFrom(machine, sight.router.effectivePriority);
  if (overdue > sight.now || !mayAsk(sight, askedAt)) return null;
  if (askedAt !== null && askedAt >= overdue) return null;
  return holderAmong(sight.speaking) === null
    ? null
    : { row: 'overdue: ask the gateway', act: 'ask-gateway' };
}

/** A check over the link went unanswered, and another path to the same peer works. */
export function whenUnansweredOnLink(sight: Sight, askedAt: Instant | null): Verdict | null {
  if (!mayAsk(sight, askedAt)) return null;
  const late = sight.views.some(
    ({ peer, lanPath }) =>
      lanPath !== null &&
      isLate(lanPath) &&
      isNews(sight, lanPath, askedAt) &&
      peer.paths.some((path) => path !== lanPath && works(path)),
  );
  return late ? { row: 'unanswered: ask the gateway', act: 'ask-gateway' } : null;
}

const isLate = ({ state, failures }: Path): boolean => state === 'healthy' && failures > 0;
const works = ({ state, failures }: Path): boolean => state === 'healthy' && failures === 0;

/** Whether the gateways have not been asked since the peer was last heard on this path. */
const isNews = ({ peerCheck }: Sight, { silentAt }: Path, askedAt: Instant | null): boolean =>
  askedAt === null || silentAt > silenceDue(peerCheck, askedAt);

/** Whether there is a gateway to ask, not known to be lost, and the last time is long enough ago. */
const mayAsk = ({ gateway, peerCheck, now }: Sight, askedAt: Instant | null): boolean =>
  gateway === 'reachable' &&
  (askedAt === null || after(askedAt, microseconds(CHECKS_APART * peerCheck.interval)) <= now);
