// How long both, one or none of the appliances held an address: arithmetic on recorded changes.
// Nothing is watched here.

/** The kernel of an appliance gained or lost an address. */
export interface HeldChange {
  /** Lab clock, milliseconds. */
  readonly at: number;
  readonly appliance: string;
  readonly address: string;
  readonly present: boolean;
}

export interface HeldTimes {
  /** Time during which more than one appliance held the address. */
  readonly bothHeldMs: number;
  /** Time during which no appliance held it. */
  readonly nobodyHeldMs: number;
}

/** The appliances that held `address` at the instant `at`, sorted. `changes` are in order of time. */
export function holdersAt(changes: readonly HeldChange[], address: string, at: number): string[] {
  const holders = new Set<string>();
  for (const change of changes) {
    if (change.at > at) break;
    if (change.address === address) note(holders, change);
  }
  return [...holders].sort();
}

/** Both-held and nobody-held time of one address between `from` and `to`. `changes` are in order of time. */
export function heldTimes(
  changes: readonly HeldChange[],
  address: string,
  from: number,
  to: number,
): HeldTimes {
  const holders = new Set(holdersAt(changes, address, from));
  const times = { bothHeldMs: 0, nobodyHeldMs: 0 };
  let since = from;
  const account = (until: number): void => {
    if (holders.size > 1) times.bothHeldMs += until - since;
    if (holders.size === 0) times.nobodyHeldMs += until - since;
    since = until;
  };
  for (const change of changes) {
    if (change.address !== address || change.at <= from) continue;
    if (change.at > to) break;
    account(change.at);
    note(holders, change);
  }
  account(to);
  return times;
}

export interface TakeOver {
  /** When `heir` first held the address. */
  readonly takenAt: number | null;
  /** Since when `heir` alone has held it, at the end of the record. */
  readonly aloneAt: number | null;
}

/** When `heir` took the address after `from`, and when it was left alone with it. */
export function takeOver(
  changes: readonly HeldChange[],
  address: string,
  heir: string,
  from: number,
): TakeOver {
  const holders = new Set(holdersAt(changes, address, from));
  const alone = (): boolean => holders.size === 1 && holders.has(heir);
  let takenAt = holders.has(heir) ? from : null;
  let aloneAt = alone() ? from : null;
  for (const change of changes) {
    if (change.address !== address || change.at <= from) continue;
    note(holders, change);
    if (holders.has(heir)) takenAt ??= change.at;
    aloneAt = alone() ? (aloneAt ?? change.at) : null;
  }
  return { takenAt, aloneAt };
}

function note(holders: Set<string>, change: HeldChange): void {
  if (change.present) holders.add(change.appliance);
  else holders.delete(change.appliance);
}

/**
 * Tells each change once. Every kernel has a watcher of its own, so one that came first may be known last: what is
 * told already cannot be counted off. A kernel says anew what it has whenever a lifetime is renewed: that is no change.
 */
export class Untold {
  readonly #told = new WeakSet<HeldChange>();
  readonly #held = new Map<string, boolean>();

  /** Of all changes known by now, in any order, those not told before, in order of time. */
  of(changes: readonly HeldChange[]): HeldChange[] {
    return changes
      .filter((change) => !this.#told.has(change))
      .toSorted((left, right) => left.at - right.at)
      .filter((change) => {
        const key = `${change.appliance} ${change.address}`;
        const isNew = (this.#held.get(key) ?? false) !== change.present;
        this.#told.add(change);
        this.#held.set(key, change.present);
        return isNew;
      });
  }
}
