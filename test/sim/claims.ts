// What a new Active says of the time before: for how long nobody had the addresses, at most (docs/CLI.md). The kernels say
// how long it was. No other reports, no orders.
import type { Appliance } from './appliance.js';
import type { Way } from './network.js';
import { Violation } from './violation.js';
import type { World } from './world.js';

export class Claims {
  readonly #world: World;
  /** Of the HA port, where no packets are lost. */
  readonly #ways: readonly Way[];
  /** Between what a former Active said and what it had. */
  readonly #tolerance: number;
  /** Until when somebody had each virtual router. */
  readonly #heldUntil = new Map<string, number>();
  /** When somebody advertised without addresses twice in a row. */
  readonly #hastyAt = new Map<string, number>();
  readonly #mistakenUntil = new Map<string, number>();
  #held: readonly string[] = [];
  #mistaken: readonly string[] = [];
  /** Who advertised each virtual router last without having its addresses, and when. */
  readonly #empty = new Map<string, { readonly by: Appliance; readonly at: number }>();

  constructor(world: World, ways: readonly Way[], tolerance: number) {
    this.#world = world;
    this.#ways = ways;
    this.#tolerance = tolerance;
  }

  /** Nothing changes until then. */
  pass(until: number): void {
    for (const name of this.#held) this.#heldUntil.set(name, until);
    for (const name of this.#mistaken) this.#mistakenUntil.set(name, until);
  }

  /** Something has changed: who has what; and who cannot add it, or stands still and was not told that it is gone. */
  changed(): void {
    const { appliances, strangers, virtualRouters } = this.#world;
    const names = virtualRouters.map(({ name }) => name);
    this.#held = names.filter(
      (name) => strangers.has(name) || appliances.some(({ kernel }) => kernel.present.has(name)),
    );
    this.#mistaken = names.filter((name) =>
      appliances.some(
        ({ agent, kernel: { told, present, failing } }) =>
          failing.size > 0 || (agent === 'paused' && told.has(name) && !present.has(name)),
      ),
    );
  }

  advertises(by: Appliance, virtualRouter: string): void {
    if (by.kernel.present.has(virtualRouter)) return;
    const { now } = this.#world;
    const before = this.#empty.get(virtualRouter);
    // The second one may overtake the message that says that there are no addresses.
    if (before?.by === by && now - before.at <= this.#tolerance)
      this.#hastyAt.set(virtualRouter, now);
    this.#empty.set(virtualRouter, { by, at: now });
  }

  /** It has taken the role, its addresses stand, and it says so. @throws Violation when it was longer than that. */
  takenOver(by: Appliance, virtualRouter: string, atMost: number): void {
    const { appliances, now } = this.#world;
    const isHeld = appliances.some((one) => one !== by && one.kernel.present.has(virtualRouter));
    const from = this.#heldUntil.get(virtualRouter);
    if (isHeld || from === undefined || isLateHearer(by, from)) return;
    if ((this.#mistakenUntil.get(virtualRouter) ?? -1) >= from) return;
    if ((this.#hastyAt.get(virtualRouter) ?? -1) >= from) return;
    if (this.#isDeceived(by, virtualRouter, from)) return;
    const lasted = now - from;
    // Its own clock may run faster or slower.
    if (lasted * by.rate <= atMost + this.#tolerance) return;
    const [said, was] = [atMost, lasted].map((one) => Math.round(one / 1_000));
    throw new Violation(
      `held by nobody for ${was} ms, at most ${said} ms said: ${by.name} ${virtualRouter}`,
    );
  }

  /** One advertised without addresses since, and could not say over the HA port that it has none. */
  #isDeceived(by: Appliance, virtualRouter: string, from: number): boolean {
    const empty = this.#empty.get(virtualRouter);
    if (empty === undefined || empty.at < from) return false;
    return !this.#ways.some((way) => this.#world.connected(by, empty.by, way));
  }
}

/** Messages of peers count when they are read: after a pause later than they came. */
const isLateHearer = ({ configuration, resumedAt }: Appliance, from: number): boolean =>
  configuration.peers.length > 0 && resumedAt >= from;
