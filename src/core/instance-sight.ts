// Gathers the evidence about one virtual router (peers/sight.ts) from the state of the instance, each part when a
// decision first asks for it. Nothing is decided here, and nothing is changed.
import type { PeerReport } from '../model/peer-report.js';
import type { Instant } from '../model/units.js';
import type { Stage } from './instance-state.js';
import { groupRank, type Router } from './machine/router.js';
import type { PeerCheckParameters } from './peers/peer-check.js';
import type { Peer, PeerView, Place } from './peers/peers.js';
import type { Leader, Rank, Sight } from './peers/sight.js';

/** The sight of an instance. Only good until the next step: look anew then. */
export class StageSight implements Sight {
  readonly #stage: Stage;
  #router: Router;
  #views: readonly PeerView[] | null = null;
  #speaking: readonly PeerView[] | null = null;

  constructor(stage: Stage, router: Router) {
    this.#stage = stage;
    this.#router = router;
  }

  /** Looks at another virtual router, or at the same one after a step. */
  at(router: Router): this {
    this.#router = router;
    this.#views = null;
    this.#speaking = null;
    return this;
  }

  get router(): Router {
    return this.#router;
  }

  get now(): Instant {
    return this.#stage.clock;
  }

  get place(): Place {
    return this.#stage.placeOf(this.#router);
  }

  get peers(): Iterable<Peer> {
    return this.#stage.peers.values();
  }

  get peerCheck(): PeerCheckParameters {
    return this.#stage.configuration.peerCheck;
  }

  get views(): readonly PeerView[] {
    return (this.#views ??= this.#stage.views(this.#router));
  }

  get speaking(): readonly PeerView[] {
    return (this.#speaking ??= this.#stage.speakingViews(this.#router));
  }

  get rank(): Rank {
    return this.#stage.rankOf(this.#router);
  }

  get gateway(): PeerReport['gateway'] {
    return this.#stage.fitness.gateway;
  }

  get fit(): boolean {
    return this.#stage.fitness.fit;
  }

  get handoverUntil(): Instant {
    return this.#stage.handoverUntil();
  }

  get leaders(): readonly Leader[] {
    const stage = this.#stage;
    if (!stage.movesTogether()) return [];
    const leaders: Leader[] = [];
    for (const first of stage.routers.values()) {
      const { state } = first;
      // The ranks are texts made for this: with hundreds of Actives none is needed.
      if (state.kind !== 'Backup' || !isBefore(first, this.#router)) continue;
      const { activeAddress, followsSuperior } = state;
      const stays = followsSuperior || !stage.preempts(first);
      leaders.push({ place: stage.placeOf(first), activeAddress, stays });
    }
    return leaders;
  }
}

const isBefore = (a: Router, b: Router): boolean =>
  groupRank(a.configuration) < groupRank(b.configuration);
