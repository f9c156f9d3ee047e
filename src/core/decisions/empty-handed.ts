// For how long an Active is believed that says over the HA port that it has no addresses: it is about to
// have them, and no longer than that. Questions only; the answers count in takeover.ts and router-events.ts.
import type { IpAddress } from '../../model/address.js';
import { microseconds, type Instant } from '../../model/units.js';
import { ADDRESS_PATIENCE } from '../machine/states.js';
import { isSpeaking, lacksFor, type Peer, type PeerView, type Place } from '../peers/peers.js';
import type { Sight } from '../peers/sight.js';
import { activeDownInterval } from '../machine/timing.js';

/** A script takes milliseconds; on a busy machine a hundred times as long. */
const SLOW_SCRIPT = microseconds(1_000_000);

/**
 * Whether this Active that is not heard is waited for in vain: it says nothing because it has nothing, and
 * a Backup whose Active_Down_Timer has fired takes the role.
 */
export function isEmptyHanded({ router, place, now }: Sight, { peer }: PeerView): boolean {
  const { priority, advertisementInterval } = router.configuration;
  const down = activeDownInterval(priority, advertisementInterval);
  const patience = microseconds(Math.max(SLOW_SCRIPT, down));
  return lacksFor(peer, place, patience, now);
}

/**
 * Whether an advertisement from here is nobody's to obey: its sender has had no addresses for longer than
 * a script may take, and says so to this moment. When it has them it says that too, and counts again.
 */
export function isEmptyClaim(
  peers: Iterable<Peer>,
  place: Place,
  source: IpAddress,
  now: Instant,
): boolean {
  for (const peer of peers) {
    if (peer.lacking.length === 0 || !peer.knownBy.includes(source)) continue;
    if (!isSpeaking(peer, now)) continue;
    return lacksFor(peer, place, ADDRESS_PATIENCE, now);
  }
  return false;
}
