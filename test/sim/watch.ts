// The promises of DESIGN §1 as conditions that may not last longer than their bounds (bounds.ts). It
// reads the kernels, and compares with them what the agents say.
import { routerOrder } from '../../src/model/settings-digest.js';
import type { InstanceEffect } from '../../src/core/interface.js';
import type { RouterConfiguration } from '../../src/core/machine/router.js';
import type { Appliance } from './appliance.js';
import { Apart } from './apart.js';
import { Claims } from './claims.js';
import type { Bounds } from './bounds.js';
import { Conduct } from './conduct.js';
import type { Way } from './network.js';
import { Violation } from './violation.js';
import { groupOf, type World } from './world.js';

/** Each may take the role by mistake, and once more when it is its turn. */
const TAKEN_PER_APPLIANCE = 3;

/** How long the condition lasted at most, and how long it might have. */
export interface Longest {
  readonly lasted: number;
  readonly bound: number;
}

export interface Manner {
  /** Ways of the HA port over which a bound holds: none when packets are lost. */
  readonly ways: readonly Way[];
  /** Nothing breaks: whoever is ready takes over without a gap. */
  readonly peaceful: boolean;
}

export class Watch {
  readonly #world: World;
  readonly #bounds: Bounds;
  readonly #manner: Manner;
  readonly #apart: Apart;
  readonly #conduct: Conduct;
  readonly #claims: Claims;
  readonly #since = new Map<string, number>();
  readonly #ableSince = new Map<string, number>();
  /** How long nobody may hold a virtual router, where more is known than in general. */
  tolerated = new Map<string, number>();
  /** By kind of condition, the one that came closest to its bound. */
  readonly longest = new Map<string, Longest>();
  /** How often each virtual router had been taken when the world was last disturbed. */
  readonly #takenBefore = new Map<string, number>();
  #able = '';
  #bad = new Map<string, number>();

  constructor(world: World, bounds: Bounds, manner: Manner) {
    this.#world = world;
    this.#bounds = bounds;
    this.#manner = manner;
    this.#apart = new Apart(world, bounds);
    world.onPass = (until) => this.#pass(until);
    this.#conduct = new Conduct(world);
    this.#claims = new Claims(world, manner.ways, bounds.heldAtMost);
    const { onAdvertised, onDone } = world;
    world.onDone = (appliance, event, effects) => {
      onDone(appliance, event, effects);
      this.#claim(appliance, effects);
    };
    world.onAdvertised = (from, effect) => {
      this.#speaks(from, effect.virtualRouter);
      this.#claims.advertises(from, effect.virtualRouter);
      onAdvertised(from, effect);
    };
  }

  /** Something was done to the world: what was bad before has its time anew. */
  disturbed(): void {
    for (const key of this.#since.keys()) this.#since.set(key, this.#world.now);
    this.#takenBefore.clear();
    this.#conduct.disturbed();
    this.#world.changed = true;
  }

  /** Until the next step nothing changes: what is bad now stays so until then. */
  #pass(until: number): void {
    if (this.#world.changed) {
      this.#bad = this.#conditions();
      this.#world.changed = false;
    }
    this.#claims.pass(until);
    const bad = this.#bad;
    if (bad.size === 0 && this.#since.size === 0) return;
    for (const key of this.#since.keys()) if (!bad.has(key)) this.#since.delete(key);
    for (const [key, bound] of bad) {
      const since = this.#since.get(key) ?? this.#world.now;
      this.#since.set(key, since);
      const lasted = until - since;
      if (lasted > bound) {
        const [limit, start] = [bound / 1_000, since / 1_000_000];
        throw new Violation(`${key} for more than ${limit} ms since ${start} s`);
      }
      this.note(key.slice(0, key.indexOf(':')), lasted, bound);
    }
  }

  #claim(appliance: Appliance, effects: readonly InstanceEffect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'report' || effect.nobodyHeldAtMostMs === undefined) continue;
      const { virtualRouter = '', nobodyHeldAtMostMs } = effect;
      this.#claims.takenOver(appliance, virtualRouter, nobodyHeldAtMostMs * 1_000);
    }
  }

  note(kind: string, lasted: number, bound: number): void {
    const before = this.longest.get(kind);
    if (before !== undefined && lasted * before.bound <= before.lasted * bound) return;
    this.longest.set(kind, { lasted, bound });
  }

  #conditions(): Map<string, number> {
    const { appliances } = this.#world;
    const bad = new Map<string, number>();
    const { engine } = this.#world;
    const able = appliances.filter(
      (one) => isAble(one) && (engine === null || engine.reaches(one.name)),
    );
    this.#noteAble(able);
    this.#claims.changed();
    for (const router of this.#world.virtualRouters) {
      const { name } = router;
      const isHoldable = !this.#world.strangers.has(name) && able.some((one) => one.carries(name));
      const holders = appliances.filter(({ kernel }) => kernel.present.has(name));
      if (holders.length === 0 && isHoldable) {
        bad.set(`never nobody: ${name}`, this.#bounds.neverNobody);
        const tolerated = this.tolerated.get(name);
        if (tolerated !== undefined) bad.set(`lost by a single fault: ${name}`, tolerated);
        if (this.#isNeedless()) bad.set(`nothing lost: ${name}`, 0);
      }
      if (isHoldable) this.#restless(name);
      // Those that cannot add their addresses try in turn, for as long as nobody else is able.
      else this.#takenBefore.delete(name);
      this.#bothHold(holders, router, bad);
      for (const holder of holders) this.#holds(holder, router, bad);
      for (const appliance of appliances) this.#virtualMac(appliance, router, bad);
      const [holder] = holders;
      if (holder !== undefined && holders.length === 1) this.#switch(holder, router, bad);
    }
    for (const appliance of appliances) this.#says(appliance, bad);
    this.#conduct.changed();
    return bad;
  }

  #noteAble(able: readonly Appliance[]): void {
    for (const name of this.#ableSince.keys()) {
      if (!able.some((one) => one.name === name)) this.#ableSince.delete(name);
    }
    for (const { name } of able) {
      if (!this.#ableSince.has(name)) this.#ableSince.set(name, this.#world.now);
    }
    const names = [...able.map(({ name }) => name), ...this.#world.strangers].join();
    if (names === this.#able) return;
    this.#able = names;
    this.disturbed();
  }

  /** Whether somebody was ready long enough to have taken over before the last holder left. */
  #isNeedless(): boolean {
    if (!this.#manner.peaceful) return false;
    const ready = this.#world.now - this.#bounds.ready;
    return [...this.#ableSince.values()].some((since) => since <= ready);
  }

  /** Nobody does anything, and still it goes from one to the other. */
  #restless(name: string): void {
    const taken = this.#world.counts.get(`${name} taken`) ?? 0;
    const before = this.#takenBefore.get(name) ?? taken;
    this.#takenBefore.set(name, before);
    const bound = TAKEN_PER_APPLIANCE * this.#world.appliances.length;
    if (taken - before > bound) {
      throw new Violation(`restless: ${name} taken ${taken - before} times`);
    }
  }

  #bothHold(
    holders: readonly Appliance[],
    router: RouterConfiguration,
    bad: Map<string, number>,
  ): void {
    this.#apart.note(holders, router.name);
    if (holders.length < 2) return;
    for (const [index, one] of holders.entries()) {
      for (const other of holders.slice(index + 1)) {
        const isPaused = one.agent === 'paused' || other.agent === 'paused';
        const connected = this.#connection(one, other, groupOf(router));
        const apart = connected === null ? this.#apart.found(one, other, router.name) : null;
        const connection = connected ?? apart?.connection ?? null;
        // Its kernel goes on answering; only a witness has it end.
        if (connection === null || (isPaused && connected !== null)) continue;
        const key = `never both, ${connection}: ${router.name} ${one.name} ${other.name}`;
        bad.set(key, this.#bounds.neverBoth[connection] - (apart?.passed ?? 0));
      }
    }
  }

  /** What must end it when two hold the same; null while nothing connects them. */
  #connection(one: Appliance, other: Appliance, group: Way): keyof Bounds['neverBoth'] | null {
    if (one.agent === 'dead' || other.agent === 'dead') return 'with a will';
    if (this.#world.connected(one, other, group)) return 'on the LAN';
    // What a peer with other virtual routers says of one of them is not believed.
    const own = one.configuration.virtualRouters;
    const isAlike =
      own.length === other.configuration.virtualRouters.length &&
      own.every(({ name }) => other.carries(name));
    const connected =
      isAlike && this.#manner.ways.some((way) => this.#world.connected(one, other, way));
    return connected ? 'over the HA port' : null;
  }

  /** A living agent that is not Active, and a dead one without a will to carry out, hold nothing. */
  #holds(holder: Appliance, router: RouterConfiguration, bad: Map<string, number>): void {
    const { agent, name, kernel, active } = holder;
    const key = `${name} ${router.name}`;
    if (agent === 'paused') return;
    const stale = agent === 'running' ? !active.has(router.name) : !kernel.isKept;
    if (stale) bad.set(`nothing stale: ${key}`, this.#bounds.nothingStale);
    if (agent === 'running' && isOut(holder, router)) {
      bad.set(`out of the election: ${key}`, this.#bounds.outOfElection);
    }
  }

  /**
   * A macvlan is up where its addresses may stand, and nowhere else: a Backup's receives no frames and answers nobody.
   */
  #virtualMac(appliance: Appliance, router: RouterConfiguration, bad: Map<string, number>): void {
    const { agent, name, kernel, active } = appliance;
    if (!kernel.macvlans.has(router.name)) return;
    const isUp = kernel.macvlans.isUp(router.name);
    if (kernel.present.has(router.name) && !isUp)
      throw new Violation(`addresses without a macvlan that is up: ${name} ${router.name}`);
    if (!isUp || agent === 'paused') return;
    const stale = agent === 'running' ? !active.has(router.name) : !kernel.isKept;
    if (stale) bad.set(`virtual MAC up: ${name} ${router.name}`, this.#bounds.nothingStale);
  }

  /** Nobody advertises but who is Active, or still has the addresses. */
  #speaks(appliance: Appliance, virtualRouter: string): void {
    const { name, kernel } = appliance;
    if (!kernel.macvlans.has(virtualRouter) || kernel.present.has(virtualRouter)) return;
    const router = appliance
      .snapshot()
      ?.virtualRouters.find(({ configuration }) => configuration.name === virtualRouter);
    if (router?.state === 'Active') return;
    throw new Violation(`advertises and is not Active: ${name} ${virtualRouter}`);
  }

  /** What is for the virtual MAC address reaches the one who holds: it speaks from there, after a stall when it has listened. */
  #switch(holder: Appliance, router: RouterConfiguration, bad: Map<string, number>): void {
    const { agent, index, kernel, active } = holder;
    if (!kernel.macvlans.has(router.name)) return;
    const speaks = agent === 'running' && active.has(router.name) && holder.isOn(router.interface);
    if (!speaks || this.#world.seenAt.get(router.name) === index) return;
    bad.set(`switch astray: ${router.name} ${holder.name}`, this.#bounds.switchAstray);
  }

  /** What a running agent tells its peers and shows in its status. */
  #says(appliance: Appliance, bad: Map<string, number>): void {
    const { agent, name, kernel, active, report, configuration } = appliance;
    if (agent !== 'running') return;
    const { noLie } = this.#bounds;
    for (const [index, router] of configuration.virtualRouters.toSorted(routerOrder).entries()) {
      const present = kernel.present.has(router.name);
      const told = report?.routers[index]?.addressesPresent ?? present;
      if (told !== present) bad.set(`no lie: ${name} told of ${router.name}`, noLie);
      if (!present && active.has(router.name) && !kernel.failing.has(router.name)) {
        bad.set(`no lie: ${name} is Active without ${router.name}`, noLie);
      }
    }
    for (const other of this.#world.appliances) this.#saysOf(appliance, other, bad);
  }

  #saysOf(appliance: Appliance, other: Appliance, bad: Map<string, number>): void {
    // A lossy network has no bound, and without the HA port there is nothing to show.
    if (appliance === other || this.#manner.ways.length === 0) return;
    const { peerShownHealthy, peerShownUnhealthy, echoes } = this.#bounds;
    const { ways } = this.#manner;
    const runs = other.agent === 'running';
    const answers = runs && ways.some((way) => this.#world.connected(appliance, other, way));
    const isHealthy = appliance.healthy.has(other.name);
    const key = `${appliance.name} of ${other.name}`;
    if (isHealthy && !answers) {
      // What it says is believed as long as it echoes what it has heard of us.
      const isHeard = runs && ways.some((way) => this.#world.reaches(other, appliance, way));
      if (isHeard) bad.set(`peer shown healthy: ${key}, heard`, peerShownHealthy + echoes);
      else bad.set(`peer shown healthy: ${key}`, peerShownHealthy);
    }
    if (!isHealthy && answers && Number.isFinite(peerShownUnhealthy)) {
      bad.set(`peer shown unhealthy: ${key}`, peerShownUnhealthy);
    }
  }
}

/** Whether orders or faults keep this appliance from holding this virtual router. */
function isOut(appliance: Appliance, { interface: on }: RouterConfiguration): boolean {
  const { configuration, unplugged, pairsDown } = appliance;
  const { mode } = configuration;
  if (mode === 'off' || isBarred(appliance) || pairsDown) return true;
  return mode === 'active-active' ? unplugged.has(on) : hasFault(appliance);
}

/** A link without a virtual router on it concerns nobody. */
const hasFault = ({ configuration, unplugged }: Appliance): boolean =>
  configuration.virtualRouters.some((router) => unplugged.has(router.interface));

const isBarred = ({ maintenance, bypassEngaged, memory, bypass }: Appliance): boolean =>
  maintenance || bypassEngaged || bypass !== 'inline' || memory?.flaps.latched === true;

/** Whether nothing from outside keeps this appliance from holding the role. */
export function isAble(appliance: Appliance): boolean {
  const { agent, configuration, kernel, pairsDown } = appliance;
  return (
    agent === 'running' &&
    configuration.mode !== 'off' &&
    !isBarred(appliance) &&
    !hasFault(appliance) &&
    !pairsDown &&
    kernel.failing.size === 0
  );
}
