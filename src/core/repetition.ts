// An advertisement that tells a Backup what the one before told it, as nearly every one does: it re-arms the
// Active_Down_Timer and is counted, and nothing else. All others are taken by router-events.ts, which would do the
// same with this one (test/core/repetition.test.ts compares). And a message of a peer of which the same can be said; it is
// taken by peer-events.ts like any other.
import { isQuiet } from './arbitrate.js';
import { overdueFrom } from './decisions/takeover.js';
import type { InstanceEvent } from './interface.js';
import { rearmed } from './machine/states.js';
import { sawHeld } from './nobody-held.js';
import { isAsConfigured } from './machine/observe.js';
import type { Router } from './machine/router.js';
import { backupOf } from './machine/router-state.js';
import type { InstanceState } from './instance-state.js';
import { witnessOf } from './witness-sight.js';

type Advertisement = Extract<InstanceEvent, { kind: 'advertisement' }>;

/** Whether it comes from the Active that this Backup follows, and there is nothing to learn from it, or to remark. */
export function isRepetition(
  instance: InstanceState,
  router: Router,
  heard: Advertisement,
): boolean {
  const { state, configuration, received, effectivePriority } = router;
  const { advertisement, source, dialect } = heard;
  if (state.kind !== 'Backup' || state.activeAddress !== source || !state.followsSuperior) {
    return false;
  }
  if (state.vacated || state.unheard !== null || state.asks) return false;
  const { takeoverReason, activeAdverInterval } = state.machine;
  if (takeoverReason !== 'no-response' || advertisement.priority < effectivePriority) return false;
  if (activeAdverInterval !== advertisement.maxAdvertiseInterval) return false;
  if (configuration.family === 'ipv4' && received !== dialect) return false;
  return isAsConfigured(configuration, advertisement) && !isAnyLacking(instance);
}

/**
 * Whether this message of a peer, answer or not, would change nothing but when the peer was heard and when a failure is
 * counted: so nobody waits for it, and after a later one on its path nobody need hear of it. Whether a witness is asked
 * hangs on which check was answered: it is told at once.
 */
export function isConfirmation(
  instance: InstanceState,
  { peer: name, address, report }: Extract<InstanceEvent, { kind: 'peer-report' }>,
): boolean {
  const peer = instance.peers.get(name);
  const path = peer?.paths.find((one) => one.address === address);
  if (peer === undefined || path === undefined || instance.phase !== 'running') return false;
  // One failure counted, and both sides ask their gateways. While successes are counted each answer counts.
  const { recoveryThreshold } = instance.configuration.peerCheck;
  if (path.state !== 'healthy' || path.successes < recoveryThreshold) return false;
  if (peer.report !== report || peer.left.length > 0) return false;
  const { fit, sound } = instance.fitness;
  return (sound || !fit) && witnessOf(instance) === null && isQuiet(instance);
}

/** Whether a peer is Active without its addresses: it may be nobody to obey (empty-handed.ts). */
function isAnyLacking({ peers }: InstanceState): boolean {
  for (const { lacking } of peers.values()) if (lacking.length > 0) return true;
  return false;
}

/** Takes an advertisement of which `isRepetition` is true. */
export function takeRepetition(instance: InstanceState, router: Router): void {
  const { clock } = instance;
  const state = backupOf(router);
  const { effectivePriority } = router;
  const before = state.machine;
  state.machine = rearmed(before, effectivePriority, clock);
  // One that was overdue will be so again before the timer that ran would have fired; and a priority that has risen
  // since makes the timer shorter.
  instance.onlyDelayed =
    overdueFrom(before, effectivePriority) > clock &&
    state.machine.activeDownAt >= before.activeDownAt;
  state.deferred = false;
  router.heardAt = clock;
  router.counters.advertisementsReceived += 1;
  sawHeld(router, instance.happenedAt);
}
