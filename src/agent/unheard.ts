// Who is loud on one of our VRIDs and not heard by us: by virtual router, source and reason, for as long as it
// lasts. Anybody can invent a source, so the table is bounded. No packet is judged here.
import type { DiscardReason } from '../model/advertisement.js';
import { after, microseconds, type Instant } from '../model/units.js';
import type { UnheardStatus } from '../model/status.js';

/** So many packets make a source loud: one may be a slip. */
const LOUD = 3;
/** After so long without one it is over: longer than three intervals of what others use. */
const LASTS = microseconds(10_000_000);
/** Sources remembered for each virtual router; the one that was heard longest ago makes room. */
export const MAXIMUM_SOURCES = 8;

interface Entry {
  readonly reason: DiscardReason;
  readonly detail: string | undefined;
  readonly count: number;
  readonly at: Instant;
}

export class Unheard {
  readonly #byRouter = new Map<string, Map<string, Entry>>();

  /** A packet of this source on the VRID of this virtual router was discarded. */
  note(
    virtualRouter: string,
    source: string,
    reason: DiscardReason,
    detail: string | undefined,
    at: Instant,
  ): void {
    const sources = this.#byRouter.get(virtualRouter) ?? new Map<string, Entry>();
    this.#byRouter.set(virtualRouter, sources);
    const known = sources.get(source);
    const goesOn = known !== undefined && at <= after(known.at, LASTS);
    sources.delete(source);
    if (sources.size >= MAXIMUM_SOURCES) {
      const [oldest] = sources.keys();
      if (oldest !== undefined) sources.delete(oldest);
    }
    sources.set(source, { reason, detail, count: goesOn ? known.count + 1 : 1, at });
  }

  /** Those that are loud at `now`, by address. */
  loud(virtualRouter: string, now: Instant): UnheardStatus[] {
    return [...(this.#byRouter.get(virtualRouter) ?? [])]
      .filter(([, { count, at }]) => count >= LOUD && now <= after(at, LASTS))
      .map(([source, { reason, detail }]) => ({
        source,
        reason,
        ...(detail === undefined ? {} : { detail }),
      }))
      .sort((a, b) => (a.source < b.source ? -1 : 1));
  }
}
