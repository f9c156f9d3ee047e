// Two appliances that nothing connects, and a witness: for how long both may hold. Looks at the world only.
import type { Appliance } from './appliance.js';
import type { Bounds } from './bounds.js';
import type { World } from './world.js';

type Connection = 'with a witness' | 'cut in a handover';

export class Apart {
  readonly #world: World;
  readonly #bounds: Bounds;
  /** Since when nothing connects two of them, nor either of them with a third one. */
  readonly #since = new Map<string, number>();
  /** What was found when two began to hold a virtual router. */
  readonly #found = new Map<string, Connection>();

  constructor(world: World, bounds: Bounds) {
    this.#world = world;
    this.#bounds = bounds;
  }

  /** Whoever holds it now. */
  note(holders: readonly Appliance[], virtualRouter: string): void {
    const { appliances, engine, now } = this.#world;
    if (engine === null) return;
    for (const [index, one] of appliances.entries()) {
      for (const other of appliances.slice(index + 1)) {
        const pair = `${one.name} ${other.name}`;
        if (this.#isConnected(one, other) || this.#isBesideAnother(one, other)) {
          this.#since.delete(pair);
        } else if (!this.#since.has(pair)) this.#since.set(pair, now);
        if (!holders.includes(one) || !holders.includes(other)) {
          this.#found.delete(`${pair} ${virtualRouter}`);
        }
      }
    }
  }

  /** Under what bound both hold it; null where none is promised. */
  connection(one: Appliance, other: Appliance, virtualRouter: string): Connection | null {
    if (this.#world.engine === null || this.#isExempt(one, other)) return null;
    const pair = `${one.name} ${other.name}`;
    const key = `${pair} ${virtualRouter}`;
    const { now } = this.#world;
    const apartFor = now - (this.#since.get(pair) ?? now);
    const { outOfElection } = this.#bounds;
    const found =
      this.#found.get(key) ?? (apartFor > outOfElection ? 'with a witness' : 'cut in a handover');
    this.#found.set(key, found);
    return found;
  }

  /** Who is in touch with a third one, or had lost the witness like the other one, has no need of the lease. */
  #isExempt(one: Appliance, other: Appliance): boolean {
    if (this.#isBesideAnother(one, other)) return true;
    const both = [one, other];
    const isWithout = both.some((each) => (each.snapshot()?.witness?.without.length ?? 0) > 0);
    return isWithout && both.every(({ client }) => client?.wasAway !== false);
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
