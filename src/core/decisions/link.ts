// Whether a link may be broken on one side: its peer is late there and heard elsewhere. Then the gateways are asked
// at once, on both sides, and tell which; what follows is told by the monitors. Verdicts only.
import { after, microseconds, type Instant } from '../../model/units.js';
import type { BackupState } from '../machine/router-state.js';
import { silenceDue, type Path } from '../peers/peer-check.js';
import type { Sight } from '../peers/sight.js';
import { holderAmong } from './candidates.js';
import type { Verdict } from './rows.js';
import { overdueFrom } from './takeover.js';

/** Of a link that loses packets every other check goes unanswered: the gateways are not asked with each. */
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

/** Not asked since it was last heard there. */
const isNews = ({ peerCheck }: Sight, { silentAt }: Path, askedAt: Instant | null): boolean =>
  askedAt === null || silentAt > silenceDue(peerCheck, askedAt);

/** Who has no gateway, or knows that it is lost, has nothing to ask. */
const mayAsk = ({ gateway, peerCheck, now }: Sight, askedAt: Instant | null): boolean =>
  gateway === 'reachable' &&
  (askedAt === null || after(askedAt, microseconds(CHECKS_APART * peerCheck.interval)) <= now);
