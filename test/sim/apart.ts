// Two appliances that nothing connects, and a witness: for how long both may hold. Looks at the world only.
import type { Appliance } from './appliance.js';
import type { Bounds } from './bounds.js';
import type { World } from './world.js';

type Connection = 'with a witness' | 'cut in a handover' | 'left by a third';

interface Found {
  readonly connection: Connection;
  /** Of the time that the connection allows, so much had passed already. */
  readonly passed: number;
}

export class Apart {
  readonly #world: World;
  readonly #bounds: Bounds;
  /** Since when nothing connects two of them, nor either of them with a third one. */
  readonly #since = new Map<string, number>();
  /** Pairs of which one was in touch with a third, and needed no lease, before it was cut off from that one too. */
  readonly #beside = new Set<string>();
  /** Pairs that were cut while both had the role of a virtual router, and both have had it since. */
  readonly #handover = new Set<string>();
  /** Whose client was ever without an answer: an agent that starts anew has another client, and has forgotten it. */
  readonly #wereAway = new Set<Appliance>();
  /** What was found when two began to hold a virtual router. */
  readonly #found = new Map<string, Found>();

  constructor(world: World, bounds: Bounds) {
    this.#world = world;
    this.#bounds = bounds;
  }

  /** Whoever holds it now. */
  note(holders: readonly Appliance[], virtualRouter: string): void {
    const { appliances, engine, now } = this.#world;
    if (engine === null) return;
    for (const [index, one] of appliances.entries()) {
      if (one.client?.wasAway === true) this.#wereAway.add(one);
      for (const other of appliances.slice(index + 1)) {
        const pair = `${one.name} ${other.name}`;
        const isConnected = this.#isConnected(one, other);
        if (isConnected) this.#beside.delete(pair);
        if (isConnected || this.#isBesideAnother(one, other)) {
          this.#since.delete(pair);
          if (!isConnected) this.#beside.add(pair);
        } else if (!this.#since.has(pair)) this.#since.set(pair, now);
        const key = `${pair} ${virtualRouter}`;
        this.#noteRoles([one, other], virtualRouter, pair);
        if (!holders.includes(one) || !holders.includes(other)) this.#found.delete(key);
      }
    }
  }

  /** Each may have lost its addresses meanwhile, and have them again while it still has the role. */
  #noteRoles(both: readonly Appliance[], virtualRouter: string, pair: string): void {
    const key = `${pair} ${virtualRouter}`;
    if (!both.every(({ active }) => active.has(virtualRouter))) this.#handover.delete(key);
    else if (this.#isInHandover(this.#apartFor(pair))) this.#handover.add(key);
  }

  #apartFor(pair: string): number {
    const { now } = this.#world;
    return now - (this.#since.get(pair) ?? now);
  }

  #isInHandover(apartFor: number): boolean {
    return apartFor <= this.#bounds.outOfElection;
  }

  /** Under what bound both hold it; null where none is promised. */
  found(one: Appliance, other: Appliance, virtualRouter: string): Found | null {
    if (this.#world.engine === null || this.#isExempt(one, other)) return null;
    const pair = `${one.name} ${other.name}`;
    const key = `${pair} ${virtualRouter}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const apartFor = this.#apartFor(pair);
    const found = this.#find(pair, key, apartFor);
    this.#found.set(key, found);
    return found;
  }

  #find(pair: string, key: string, apartFor: number): Found {
    if (this.#isInHandover(apartFor)) return { connection: 'cut in a handover', passed: 0 };
    if (this.#handover.has(key)) return { connection: 'cut in a handover', passed: apartFor };
    const isLeft = this.#beside.has(pair) && apartFor < this.#bounds.neverBoth['left by a third'];
    return isLeft
      ? { connection: 'left by a third', passed: apartFor }
      : { connection: 'with a witness', passed: 0 };
  }

  /** Who is in touch with a third one, or had lost the witness like the other one, has no need of the lease. */
  #isExempt(one: Appliance, other: Appliance): boolean {
    if (this.#isBesideAnother(one, other)) return true;
    const both = [one, other];
    const isWithout = both.some((each) => (each.snapshot()?.witness?.without.length ?? 0) > 0);
    return isWithout && both.every((each) => each.client === null || this.#wereAway.has(each));
  }

  #isBesideAnother(one: Appliance, other: Appliance): boolean {
    return this.#world.appliances.some(
      (third) =>
        third !== one &&
        third !== other &&
        (this.#isConnected(one, third) || this.#isConnected(other, third)),
    );
  }

  #isConnected(one: Appliance, other: Appliance): boolean {
    return (['ha', 'unicast eth0'] as const).some((way) => this.#world.connected(one, other, way));
  }
}
