// The virtual routers of one appliance and the rules between them: where every event enters the core, and every
// effect leaves it. No sockets, no timers, no wall clock, no promises: events in, effects out, in order.
//
// One event goes through in three parts, and each file has one of them:
//
//   what happened    router-events (advertisements, timers, addresses), peer-events (reports, silence, paths),
//                    operations (an operator's orders), reconfigure (new settings)
//   what follows     sight (the evidence about one virtual router) -> decisions/ (a verdict, by a row of
//                    decisions/rows.ts) -> apply (carries it out) -> step (steps the machine, and what comes of it)
//   who takes part   settle: fitness, priorities (tracker), the operator's wishes and flaps (conduct), the peers' news
//
// Below them, without knowing them: stage holds the state of it all; router and router-state hold one virtual
// router, its state and what is known in that state only; peers and peer-check hold the peers and their paths;
// virtual-router, active and machine are the state machine of RFC 9568, which knows no peers, only orders. Small ones:
// agreement (settings that must agree), successors (objections to an order), because and cause (words for a reason),
// nobody-held, empty-handed, announcements, address-defence, flap-counter, timing, soonest, observe.
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
import type { MonitorStatus } from '../model/monitor.js';
import type { PeerReport } from '../model/peer-report.js';
import type { IpAddress } from '../model/address.js';
import type { PeerSight } from '../model/status.js';
import type { Instant, Microseconds } from '../model/units.js';
import { causeOf } from './cause.js';
import { bypassDesired, memoryOf, type Conduct } from './fitness/restraint.js';
import { recentFlaps } from './fitness/flap-counter.js';
import type {
  Deadline,
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
  InstanceSnapshot,
} from './interface.js';
import { operate, sayWhoIsMissed } from './operations.js';
import {
  excusePeers,
  passPeerDeadlines,
  peerDeadlines,
  setPathInterface,
  takeReport,
} from './peer-events.js';
import { peerSights } from './peers/peer-sights.js';
import { isStranger, type Peer } from './peers/peers.js';
import { reconfigure } from './reconfigure.js';
import { countersOf, type Router } from './machine/router.js';
import { passRouterDeadline, routerDeadlines, takeForRouter } from './router-events.js';
import { nobodyHeldOf, snapshotOf } from './router-snapshot.js';
import { settle } from './settle.js';
import { isAlone, prospectsOf } from './successors.js';
import { Soonest } from './soonest.js';
import { later, NO_DECISIONS, Stage, type Decision, type OwnFitness, type Phase } from './instance-state.js';
import { flap, step } from './step.js';

/** The whole state of an instance as plain data: what a recording starts from. */
export interface InstanceCheckpoint {
  readonly configuration: InstanceConfiguration;
  readonly routers: readonly Router[];
  readonly monitors: readonly MonitorStatus[];
  readonly peers: readonly Peer[];
  readonly conduct: Conduct;
  readonly fitness: OwnFitness;
  readonly differences: readonly string[];
  readonly told: PeerReport | null;
  readonly bypassOrdered: 'inline' | 'bypass' | null;
  readonly phase: Phase;
  readonly clock: Instant;
}

export class Instance {
  readonly #stage: Stage;

  constructor(configuration: InstanceConfiguration, now: Instant) {
    this.#stage = new Stage(configuration, now);
  }

  /**
   * Takes one event that happened at `now`. The instance's clock never runs backwards: a packet
   * that arrived before the last deadline was handled counts as arriving with it.
   * @returns the effects, to be carried out in this order.
   */
  handle(event: InstanceEvent, now: Instant): readonly InstanceEffect[] {
    const stage = this.#stage;
    stage.clock = later(stage.clock, now);
    stage.decisions = NO_DECISIONS;
    stage.unsettled = !SAYS_SO_ITSELF.has(event.kind);
    take(stage, event);
    settle(stage);
    return stage.takeEffects();
  }

  /** What the last event led to, in order: which row of the decision table applied to which virtual router. */
  decisions(): readonly Decision[] {
    return this.#stage.decisions;
  }

  /** When to call `handle({ kind: 'deadline' })` next; null for never. */
  nextDeadline(): Deadline | null {
    const soonest = new Soonest();
    for (const router of this.#stage.routers.values()) routerDeadlines(router, soonest);
    peerDeadlines(this.#stage, soonest);
    return soonest.deadline;
  }

  /** A copy that later events do not change; survives JSON. */
  checkpoint(): InstanceCheckpoint {
    const { configuration, routers, monitors, peers, conduct, phase, clock, ...rest } = this.#stage;
    const { fitness, differences, told, bypassOrdered } = rest;
    return {
      configuration,
      routers: [...routers.values()].map(copyOf),
      monitors: [...monitors.values()],
      peers: [...peers.values()].map((peer) => ({ ...peer })),
      conduct,
      fitness,
      differences,
      told,
      bypassOrdered,
      phase,
      clock,
    };
  }

  /** The instance as it was at the checkpoint. */
  static restore(checkpoint: InstanceCheckpoint): Instance {
    const { configuration, routers, monitors, peers, clock, ...rest } = checkpoint;
    const instance = new Instance(configuration, clock);
    const stage = instance.#stage;
    for (const router of routers) stage.routers.set(router.configuration.name, copyOf(router));
    for (const status of monitors) stage.monitors.set(status.name, status);
    for (const peer of peers) stage.peers.set(peer.configuration.name, { ...peer });
    Object.assign(stage, rest);
    return instance;
  }

  /** Flaps within the window. */
  flapCount(now: Instant): number {
    const { conduct, configuration } = this.#stage;
    return recentFlaps(conduct.flaps, configuration.flaps, now).length;
  }

  /** Whether an advertisement from `source` is known to be from none of the peers. */
  isStranger(source: IpAddress): boolean {
    return isStranger([...this.#stage.peers.values()], source);
  }

  /** What the peers that speak say of a virtual router; empty for a name that there is not. */
  peerSights(virtualRouter: string): readonly PeerSight[] {
    const { agreement, peers, clock } = this.#stage;
    const place = agreement.places.get(virtualRouter);
    return place === undefined ? [] : peerSights(peers.values(), place, clock);
  }

  /** The virtual router is Active, its addresses stand: for how long nobody had them, in µs. Null: not known. */
  nobodyHeld(virtualRouter: string): Microseconds | null {
    const router = this.#stage.routers.get(virtualRouter);
    return router === undefined ? null : nobodyHeldOf(router.state);
  }

  /** What each monitor says, for whoever needs no more of the snapshot than that. */
  monitors(): readonly MonitorStatus[] {
    return [...this.#stage.monitors.values()];
  }

  snapshot(now: Instant): InstanceSnapshot {
    const stage = this.#stage;
    const { configuration, routers, monitors, peers, conduct, differences } = stage;
    const { fit, sound } = stage.fitness;
    const cause = causeOf(stage);
    return {
      mode: configuration.mode,
      virtualRouters: [...routers.values()].map((router) =>
        snapshotOf(router, [...peers.values()], now),
      ),
      monitors: [...monitors.values()],
      peers: [...peers.values()].map((peer) => ({ ...peer })),
      memory: memoryOf(conduct),
      bypass: { desired: bypassDesired(conduct, configuration), actual: conduct.bypassActual },
      flapCount: this.flapCount(now),
      differences,
      own: { fit, sound, ...(cause === undefined ? {} : { cause }) },
      prospects: prospectsOf(stage),
      isAlone: isAlone(stage),
    };
  }
}

/** Packets and timers are many: what takes them says when they have changed something. */
const SAYS_SO_ITSELF: ReadonlySet<InstanceEvent['kind']> = new Set([
  'advertisement',
  'peer-report',
  'deadline',
]);

function take(stage: Stage, event: InstanceEvent): void {
  switch (event.kind) {
    case 'start':
      if (stage.phase !== 'new') return;
      stage.phase = 'running';
      excusePeers(stage);
      return;
    case 'stop':
      sayWhoIsMissed(stage);
      stage.phase = 'stopped';
      return;
    case 'configure':
      reconfigure(stage, event.configuration);
      return;
    case 'monitor':
      stage.monitors.set(event.status.name, event.status);
      return;
    case 'monitor-removed':
      stage.monitors.delete(event.name);
      return;
    case 'deadline':
      for (const router of stage.routers.values()) passRouterDeadline(stage, router);
      passPeerDeadlines(stage);
      return;
    case 'remember':
      stage.conduct = { ...stage.conduct, ...event.memory, heldSinceFlap: event.crashed };
      if (!event.crashed) return;
      flap(stage, 'the agent ended while it was Active');
      for (const { state } of stage.routers.values()) {
        if (state.kind !== 'Active') state.vacated = true;
      }
      return;
    case 'operator':
      operate(stage, event);
      return;
    case 'bypass-state':
      stage.conduct = { ...stage.conduct, bypassActual: event.actual };
      return;
    case 'peer-report':
      takeReport(stage, event);
      return;
    case 'path-interface':
      setPathInterface(stage, event);
      return;
    case 'stalled':
    case 'revoked':
      stage.report('stalled', 'what arrived meanwhile is heard first');
      excusePeers(stage);
      for (const router of stage.routers.values()) step(stage, router, event);
      return;
    case 'primary-address':
    case 'socket':
    case 'advertisement':
    case 'addresses-present':
    case 'addresses-removed':
    case 'addresses-failed':
      takeForRouter(stage, event);
  }
}

const copyOf = (router: Router): Router => ({
  ...router,
  state: { ...router.state },
  counters: countersOf(router),
});
