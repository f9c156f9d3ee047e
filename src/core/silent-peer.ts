// What a Backup does about an Active whose every path is silent: it asks, it takes the role, it says so.
// When silence is proof: silence.ts.
import type { IpAddress } from '../model/address.js';
import type { Instant } from '../model/units.js';
import { holderAmong, isBestCandidate } from './arbiter.js';
import { routerAt, type Peer } from './peers.js';
import type { Router } from './router.js';
import { backupOf } from './router-state.js';
import { questionDueAt, silenceProvenAt, takeAt } from './silence.js';
import type { Soonest } from './soonest.js';
import type { Stage } from './stage.js';

/** Offers the proof and the question that a Backup waits for. */
export function silenceDeadlines(stage: Stage, router: Router, soonest: Soonest): void {
  const owner = router.configuration.name;
  const proven = soonestOf(stage, router, takeAt);
  // What is proven already waits for news, not for the clock.
  if (proven !== null && proven > stage.clock) soonest.offer(proven, owner, 'silence-proven');
  const question = questionOf(stage, router);
  if (question !== null) soonest.offer(question, owner, 'question');
}

/**
 * Whether priority 0 is another Backup's question, and no farewell: it comes from a peer that says it is a
 * Backup, and that is not the Active heard last. Its answer may be lost, or come first; or it was meant for
 * us, and we wake only now.
 */
export function isQuestion(stage: Stage, router: Router, source: IpAddress): boolean {
  if (router.state.kind !== 'Backup') return false;
  const { activeAddress } = router.state;
  const place = stage.placeOf(router);
  return [...stage.peers.values()].some(
    (peer) =>
      peer.knownBy.includes(source) &&
      (activeAddress === null || !peer.knownBy.includes(activeAddress)) &&
      routerAt(peer, place)?.state === 'Backup',
  );
}

/** Says that the peer is silent on every path, where nothing follows from it at once. */
export function fellSilent(stage: Stage, peer: Peer): void {
  for (const router of stage.routers.values()) {
    if (router.state.kind !== 'Backup') continue;
    if (routerAt(peer, stage.placeOf(router))?.state !== 'Active') continue;
    const proven = provenAt(stage, router, peer);
    if (proven !== null && proven <= stage.clock) continue;
    stage.report('ha-path-lost', peer.configuration.name, router);
  }
}

/** Asks the Active on the link before its silence is believed: whoever is there answers priority 0. */
export function askTheSilent(stage: Stage, router: Router): void {
  const due = questionOf(stage, router);
  if (due === null || due > stage.clock) return;
  backupOf(router).askedAt = stage.clock;
  stage.advertise(router, 0);
}

export function takeFromTheDead(stage: Stage, router: Router): void {
  const due = soonestOf(stage, router, takeAt);
  if (due === null || due > stage.clock) return;
  // Another one may have found it out first.
  if (holderAmong(stage.views(router)) !== null || !isBest(stage, router)) return;
  stage.step(router, { kind: 'take-over', reason: 'peer-dead', grantedUntil: null });
}

/** One question is enough: that of whoever would take the role. */
function questionOf(stage: Stage, router: Router): Instant | null {
  const due = soonestOf(stage, router, questionDueAt);
  return due !== null && isBest(stage, router) ? due : null;
}

const isBest = (stage: Stage, router: Router): boolean =>
  isBestCandidate(stage.views(router), stage.rankOf(router));

/** What `ask` says of the peer whose silence concerns this Backup; null when there is no such thing. */
function soonestOf(stage: Stage, router: Router, ask: typeof takeAt): Instant | null {
  if (router.state.kind !== 'Backup') return null;
  const { peerCheck } = stage.configuration;
  const place = stage.placeOf(router);
  for (const peer of stage.peers.values()) {
    const due = ask(router, peer, place, peerCheck, stage.clock);
    if (due !== null) return due;
  }
  return null;
}

const provenAt = (stage: Stage, router: Router, peer: Peer): Instant | null =>
  silenceProvenAt(router, peer, stage.placeOf(router), stage.configuration.peerCheck, stage.clock);
