// The virtual addresses that one appliance's kernel has, and who changes them: the agent, one script
// at a time, and the executor, which carries out the will of a dead agent. No elections.
import type { InstanceEvent } from '../../src/core/interface.js';
import type { Surroundings } from './appliance.js';
import { Macvlans } from './macvlans.js';

/** A netlink script takes so long, in microseconds. */
export const SCRIPT = { least: 1_000, most: 8_000 } as const;

/** So often the agent looks at the kernel itself, whatever it was told (LOOK in src/agent/network.ts). */
export const LOOK = 5_000_000;

export interface Owner {
  readonly name: string;
  /** Gives the agent an event when it reads its pipes and sockets. */
  receive(take: () => void): void;
  give(event: InstanceEvent): void;
}

export class Kernel {
  /** Virtual routers whose addresses stand. */
  readonly present = new Set<string>();
  /** Virtual routers of which the agent was last told that their addresses stand. */
  readonly told = new Set<string>();
  /** Virtual routers whose addresses cannot be added. */
  readonly failing = new Set<string>();
  /** So many of the next orders to add addresses are lost: nobody carries them out or answers. */
  forgets = 0;
  /** Where the addresses of virtual routers with a virtual MAC address stand. */
  readonly macvlans: Macvlans;
  readonly #owner: Owner;
  readonly #around: Surroundings;
  readonly #wanted = new Map<string, boolean>();
  /** Added and told so; then taken away again, and not told yet. */
  readonly #confirmed = new Set<string>();
  readonly #disturbed = new Set<string>();
  #due = new Set<string>();
  #running = false;
  #until: number | null = null;
  /** Goes up when an agent ends: its scripts are killed. */
  #agentLife = 0;
  #hasAgent = false;
  /** Goes up when a will is made or the power is cut. */
  #will = 0;
  /** Whose successor a will still awaits; null when there is none to carry out. */
  #awaited: Set<string> | null = null;

  constructor(owner: Owner, around: Surroundings) {
    this.#owner = owner;
    this.#around = around;
    this.macvlans = new Macvlans((virtualRouter, state) => {
      around.changed();
      around.count(`macvlan ${state}`);
      around.journal(() => `${owner.name} ${virtualRouter} macvlan ${state}`);
    });
  }

  /** Whether the executor of a dead agent still keeps something. */
  get isKept(): boolean {
    return this.#awaited !== null;
  }

  want(virtualRouter: string, present: boolean): void {
    if (present && this.forgets > 0) {
      this.forgets -= 1;
      this.#around.journal(() => `${this.#owner.name} ${virtualRouter} order lost`);
      return;
    }
    this.#wanted.set(virtualRouter, present);
    if (!present) this.told.delete(virtualRouter);
    this.#confirmed.delete(virtualRouter);
    this.#disturbed.delete(virtualRouter);
    this.#due.add(virtualRouter);
  }

  /** Starts the script for everything that changed, unless one is running. */
  flush(): void {
    const isMissing = this.macvlans.in('gone').length > 0;
    if (this.#running || (this.#due.size === 0 && !isMissing)) return;
    this.#running = true;
    const life = this.#agentLife;
    if (!isMissing) this.#change(life);
    else {
      // Nothing is put on one that is not there yet.
      this.#afterScript(() => {
        if (life !== this.#agentLife) return;
        this.macvlans.make();
        this.#change(life);
      });
    }
  }

  /** A macvlan is raised before its addresses stand, and lowered when they are gone: a script may end in between. */
  #change(life: number): void {
    const made = [...this.#due].map((name) => [name, this.#wanted.get(name) === true] as const);
    this.#due = new Set();
    const halfway = (): void => {
      if (life !== this.#agentLife) return;
      for (const [name, present] of made) {
        if (!this.macvlans.has(name)) continue;
        if (present) this.macvlans.raise(name);
        else this.#set(name, false);
      }
    };
    const end = (): void => {
      if (life !== this.#agentLife) return;
      const failed = new Set(this.failing);
      for (const [name, present] of made) this.#put(name, present, failed);
      this.#owner.receive(() => {
        if (life !== this.#agentLife) return;
        this.#running = false;
        for (const [name, present] of made) if (present) this.#settle(name, failed.has(name));
        this.flush();
      });
    };
    this.#afterScript(end, made.some(([name]) => this.macvlans.has(name)) ? halfway : null);
  }

  #put(virtualRouter: string, present: boolean, failed: ReadonlySet<string>): void {
    if (!present) {
      this.#set(virtualRouter, false);
      this.macvlans.lower(virtualRouter);
    } else if (this.macvlans.stateOf(virtualRouter) === 'gone') {
      // Deleted while the script ran: nothing is there to put them on.
      this.#disturbed.add(virtualRouter);
    } else if (!failed.has(virtualRouter)) this.#set(virtualRouter, true);
  }

  /** Somebody deletes the macvlan, and what stands on it goes with it. */
  deleteMacvlan(virtualRouter: string): boolean {
    const wasThere = this.macvlans.delete(virtualRouter);
    this.takeAway(virtualRouter);
    // Told like any other change of a link: the agent makes it again.
    if (wasThere) this.#owner.receive(() => this.#remake());
    return wasThere;
  }

  #remake(): void {
    if (this.#hasAgent) this.flush();
  }

  /** Somebody else removes addresses; the agent is told when it counts on them. */
  takeAway(virtualRouter: string): boolean {
    if (!this.present.has(virtualRouter)) return false;
    this.#set(virtualRouter, false);
    this.#lost(virtualRouter);
    return true;
  }

  /** An address is gone, and no notice says so: the agent finds it out when it looks. */
  loseUnnoticed(virtualRouter: string): boolean {
    if (!this.present.has(virtualRouter)) return false;
    this.#set(virtualRouter, false);
    const life = this.#agentLife;
    const { agenda, now } = { agenda: this.#around.agenda, now: this.#around.now() };
    agenda.add(now + this.#around.chance.between(0, LOOK), 0, () => {
      if (life !== this.#agentLife || this.present.has(virtualRouter)) return;
      this.#lost(virtualRouter);
    });
    return true;
  }

  #lost(virtualRouter: string): void {
    if (this.#wanted.get(virtualRouter) !== true) return;
    this.#disturbed.add(virtualRouter);
    const life = this.#agentLife;
    this.#owner.receive(() => {
      if (life !== this.#agentLife || !this.#confirmed.has(virtualRouter)) return;
      this.told.delete(virtualRouter);
      this.#owner.give({ kind: 'addresses-removed', virtualRouter });
    });
  }

  /** By the end of their lifetime in the kernel all addresses are gone then, whoever lives; null: it is put off for ever. */
  holdUntil(at: number | null): void {
    this.#until = at;
    if (at === null) return;
    const { agenda } = this.#around;
    agenda.add(Math.max(at, this.#around.now()), 0, () => {
      if (this.#until !== at) return;
      for (const name of this.present) this.takeAway(name);
    });
  }

  /** A fresh agent takes off what it finds. */
  begin(): void {
    this.#until = null;
    this.#hasAgent = true;
    for (const name of new Set([...this.present, ...this.macvlans.in('up')]))
      this.want(name, false);
    this.flush();
  }

  /** The agent is gone: its executor keeps what was held until all have a successor, or `atMost`. */
  bequeath(held: readonly string[], atMost: number): void {
    this.#forgetAgent();
    this.#hasAgent = false;
    this.#carryOut(held, atMost);
  }

  /** The lease of a hung agent is revoked: the same, but the agent may go on. */
  lapse(held: readonly string[], atMost: number): void {
    this.#forgetAgent();
    this.#carryOut(held, atMost);
  }

  /** The agent goes on, and removes by itself what still stands. */
  endWill(): void {
    this.#will += 1;
    this.#awaited = null;
  }

  #carryOut(held: readonly string[], atMost: number): void {
    this.#will += 1;
    const will = this.#will;
    this.#awaited = new Set(held);
    if (held.length === 0) this.#release();
    else {
      this.#around.agenda.add(this.#around.now() + atMost, 0, () => {
        if (will === this.#will) this.#release();
      });
    }
  }

  /** An advertisement on the wire, for the executor of a dead agent: there is a successor. */
  overhear(virtualRouter: string, priority: number): void {
    if (priority === 0 || this.#awaited?.delete(virtualRouter) !== true) return;
    if (this.#awaited.size === 0) this.#release();
  }

  /** The power is cut. */
  lose(): void {
    this.#forgetAgent();
    this.#hasAgent = false;
    this.#will += 1;
    this.#awaited = null;
    for (const name of this.present) this.#set(name, false);
    for (const state of ['up', 'down'] as const)
      for (const name of this.macvlans.in(state)) this.macvlans.delete(name);
  }

  #release(): void {
    const will = this.#will;
    this.#afterScript(() => {
      if (will !== this.#will) return;
      this.#will += 1;
      this.#awaited = null;
      this.#around.journal(() => `${this.#owner.name} executor removes what it kept`);
      for (const name of this.present) this.takeAway(name);
      for (const state of ['up', 'down'] as const)
        for (const name of this.macvlans.in(state)) this.deleteMacvlan(name);
    });
  }

  #settle(virtualRouter: string, failed: boolean): void {
    if (this.#wanted.get(virtualRouter) !== true) return;
    if (failed) {
      this.told.delete(virtualRouter);
      this.#owner.give({ kind: 'addresses-failed', virtualRouter, detail: 'EINVAL' });
    } else if (!this.#due.has(virtualRouter)) {
      this.#confirmed.add(virtualRouter);
      const gone = this.#disturbed.delete(virtualRouter);
      if (gone) this.told.delete(virtualRouter);
      else this.told.add(virtualRouter);
      this.#owner.give({ kind: gone ? 'addresses-removed' : 'addresses-present', virtualRouter });
    }
  }

  #set(virtualRouter: string, present: boolean): void {
    if (present) this.present.add(virtualRouter);
    else this.present.delete(virtualRouter);
    this.#around.changed();
    this.#around.journal(
      () => `${this.#owner.name} ${virtualRouter} ${present ? 'stands' : 'is gone'}`,
    );
  }

  #forgetAgent(): void {
    this.#agentLife += 1;
    this.#running = false;
    this.told.clear();
    this.#due.clear();
    this.#wanted.clear();
    this.#confirmed.clear();
    this.#disturbed.clear();
  }

  /** `halfway`: at some moment before. */
  #afterScript(run: () => void, halfway: (() => void) | null = null): void {
    const around = this.#around;
    const duration = around.chance.between(SCRIPT.least, SCRIPT.most);
    if (halfway !== null)
      around.agenda.add(around.now() + around.chance.between(0, duration), 0, halfway);
    around.agenda.add(around.now() + duration, 0, run);
  }
}
