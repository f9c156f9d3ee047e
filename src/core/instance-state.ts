// The state of an instance, what can be asked of it as a whole, and the effects of the event that is being taken.
// No steps (step.ts), no decisions (decisions/).
import { assert } from '../model/assert.js';
import type { IpAddress } from '../model/address.js';
import type { Remark } from '../model/advertisement.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { PeerReport } from '../model/peer-report.js';
import type { Report } from '../model/reasons.js';
import {
  after,
  instant,
  microseconds,
  type Centiseconds,
  type Instant,
  type Microseconds,
} from '../model/units.js';
import { agreementOf, type Agreement } from './agreement.js';
import { unrestrained, type Restraint } from './fitness/restraint.js';
import { tieBreaker } from './decisions/candidates.js';
import type { Rank } from './peers/sight.js';
import type { Row } from './decisions/rows.js';
import type { InstanceConfiguration, InstanceEffect } from './interface.js';
import type { Parameters } from './machine/states.js';
import { nothingWitnessed, type Witnessed } from './peers/witnessed.js';
import {
  createPeer,
  isHealthy,
  isSpeaking,
  PRIMARY_ADDRESSES_TOLD,
  viewsOf,
  type Peer,
  type PeerView,
  type Place,
} from './peers/peers.js';
import { countersOf, createRouter, releasingOf, type Router } from './machine/router.js';
import { activeAddressOf } from './machine/router-state.js';
import { hasSoftFault } from './fitness/tracker.js';

/** What the instance knows about itself and tells its peers. */
export type OwnFitness = Pick<PeerReport, 'fit' | 'sound' | 'gateway' | 'bandwidthLow'>;

/** A row of the decision table that applied to a virtual router. */
export interface Decision {
  readonly virtualRouter: string;
  readonly row: Row;
}

/** What most events lead to: none. */
export const NO_DECISIONS: readonly Decision[] = [];

/** We wait three check intervals for somebody to take over, and at least this long. */
const HANDOVER_MINIMUM = microseconds(100_000);

/** The wish that all appliances ask their gateways at once. */
interface GatewayWish {
  /** What the peers are told. It changes with each wish of ours, and this change is the wish. */
  readonly told: boolean;
  /** When the last wish was made, here or by a peer; null before the first. */
  readonly at: Instant | null;
}

type Phase = 'new' | 'running' | 'stopped';

/** The whole state of an instance as plain data: what a recording starts from. */
export interface InstanceCheckpoint {
  readonly configuration: InstanceConfiguration;
  readonly routers: readonly Router[];
  readonly monitors: readonly MonitorStatus[];
  readonly peers: readonly Peer[];
  readonly restraint: Restraint;
  readonly fitness: OwnFitness;
  readonly differences: readonly string[];
  readonly told: PeerReport | null;
  readonly bypassOrdered: 'inline' | 'bypass' | null;
  readonly gatewayWish: GatewayWish;
  /** Absent in what an earlier release recorded. */
  readonly witness?: Witnessed;
  readonly phase: Phase;
  readonly clock: Instant;
}

export class InstanceState {
  configuration: InstanceConfiguration;
  agreement: Agreement;
  routers: Map<string, Router>;
  readonly monitors = new Map<string, MonitorStatus>();
  peers: Map<string, Peer>;
  restraint: Restraint = unrestrained;
  phase: Phase = 'new';
  /** Never runs backwards. */
  clock: Instant;
  /** When the event that is being taken happened: after a stall long before it is read. */
  happenedAt: Instant;
  fitness: OwnFitness = { fit: false, sound: false, gateway: 'unknown', bandwidthLow: false };
  /** Settings that must agree and do not, by name. */
  differences: readonly string[] = [];
  /** The last report to the peers. */
  told: PeerReport | null = null;
  /** The last order to the hardware bypass; null before the first. */
  bypassOrdered: 'inline' | 'bypass' | null = null;
  gatewayWish: GatewayWish = { told: false, at: null };
  witness: Witnessed;
  /** How often a virtual router has entered another state. */
  entries = 0;
  /** Something changed that may change who takes part, or that the peers must be told. */
  unsettled = false;
  /** Short of that: what the peers are told of this virtual router may have changed, and nothing else. */
  restated: Router | null = null;
  /** The restraint with which all came to rest last, when nothing kept anybody out or lowered us; else null. */
  calmUnder: Restraint | null = null;
  /** The event that is being taken brings no deadline nearer: the soonest is as it was, or later. */
  onlyDelayed = false;
  /** What the event that is being taken has led to. */
  decisions: readonly Decision[] = NO_DECISIONS;
  /** The same, to be added to; of an earlier event while there are none. */
  #decided: Decision[] = [];
  #effects: InstanceEffect[] = [];
  /** The addresses that these virtual routers advertise from; null after a change. */
  #advertised: {
    readonly routers: ReadonlyMap<string, Router>;
    readonly list: readonly IpAddress[];
  } | null = null;
  /** Of these virtual routers: new settings bring another map of them. */
  #ordered: { readonly routers: ReadonlyMap<string, Router>; readonly list: readonly Router[] } = {
    routers: new Map(),
    list: [],
  };

  constructor(configuration: InstanceConfiguration, now: Instant) {
    const { virtualRouters, peers, peerCheck } = configuration;
    this.configuration = configuration;
    this.agreement = agreementOf(configuration);
    this.clock = now;
    this.happenedAt = now;
    this.witness = nothingWitnessed(now);
    this.routers = new Map(
      virtualRouters.map((router) => [router.name, createRouter(router, true, now)]),
    );
    assert(this.routers.size === virtualRouters.length, 'router names are unique');
    this.peers = new Map(peers.map((peer) => [peer.name, createPeer(peer, peerCheck, now)]));
  }

  /** A copy that later events do not change; survives JSON. */
  checkpoint(): InstanceCheckpoint {
    const { configuration, restraint, fitness, differences, told, bypassOrdered } = this;
    return {
      configuration,
      routers: [...this.routers.values()].map(copyOf),
      monitors: [...this.monitors.values()],
      peers: [...this.peers.values()].map((peer) => ({ ...peer })),
      restraint,
      fitness,
      differences,
      told,
      bypassOrdered,
      gatewayWish: this.gatewayWish,
      witness: this.witness,
      phase: this.phase,
      clock: this.clock,
    };
  }

  /** The state as it was at the checkpoint. */
  static restore(checkpoint: InstanceCheckpoint): InstanceState {
    const { configuration, routers, monitors, peers, clock, ...rest } = checkpoint;
    const state = new InstanceState(configuration, clock);
    for (const router of routers) state.routers.set(router.configuration.name, copyOf(router));
    for (const status of monitors) state.monitors.set(status.name, status);
    for (const peer of peers) state.peers.set(peer.configuration.name, { ...peer });
    return Object.assign(state, rest);
  }

  /** The effects since the last call, in order. */
  takeEffects(): readonly InstanceEffect[] {
    if (this.#effects.length === 0) return NO_EFFECTS;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Notes which row applied, for a replay of the recording. */
  decided(router: Router, row: Row): void {
    const decision = { virtualRouter: router.configuration.name, row };
    if (this.#decided !== this.decisions) this.decisions = this.#decided = [];
    this.#decided.push(decision);
  }

  /**
   * Something changed that may change what the peers are told of this virtual router. Hundreds move or get their addresses
   * one by one, and as long as nothing else is the matter, none of the others need be looked at.
   */
  restate(router: Router): void {
    if (this.restated !== null && this.restated !== router) this.unsettled = true;
    this.restated = router;
  }

  push(effect: InstanceEffect): void {
    this.#effects.push(effect);
  }

  report(report: Report | Remark, detail: string, router?: Router): void {
    this.push({ kind: 'report', ...(router && named(router)), report, detail });
  }

  /** Reports that the addresses of a new Active stand. */
  reportTakenOver(router: Router, atMost: Microseconds): void {
    const nobodyHeldAtMostMs = Math.ceil(atMost / 1_000);
    const detail = atMost === 0 ? 'never' : `for at most ${nobodyHeldAtMostMs} ms`;
    const report = 'taken-over';
    this.push({ kind: 'report', ...named(router), report, detail, nobodyHeldAtMostMs });
  }

  /** Reports why an order cannot be carried out, and what to do. */
  refuse(detail: string, remedy: string, router?: Router): void {
    const subject = router === undefined ? {} : named(router);
    this.push({ kind: 'report', ...subject, report: 'refused', detail, remedy });
  }

  movesTogether(): boolean {
    return this.configuration.mode !== 'active-active';
  }

  /** The virtual routers in the order in which the peers are told of them (`routerOrder`). */
  inOrder(): readonly Router[] {
    const { routers } = this;
    if (this.#ordered.routers !== routers) {
      const position = (router: Router): number => this.placeOf(router).position;
      const list = [...routers.values()].sort((a, b) => position(a) - position(b));
      this.#ordered = { routers, list };
    }
    return this.#ordered.list;
  }

  placeOf(router: Router): Place {
    const place = this.agreement.places.get(router.configuration.name);
    assert(place !== undefined, 'every virtual router has its place');
    return place;
  }

  /** Where it stands in the group: the first has 0. */
  groupPlaceOf({ configuration }: Router): number {
    const rank = this.agreement.ranks.get(configuration.name);
    assert(rank !== undefined, 'every virtual router has its rank');
    return rank;
  }

  /** The healthy peers as this virtual router sees them. */
  views(router: Router): PeerView[] {
    return this.#views(router, isHealthy);
  }

  /**
   * The peers that speak, as this virtual router sees them. After a partition both may be Active. A peer's
   * word is enough to believe that it is; to rely on the peer takes peerRecoveryThreshold answers.
   */
  speakingViews(router: Router): PeerView[] {
    return this.#views(router, (peer) => isSpeaking(peer, this.clock));
  }

  #views(router: Router, counts: (peer: Peer) => boolean): PeerView[] {
    return this.peers.size === 0 ? [] : viewsOf(this.peers.values(), this.placeOf(router), counts);
  }

  /**
   * The first virtual router of the group breaks the ties of all. An appliance with the higher IPv4 address may
   * have the lower IPv6 address, and otherwise the two would go to different successors.
   */
  rankOf(router: Router): Rank {
    const { effectivePriority } = router;
    const { family } = this.agreement.first;
    const address = tieBreaker(this.primaryAddresses(), family);
    const holdsPart = this.configuration.mode === 'active-passive' && this.#holdsAny();
    const { sound } = this.fitness;
    const standsBack = this.restraint.standBack !== null;
    return { priority: effectivePriority, family, address, sound, holdsPart, standsBack };
  }

  #holdsAny(): boolean {
    for (const router of this.routers.values())
      if (router.state.kind === 'Active' && releasingOf(router) === null) return true;
    return false;
  }

  /** The addresses we advertise from, at most 8, as the peers are told. */
  primaryAddresses(): readonly IpAddress[] {
    const { routers } = this;
    if (this.#advertised?.routers !== routers)
      this.#advertised = { routers, list: this.#listAdvertised() };
    return this.#advertised.list;
  }

  /** The only way to change one: those of all are kept. */
  setPrimaryAddress(router: Router, address: IpAddress | null): void {
    router.primaryAddress = address;
    this.#advertised = null;
  }

  #listAdvertised(): readonly IpAddress[] {
    const all = new Set<IpAddress>();
    let last: IpAddress | null | undefined = null;
    for (const { primaryAddress } of this.routers.values()) {
      // Hundreds on one interface have the same.
      if (primaryAddress !== last && typeof primaryAddress === 'string') all.add(primaryAddress);
      last = primaryAddress;
    }
    return [...all].sort().slice(0, PRIMARY_ADDRESSES_TOLD);
  }

  /** Until when a handover waits for somebody to take the role. */
  handoverUntil(from: Instant = this.clock): Instant {
    const wait = Math.max(3 * this.configuration.peerCheck.interval, HANDOVER_MINIMUM);
    return after(from, microseconds(wait));
  }

  /** The parameters of the RFC 9568 machine at this moment: for one step. */
  parametersOf(router: Router): Parameters {
    return new ParametersNow(this, router);
  }

  /** The address owner always preempts, whatever the setting says (RFC 9568 §6.1). */
  preempts(router: Router, anotherFollows = () => this.isAnyFollowing(router)): boolean {
    const { preempt, priority } = router.configuration;
    return priority === 255 || (preempt && this.#mayPreempt(router, anotherFollows));
  }

  /** A router that would give the role away again, or was just sent away, takes it only when it is free. */
  #mayPreempt(router: Router, anotherFollows: () => boolean): boolean {
    if (this.restraint.standBack !== null || this.clock < router.preemptFrom) return false;
    if (hasSoftFault(this.monitors.values()) || this.#isKeptByOrder(router)) return false;
    return !this.movesTogether() || !anotherFollows();
  }

  /** An operator sent another appliance away, which stands back since; the role stays with the peer that has it. */
  #isKeptByOrder({ state }: Router): boolean {
    const activeAddress = activeAddressOf(state);
    let isOurs = activeAddress === null;
    let ordered = false;
    for (const peer of this.peers.values()) {
      const isHolder = activeAddress !== null && peer.knownBy.includes(activeAddress);
      if (isHolder) isOurs = true;
      // The holder may itself stand back from another virtual router.
      const isSaid = !isHolder && isSpeaking(peer, this.clock) && peer.report?.standsBack === true;
      if (isSaid) ordered = true;
    }
    return isOurs && ordered;
  }

  /** Whether a Backup follows an Active that is at least our equal, besides this one. */
  isAnyFollowing(besides: Router | null = null): boolean {
    for (const other of this.routers.values()) {
      if (other === besides || other.state.kind !== 'Backup') continue;
      if (other.state.followsSuperior) return true;
    }
    return false;
  }
}

class ParametersNow implements Parameters {
  readonly priority: number;
  readonly advertisementInterval: Centiseconds;
  readonly primaryAddress: IpAddress;
  readonly #instance: InstanceState;
  readonly #router: Router;

  constructor(instance: InstanceState, router: Router) {
    this.#instance = instance;
    this.#router = router;
    this.priority = router.effectivePriority;
    this.advertisementInterval = router.configuration.advertisementInterval;
    // Unknown only in Initialize, where nothing is sent or compared.
    this.primaryAddress = router.primaryAddress ?? UNSPECIFIED;
  }

  /** All virtual routers are looked at for it: only a Backup that hears somebody asks, not an Active at every turn. */
  get preempt(): boolean {
    return this.#instance.preempts(this.#router);
  }
}

/** What most packets cause: none. */
const NO_EFFECTS: readonly InstanceEffect[] = [];

/** Stands for an address that is not known yet; it is never sent. */
const UNSPECIFIED = '0.0.0.0' as IpAddress;

/** A new clock reading; the instance's clock never runs backwards. */
export const later = (clock: Instant, now: Instant): Instant => instant(Math.max(now, clock));

/** The virtual router an effect is about. */
export const named = (router: Router): { readonly virtualRouter: string } => ({
  virtualRouter: router.configuration.name,
});

const copyOf = (router: Router): Router => ({
  ...router,
  state: { ...router.state },
  counters: countersOf(router),
});
