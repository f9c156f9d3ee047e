// What must hold for the pair: peers, key, the primaries of active-active, bypass and hooks. No form:
// see form.ts. What has no effect, or hardly the one that is meant: warnings.ts.
import { isLinkLocal, parseAddress } from '../model/address.js';
import { hostComplaint, virtualAddresses } from './address-checks.js';
import type { Complaint, VirtualAddresses } from './address-checks.js';
import { formatPath, type Finding, type SettingsPath } from './errors.js';
import { fault } from './faults.js';
import { quote } from './found.js';
import { hostsAt, textsAt } from './placed.js';
import type { PlacedHost, PlacedRouter, Settled } from './placed.js';
import { checkName, checkOnce, checkPath, checkSecret, checkUniqueNames } from './plain-checks.js';
import { repeated, standsAlready } from './plain-checks.js';

interface Peer {
  readonly at: SettingsPath;
  readonly name: string | undefined;
  readonly addresses: readonly PlacedHost[];
}

/** `ownName`: the name of this appliance, its default included. */
export function checkPair(
  settings: Settled,
  routers: readonly PlacedRouter[],
  ownName: string,
): Finding[] {
  const { ha = {}, hooks = {} } = settings;
  const peers = (ha.peers ?? []).map(({ name, addresses }, index): Peer => {
    const at = ['ha', 'peers', index];
    return { at, name, addresses: hostsAt(addresses, [...at, 'addresses']) };
  });
  return [
    ...peers.flatMap(({ at, name }) => checkPeerName(name, [...at, 'name'], ownName)),
    ...checkUniqueNames(peers, 'peer'),
    ...checkPeerAddresses(peers, virtualAddresses(routers)),
    ...checkKeyFile(ha.keyFile, peers.length),
    ...checkPrimaries(routers, ha.mode === 'active-active', peers, ownName),
    ...checkBypass(settings.bypass ?? {}),
    ...checkPath(hooks.transition, ['hooks', 'transition']),
    ...checkPath(hooks.monitor, ['hooks', 'monitor']),
    ...checkPath(hooks.beforeActive, ['hooks', 'beforeActive']),
  ];
}

function checkPeerName(name: string | undefined, at: SettingsPath, ownName: string): Finding[] {
  if (name !== ownName) return checkName(name, at);
  return [fault('ownName', at, `${quote(name)}, which is the name of this one`)];
}

function checkPeerAddresses(peers: readonly Peer[], virtual: VirtualAddresses): Finding[] {
  const all = peers.flatMap(({ addresses }) => addresses);
  const finding = ({ at }: PlacedHost, [found, remedy]: Complaint): Finding =>
    fault('peerAddress', at, found, { remedy });
  return [
    ...all.flatMap((address) => {
      const complaint = peerComplaint(address, virtual);
      return complaint === null ? [] : [finding(address, complaint)];
    }),
    ...repeated(all, ({ value }) => value).map(([second, { at }]) =>
      finding(second, [standsAlready(second.text, at), 'remove one of the two']),
    ),
  ];
}

function peerComplaint(peer: PlacedHost, virtual: VirtualAddresses): Complaint | null {
  const { text, value } = peer;
  const bare = value ?? parseAddress(text.split(/[/%]/)[0] ?? '');
  if (bare !== null && isLinkLocal(bare)) {
    const found = `${text}, which is link-local: it means another host on every link`;
    return [found, 'give both sides a global or unique local address (fd00::/8)'];
  }
  const alone = hostComplaint(peer, 'an address of the peer');
  if (alone !== null || value === null) return alone;
  const place = virtual.get(value);
  if (place === undefined) return null;
  const remedy = "write the peer's own address, which it keeps in every state";
  return [`${text}, the virtual address at ${place}`, remedy];
}

function checkKeyFile(keyFile: string | undefined, peers: number): Finding[] {
  const at = ['ha', 'keyFile'];
  if (peers === 0 || keyFile !== undefined) return checkSecret(keyFile, at);
  return [fault('noKey', at, 'peers, and no ha.keyFile')];
}

/** In active-active every virtual router names the instance that is to hold it. */
function checkPrimaries(
  routers: readonly PlacedRouter[],
  needed: boolean,
  peers: readonly Peer[],
  ownName: string,
): Finding[] {
  const names = [ownName, ...peers.flatMap(({ name }) => name ?? [])];
  const known = names.join(', ');
  return routers.flatMap(({ at, file: { primary } }): Finding[] => {
    const place = [...at, 'primary'];
    if (primary === undefined) {
      const words = { known, place: formatPath(place), first: ownName };
      return needed ? [fault('noPrimary', place, 'nothing', words)] : [];
    }
    // Without peers, plain VRRP routers may be the others: their names are not known here.
    if (peers.length === 0 || names.includes(primary)) return checkName(primary, place);
    return [fault('unknownPrimary', place, quote(primary), { known })];
  });
}

function checkBypass({ hook, segments }: NonNullable<Settled['bypass']>): Finding[] {
  const texts = textsAt(segments, ['bypass', 'segments']);
  return [
    ...checkPath(hook, ['bypass', 'hook']),
    ...texts.flatMap(({ at, text }) => checkName(text, at)),
    ...checkOnce(texts, 'segmentTwice', quote),
  ];
}
