// The promises of DESIGN §1 as conditions that may not last longer than their bounds. The bounds and
// why they are what they are: docs/INVARIANTS.md. It reads the kernels, not what the agents believe.
import { centisecondsToMicroseconds, instant } from '../../src/model/units.js';
import { SCRIPT, type Appliance } from './appliance.js';
import type { World } from './world.js';

/** Scripts, packets and whatever else is done at once. */
const SLACK = 20_000;

export class Violation extends Error {
  override readonly name = 'Violation';
}

export interface Bounds {
  readonly neverNobody: number;
  /** Both hear each other's advertisements. */
  readonly neverBothOnLan: number;
  /** Only the HA port connects them. */
  readonly neverBothOverHa: number;
  /** The executor of a dead agent holds beside its successor. */
  readonly neverBothWithWill: number;
  readonly nothingStale: number;
  /** Whoever has been fit for so long is known to all, and has heard who is Active. */
  readonly ready: number;
}

export interface Timing {
  readonly advertisementInterval: number;
  readonly checkInterval: number;
  readonly failureThreshold: number;
  readonly recoveryThreshold: number;
  readonly loss: number;
  readonly jitter: number;
}

/** See docs/INVARIANTS.md. */
export function boundsOf(timing: Timing): Bounds {
  const { advertisementInterval, checkInterval, failureThreshold, recoveryThreshold } = timing;
  const once = SCRIPT.most + timing.jitter + SLACK;
  const handover = Math.max(3 * checkInterval, 100_000);
  const silence = (failureThreshold + 1) * checkInterval;
  // A lost advertisement is made good by the next one; eight in a row are not lost.
  const tries = timing.loss > 0 ? 8 : 1;
  return {
    neverNobody: 8 * advertisementInterval + silence + handover + 2 * once,
    neverBothOnLan: (tries + 2) * advertisementInterval + handover + 2 * once,
    neverBothOverHa: (recoveryThreshold + 4) * checkInterval + handover + 3 * once,
    neverBothWithWill: 4 * advertisementInterval + once,
    nothingStale: once,
    ready: 4 * advertisementInterval + (recoveryThreshold + 3) * checkInterval + once,
  };
}

export class Watch {
  readonly #world: World;
  readonly #bounds: Bounds;
  /** Ways between appliances; `ha` only without loss, where its bound holds. */
  readonly #ways: readonly string[];
  readonly #since = new Map<string, number>();
  /** Nothing breaks: whoever is ready takes over without a gap. */
  peaceful = false;
  readonly #ableSince = new Map<string, number>();
  /** The longest that each condition lasted. */
  readonly longest = new Map<string, number>();
  #able = '';
  #bad = new Map<string, number>();

  constructor(world: World, bounds: Bounds, ways: readonly string[]) {
    this.#world = world;
    this.#bounds = bounds;
    this.#ways = ways;
    world.onPass = (until) => this.#pass(until);
  }

  /** Something was done to the world: what was bad before has its time anew. */
  disturbed(): void {
    for (const key of this.#since.keys()) this.#since.set(key, this.#world.now);
    this.#world.changed = true;
  }

  /** Until the next step nothing changes: what is bad now stays so until then. */
  #pass(until: number): void {
    if (this.#world.changed) {
      this.#bad = this.#conditions();
      this.#world.changed = false;
    }
    const bad = this.#bad;
    if (bad.size === 0 && this.#since.size === 0) return;
    for (const key of this.#since.keys()) if (!bad.has(key)) this.#since.delete(key);
    for (const [key, bound] of bad) {
      const since = this.#since.get(key) ?? this.#world.now;
      this.#since.set(key, since);
      const lasted = until - since;
      const [kind = ''] = key.split(':');
      this.longest.set(kind, Math.max(this.longest.get(kind) ?? 0, Math.min(lasted, bound)));
      if (lasted > bound) {
        throw new Violation(
          `${key} for more than ${bound / 1_000} ms since ${since / 1_000_000} s`,
        );
      }
    }
  }

  #conditions(): Map<string, number> {
    const { appliances } = this.#world;
    const bad = new Map<string, number>();
    const able = appliances.filter(isAble);
    const names = able.map(({ name }) => name).join();
    this.#noteAble(able);
    if (names !== this.#able) {
      this.#able = names;
      this.disturbed();
    }
    for (const { name, interface: on } of appliances[0]?.configuration.virtualRouters ?? []) {
      const holders = appliances.filter(({ present }) => present.has(name));
      if (holders.length === 0 && able.length > 0) {
        bad.set(`never nobody: ${name}`, this.#bounds.neverNobody);
        if (this.#isNeedless()) bad.set(`nothing lost: ${name}`, 0);
      }
      this.#bothHold(holders, name, on, bad);
      for (const holder of holders) {
        if (isStale(holder, name)) {
          bad.set(`nothing stale: ${holder.name} ${name}`, this.#bounds.nothingStale);
        }
      }
    }
    return bad;
  }

  #noteAble(able: readonly Appliance[]): void {
    for (const name of this.#ableSince.keys()) {
      if (!able.some((one) => one.name === name)) this.#ableSince.delete(name);
    }
    for (const { name } of able) {
      if (!this.#ableSince.has(name)) this.#ableSince.set(name, this.#world.now);
    }
  }

  /** Whether somebody was ready long enough to have taken over before the last holder left. */
  #isNeedless(): boolean {
    if (!this.peaceful) return false;
    const ready = this.#world.now - this.#bounds.ready;
    return [...this.#ableSince.values()].some((since) => since <= ready);
  }

  #bothHold(holders: readonly Appliance[], name: string, on: string, bad: Map<string, number>) {
    const counted = holders.filter(({ agent }) => agent !== 'paused');
    for (const [index, one] of counted.entries()) {
      for (const other of counted.slice(index + 1)) {
        const bound = this.#bothBound(one, other, on);
        if (bound !== null) bad.set(`never both: ${name} ${one.name} ${other.name}`, bound);
      }
    }
  }

  /** How long two may both hold; null while nothing connects them. */
  #bothBound(one: Appliance, other: Appliance, on: string): number | null {
    const will = one.agent === 'dead' || other.agent === 'dead';
    if (will) return this.#bounds.neverBothWithWill;
    if (this.#world.connected(one, other, `lan ${on}`)) return this.#bounds.neverBothOnLan;
    const connected = this.#ways.some((way) => this.#world.connected(one, other, way));
    return connected ? this.#bounds.neverBothOverHa : null;
  }
}

/** Whether nothing from outside keeps this appliance from holding the role. */
export function isAble(appliance: Appliance): boolean {
  const { agent, configuration, maintenance, unplugged, failing, memory } = appliance;
  return (
    agent === 'running' &&
    configuration.mode !== 'off' &&
    !maintenance &&
    unplugged.size === 0 &&
    failing.size === 0 &&
    memory?.flaps.latched !== true
  );
}

/** A living agent that is not Active, and a dead one without a successor to wait for, hold nothing. */
function isStale({ agent, instance, awaited }: Appliance, virtualRouter: string): boolean {
  if (agent === 'paused') return false;
  if (agent !== 'running') return !awaited.has(virtualRouter);
  const routers = instance?.snapshot(instant(0)).virtualRouters ?? [];
  return !routers.some(
    ({ configuration: { name }, state }) => name === virtualRouter && state === 'Active',
  );
}

/** Advertisement_Interval of an appliance's virtual routers, which have the same one. */
export const intervalOf = ({ configuration: { virtualRouters } }: Appliance): number => {
  const [first] = virtualRouters;
  return first === undefined ? 0 : centisecondsToMicroseconds(first.advertisementInterval);
};
