// The peers as the status shows them: what the core knows of each, and what the HA port saw of its
// paths. No judgement.
import type { Settings } from '../config/settings.js';
import { agreementOf } from '../core/agreement.js';
import type { InstanceSnapshot } from '../core/interface.js';
import { routerAt, type Peer, type Place } from '../core/peers/peers.js';
import { causeText } from '../core/successors.js';
import type { PeerReport } from '../model/peer-report.js';
import type { PeerStatus } from '../model/status.js';
import { instanceConfiguration } from './instance-configuration.js';
import type { PeerChannel } from '../peer-channel/peer-channel.js';

export type PathSource = Pick<PeerChannel, 'rttMs' | 'problem' | 'keysOf'>;

export const peerStatuses = (
  { peers, differences }: Pick<InstanceSnapshot, 'peers' | 'differences'>,
  settings: Settings,
  channel: PathSource,
): PeerStatus[] =>
  peers.map((peer) => {
    const { name } = peer.configuration;
    // No name holds a colon.
    const own = differences.filter((difference) => difference.startsWith(`${name}: `));
    const keys = channel.keysOf(name);
    return {
      name,
      state: peer.state,
      ...(keys === null ? {} : { keys }),
      ...reported(peer, settings),
      ...(own.length === 0 ? {} : { differences: own.map((one) => one.slice(name.length + 2)) }),
      paths: peer.paths.map(({ address, state }) => {
        const problem = state === 'healthy' ? null : channel.problem(address);
        return {
          address,
          state,
          rttMs: channel.rttMs(name, address),
          ...(problem === null ? {} : { problem }),
        };
      }),
    };
  });

/** What it says of itself; worth nothing once it is silent. */
function reported(
  peer: Peer,
  settings: Settings,
): Pick<PeerStatus, 'fitness' | 'cause' | 'virtualRouters'> | Record<string, never> {
  const { state, report } = peer;
  if (report === null || state !== 'healthy') return {};
  const places = placesOf(settings);
  return {
    fitness: fitnessOf(report),
    ...(report.cause === undefined ? {} : { cause: causeText(report) }),
    virtualRouters: settings.virtualRouters.flatMap(({ name }) => {
      const place = places.get(name);
      const router = place === undefined ? null : routerAt(peer, place);
      if (router === null) return [];
      const { effectivePriority, wantsUnicast } = router;
      const hearsNot = wantsUnicast ? { hearsNot: true as const } : {};
      return [{ name, state: router.state, effectivePriority, ...hearsNot }];
    }),
  };
}

function fitnessOf({ fit, sound }: PeerReport): 'sound' | 'soft-fault' | 'unfit' {
  if (!fit) return 'unfit';
  return sound ? 'sound' : 'soft-fault';
}

const known = new WeakMap<Settings, ReadonlyMap<string, Place>>();

/** Digests are taken once for each settings. */
function placesOf(settings: Settings): ReadonlyMap<string, Place> {
  const places = known.get(settings) ?? agreementOf(instanceConfiguration(settings)).places;
  known.set(settings, places);
  return places;
}
