// What happens to the peers: a report, a silence, a path. What follows from what they say is arbitrate.ts.
import type { IpAddress } from '../model/address.js';
import { differencesWith } from './agreement.js';
import { apply, sayDual } from './apply.js';
import { arbitrate, isQuiet } from './arbitrate.js';
import { isNearlySilent } from './decisions/silence.js';
import {
  overdueAt,
  provenAt,
  questionAt,
  whenNearlySilent,
  whenOverdue,
  whenPathsLost,
  whenSilent,
} from './decisions/takeover.js';
import { whenLateOnLink, whenUnansweredOnLink } from './decisions/link.js';
import type { InstanceEvent } from './interface.js';
import { wordEnded } from './nobody-held.js';
import {
  checkDue,
  excusePeer,
  peerDeadline,
  peerHeard,
  peerSilent,
  type Peer,
} from './peers/peers.js';
import type { Router } from './machine/router.js';
import type { ActiveState, BackupState } from './machine/router-state.js';
import type { PathState } from './peers/peer-check.js';
import { InstanceSight } from './instance-sight.js';
import type { Sight } from './peers/sight.js';
import { step } from './step.js';
import type { Soonest } from './soonest.js';
import type { InstanceState } from './instance-state.js';
import { noteContact } from './witness.js';

/** Gives every path a full term: checks begin, or this process was silent itself. */
export function excusePeers(instance: InstanceState): void {
  const { peerCheck } = instance.configuration;
  for (const peer of instance.peers.values()) excusePeer(peer, peerCheck, instance.clock);
}

/** Takes a report, then looks at every virtual router again. */
export function takeReport(
  instance: InstanceState,
  message: Extract<InstanceEvent, { kind: 'peer-report' }>,
): void {
  const peer = instance.peers.get(message.peer);
  if (peer === undefined) return;
  const { paths, state, report } = peer;
  const { peerCheck } = instance.configuration;
  const due = peerDeadline(peer, peerCheck, instance.clock);
  const changed = peerHeard(peer, peerCheck, message, instance.clock);
  noteContact(instance, message.peer, message.answered);
  if (state === 'healthy') sayPaths(instance, peer, paths);
  if (changed.state) becameHealthy(instance, message.peer, state);
  if (changed.report) wordEnded(instance, peer, { report, paths });
  if (changed.report) compareSettings(instance);
  if (report !== null && report.gatewayWish !== peer.report?.gatewayWish) heedWish(instance);
  // With a soft fault we ask for a successor until there is one.
  const { fit, sound } = instance.fitness;
  if (changed.state || changed.report || (fit && !sound)) instance.unsettled = true;
  if (!isQuiet(instance)) {
    arbitrate(instance);
    return;
  }
  // A path that was silent, and is heard again, may fall silent before anything else is due.
  const isSooner = peerDeadline(peer, peerCheck, instance.clock) < due;
  instance.onlyDelayed = !instance.unsettled && instance.restated === null && !isSooner;
}

/** A peer wants the gateways asked: we ask ours, without making a wish of our own of it. */
function heedWish(instance: InstanceState): void {
  instance.gatewayWish = { ...instance.gatewayWish, at: instance.clock };
  if (instance.fitness.gateway === 'reachable') instance.push({ kind: 'ask-gateway' });
}

/** The interface that reaches a peer's address directly; null when none does. */
export function setPathInterface(
  { peers }: InstanceState,
  { peer: name, address, ...where }: Extract<InstanceEvent, { kind: 'path-interface' }>,
): void {
  const peer = peers.get(name);
  if (peer === undefined) return;
  peer.paths = peer.paths.map((path) =>
    path.address === address ? { ...path, interface: where.interface } : path,
  );
}

/** Reports when settings that must agree with the peers no longer do, or do again. */
export function compareSettings(instance: InstanceState): void {
  const { peers, configuration, agreement } = instance;
  const found = differencesWith(peers.values(), configuration, agreement);
  if (found.join() === instance.differences.join()) return;
  // No name of a peer contains a colon.
  const named = (of: readonly string[]): Set<string> =>
    new Set(of.map((difference) => difference.slice(0, difference.indexOf(': '))));
  const still = named(found);
  for (const name of named(instance.differences)) {
    if (!still.has(name)) instance.report('settings-agree', name);
  }
  instance.differences = found;
  if (found.length > 0) instance.report('settings-differ', found.join('; '));
}

/** Requests and silences that are due, and what follows from them. */
export function passPeerDeadlines(instance: InstanceState): void {
  if (instance.phase !== 'running') return;
  const { peerCheck } = instance.configuration;
  for (const peer of instance.peers.values()) {
    const { paths } = peer;
    const found = peerSilent(peer, peerCheck, instance.clock);
    if (peer.state === 'healthy') sayPaths(instance, peer, paths);
    if (found.state) becameUnhealthy(instance, peer);
    if (found.silent) sayPathsLost(instance, peer);
    if (checkDue(peer, peerCheck, instance.clock)) {
      instance.push({ kind: 'check-peer', peer: peer.configuration.name });
    }
  }
  let shared: InstanceSight | null = null;
  for (const router of instance.routers.values()) {
    if (router.state.kind !== 'Backup') continue;
    // One for all of them: hundreds are looked at after every check.
    shared ??= new InstanceSight(instance, router);
    watchTheActive(instance, shared.at(router), router.state);
  }
  if (isAnyLate(instance)) watchTheLinks(instance);
}

/** Nearly always every check was answered. */
function isAnyLate({ peers }: InstanceState): boolean {
  for (const { paths } of peers.values()) {
    if (paths.some(({ failures }) => failures > 0)) return true;
  }
  return false;
}

/** Whoever takes part asks the gateways when a link to a peer may be broken on one side. */
function watchTheLinks(instance: InstanceState): void {
  for (const router of instance.routers.values()) {
    if (router.state.kind === 'Initialize') continue;
    const sight = new InstanceSight(instance, router);
    if (apply(instance, router, whenUnansweredOnLink(sight, instance.gatewayWish.at))) return;
  }
}

/** Nearly always no peer is silent, and nothing is to be asked about it for any virtual router. */
function isAnyNearlySilent({ peers, configuration, clock }: InstanceState): boolean {
  for (const peer of peers.values()) {
    if (isNearlySilent(peer, configuration.peerCheck, clock)) return true;
  }
  return false;
}

/** A Backup asks an Active that is late, and takes the role of one that is dead. */
function watchTheActive(instance: InstanceState, sight: Sight, state: BackupState): void {
  const { router } = sight;
  apply(instance, router, whenOverdue(sight, state));
  apply(instance, router, whenLateOnLink(sight, state, instance.gatewayWish.at));
  if (!isAnyNearlySilent(instance)) return;
  apply(instance, router, whenNearlySilent(sight));
  apply(instance, router, whenSilent(sight));
}

function sayPathsLost(instance: InstanceState, peer: Peer): void {
  for (const router of instance.routers.values()) {
    apply(instance, router, whenPathsLost(new InstanceSight(instance, router), peer));
  }
}

/** Reports which paths of a peer that answers were lost or are back; the first answer is not reported. */
function sayPaths(
  instance: InstanceState,
  { configuration, paths }: Peer,
  before: Peer['paths'],
): void {
  for (const [at, { address, state }] of paths.entries()) {
    const former = before[at]?.state;
    if (former === state || former === 'unknown') continue;
    const report = state === 'healthy' ? 'path-back' : 'path-lost';
    instance.report(report, `${configuration.name} at ${address}`);
  }
}

/** Offers what the peers' checks wait for. */
export function checkDeadlines(instance: InstanceState, soonest: Soonest): void {
  if (instance.phase !== 'running') return;
  for (const peer of instance.peers.values()) {
    const at = peerDeadline(peer, instance.configuration.peerCheck, instance.clock);
    soonest.offer(at, peer.configuration.name, 'peer-check');
  }
}

/** Offers what the Backups wait for that watch the peers. */
export function peerDeadlines(instance: InstanceState, soonest: Soonest): void {
  if (instance.phase !== 'running' || instance.peers.size === 0) return;
  const nearlySilent = isAnyNearlySilent(instance);
  let shared: InstanceSight | null = null;
  for (const router of instance.routers.values()) {
    const { state, configuration } = router;
    if (state.kind !== 'Backup') continue;
    // One sight for all of them: there may be hundreds, after every event.
    shared ??= new InstanceSight(instance, router);
    const sight: Sight = shared.at(router);
    if (nearlySilent) {
      const proven = provenAt(sight);
      // Once proven, it waits for news and not for the clock.
      if (proven !== null) soonest.offer(proven, configuration.name, 'silence-proven');
      const question = questionAt(sight);
      if (question !== null) soonest.offer(question, configuration.name, 'question');
    }
    const overdue = overdueAt(sight, state);
    if (overdue !== null) soonest.offer(overdue, configuration.name, 'advertisement-overdue');
  }
}

/** An advertisement came by multicast, so unicast is no longer needed. */
export function multicastHeard(instance: InstanceState, router: Router): void {
  if (router.state.kind !== 'Backup' || router.state.unheard === null) return;
  router.state.unheard = null;
  instance.unsettled = true;
  instance.report('adverts-back', router.configuration.interface, router);
}

/** An advertisement of less than our rank came: its sender is Active too. */
export function rivalHeard(
  instance: InstanceState,
  router: Router,
  state: ActiveState,
  source: IpAddress,
): void {
  state.rivalAddress = source;
  const known = [...instance.peers.values()].find(({ knownBy }) => knownBy.includes(source));
  sayDual(instance, router, state, known?.configuration.name ?? source);
}

/** Whether all healthy peers see less traffic than their minimum too. */
export function bandwidthLowEverywhere({ peers }: InstanceState): boolean {
  const healthy = [...peers.values()].filter(({ state }) => state === 'healthy');
  return healthy.length > 0 && healthy.every(({ report }) => report?.bandwidthLow === true);
}

/** There is one more peer to ask, so a virtual router that asked in vain may ask again. */
function becameHealthy(instance: InstanceState, peer: string, before: PathState): void {
  instance.report('peer-healthy', peer);
  const regained = before === 'unhealthy' && instance.phase === 'running';
  for (const router of instance.routers.values()) {
    router.askFrom = instance.clock;
    // While nothing connected us the peer may have been Active, too, and have given way before we heard it. Hosts
    // may still send to it.
    if (regained && router.state.kind === 'Active') {
      step(instance, router, { kind: 'rival-gone' });
    }
  }
}

function becameUnhealthy(instance: InstanceState, peer: Peer): void {
  instance.unsettled = true;
  instance.report('peer-unhealthy', peer.configuration.name);
  // This peer may have been the best candidate for a role that another peer gives up.
  arbitrate(instance);
}
