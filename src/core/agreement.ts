// What two appliances must have configured alike, as digests, and in which order both speak of their
// virtual routers. No reports are kept here.
import type { SettingsDigests } from '../model/peer-report.js';
import { addressText, digest, routerOrder } from '../model/settings-digest.js';
import type { InstanceConfiguration } from './interface.js';
import type { Peer, Place } from './peers.js';
import { groupRank, type RouterConfiguration } from './router.js';

export interface Agreement {
  readonly digests: SettingsDigests;
  /** Of every virtual router, by name. */
  readonly places: ReadonlyMap<string, Place>;
  /** The first of the group, which breaks the ties of all that move together. */
  readonly first: RouterConfiguration;
}

export function agreementOf({ virtualRouters, peerCheck }: InstanceConfiguration): Agreement {
  const ordered = [...virtualRouters].sort(routerOrder);
  const of = (text: (router: RouterConfiguration) => string): number =>
    digest(ordered.map(text).join('\n'));
  const { interval, failureThreshold, recoveryThreshold } = peerCheck;
  const digests = {
    virtualRouters: of(({ family, vrid }) => `${family} ${vrid}`),
    addresses: of(({ addresses }) => addressText(addresses)),
    intervals: of(({ advertisementInterval }) => String(advertisementInterval)),
    thresholds: digest([interval, failureThreshold, recoveryThreshold].join(' ')),
  };
  const places = new Map(
    ordered.map((router, position) => [
      router.name,
      {
        position,
        interface: router.interface,
        virtualRoutersDigest: digests.virtualRouters,
      },
    ]),
  );
  const first = virtualRouters.reduce((a, b) => (groupRank(b) < groupRank(a) ? b : a));
  return { digests, places, first };
}

/** The settings that must agree with these peers and do not, by name. */
export function differencesWith(
  peers: Iterable<Peer>,
  configuration: InstanceConfiguration,
  own: SettingsDigests,
): string[] {
  return [...peers].flatMap((peer) => {
    const found = differencesOf(peer, configuration, own);
    return found.map((difference) => `${peer.configuration.name}: ${difference}`);
  });
}

function differencesOf(
  { report }: Peer,
  configuration: InstanceConfiguration,
  own: SettingsDigests,
): string[] {
  if (report === null) return [];
  const { digests, mode, primary } = report;
  const found: string[] = [];
  if (mode !== configuration.mode) found.push(`mode is ${mode}`);
  if (primary && configuration.primary) found.push('both are primary');
  if (digests.virtualRouters !== own.virtualRouters) found.push('other VRIDs');
  if (digests.addresses !== own.addresses) found.push('other virtual addresses');
  if (digests.intervals !== own.intervals) found.push('other advertisement intervals');
  if (digests.thresholds !== own.thresholds) found.push('other peer check settings');
  return found;
}
