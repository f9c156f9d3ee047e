// Which peer leads a group that moves together, and from which virtual router on. Nothing is decided here.
import { isLedBy } from './decisions/group.js';
import type { Restraint } from './fitness/restraint.js';
import type { InstanceState } from './instance-state.js';
import type { BackupState } from './machine/router-state.js';
import type { Router } from './machine/router.js';
import type { Peer } from './peers/peers.js';

/**
 * What is known of it while one event is taken. It is asked for every virtual router, and every virtual router has to be
 * looked at for it: once for all, and anew when one has entered another state meanwhile, or an operator's order has ended.
 */
export class Leadership {
  readonly #instance: InstanceState;
  #foremost: ReadonlyMap<Peer, number> = new Map();
  /** What was true then. */
  #entries = -1;
  #restraint: Restraint | null = null;

  constructor(instance: InstanceState) {
    this.#instance = instance;
  }

  /** Whether this peer leads a virtual router before this one. */
  leads(peer: Peer, router: Router): boolean {
    const instance = this.#instance;
    if (!instance.movesTogether()) return false;
    if (this.#entries !== instance.entries || this.#restraint !== instance.restraint) {
      this.#entries = instance.entries;
      this.#restraint = instance.restraint;
      this.#foremost = foremostLed(instance);
    }
    const first = this.#foremost.get(peer);
    return first !== undefined && first < instance.groupPlaceOf(router);
  }
}

/** The place in the group of the foremost virtual router that each peer leads. */
function foremostLed(instance: InstanceState): ReadonlyMap<Peer, number> {
  const found = new Map<Peer, number>();
  const isAnyFollowing = once(() => instance.isAnyFollowing());
  for (const router of instance.routers.values()) {
    const { state } = router;
    if (state.kind !== 'Backup' || state.activeAddress === null) continue;
    const at = instance.groupPlaceOf(router);
    for (const peer of instance.peers.values()) {
      const isFirst = at < (found.get(peer) ?? Infinity);
      if (isFirst && isLedBy(peer, state.activeAddress, instance.placeOf(router))) {
        if (stays(instance, router, state, isAnyFollowing)) found.set(peer, at);
      }
    }
  }
  return found;
}

/** Whether its Active is at least our equal, or may not be preempted. */
const stays = (
  instance: InstanceState,
  router: Router,
  { followsSuperior }: BackupState,
  isAnyFollowing: () => boolean,
): boolean => followsSuperior || !instance.preempts(router, isAnyFollowing);

function once(ask: () => boolean): () => boolean {
  let answer: boolean | null = null;
  return () => (answer ??= ask());
}
