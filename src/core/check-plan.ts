// What somebody needs to know who makes the checks of the peers in our place: when they are due, and until when nothing but
// a check happens. What was made is told by `checked` events, in order with what was heard. Nothing is changed here.
import type { CheckPlan } from '../model/check-plan.js';
import { between, instant, type Instant } from '../model/units.js';
import { overdueFrom } from './decisions/takeover.js';
import type { InstanceEvent } from './interface.js';
import type { InstanceState } from './instance-state.js';
import {
  failureDue,
  silenceDue,
  tolerance,
  type Path,
  type PeerCheckParameters,
} from './peers/peer-check.js';
import { checkDue, type Peer } from './peers/peers.js';
import { witnessOf } from './witness-sight.js';

/**
 * How the checks go on, if nothing comes but messages that only confirm what is known. Null where more may follow from a
 * check than that it is sent: then whoever has a deadline has to come here.
 */
export function checkPlan(instance: InstanceState): CheckPlan | null {
  const { phase, peers, configuration, clock } = instance;
  const { peerCheck } = configuration;
  if (phase !== 'running' || peers.size === 0 || witnessOf(instance) !== null) return null;
  for (const peer of peers.values()) if (!isWell(peer, peerCheck, clock)) return null;
  const until = overdueIn(instance);
  if (until <= clock) return null;
  const none = instant(0);
  return {
    interval: peerCheck.interval,
    failAfter: between(none, failureDue(peerCheck, none)),
    nearlySilentAfter: between(none, nearlySilentAt(peerCheck, silenceDue(peerCheck, none))),
    until: until === Infinity ? null : instant(until),
    peers: [...peers.values()].map((peer) => ({
      name: peer.configuration.name,
      nextCheckAt: peer.nextCheckAt,
      paths: peer.paths.map(({ address, failAt, silentAt }) => ({
        address,
        failAt,
        nearlySilentAt: nearlySilentAt(peerCheck, silentAt),
      })),
    })),
  };
}

/** Requests were sent to the peer in our place, each at a time when it was due. */
export function takeChecked(
  instance: InstanceState,
  { peer: name, at, made }: Extract<InstanceEvent, { kind: 'checked' }>,
): void {
  const peer = instance.peers.get(name);
  if (peer !== undefined) checkDue(peer, instance.configuration.peerCheck, at, made);
  instance.onlyDelayed = true;
}

/** When the first advertisement of an Active is overdue that a Backup follows: that is looked at with every check. */
function overdueIn({ routers }: InstanceState): number {
  let soonest = Infinity;
  for (const { state, effectivePriority } of routers.values()) {
    if (state.kind !== 'Backup') continue;
    soonest = Math.min(soonest, overdueFrom(state.machine, effectivePriority));
  }
  return soonest;
}

/** Whether every path is healthy, has failed at nothing since, and is not about to fall silent. */
function isWell({ state, paths }: Peer, parameters: PeerCheckParameters, now: Instant): boolean {
  const isPathWell = (path: Path): boolean =>
    path.state === 'healthy' &&
    path.failures === 0 &&
    path.failAt > now &&
    nearlySilentAt(parameters, path.silentAt) > now;
  return state === 'healthy' && paths.every(isPathWell);
}

const nearlySilentAt = (parameters: PeerCheckParameters, silentAt: Instant): Instant =>
  instant(silentAt - tolerance(parameters));
