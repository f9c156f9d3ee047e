// For how long we believe an Active that says over the HA port that it has no addresses: as long as it may be about to
// have them. Questions only; the answers are used in takeover.ts and router-events.ts.
import type { IpAddress } from '../../model/address.js';
import { microseconds, type Instant } from '../../model/units.js';
import { ADDRESS_PATIENCE } from '../machine/states.js';
import { isSpeaking, lacksFor, type Peer, type PeerView, type Place } from '../peers/peers.js';
import type { Sight } from '../peers/sight.js';
import { activeDownInterval } from '../machine/timing.js';

/** A script takes milliseconds, and on a busy machine a hundred times as long. */
const SLOW_SCRIPT = microseconds(1_000_000);

/**
 * Whether we wait in vain for this Active that is not heard. It does not advertise because it has no addresses, and a
 * Backup whose Active_Down_Timer has fired takes the role.
 */
export function isEmptyHanded({ router, place, now }: Sight, { peer }: PeerView): boolean {
  const { priority, advertisementInterval } = router.configuration;
  const down = activeDownInterval(priority, advertisementInterval);
  const patience = microseconds(Math.max(SLOW_SCRIPT, down));
  return lacksFor(peer, place, patience, now);
}

/**
 * Whether nobody need obey an advertisement from this source: its sender has had no addresses for longer than a script
 * may take, by its own latest word. When it has them it says so, and counts again.
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
