// What two appliances must have configured alike, as digests, and in which order both speak of their
// virtual routers. No reports are kept here.
import type { SettingsDigests } from '../model/peer-report.js';
import { addressText, digest, OTHER_RULES, routerOrder } from '../model/settings-digest.js';
import type { InstanceConfiguration } from './interface.js';
import { routerAt, type Peer, type Place } from './peers/peers.js';
import { groupRank, type RouterConfiguration } from './machine/router.js';

export interface Agreement {
  readonly digests: SettingsDigests;
  /** Of every virtual router, by name. */
  readonly places: ReadonlyMap<string, Place>;
  /** Where each stands in its group (`groupRank`), by name: those that rank alike have the same number. */
  readonly ranks: ReadonlyMap<string, number>;
  /** The first of the group, which breaks the ties of all that move together. */
  readonly first: RouterConfiguration;
}

export function agreementOf({
  mode,
  virtualRouters,
  peerCheck,
  rules,
}: InstanceConfiguration): Agreement {
  const ordered = [...virtualRouters].sort(routerOrder);
  const of = (text: (router: RouterConfiguration) => string): number =>
    digest(ordered.map(text).join('\n'));
  const { interval, failureThreshold, recoveryThreshold } = peerCheck;
  const digests = {
    virtualRouters: of(({ family, vrid }) => `${family} ${vrid}`),
    addresses: of(({ addresses }) => addressText(addresses)),
    intervals: of(({ advertisementInterval }) => String(advertisementInterval)),
    thresholds: digest([interval, failureThreshold, recoveryThreshold].join(' ')),
    primaries: mode === 'active-active' ? of(({ primary = '' }) => primary) : null,
    rules: rules === undefined ? null : digest(rules),
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
  return { digests, places, ranks: ranksOf(virtualRouters), first };
}

function ranksOf(virtualRouters: readonly RouterConfiguration[]): ReadonlyMap<string, number> {
  const texts = virtualRouters.map((router) => ({ name: router.name, text: groupRank(router) }));
  const ordered = texts.sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
  let rank = 0;
  return new Map(
    ordered.map(({ name, text }, at) => {
      if (text !== ordered[at - 1]?.text) rank = at;
      return [name, rank];
    }),
  );
}

/** The settings that must agree with these peers and do not, by name. */
export function differencesWith(
  peers: Iterable<Peer>,
  configuration: InstanceConfiguration,
  agreement: Agreement,
): string[] {
  const all = [...peers];
  const nobody = isNobodyPrimary(all, configuration);
  return all.flatMap((peer) => {
    const found = differencesOf(peer, configuration, agreement.digests);
    if (nobody && isTied(peer, configuration, agreement)) {
      found.push('nobody is primary (set ha.primary to true on one of them)');
    }
    return found.map((difference) => `${peer.configuration.name}: ${difference}`);
  });
}

/** A peer that has not spoken yet may be the primary one. */
const isNobodyPrimary = (peers: readonly Peer[], { mode, primary }: InstanceConfiguration) =>
  mode === 'active-passive' &&
  !primary &&
  peers.every(({ report }) => report?.mode === 'active-passive' && !report.primary);

/** Whether only addresses decide who is preferred: both have the same priority. */
const isTied = (peer: Peer, { virtualRouters }: InstanceConfiguration, { places }: Agreement) =>
  virtualRouters.some(({ name, priority }) => {
    const place = places.get(name);
    return place !== undefined && routerAt(peer, place)?.effectivePriority === priority;
  });

function differencesOf(
  { report }: Peer,
  configuration: InstanceConfiguration,
  own: SettingsDigests,
): string[] {
  if (report === null) return [];
  const { digests, mode, primary } = report;
  const found: string[] = [];
  if (mode !== configuration.mode) found.push(`mode is ${mode}`);
  // In active-active `primary` prefers nobody: each virtual router names its own instance.
  if (primary && configuration.primary && ![mode, configuration.mode].includes('active-active')) {
    found.push('both are primary (set ha.primary to false on one of them)');
  }
  if (digests.virtualRouters !== own.virtualRouters) found.push('other VRIDs');
  else if (differ(digests.primaries, own.primaries)) {
    found.push('other primaries of virtual routers (name the same one on both)');
  }
  if (digests.addresses !== own.addresses) found.push('other virtual addresses');
  if (digests.intervals !== own.intervals) found.push('other advertisement intervals');
  if (digests.thresholds !== own.thresholds) found.push('other peer check settings');
  if (differ(digests.rules, own.rules)) found.push(OTHER_RULES);
  return found;
}

/** Null: an earlier release does not tell it, or it has no meaning in this mode. */
const differ = (theirs: number | null, ours: number | null): boolean =>
  theirs !== null && ours !== null && theirs !== ours;
