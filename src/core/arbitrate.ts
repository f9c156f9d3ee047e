// What follows for the virtual routers from what the peers say now: asked of decisions/, and carried out by apply.ts.
// What a message, a silence or a path is in itself: peer-events.ts.
import type { PeerRouter } from '../model/peer-report.js';
import { apply } from './apply.js';
import { holderAmong, leaverAmong } from './decisions/candidates.js';
import { whenGroupIsElsewhere } from './decisions/group.js';
import { whenReleased } from './decisions/handover.js';
import { whenAnotherIsActive, whenLinkIsSplit } from './decisions/rivals.js';
import { InstanceSight } from './instance-sight.js';
import type { InstanceState } from './instance-state.js';
import { Leadership } from './leadership.js';
import { releasingOf, type Router } from './machine/router.js';
import type { ActiveState, BackupState } from './machine/router-state.js';
import type { PeerView } from './peers/peers.js';
import type { Sight } from './peers/sight.js';

/** What follows for every virtual router. */
export function arbitrate(instance: InstanceState): void {
  if (isQuiet(instance)) return;
  const leadership = new Leadership(instance);
  for (const router of instance.routers.values()) arbitrateOne(instance, router, leadership);
}

/**
 * Whether there is nothing to arbitrate, as nearly always: nobody leaves, nobody is unheard, and nobody
 * else is Active while we are. Hundreds of virtual routers need not be looked at with every message.
 * What makes `arbitrateOne` do something must be asked for here: test/core/arbitrate.test.ts compares the two.
 */
export function isQuiet({ routers, peers }: InstanceState): boolean {
  let active = false;
  for (const { state, triedInVain } of routers.values()) {
    if (triedInVain) return false;
    if (state.kind !== 'Active') {
      if (state.vacated) return false;
      continue;
    }
    if (state.dualSince !== null) return false;
    active = true;
  }
  for (const { report } of peers.values()) {
    if (report?.routers.some((one) => isOfConcern(one, active)) === true) return false;
  }
  return true;
}

const isOfConcern = ({ releasing, wantsUnicast, state }: PeerRouter, active: boolean): boolean =>
  releasing || wantsUnicast || (active && state === 'Active');

/** What follows for a virtual router from what the peers say now. */
export function arbitrateOne(
  instance: InstanceState,
  router: Router,
  leadership = new Leadership(instance),
): void {
  const sight = new InstanceSight(instance, router, leadership);
  const holder = holderAmong(sight.speaking);
  if (holder !== null) foundHolder(instance, router);
  const { state } = router;
  if (state.kind === 'Backup') arbitrateBackup(instance, sight, state);
  else if (state.kind === 'Active') arbitrateActive(instance, sight, state, holder);
}

function arbitrateBackup(instance: InstanceState, sight: Sight, state: BackupState): void {
  const { router } = sight;
  // Nearly always nobody leaves, and there is nothing more to look at.
  const leaver = leaverAmong(sight.views, state.activeAddress);
  if (leaver === null) router.triedInVain = false;
  else apply(instance, router, whenReleased(sight, state, leaver));
}

function arbitrateActive(
  instance: InstanceState,
  sight: InstanceSight,
  state: ActiveState,
  holder: PeerView | null,
): void {
  const { router } = sight;
  apply(instance, router, whenAnotherIsActive(sight, state, holder));
  if (router.state.kind !== 'Active') return;
  if (releasingOf(router) !== null || instance.clock < router.askFrom) return;
  const anew = sight.at(router);
  apply(instance, router, whenLinkIsSplit(anew) ?? whenGroupIsElsewhere(anew));
}

/** Somebody else has the role that we gave up. */
export function foundHolder(instance: InstanceState, { state }: Router): void {
  if (state.kind === 'Active' || !state.vacated) return;
  state.vacated = false;
  instance.unsettled = true;
}
