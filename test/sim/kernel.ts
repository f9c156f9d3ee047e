// The virtual addresses that one appliance's kernel has, and who changes them: the agent, one script
// at a time, and the executor, which carries out the will of a dead agent. No elections.
import type { InstanceEvent } from '../../src/core/interface.js';
import type { Surroundings } from './appliance.js';

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
  /** Virtual routers whose addresses cannot be added. */
  readonly failing = new Set<string>();
  /** So many of the next orders to add addresses are lost: nobody carries them out or answers. */
  forgets = 0;
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
  /** Goes up when a will is made or the power is cut. */
  #will = 0;
  /** Whose successor a will still awaits; null when there is none to carry out. */
  #awaited: Set<string> | null = null;

  constructor(owner: Owner, around: Surroundings) {
    this.#owner = owner;
    this.#around = around;
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
    this.#confirmed.delete(virtualRouter);
    this.#disturbed.delete(virtualRouter);
    this.#due.add(virtualRouter);
  }

  /** Starts the script for everything that changed, unless one is running. */
  flush(): void {
    if (this.#running || this.#due.size === 0) return;
    this.#running = true;
    const made = [...this.#due].map((name) => [name, this.#wanted.get(name) === true] as const);
    this.#due = new Set();
    const life = this.#agentLife;
    this.#afterScript(() => {
      if (life !== this.#agentLife) return;
      const failed = new Set(this.failing);
      for (const [name, present] of made)
        if (!present || !failed.has(name)) this.#set(name, present);
      this.#owner.receive(() => {
        if (life !== this.#agentLife) return;
        this.#running = false;
        for (const [name, present] of made) if (present) this.#settle(name, failed.has(name));
        this.flush();
      });
    });
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
    for (const name of this.present) this.want(name, false);
    this.flush();
  }

  /** The agent is gone: its executor keeps what was held until all have a successor, or `atMost`. */
  bequeath(held: readonly string[], atMost: number): void {
    this.#forgetAgent();
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
    this.#will += 1;
    this.#awaited = null;
    for (const name of this.present) this.#set(name, false);
  }

  #release(): void {
    const will = this.#will;
    this.#afterScript(() => {
      if (will !== this.#will) return;
      this.#will += 1;
      this.#awaited = null;
      this.#around.journal(() => `${this.#owner.name} executor removes what it kept`);
      for (const name of this.present) this.takeAway(name);
    });
  }

  #settle(virtualRouter: string, failed: boolean): void {
    if (this.#wanted.get(virtualRouter) !== true) return;
    if (failed) this.#owner.give({ kind: 'addresses-failed', virtualRouter, detail: 'EINVAL' });
    else if (!this.#due.has(virtualRouter)) {
      this.#confirmed.add(virtualRouter);
      const gone = this.#disturbed.delete(virtualRouter);
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
    this.#due.clear();
    this.#wanted.clear();
    this.#confirmed.clear();
    this.#disturbed.clear();
  }

  #afterScript(run: () => void): void {
    const around = this.#around;
    const duration = around.chance.between(SCRIPT.least, SCRIPT.most);
    around.agenda.add(around.now() + duration, 0, run);
  }
}
