// The state of an instance and the one way to change a virtual router: a step of its machine, and
// what follows from it at once. No events from outside (instance.ts), no decisions of the pair.
import { assert } from '../model/assert.js';
import { familyOf, type IpAddress } from '../model/address.js';
import type { Remark } from '../model/advertisement.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { PeerReport } from '../model/peer-report.js';
import type { Report, TransitionReason } from '../model/reasons.js';
import { after, instant, microseconds, type Instant, type Microseconds } from '../model/units.js';
import { agreementOf, type Agreement } from './agreement.js';
import { tieBreaker, type Rank } from './arbiter.js';
import { takenFrom } from './because.js';
import { causeOfReason } from './cause.js';
import { afterFlap, afterTakeover, FLAPS, newConduct, type Conduct } from './conduct.js';
import type { InstanceConfiguration, InstanceEffect } from './interface.js';
import { sawHeld } from './nobody-held.js';
import {
  createPeer,
  isHealthy,
  isSpeaking,
  viewsOf,
  type Peer,
  type PeerView,
  type Place,
} from './peers.js';
import { createRouter, groupRank, releasingOf, type Router } from './router.js';
import {
  activeAddressOf,
  advance,
  backupOf,
  entered,
  hasAddresses,
  type ActiveState,
  type RouterState,
} from './router-state.js';
import { hasSoftFault } from './tracker.js';
import * as machine from './virtual-router.js';

/** What the instance knows of itself and the peers must hear. */
export type OwnStanding = Pick<PeerReport, 'fit' | 'sound' | 'gateway' | 'bandwidthLow'>;

/** An answer to a request to take over is awaited for three check intervals, at least this long. */
export const HANDOVER_MINIMUM = microseconds(100_000);

/** As long as a successor's address script may take: it is ended then. */
export const SCRIPT_PATIENCE = microseconds(5_000_000);

export type Phase = 'new' | 'running' | 'stopped';

export class Stage {
  configuration: InstanceConfiguration;
  agreement: Agreement;
  routers: Map<string, Router>;
  readonly monitors = new Map<string, MonitorStatus>();
  peers: Map<string, Peer>;
  conduct: Conduct = newConduct;
  phase: Phase = 'new';
  /** Never runs backwards. */
  clock: Instant;
  standing: OwnStanding = { fit: false, sound: false, gateway: 'unknown', bandwidthLow: false };
  /** Settings that must agree and do not, by name. */
  differences: readonly string[] = [];
  /** The last report to the peers. */
  told: PeerReport | null = null;
  /** The last order to the hardware bypass; null before the first. */
  bypassOrdered: 'inline' | 'bypass' | null = null;
  /** Something changed on which it depends who may take part, or which the peers must know. */
  unsettled = false;
  #effects: InstanceEffect[] = [];

  constructor(configuration: InstanceConfiguration, now: Instant) {
    const { virtualRouters, peers, peerCheck } = configuration;
    this.configuration = configuration;
    this.agreement = agreementOf(configuration);
    this.clock = now;
    this.routers = new Map(
      virtualRouters.map((router) => [router.name, createRouter(router, true, now)]),
    );
    assert(this.routers.size === virtualRouters.length, 'router names are unique');
    this.peers = new Map(peers.map((peer) => [peer.name, createPeer(peer, peerCheck, now)]));
  }

  /** The effects since the last call, in order. */
  takeEffects(): readonly InstanceEffect[] {
    if (this.#effects.length === 0) return NO_EFFECTS;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  push(effect: InstanceEffect): void {
    this.#effects.push(effect);
  }

  report(report: Report | Remark, detail: string, router?: Router): void {
    this.push({ kind: 'report', ...(router && named(router)), report, detail });
  }

  /** The addresses of a new Active stand. */
  reportTakenOver(router: Router, atMost: Microseconds): void {
    const nobodyHeldAtMostMs = Math.ceil(atMost / 1_000);
    const detail = atMost === 0 ? 'never' : `for at most ${nobodyHeldAtMostMs} ms`;
    const report = 'taken-over';
    this.push({ kind: 'report', ...named(router), report, detail, nobodyHeldAtMostMs });
  }

  /** Of an order that cannot be carried out: why, and what to do. */
  refuse(detail: string, remedy: string, router?: Router): void {
    const subject = router === undefined ? {} : named(router);
    this.push({ kind: 'report', ...subject, report: 'refused', detail, remedy });
  }

  movesTogether(): boolean {
    return this.configuration.mode !== 'active-active';
  }

  placeOf(router: Router): Place {
    const place = this.agreement.places.get(router.configuration.name);
    assert(place !== undefined, 'every virtual router has its place');
    return place;
  }

  /** The healthy peers as this virtual router sees them. */
  views(router: Router): PeerView[] {
    return this.#views(router, isHealthy);
  }

  /**
   * The peers that speak, as this virtual router sees them. After a partition both may be Active:
   * that the other one is needs no proof but its word, while to be relied on takes
   * peerRecoveryThreshold answers.
   */
  speakingViews(router: Router): PeerView[] {
    return this.#views(router, (peer) => isSpeaking(peer, this.clock));
  }

  #views(router: Router, counts: (peer: Peer) => boolean): PeerView[] {
    return this.peers.size === 0 ? [] : viewsOf(this.peers.values(), this.placeOf(router), counts);
  }

  /**
   * The first of the group breaks the ties of all: an appliance whose IPv4 address is the higher one may
   * have the lower IPv6 address, and the two would go to different successors.
   */
  rankOf(router: Router): Rank {
    const { effectivePriority } = router;
    const { family } = this.agreement.first;
    const address = tieBreaker(this.primaryAddresses(), family);
    const holdsPart =
      this.configuration.mode === 'active-passive' &&
      [...this.routers.values()].some(
        (other) => other.state.kind === 'Active' && releasingOf(other) === null,
      );
    const { sound } = this.standing;
    const standsBack = this.conduct.standBack !== null;
    return { priority: effectivePriority, family, address, sound, holdsPart, standsBack };
  }

  /** The addresses we advertise from, at most 8, as the peers are told. */
  primaryAddresses(): readonly IpAddress[] {
    const all = [...this.routers.values()].flatMap(({ primaryAddress }) => primaryAddress ?? []);
    return [...new Set(all)].sort().slice(0, 8);
  }

  /** Until when an answer to a handover is awaited. */
  handoverUntil(from: Instant = this.clock): Instant {
    const wait = Math.max(3 * this.configuration.peerCheck.interval, HANDOVER_MINIMUM);
    return after(from, microseconds(wait));
  }

  /** Asks for a successor. */
  release(router: Router, reason: TransitionReason): void {
    const releasing = {
      reason,
      until: this.handoverUntil(),
      atMost: after(this.clock, SCRIPT_PATIENCE),
    };
    this.step(router, { kind: 'release', releasing });
  }

  step(router: Router, event: machine.Event): void {
    const { state: before } = router;
    const had = hasAddresses(before);
    const { state, effects } = machine.step(
      this.#parameters(router),
      before.machine,
      event,
      this.clock,
    );
    if (!advance(before, state)) router.state = entered(state, before, vacates(event));
    if (event.kind === 'release' || event.kind === 'keep') this.unsettled = true;
    for (const effect of effects) {
      // Of a lease that lapsed it is not known since when the addresses are gone.
      if (effect.kind === 'set-addresses' && had && event.kind !== 'revoked') {
        sawHeld(router, this.clock);
      }
      this.#emit(router, effect, event, before);
    }
  }

  /** Counts a departure that nobody asked for. */
  flap(detail: string): void {
    const { conduct, configuration } = this;
    this.conduct = afterFlap(conduct, configuration.flaps, this.clock);
    if (this.conduct === conduct) return;
    const { flaps, latched } = this.conduct.flaps;
    const { maximum } = configuration.flaps;
    const limit = maximum === 0 ? '' : ` of ${maximum}`;
    this.report('flap', `${flaps.length}${limit}: ${detail}`);
    if (latched && !conduct.flaps.latched) this.report('latched', detail);
  }

  /**
   * Whether this Active only came because it was called: by an operator, or by the farewell of one that is
   * Active all the same. Anybody on the link can say priority 0 in another's name: that must not add up to a
   * standby that is suspended.
   */
  #wasCalled(router: Router, before: ActiveState, reason: TransitionReason): boolean {
    if (before.ordered) return true;
    if (reason !== 'dual-active' || router.reason !== 'priority-zero') return false;
    // A rival is borne for as long as a handover takes, and then must be heard once more.
    return this.clock <= this.handoverUntil(this.handoverUntil(router.since));
  }

  #parameters(router: Router): machine.Parameters {
    const { advertisementInterval } = router.configuration;
    return {
      priority: router.effectivePriority,
      preempt: this.preempts(router),
      advertisementInterval,
      // Unknown only in Initialize, where nothing is sent or compared.
      primaryAddress: router.primaryAddress ?? UNSPECIFIED,
    };
  }

  /** The address owner always preempts, whatever the setting says (RFC 9568 §6.1). */
  preempts(router: Router): boolean {
    const { preempt, priority } = router.configuration;
    return priority === 255 || (preempt && this.#mayPreempt(router));
  }

  /** Who would give the role away again, or has just been sent away, takes it only when it is free. */
  #mayPreempt(router: Router): boolean {
    if (this.conduct.standBack !== null || this.clock < router.preemptFrom) return false;
    if (hasSoftFault(this.monitors.values()) || this.#isKeptByOrder(router)) return false;
    return !this.movesTogether() || !this.#anotherFollowsSuperior(router);
  }

  /** Each virtual router moves alone, and one that was handed over is still elsewhere. */
  #isStillSentAway(): boolean {
    return !this.movesTogether() && [...this.routers.values()].some(({ sentAway }) => sentAway);
  }

  /** One of ours holds it since an operator sent another one away, who stands back: it stays there. */
  #isKeptByOrder({ state }: Router): boolean {
    const activeAddress = activeAddressOf(state);
    let isOurs = activeAddress === null;
    let ordered = false;
    for (const peer of this.peers.values()) {
      const isHolder = activeAddress !== null && peer.knownBy.includes(activeAddress);
      if (isHolder) isOurs = true;
      // The holder itself may stand back from another one.
      const isSaid = !isHolder && isSpeaking(peer, this.clock) && peer.report?.standsBack === true;
      if (isSaid) ordered = true;
    }
    return isOurs && ordered;
  }

  #anotherFollowsSuperior(router: Router): boolean {
    for (const other of this.routers.values()) {
      if (other === router || other.state.kind !== 'Backup') continue;
      if (other.state.followsSuperior) return true;
    }
    return false;
  }

  #emit(router: Router, effect: machine.Effect, cause: machine.Event, before: RouterState): void {
    switch (effect.kind) {
      case 'set-addresses':
        this.push({ kind: 'set-addresses', ...named(router), present: effect.present });
        return;
      case 'announce':
        this.push({ kind: 'announce', ...named(router) });
        return;
      case 'send-advertisement':
        this.advertise(router, effect.priority);
        return;
      case 'transition':
        this.#transition(router, effect, cause, before);
    }
  }

  /** Sends an advertisement: as the machine says, or as a question of the pair (silence.ts). */
  advertise(router: Router, priority: number): void {
    router.counters.advertisementsSent += 1;
    if (priority === 0) router.counters.priorityZeroSent += 1;
    const { primaryAddress: source, sending: dialect } = router;
    assert(typeof source === 'string', 'who takes part has an address to send from');
    const alsoTo = this.#unicastTo(router);
    const virtualRouter = router.configuration.name;
    this.push({ kind: 'send-advertisement', virtualRouter, priority, source, dialect, alsoTo });
  }

  /**
   * Peers on the virtual router's link that asked for its advertisements by unicast, at the addresses that
   * they advertise from: the path's own may be of another family, and IPv6 advertisements come from
   * link-local addresses (RFC 9568 §5.1.2.1), which no path has.
   */
  #unicastTo(router: Router): readonly IpAddress[] {
    if (this.peers.size === 0) return NOBODY;
    const { family } = router.configuration;
    return this.views(router).flatMap(({ router: theirs, lanPath, report }) => {
      if (theirs?.wantsUnicast !== true || lanPath === null) return [];
      const { address } = lanPath;
      if (family === 'ipv4' && familyOf(address) === 'ipv4') return [address];
      return report.primaryAddresses.filter((one) => familyOf(one) === family);
    });
  }

  #transition(
    router: Router,
    effect: Extract<machine.Effect, { kind: 'transition' }>,
    cause: machine.Event,
    before: RouterState,
  ): void {
    const { from, to, reason } = effect;
    this.unsettled = true;
    const isFlap =
      before.kind === 'Active' && FLAPS.has(reason) && !this.#wasCalled(router, before, reason);
    router.reason = reason;
    router.because =
      to === 'Active'
        ? takenFrom(this, router, activeAddressOf(before))
        : causeOfReason(this, router, reason);
    router.since = this.clock;
    router.counters.transitions += 1;
    const { because, effectivePriority } = router;
    this.push({
      kind: 'transition',
      ...named(router),
      from,
      to,
      reason,
      because,
      effectivePriority,
    });
    if (to === 'Active') {
      router.sentAway = false;
      this.conduct = afterTakeover(this.conduct, this.#isStillSentAway());
    }
    if (isFlap) this.flap(reason);
    if (from === 'Active') this.conduct = { ...this.conduct, excused: [] };
    if (cause.kind === 'advertisement' && reason === 'preempted') {
      this.#sayStranger(router, cause);
    }
    if (cause.kind === 'advertisement' && reason === 'preempted' && this.movesTogether()) {
      this.#moveThoseBehind(router, cause.source);
    }
  }

  /** A router that is none of our peers took the role: who it was is worth more than that it was better. */
  #sayStranger(
    router: Router,
    { source, priority }: Extract<machine.Event, { kind: 'advertisement' }>,
  ): void {
    const isPeer = [...this.peers.values()].some(({ knownBy }) => knownBy.includes(source));
    if (this.peers.size > 0 && !isPeer)
      this.report('stranger-active', `${source} with priority ${priority}`, router);
  }

  /**
   * A better Active has taken this one's role: those behind it in the group's order follow. Not
   * those before it: two appliances that each win one of two virtual routers would both give up the
   * other one, for ever. Nor does anything follow a stranger: what it wants of the others it takes
   * itself, and what is given up meanwhile would go to somebody else.
   */
  #moveThoseBehind(mover: Router, superior: IpAddress): void {
    backupOf(mover).followsSuperior = true;
    if (this.#isStranger(superior)) return;
    const rank = groupRank(mover.configuration);
    for (const router of this.routers.values()) {
      if (groupRank(router.configuration) <= rank) continue;
      // A peer that has taken one is about to take the others: they stay until it has them.
      if (this.#canTakeOver(router, superior)) this.release(router, 'group-moved');
      else this.step(router, { kind: 'yield', reason: 'group-moved' });
    }
  }

  /** Known to be none of the peers, since all of them speak and say where they advertise from. */
  #isStranger(address: IpAddress): boolean {
    if (this.peers.size === 0) return false;
    return [...this.peers.values()].every(
      (peer) =>
        isSpeaking(peer, this.clock) && peer.knownBy.length > 0 && !peer.knownBy.includes(address),
    );
  }

  #canTakeOver(router: Router, superior: IpAddress): boolean {
    // It need not answer reliably yet: it has just advertised itself.
    return this.speakingViews(router).some(
      ({ peer, report, router: theirs }) =>
        peer.knownBy.includes(superior) && report.fit && theirs !== null,
    );
  }
}

const NOBODY: readonly IpAddress[] = [];

/** What most packets cause. */
const NO_EFFECTS: readonly InstanceEffect[] = [];

/** What makes an Active leave without another one being there. */
const LEAVING: ReadonlySet<machine.Event['kind']> = new Set(['shutdown', 'yield', 'deadline']);

/** Two that yield to each other at once, each by what it last heard, find out by this. */
const vacates = (event: machine.Event): boolean =>
  LEAVING.has(event.kind) || (event.kind === 'successor' && event.reason === 'dual-active');

/** Stands for an address not known yet; never sent. */
const UNSPECIFIED = '0.0.0.0' as IpAddress;

/** A new clock reading; the instance's clock never runs backwards. */
export const later = (clock: Instant, now: Instant): Instant => instant(Math.max(now, clock));

const named = (router: Router): { readonly virtualRouter: string } => ({
  virtualRouter: router.configuration.name,
});
