// Gathers the evidence about one virtual router (peers/sight.ts) from the state of the instance, each part when a
// decision first asks for it. Nothing is decided here, and nothing is changed.
import type { PeerReport } from '../model/peer-report.js';
import type { Instant } from '../model/units.js';
import type { InstanceState } from './instance-state.js';
import { Leadership } from './leadership.js';
import type { Router } from './machine/router.js';
import type { PeerCheckParameters } from './peers/peer-check.js';
import type { Peer, PeerView, Place } from './peers/peers.js';
import type { Rank, Sight, WitnessSight } from './peers/sight.js';
import { witnessSight } from './witness-sight.js';

/** What an instance sees. It is out of date after a step: look again then. */
export class InstanceSight implements Sight {
  readonly #instance: InstanceState;
  readonly #leadership: Leadership;
  #router: Router;
  #views: readonly PeerView[] | null = null;
  #speaking: readonly PeerView[] | null = null;

  /** @param leadership shared by the sights of one event. */
  constructor(instance: InstanceState, router: Router, leadership = new Leadership(instance)) {
    this.#instance = instance;
    this.#router = router;
    this.#leadership = leadership;
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
    return this.#instance.clock;
  }

  get place(): Place {
    return this.#instance.placeOf(this.#router);
  }

  get peers(): Iterable<Peer> {
    return this.#instance.peers.values();
  }

  get peerCheck(): PeerCheckParameters {
    return this.#instance.configuration.peerCheck;
  }

  get views(): readonly PeerView[] {
    return (this.#views ??= this.#instance.views(this.#router));
  }

  get speaking(): readonly PeerView[] {
    return (this.#speaking ??= this.#instance.speakingViews(this.#router));
  }

  get rank(): Rank {
    return this.#instance.rankOf(this.#router);
  }

  get gateway(): PeerReport['gateway'] {
    return this.#instance.fitness.gateway;
  }

  get fit(): boolean {
    return this.#instance.fitness.fit;
  }

  get handoverUntil(): Instant {
    return this.#instance.handoverUntil();
  }

  get witness(): WitnessSight | null {
    return witnessSight(this.#instance, this.#router);
  }

  leads(peer: Peer): boolean {
    return this.#leadership.leads(peer, this.#router);
  }
}
