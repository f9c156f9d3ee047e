// The evidence about one virtual router: its peers as it sees them, how it stands among them, and the group.
// Each part is built when a decision first asks for it. Nothing is decided here, and nothing is changed.
import type { IpAddress } from '../../model/address.js';
import type { PeerReport } from '../../model/peer-report.js';
import type { Instant } from '../../model/units.js';
import type { Rank } from '../decisions/candidates.js';
import type { PeerCheckParameters } from './peer-check.js';
import type { Peer, PeerView, Place } from './peers.js';
import { groupRank, type Router } from '../machine/router.js';
import type { Stage } from '../instance-state.js';

/** Another virtual router of the group, in Backup, that comes before this one. */
export interface Leader {
  readonly place: Place;
  readonly activeAddress: IpAddress | null;
  /** Its Active is at least our equal, or may not be preempted. */
  readonly stays: boolean;
}

/** What a decision may look at. */
export interface Sight {
  readonly router: Router;
  readonly now: Instant;
  readonly place: Place;
  readonly peers: Iterable<Peer>;
  readonly peerCheck: PeerCheckParameters;
  /** The healthy peers. */
  readonly views: readonly PeerView[];
  /** The peers that speak, healthy or not. */
  readonly speaking: readonly PeerView[];
  readonly rank: Rank;
  readonly gateway: PeerReport['gateway'];
  /** Whether this appliance takes part in the election. */
  readonly fit: boolean;
  /** Until when an answer to a handover that begins now is awaited. */
  readonly handoverUntil: Instant;
  /** Those before it in a group that moves together; empty where each moves alone. */
  readonly leaders: readonly Leader[];
}

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
