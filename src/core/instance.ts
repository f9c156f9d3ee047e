// The virtual routers of one appliance and the rules between them: the one container of core. No
// sockets, no timers, no wall clock, no promises: events in, effects out, in order.
//
// In active-passive mode the virtual routers move together (DESIGN: roles): a fault of one is a
// fault of all; one that loses the role to a better Active takes those behind it along; and none
// preempts while another still follows an Active that is at least its equal.
import { assert } from '../model/assert.js';
import { formatAddressWithPrefix, type IpAddress } from '../model/address.js';
import type { Remark } from '../model/advertisement.js';
import type { MonitorStatus } from '../model/monitor.js';
import type { FaultReason, Report, TransitionReason } from '../model/reasons.js';
import { instant, type Instant } from '../model/units.js';
import { addressRemoved, expireYield, standBack } from './address-defence.js';
import type {
  Deadline,
  InstanceConfiguration,
  InstanceEffect,
  InstanceEvent,
  InstanceSnapshot,
} from './interface.js';
import { canSayFarewell, isKnown, ownFault, startupReason } from './fitness.js';
import { observe } from './observe.js';
import {
  countersOf,
  createRouter,
  deadlinesOf,
  groupRank,
  sameAddresses,
  sameRouter,
  snapshotOf,
  type Router,
  type RouterConfiguration,
} from './router.js';
import { judge } from './tracker.js';
import * as machine from './virtual-router.js';

/** The whole state of an instance as plain data: what a recording starts from. */
export interface InstanceCheckpoint {
  readonly configuration: InstanceConfiguration;
  readonly routers: readonly Router[];
  readonly monitors: readonly MonitorStatus[];
  readonly phase: 'new' | 'running' | 'stopped';
  readonly clock: Instant;
}

export class Instance {
  #configuration: InstanceConfiguration;
  #routers: Map<string, Router>;
  readonly #monitors = new Map<string, MonitorStatus>();
  #phase: 'new' | 'running' | 'stopped' = 'new';
  #clock: Instant;
  #effects: InstanceEffect[] = [];

  constructor(configuration: InstanceConfiguration, now: Instant) {
    this.#configuration = configuration;
    this.#clock = now;
    this.#routers = new Map(
      configuration.virtualRouters.map((router) => [router.name, createRouter(router, true, now)]),
    );
    assert(this.#routers.size === configuration.virtualRouters.length, 'router names are unique');
  }

  /**
   * Takes one event that happened at `now`. The instance's clock never runs backwards: a packet
   * that arrived before the last deadline was handled counts as arriving with it.
   * @returns the effects, to be carried out in this order.
   */
  handle(event: InstanceEvent, now: Instant): readonly InstanceEffect[] {
    this.#clock = instant(Math.max(now, this.#clock));
    this.#effects = [];
    this.#take(event);
    this.#settle();
    return this.#effects;
  }

  /** When to call `handle({ kind: 'deadline' })` next; null for never. */
  nextDeadline(): Deadline | null {
    let soonest: Deadline | null = null;
    for (const [virtualRouter, router] of this.#routers) {
      for (const candidate of deadlinesOf(router)) {
        if (soonest === null || candidate.at < soonest.at)
          soonest = { ...candidate, virtualRouter };
      }
    }
    return soonest;
  }

  /** A copy that later events do not change; survives JSON. */
  checkpoint(): InstanceCheckpoint {
    return {
      configuration: this.#configuration,
      routers: [...this.#routers.values()].map((router) => ({
        ...router,
        counters: countersOf(router),
      })),
      monitors: [...this.#monitors.values()],
      phase: this.#phase,
      clock: this.#clock,
    };
  }

  /** The instance as it was at the checkpoint. */
  static restore(checkpoint: InstanceCheckpoint): Instance {
    const instance = new Instance(checkpoint.configuration, checkpoint.clock);
    for (const router of checkpoint.routers) {
      instance.#routers.set(router.configuration.name, { ...router, counters: countersOf(router) });
    }
    for (const status of checkpoint.monitors) instance.#monitors.set(status.name, status);
    instance.#phase = checkpoint.phase;
    return instance;
  }

  snapshot(now: Instant): InstanceSnapshot {
    return {
      mode: this.#configuration.mode,
      virtualRouters: [...this.#routers.values()].map((router) => snapshotOf(router, now)),
      monitors: [...this.#monitors.values()],
    };
  }

  #take(event: InstanceEvent): void {
    switch (event.kind) {
      case 'start':
        if (this.#phase === 'new') this.#phase = 'running';
        return;
      case 'stop':
        this.#phase = 'stopped';
        return;
      case 'configure':
        this.#configure(event.configuration);
        return;
      case 'monitor':
        this.#monitors.set(event.status.name, event.status);
        return;
      case 'deadline':
        for (const router of this.#routers.values()) this.#deadline(router);
        return;
      case 'primary-address':
      case 'socket':
      case 'advertisement':
      case 'addresses-present':
      case 'addresses-removed':
      case 'addresses-failed':
        this.#takeForRouter(event);
    }
  }

  #takeForRouter(event: Extract<InstanceEvent, { virtualRouter: string }>): void {
    const router = this.#routers.get(event.virtualRouter);
    // A script or packet may still speak of a virtual router that a reload has removed meanwhile.
    if (router === undefined) return;
    switch (event.kind) {
      case 'primary-address':
        router.primaryAddress = event.address;
        return;
      case 'socket':
        router.socketOpen = event.open;
        return;
      case 'advertisement':
        this.#advertisement(router, event);
        return;
      case 'addresses-present':
        this.#step(router, { kind: 'addresses-present' });
        return;
      case 'addresses-removed':
        this.#addressesRemoved(router);
        return;
      case 'addresses-failed':
        this.#addressesFailed(router, event.detail);
    }
  }

  #advertisement(router: Router, event: Extract<InstanceEvent, { kind: 'advertisement' }>): void {
    for (const { report, detail } of observe(router, event, this.#clock)) {
      this.#report(router, report, detail);
    }
    const { advertisement, source } = event;
    this.#step(router, {
      kind: 'advertisement',
      priority: advertisement.priority,
      interval: advertisement.maxAdvertiseInterval,
      source,
    });
    if (router.machine.kind !== 'Backup') return;
    const followed = router.followsSuperior;
    router.followsSuperior = advertisement.priority >= router.effectivePriority;
    router.activeAddress = advertisement.priority === 0 ? null : source;
    if (!followed && router.followsSuperior) this.#successorHeard(router);
  }

  /** One that yielded has a successor now; until then the others had nobody to move to. */
  #successorHeard(router: Router): void {
    if (router.defence.yieldingUntil === null) return;
    for (const other of this.#routers.values()) {
      if (other !== router) this.#step(other, { kind: 'yield', reason: 'group-moved' });
    }
  }

  #deadline(router: Router): void {
    router.defence = expireYield(router.defence, this.#clock);
    const at = machine.nextDeadline(router.machine);
    if (at !== null && at <= this.#clock) this.#step(router, { kind: 'deadline' });
  }

  #addressesRemoved(router: Router): void {
    if (router.machine.kind !== 'Active') return;
    const { state, decision } = addressRemoved(router.defence, this.#clock);
    router.defence = state;
    if (decision === 'yield') {
      this.#yield(router, 'address-lost', 'removed again after 5 restorations within 10 s');
      return;
    }
    this.#report(router, 'address-restored', `restoration ${state.restorations.length} of 5`);
    this.#step(router, { kind: 'addresses-missing' });
  }

  #addressesFailed(router: Router, detail: string): void {
    if (router.machine.kind !== 'Active') return;
    router.defence = standBack(this.#clock);
    this.#yield(router, 'address-failed', detail);
  }

  /** Priority 1 first, so that the Backup's timer is that of the last resort. */
  #yield(router: Router, reason: TransitionReason, detail: string): void {
    this.#report(router, 'address-yielded', detail);
    this.#reassess(router);
    this.#step(router, { kind: 'yield', reason });
  }

  /** Applies the difference; a virtual router that did not change does not notice. */
  #configure(configuration: InstanceConfiguration): void {
    const previous = this.#routers;
    this.#configuration = configuration;
    const kept = new Map<string, Router>();
    for (const wanted of configuration.virtualRouters) {
      const known = previous.get(wanted.name);
      if (known === undefined || !sameRouter(known.configuration, wanted)) continue;
      kept.set(wanted.name, known);
    }
    for (const [name, router] of previous) {
      if (kept.has(name)) continue;
      this.#shutDown(router, 'settings-changed');
    }
    this.#routers = new Map(
      configuration.virtualRouters.map((wanted) => {
        const router = kept.get(wanted.name);
        if (router === undefined) return [wanted.name, createRouter(wanted, false, this.#clock)];
        this.#reconfigure(router, wanted);
        return [wanted.name, router];
      }),
    );
    this.#forgetMonitors();
  }

  /** What is known of an interface that no virtual router uses any longer holds nobody back. */
  #forgetMonitors(): void {
    const used = new Set(this.#configuration.virtualRouters.map((router) => router.interface));
    for (const [name, status] of this.#monitors) {
      if (status.weight !== 'hard' || status.interface === undefined) continue;
      if (!used.has(status.interface)) this.#monitors.delete(name);
    }
  }

  #reconfigure(router: Router, wanted: RouterConfiguration): void {
    const before = router.configuration;
    router.configuration = wanted;
    if (wanted.checksum !== 'auto') router.sending = wanted.checksum;
    if (before.advertisementInterval !== wanted.advertisementInterval) {
      this.#step(router, {
        kind: 'parameters-changed',
        previousPriority: router.effectivePriority,
      });
    }
    const moved = !sameAddresses(
      before.addresses.map(formatAddressWithPrefix),
      wanted.addresses.map(formatAddressWithPrefix),
    );
    if (moved) this.#step(router, { kind: 'addresses-missing' });
  }

  /** After every event: who may take part, and with which priority. */
  #settle(): void {
    for (const router of this.#routers.values()) this.#reassess(router);
    if (this.#phase === 'new') return;
    const routers = [...this.#routers.values()];
    const groupFault = routers.some(
      (router) => router.joined && ownFault(router, this.#monitors.values()) !== null,
    );
    for (const router of routers) {
      const obstacle = this.#obstacle(ownFault(router, this.#monitors.values()), groupFault);
      if (obstacle !== null) this.#keepOut(router, obstacle);
      else if (isKnown(router)) this.#letIn(router);
    }
  }

  #obstacle(own: FaultReason | null, groupFault: boolean): TransitionReason | null {
    if (this.#phase === 'stopped') return 'shutdown';
    if (this.#configuration.mode === 'off') return 'mode-off';
    return own ?? (groupFault ? 'group-fault' : null);
  }

  #keepOut(router: Router, reason: TransitionReason): void {
    if (router.machine.kind !== 'Initialize') {
      this.#shutDown(router, reason);
      return;
    }
    if (router.reason === reason) return;
    router.reason = reason;
    // Who stops waits for nothing any more.
    if (reason !== 'shutdown') this.#report(router, 'waiting', reason);
  }

  /** With a farewell unless the interface is dead: a fault elsewhere must not cost the peer time. */
  #shutDown(router: Router, reason: TransitionReason): void {
    const farewell = canSayFarewell(router, this.#monitors.values());
    this.#step(router, { kind: 'shutdown', reason, farewell });
  }

  #letIn(router: Router): void {
    router.joined = true;
    if (router.machine.kind !== 'Initialize') return;
    this.#step(router, { kind: 'startup', reason: startupReason(router.reason) });
  }

  /** Recomputes the effective priority, and tells the machine when it changed. */
  #reassess(router: Router): void {
    const { priority } = router.configuration;
    const extra =
      router.defence.yieldingUntil === null ? [] : [{ name: 'address-lost', amount: 1 - priority }];
    const standing = judge(priority, this.#monitors.values(), extra);
    router.adjustments = standing.adjustments;
    const previousPriority = router.effectivePriority;
    if (standing.effectivePriority === previousPriority) return;
    router.effectivePriority = standing.effectivePriority;
    this.#report(
      router,
      'priority-changed',
      `${previousPriority} to ${standing.effectivePriority}`,
    );
    this.#step(router, { kind: 'parameters-changed', previousPriority });
  }

  #step(router: Router, event: machine.Event): void {
    const { state, effects } = machine.step(
      this.#parameters(router),
      router.machine,
      event,
      this.#clock,
    );
    router.machine = state;
    for (const effect of effects) this.#emit(router, effect);
  }

  #parameters(router: Router): machine.Parameters {
    const { preempt, advertisementInterval, priority } = router.configuration;
    return {
      priority: router.effectivePriority,
      // The address owner always preempts, whatever the setting says (RFC 9568 §6.1).
      preempt: priority === 255 || (preempt && !this.#anotherFollowsSuperior(router)),
      advertisementInterval,
      // Unknown only in Initialize, where nothing is sent or compared.
      primaryAddress: router.primaryAddress ?? UNSPECIFIED,
    };
  }

  #anotherFollowsSuperior(router: Router): boolean {
    for (const other of this.#routers.values()) {
      if (other !== router && other.followsSuperior) return true;
    }
    return false;
  }

  #emit(router: Router, effect: machine.Effect): void {
    switch (effect.kind) {
      case 'set-addresses':
        this.#push({ kind: 'set-addresses', ...named(router), present: effect.present });
        return;
      case 'announce':
        this.#push({ kind: 'announce', ...named(router) });
        return;
      case 'send-advertisement':
        this.#sendAdvertisement(router, effect.priority);
        return;
      case 'transition':
        this.#transition(router, effect);
    }
  }

  #sendAdvertisement(router: Router, priority: number): void {
    router.counters.advertisementsSent += 1;
    if (priority === 0) router.counters.priorityZeroSent += 1;
    const { primaryAddress: source, sending: dialect } = router;
    assert(typeof source === 'string', 'an Active has an address to send from');
    this.#push({ kind: 'send-advertisement', ...named(router), priority, source, dialect });
  }

  #transition(router: Router, effect: Extract<machine.Effect, { kind: 'transition' }>): void {
    const { from, to, reason } = effect;
    router.reason = reason;
    router.since = this.#clock;
    router.counters.transitions += 1;
    router.followsSuperior = false;
    router.activeAddress = null;
    const { effectivePriority } = router;
    this.#push({ kind: 'transition', ...named(router), from, to, reason, effectivePriority });
    if (reason === 'preempted') this.#moveThoseBehind(router);
  }

  /**
   * A better Active has taken this one's role: those behind it in the group's order follow. Not
   * those before it: two appliances that each win one of two virtual routers would both give up the
   * other one, for ever.
   */
  #moveThoseBehind(mover: Router): void {
    mover.followsSuperior = true;
    const rank = groupRank(mover.configuration);
    for (const router of this.#routers.values()) {
      if (groupRank(router.configuration) <= rank) continue;
      this.#step(router, { kind: 'yield', reason: 'group-moved' });
    }
  }

  #report(router: Router, report: Report | Remark, detail: string): void {
    this.#push({ kind: 'report', ...named(router), report, detail });
  }

  #push(effect: InstanceEffect): void {
    this.#effects.push(effect);
  }
}

/** Stands for an address not known yet; never sent. */
const UNSPECIFIED = '0.0.0.0' as IpAddress;

const named = (router: Router): { readonly virtualRouter: string } => ({
  virtualRouter: router.configuration.name,
});
