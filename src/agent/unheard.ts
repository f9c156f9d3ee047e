// Who is loud on one of our VRIDs and not heard by us: by virtual router, source and reason, for as long as it
// lasts. Anybody can invent a source, so the table is bounded. No packet is judged here.
import type { DiscardReason } from '../model/advertisement.js';
import { after, microseconds, type Instant } from '../model/units.js';
import type { UnheardStatus } from '../model/status.js';

/** So many packets make a source loud: one may be a slip. */
const LOUD = 3;
/** After so long without one it is over: longer than three intervals of what others use. */
const LASTS = microseconds(10_000_000);
/** Sources told of each virtual router: those that have sent most. */
export const MAXIMUM_SOURCES = 8;
/**
 * Sources remembered for each virtual router. What has sent least makes room, of several the one that was heard
 * longest ago: whoever invents one for each packet pushes out no other that has come back.
 */
export const REMEMBERED_SOURCES = 256;

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
    if (sources.size >= REMEMBERED_SOURCES) sources.delete(leastOf(sources, at));
    sources.set(source, { reason, detail, count: goesOn ? known.count + 1 : 1, at });
  }

  /** The loudest at `now`, by address. */
  loud(virtualRouter: string, now: Instant): UnheardStatus[] {
    return [...(this.#byRouter.get(virtualRouter) ?? [])]
      .filter(([, { count, at }]) => count >= LOUD && now <= after(at, LASTS))
      .sort(([, a], [, b]) => b.count - a.count)
      .slice(0, MAXIMUM_SOURCES)
      .map(([source, { reason, detail }]) => ({
        source,
        reason,
        ...(detail === undefined ? {} : { detail }),
      }))
      .sort((a, b) => (a.source < b.source ? -1 : 1));
  }
}

/** Whoever has sent least of those that go on at `now`. They are in the order in which they were last heard. */
function leastOf(sources: ReadonlyMap<string, Entry>, now: Instant): string {
  let least = '';
  let fewest = Number.POSITIVE_INFINITY;
  for (const [source, { count, at }] of sources) {
    const goesOn = now <= after(at, LASTS);
    if (!goesOn) return source;
    if (count >= fewest) continue;
    least = source;
    fewest = count;
  }
  return least;
}
