// The last will: what the executor is to do for the addresses we hold when we are gone. Built anew
// whenever what we hold, or how we would say farewell, has changed. Nothing is sent here.
import { isMac } from '../wire/ethernet.js';
import type { Settings } from '../config/settings.js';
import type { InstanceSnapshot } from '../core/interface.js';
import type { RouterSnapshot } from '../core/router-snapshot.js';
import { activeDownInterval } from '../core/machine/timing.js';
import type { LastWill, Silence } from '../executor/executor.js';
import { formatAddressWithPrefix, type IpAddress } from '../model/address.js';
import type { Link, LinkAddress } from '../model/link.js';
import type { AddressTarget } from '../model/netlink-script.js';
import { milliseconds, type Milliseconds } from '../model/units.js';
import { virtualMacAddress } from '../model/virtual-mac.js';
import { encodeAdvertisementFrame, VRRP_GROUP, type Seal } from '../wire/advertisement.js';
import type { Signer } from './advertiser.js';
import { removalLines } from './address-plan.js';
import { scriptRequest } from './keeping.js';
import { placed } from './placement.js';

export interface WillInput {
  readonly settings: Settings;
  readonly snapshot: Pick<InstanceSnapshot, 'virtualRouters'>;
  /** Everything that may stand on an interface because of us. */
  readonly standing: readonly AddressTarget[];
  /** Virtual routers whose addresses an agent before this one has left, and that are kept for now. */
  readonly inherited: ReadonlySet<string>;
  /** What signs a farewell. */
  readonly signing: Signer;
  readonly linkNamed: (name: string) => Link | undefined;
  /** What stands on the interface, by the kernel's word. */
  readonly addressesOn: (name: string) => readonly LinkAddress[];
  /** Macvlans of ours that are there, and what puts back the settings of their parents. */
  readonly links: readonly string[];
  readonly putBack: readonly Uint8Array[];
}

/** The will as things stand; null when nothing of ours would be left behind. */
export function lastWill({ settings, snapshot, ...rest }: WillInput): LastWill | null {
  const { standing, inherited, linkNamed, addressesOn, links, putBack, signing } = rest;
  if (standing.length + links.length + putBack.length === 0) return null;
  const active = snapshot.virtualRouters.filter(({ state }) => state === 'Active');
  const keeping = snapshot.virtualRouters.filter(
    ({ state, configuration }) => state === 'Active' || inherited.has(configuration.name),
  );
  const named = new Map(settings.virtualRouters.map((router) => [router.name, router]));
  const farewell = [];
  const successors = [];
  let keepAtMost = 0;
  for (const router of keeping) {
    const { configuration } = router;
    const link = linkNamed(configuration.interface);
    const source = router.primaryAddress;
    if (link === undefined || source === null) continue;
    const { family, vrid } = configuration;
    successors.push({ linkIndex: link.index, family, vrid });
    // Priority 1 has the longest Active_Down_Interval: whoever is there has taken over by then.
    const longest = activeDownInterval(1, configuration.advertisementInterval) / 1_000;
    keepAtMost = Math.max(keepAtMost, Math.ceil(longest));
    const own = named.get(configuration.name);
    // A unicast peer's link-layer address is the kernel's knowledge: no frame can be made in advance.
    if (router.state !== 'Active' || own === undefined || own.unicastPeers.length > 0) continue;
    // The executor sends whole frames; of an interface without any the successor waits for its timer.
    if (!isMac(link.macAddress)) continue;
    const sourceMac = own.virtualMac ? virtualMacAddress(family, vrid) : link.macAddress;
    const frame = farewellFrame(router, { source, sourceMac, seal: signing.sealOf(own) });
    farewell.push({ linkIndex: link.index, frame });
  }
  return {
    farewell,
    successors,
    keepAtMost: milliseconds(keepAtMost),
    release: scriptRequest(settings.vip, removalLines(standing, addressesOn, links)),
    settings: putBack,
    lease: active.length === 0 ? null : silence(settings, active),
    lifetime: settings.vip.leaseSeconds,
    addresses: held(settings, keeping, standing, linkNamed),
  };
}

/** Below this a silence is the scheduler's doing. */
const SHORTEST_SILENCE = 50;
/** A farewell cannot be taken back: it waits out what a busy machine does to a process. */
const SHORTEST_FAREWELL = 200;
/** A supervisor takes longer than this to start an agent worth its name: no sooner is one killed. */
const SHORTEST_KILL = 5_000;

/**
 * What an Active owes its peers is a sign of life every advertisement interval, and every peer check;
 * half as much again is a silence. By itself a peer takes over after at most four intervals
 * (Active_Down_Interval at priority 1): whoever has not one interval later is asked to, and whoever
 * wakes later has noticed its own stall (longestSilence).
 */
function silence({ ha }: Settings, active: readonly RouterSnapshot[]): Silence {
  const intervals = active.map(({ configuration }) => configuration.advertisementInterval * 10);
  const interval = Math.min(...intervals);
  const checks =
    ha.peers.length === 0
      ? Infinity
      : Math.max(1.5, ha.peerFailureThreshold) * ha.peerCheckInterval;
  const listenAfter = Math.max(SHORTEST_SILENCE, Math.min(1.5 * interval, checks));
  const farewellAfter = Math.max(listenAfter, SHORTEST_FAREWELL, 5 * interval);
  const killAfter = Math.max(SHORTEST_KILL, 6 * interval);
  return {
    listenAfter: wholeMilliseconds(listenAfter),
    farewellAfter: wholeMilliseconds(farewellAfter),
    killAfter: wholeMilliseconds(killAfter),
  };
}

const wholeMilliseconds = (value: number): Milliseconds => milliseconds(Math.ceil(value));

/**
 * The addresses whose lifetime the executor renews: those that stand because of us and that an Active holds, or keeps for
 * an agent that died. An address that a release could not remove is not among them, so its lifetime ends.
 */
function held(
  settings: Settings,
  active: readonly RouterSnapshot[],
  standing: readonly AddressTarget[],
  linkNamed: WillInput['linkNamed'],
): LastWill['addresses'] {
  const ours = new Set(
    standing.flatMap(({ interface: name, addresses }) =>
      addresses.map((address) => `${name} ${formatAddressWithPrefix(address)}`),
    ),
  );
  const kept = new Set(active.map(({ configuration: { name } }) => name));
  const routers = settings.virtualRouters.filter(({ name }) => kept.has(name)).map(placed);
  return routers.flatMap(({ interface: name, addresses }) => {
    const link = linkNamed(name);
    if (link === undefined) return [];
    return addresses
      .filter((address) => ours.has(`${name} ${formatAddressWithPrefix(address)}`))
      .map(({ address, prefixLength }) => ({ linkIndex: link.index, address, prefixLength }));
  });
}

interface From {
  readonly source: IpAddress;
  readonly sourceMac: string;
  readonly seal: Seal | null;
}

function farewellFrame(router: RouterSnapshot, from: From): Uint8Array {
  const { vrid, family, addresses, advertisementInterval } = router.configuration;
  return encodeAdvertisementFrame(
    {
      vrid,
      priority: 0,
      maxAdvertiseInterval: advertisementInterval,
      addresses: addresses.map(({ address }) => address),
    },
    { ...from, destination: VRRP_GROUP[family], dialect: router.sending },
  );
}
