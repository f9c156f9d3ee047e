// What is wrong on a virtual router's link, as health says it: who is not heard, and why, who hears us not,
// who else is Active. Each ends with what it tells of. Words only.
import type { DiscardReason } from '../model/advertisement.js';
import type { PeerStatus, UnheardStatus, VirtualRouterStatus } from '../model/status.js';

/** What to do about a router that is loud on our VRID and that we do not hear. */
const REMEDIES: Record<DiscardReason, string> = {
  version: 'let it speak VRRP version 3 (keepalived: vrrp_version 3), or give it another VRID',
  checksum: 'what it sends is damaged, or neither RFC 9568 nor RFC 5798',
  hopLimit: 'its packets cross a router: it belongs on another VRID',
  notForUs: 'list its address in unicastPeers, or let it send to the group',
  ownPacket: 'a loop in the network, or another host with our address',
  length: 'what it sends is cut off, or carries authentication data',
  type: 'it does not send advertisements',
  vrid: 'give one of the two another VRID',
  addressList: 'let its first IPv6 address be link-local',
  interval: 'let it send an advertisement interval',
  stranger: 'find out who it is; if it belongs here, list it in unicastPeers or set sources: any',
  unsigned: 'let it sign what it sends, or set signed: send until it does',
  trailer: 'let it sign by HMAC-SHA-256 (keepalived 2.4.2 or later: auth_hmac)',
  signingKey: 'write the same keys, with the same numbers, on all',
  signature: 'write the same keys on all; if they are the same, somebody forges its packets',
  stale: 'let the clocks of all agree (timedatectl); if they do, somebody sends recordings',
  replayed:
    'somebody sends what was heard before; or the clock of that router was set back: set it right',
};

/** Named of those that are not heard; the others are counted. */
const NAMED = 3;

/** All that is wrong on the link of this virtual router. */
export function linkReasons(router: VirtualRouterStatus, peers: readonly PeerStatus[]): string[] {
  const { name, state } = router;
  const deaf = state === 'Active' ? peers.filter((peer) => hearsNot(peer, name)) : [];
  return [
    ...unheardReasons(router),
    ...(router.unheard === undefined ? [] : [`${name}: ${UNHEARD_ACTIVE[router.unheard]}`]),
    ...deaf.map((peer) => `${name}: ${peer.name} does not hear our advertisements`),
    ...(router.rivalAddress === undefined
      ? []
      : [`${name}: ${router.rivalAddress} advertises too, although we are Active and outrank it`]),
    ...(router.strangerActive === true && router.activeAddress !== null
      ? [`${name}: the Active is ${router.activeAddress}, which is no peer`]
      : []),
  ];
}

const UNHEARD_ACTIVE = {
  'adverts-lost': 'the peer is Active, but its advertisements do not arrive by multicast',
  'lan-split': 'the peer is Active, but this link does not reach it: the LAN is split',
} as const;

function unheardReasons({ name, vrid, discarding = [] }: VirtualRouterStatus): string[] {
  const reasons = discarding
    .slice(0, NAMED)
    .map((one) => `${name}: ${one.source} sends on VRID ${vrid} and is not heard ${why(one)}`);
  const more = discarding.length - NAMED;
  return more > 0 ? [...reasons, `${name}: ${more} more are not heard`] : reasons;
}

const why = ({ reason, detail }: UnheardStatus): string =>
  `(${reason}${detail === undefined ? '' : ` ${detail}`}): ${REMEDIES[reason]}`;

const hearsNot = ({ virtualRouters = [] }: PeerStatus, name: string): boolean =>
  virtualRouters.some((theirs) => theirs.name === name && theirs.hearsNot === true);
