// The virtual routers of one appliance and the rules between them: where every event enters the core, and every
// effect leaves it. No sockets, no timers, no wall clock, no promises: events in, effects out, in order.
//
// One event goes through in three parts, and each file has one of them:
//
//   what happened    router-events (advertisements, timers, addresses), peer-events (reports, silence, paths),
//                    operations (an operator's orders), reconfigure (new settings)
//   what follows     instance-sight gathers the evidence about one virtual router (leadership: about its group) ->
//                    decisions/ gives a verdict, which names a row of decisions/rows -> apply carries it out -> step
//                    steps the machine, and does what follows from the step itself
//   who takes part   settle: fitness, priorities, the operator's wishes, flaps, and what the peers are told
//
// Below them are four rooms, each of which knows only what is named:
//
//   machine/         the state machine of RFC 9568: states (states, events, effects), virtual-router (a step), active;
//                    router and router-state hold one virtual router and what is known in one state only; observe,
//                    announcements, address-defence, timing. It knows no peers, only orders.
//   fitness/         fitness (own faults), tracker (priorities), restraint (operators, flaps), flap-counter. It knows no
//                    virtual routers.
//   peers/           peers and peer-check (the peers, their paths, what they said), sight (what evidence is). It knows
//                    the types of machine/.
//   decisions/       the decision table (rows) and its branches: takeover, silence, handover, rivals, group, witness,
//                    and the questions that they share: candidates, empty-handed. It knows machine/ and peers/.
//
// The witness has two files beside this one: witness (facts in, orders out) and witness-sight (what they amount to); what
// is known of it is peers/witnessed.
//
// Beside this file: instance-state holds the state of it all; interface has the types of events, effects, settings;
// router-snapshot is a virtual router from outside; agreement compares settings with the peers'; successors has
// objections to an order; because and cause put reasons into words; check-plan is what others
// need to make the checks; nobody-held, soonest.
//
// Nobody calls upwards: instance -> events, settle -> decisions, apply -> step -> machine. A decision changes nothing
// and sees nothing but its sight; only apply reads what a verdict asks for.
//
// The states of a virtual router and what leads from one to another (test/core/machine/transitions.test.ts compares):
//
//   Initialize  startup        Backup
//   Initialize  startup        Active      the address owner (priority 255)
//   Backup      deadline       Active      the Active_Down_Timer has fired
//   Backup      take-over      Active      by agreement, after priority 0, or from a dead one
//   Backup      shutdown       Initialize
//   Active      advertisement  Backup      a better one; any, while we hand over, listen or lost our addresses
//   Active      deadline       Backup      nobody came for the role that we must give up
//   Active      successor      Backup      a peer is Active, by its word over the HA port
//   Active      yield          Backup      our addresses cannot be kept, or the group is elsewhere
//   Active      revoked        Backup      the lease lapsed while we hung
//   Active      shutdown       Initialize
//
// In active-passive mode the virtual routers move together: a fault of one is a fault of all; one that loses the role
// to a better Active takes those behind it along; and none preempts while another still follows an Active that is at
// least its equal.
import type { CheckPlan } from '../model/check-plan.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { IpAddress } from '../model/address.js';
import type { PeerSight } from '../model/status.js';
import type { Instant, Microseconds } from '../model/units.js';
import { causeOf } from './cause.js';
import { checkPlan, takeChecked } from './check-plan.js';
import { bypassDesired, memoryOf } from './fitness/restraint.js';
import { recentFlaps } from './fitness/flap-counter.js';
import type {
  Deadline,
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
  InstanceSnapshot,
} from './interface.js';
import { operate, reportNoSuccessor } from './operations.js';
import {
  checkDeadlines,
  excusePeers,
  passPeerDeadlines,
  peerDeadlines,
  setPathInterface,
  takeReport,
} from './peer-events.js';
import { peerSights } from './peers/peer-sights.js';
import { isStranger } from './peers/peers.js';
import { reconfigure } from './reconfigure.js';
import { isConfirmation, isRepetition } from './repetition.js';
import { passRouterDeadline, routerDeadlines, takeForRouter } from './router-events.js';
import { nobodyHeldOf, snapshotOf } from './router-snapshot.js';
import { settle } from './settle.js';
import { isAlone, prospectsOf } from './successors.js';
import { Soonest } from './soonest.js';
import {
  InstanceState,
  later,
  NO_DECISIONS,
  type Decision,
  type InstanceCheckpoint,
} from './instance-state.js';
import { flap, step } from './step.js';
import {
  followWitness,
  takeFact,
  takeSuspension,
  watchTheLease,
  witnessDeadlines,
} from './witness.js';
import { witnessSnapshot } from './witness-sight.js';

export class Instance {
  #state: InstanceState;

  constructor(configuration: InstanceConfiguration, now: Instant) {
    this.#state = new InstanceState(configuration, now);
  }

  /**
   * Takes one event that happened at `now`. The instance's clock never runs backwards: a packet
   * that arrived before the last deadline was handled counts as arriving with it.
   * @returns the effects, to be carried out in this order.
   */
  handle(event: InstanceEvent, now: Instant): readonly InstanceEffect[] {
    const state = this.#state;
    state.clock = later(state.clock, now);
    state.happenedAt = now;
    state.decisions = NO_DECISIONS;
    state.onlyDelayed = false;
    state.unsettled = !SAYS_SO_ITSELF.has(event.kind);
    state.restated = null;
    take(state, event);
    settle(state);
    followWitness(state);
    return state.takeEffects();
  }

  /**
   * Whether the last event has put off what was waited for, at most: what `nextDeadline` answered before is not
   * later than what it would answer now.
   */
  get onlyDelayed(): boolean {
    return this.#state.onlyDelayed;
  }

  /** Whether this advertisement, were it heard now, would re-arm the Active_Down_Timer and do nothing else. */
  isRepetition(event: Extract<InstanceEvent, { kind: 'advertisement' }>): boolean {
    const router = this.#state.routers.get(event.virtualRouter);
    return router !== undefined && isRepetition(this.#state, router, event);
  }

  /** Whether this message of a peer, were it heard now, would change nothing but when the peer was heard. */
  isConfirmation(event: Extract<InstanceEvent, { kind: 'peer-report' }>): boolean {
    return isConfirmation(this.#state, event);
  }

  /** What the last event led to, in order: which row of the decision table applied to which virtual router. */
  decisions(): readonly Decision[] {
    return this.#state.decisions;
  }

  /** How the checks go on without us, as long as nothing follows from them; null where something may. */
  checkPlan(): CheckPlan | null {
    return checkPlan(this.#state);
  }

  /**
   * When to call `handle({ kind: 'deadline' })` next; null for never.
   * @param checks whether the checks are ours; others make them by a `checkPlan`.
   */
  nextDeadline(checks = true): Deadline | null {
    const soonest = new Soonest();
    for (const router of this.#state.routers.values()) routerDeadlines(router, soonest);
    if (checks) checkDeadlines(this.#state, soonest);
    peerDeadlines(this.#state, soonest);
    witnessDeadlines(this.#state, soonest);
    return soonest.deadline;
  }

  /** A copy that later events do not change; survives JSON. */
  checkpoint(): InstanceCheckpoint {
    return this.#state.checkpoint();
  }

  /** The instance as it was at the checkpoint. */
  static restore(checkpoint: InstanceCheckpoint): Instance {
    const instance = new Instance(checkpoint.configuration, checkpoint.clock);
    instance.#state = InstanceState.restore(checkpoint);
    return instance;
  }

  /** Flaps within the window. */
  flapCount(now: Instant): number {
    const { restraint, configuration } = this.#state;
    return recentFlaps(restraint.flaps, configuration.flaps, now).length;
  }

  /** Whether an advertisement from `source` is known to be from none of the peers. */
  isStranger(source: IpAddress): boolean {
    return isStranger([...this.#state.peers.values()], source);
  }

  /** What the peers that speak say of a virtual router; empty for a name that there is not. */
  peerSights(virtualRouter: string): readonly PeerSight[] {
    const { agreement, peers, clock } = this.#state;
    const place = agreement.places.get(virtualRouter);
    return place === undefined ? [] : peerSights(peers.values(), place, clock);
  }

  /** The virtual router is Active, its addresses stand: for how long nobody had them, in µs. Null: not known. */
  nobodyHeld(virtualRouter: string): Microseconds | null {
    const router = this.#state.routers.get(virtualRouter);
    return router === undefined ? null : nobodyHeldOf(router.state);
  }

  /** What each monitor says, for callers that need nothing else of the snapshot. */
  monitors(): readonly MonitorStatus[] {
    return [...this.#state.monitors.values()];
  }

  snapshot(now: Instant): InstanceSnapshot {
    const state = this.#state;
    const { configuration, routers, monitors, peers, restraint, differences } = state;
    const { fit, sound } = state.fitness;
    const cause = causeOf(state);
    return {
      mode: configuration.mode,
      virtualRouters: [...routers.values()].map((router) =>
        snapshotOf(router, [...peers.values()], now),
      ),
      monitors: [...monitors.values()],
      peers: [...peers.values()].map((peer) => ({ ...peer })),
      memory: memoryOf(restraint),
      bypass: { desired: bypassDesired(restraint, configuration), actual: restraint.bypassActual },
      flapCount: this.flapCount(now),
      differences,
      own: { fit, sound, ...(cause === undefined ? {} : { cause }) },
      prospects: prospectsOf(state),
      isAlone: isAlone(state),
      witness: witnessSnapshot(state),
    };
  }
}

/** There are many packets, timers and addresses, so the code that takes them says itself when something has changed. */
const SAYS_SO_ITSELF: ReadonlySet<InstanceEvent['kind']> = new Set([
  'addresses-present',
  'advertisement',
  'peer-report',
  'checked',
  'deadline',
]);

function take(instance: InstanceState, event: InstanceEvent): void {
  switch (event.kind) {
    case 'start':
      if (instance.phase !== 'new') return;
      instance.phase = 'running';
      excusePeers(instance);
      return;
    case 'stop':
      reportNoSuccessor(instance);
      instance.phase = 'stopped';
      return;
    case 'configure':
      reconfigure(instance, event.configuration);
      return;
    case 'monitor':
      instance.monitors.set(event.status.name, event.status);
      return;
    case 'monitor-removed':
      instance.monitors.delete(event.name);
      return;
    case 'deadline':
      for (const router of instance.routers.values()) passRouterDeadline(instance, router);
      passPeerDeadlines(instance);
      watchTheLease(instance);
      return;
    case 'remember':
      if (instance.phase !== 'new') return;
      instance.restraint = { ...instance.restraint, ...event.memory, heldSinceFlap: event.crashed };
      if (!event.crashed) return;
      flap(instance, 'the agent ended while it was Active');
      for (const { state } of instance.routers.values()) {
        if (state.kind !== 'Active') state.vacated = true;
      }
      return;
    case 'operator':
      operate(instance, event);
      return;
    case 'bypass-state':
      instance.restraint = { ...instance.restraint, bypassActual: event.actual };
      return;
    case 'peer-report':
      takeReport(instance, event);
      return;
    case 'checked':
      takeChecked(instance, event);
      return;
    case 'path-interface':
      setPathInterface(instance, event);
      return;
    case 'witness':
      takeFact(instance, event.fact);
      return;
    case 'suspended':
      takeSuspension(instance, event.by);
      return;
    case 'stalled':
    case 'revoked':
      instance.report('stalled', 'what arrived meanwhile is heard first');
      excusePeers(instance);
      for (const router of instance.routers.values()) step(instance, router, event);
      return;
    case 'primary-address':
    case 'socket':
    case 'advertisement':
    case 'addresses-present':
    case 'addresses-removed':
    case 'addresses-failed':
      takeForRouter(instance, event);
  }
}
