// How often packets were discarded for each reason, and when last: on the account of a virtual router or of an
// interface. All of it begins anew with each agent. No packet is judged here.
import type { DiscardReason } from '../model/advertisement.js';
import type { Instant } from '../model/units.js';

export type DiscardCounters = Partial<Record<DiscardReason, number>>;
/** When the last one of each reason arrived. */
export type LastDiscards = Partial<Record<DiscardReason, Instant>>;

interface Account {
  readonly counts: DiscardCounters;
  readonly last: LastDiscards;
}

/** Of virtual routers, or of interfaces, by name. */
export class Discards {
  readonly #accounts = new Map<string, Account>();

  add(name: string, reason: DiscardReason, at: Instant): void {
    let account = this.#accounts.get(name);
    if (account === undefined) this.#accounts.set(name, (account = { counts: {}, last: {} }));
    account.counts[reason] = (account.counts[reason] ?? 0) + 1;
    account.last[reason] = at;
  }

  countsOf(name: string): DiscardCounters {
    return this.#accounts.get(name)?.counts ?? {};
  }

  lastOf(name: string): LastDiscards {
    return this.#accounts.get(name)?.last ?? {};
  }
}
