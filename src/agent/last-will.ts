// The last will: what the executor is to do for the addresses we hold when we are gone. Built anew
// whenever what we hold, or how we would say farewell, has changed. Nothing is sent here.
import type { Settings } from '../config/settings.js';
import type { InstanceSnapshot } from '../core/interface.js';
import type { RouterSnapshot } from '../core/router.js';
import { activeDownInterval } from '../core/timing.js';
import type { LastWill } from '../executor/executor.js';
import type { IpAddress } from '../model/address.js';
import type { Link } from '../model/link.js';
import { releaseScript, type AddressTarget } from '../model/netlink-script.js';
import { milliseconds } from '../model/units.js';
import { encodeAdvertisementFrame, VRRP_GROUP } from '../wire/advertisement.js';
import { scriptRequest } from './address-keeper.js';

export interface WillInput {
  readonly settings: Settings;
  readonly snapshot: Pick<InstanceSnapshot, 'virtualRouters'>;
  /** Everything that may stand on an interface because of us. */
  readonly standing: readonly AddressTarget[];
  readonly linkNamed: (name: string) => Link | undefined;
}

/** The will as things stand; null when nothing of ours would be left behind. */
export function lastWill({ settings, snapshot, standing, linkNamed }: WillInput): LastWill | null {
  if (standing.length === 0) return null;
  const active = snapshot.virtualRouters.filter(({ state }) => state === 'Active');
  const farewell = [];
  const successors = [];
  let keepAtMost = 0;
  for (const router of active) {
    const { configuration } = router;
    const link = linkNamed(configuration.interface);
    const source = router.primaryAddress;
    if (link === undefined || source === null) continue;
    const { family, vrid } = configuration;
    successors.push({ linkIndex: link.index, family, vrid });
    // Priority 1 has the longest Active_Down_Interval: whoever is there has taken over by then.
    const longest = activeDownInterval(1, configuration.advertisementInterval) / 1_000;
    keepAtMost = Math.max(keepAtMost, Math.ceil(longest));
    if (hasUnicastPeers(settings, configuration.name)) continue;
    farewell.push({ linkIndex: link.index, frame: farewellFrame(router, source, link) });
  }
  return {
    farewell,
    successors,
    keepAtMost: milliseconds(keepAtMost),
    release: scriptRequest(settings.vip.script, standing.flatMap(releaseScript)),
  };
}

/** A unicast peer's link-layer address is the kernel's knowledge: no frame can be made in advance. */
const hasUnicastPeers = (settings: Settings, virtualRouter: string): boolean =>
  settings.virtualRouters.some(
    ({ name, unicastPeers }) => name === virtualRouter && unicastPeers.length > 0,
  );

function farewellFrame(router: RouterSnapshot, source: IpAddress, link: Link): Uint8Array {
  const { vrid, family, addresses, advertisementInterval } = router.configuration;
  return encodeAdvertisementFrame(
    {
      vrid,
      priority: 0,
      maxAdvertiseInterval: advertisementInterval,
      addresses: addresses.map(({ address }) => address),
    },
    {
      source,
      destination: VRRP_GROUP[family],
      dialect: router.sending,
      sourceMac: link.macAddress,
    },
  );
}
