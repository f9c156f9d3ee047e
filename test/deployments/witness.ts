// What happens at a site from now on, by what agents, hook and nginx write themselves. Looks only: what a client
// notices is the prober's, and whether all is as it must be is part.ts.
import type { EventRecord } from '../../src/model/status.js';
import { now } from '../../scripts/lab/clock.js';
import { APPLIANCES, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { movesOf, type Moves } from './ending.js';
import type { Seen } from './part.js';
import { markedDown, upstreamErrors } from './upstreams.js';

export type Witnessed = Pick<Seen, 'before' | 'moves' | 'movedAfterMs' | 'marked' | 'nginxErrors'>;

/** Only to end a hang: an event that is missing then is told as missing. */
const EVENTS_MS = 30_000;

/**
 * Says, when asked, what has happened to the roles since, by what both agents have written, and which monitors
 * have failed. An agent writes the same event of a monitor once a minute at most: hence what fails now, too.
 */
export function movesSince(lab: Lab): () => Moves {
  const events = (name: ApplianceName): EventRecord[] => lab.appliance(name).events();
  const told = { a: events('a').length, b: events('b').length };
  return () => {
    const moves = movesOf({ a: events('a').slice(told.a), b: events('b').slice(told.b) });
    const failing = APPLIANCES.flatMap((appliance) =>
      (lab.appliance(appliance).status()?.monitors ?? [])
        .filter(({ state }) => state === 'failed')
        .map(({ name }) => ({ appliance, monitor: name })),
    );
    return { ...moves, failed: [...moves.failed, ...failing] };
  };
}

/** Says, when asked with who was to take each address, what agents, hook and nginx have done since. */
export function witness(
  lab: Lab,
  addresses: readonly string[],
): (heirs: readonly ApplianceName[]) => Promise<Witnessed> {
  const each = <T>(of: (directory: string) => T): T[] =>
    APPLIANCES.map((name) => of(lab.appliance(name).directory));
  const marks = (): string => each(markedDown).join('/');
  const errors = (): number => each(upstreamErrors).reduce((sum, count) => sum + count, 0);
  const before = addresses.map((address) => soleHolder(lab, address));
  const beganAt = now();
  const [marksBefore, errorsBefore, moves] = [marks(), errors(), movesSince(lab)];
  return async (heirs) => {
    const movers = heirs.filter((heir, index) => heir !== before[index]);
    const written = (): boolean =>
      movers.every((heir) => moves().taken.some(({ appliance }) => appliance === heir));
    // The kernel tells of an address at once, an agent writes its events in the background.
    const until = now() + EVENTS_MS;
    while (!written() && now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    const taken = heirs.map((heir, index) =>
      heir === before[index] ? null : lab.takeOver(addresses[index] ?? '', heir, beganAt).takenAt,
    );
    const movedAt = taken.filter((at) => at !== null);
    return {
      before,
      moves: moves(),
      movedAfterMs: movedAt.length === 0 ? null : Math.max(...movedAt) - beganAt,
      marked: marks() !== marksBefore,
      nginxErrors: errors() - errorsBefore,
    };
  };
}

function soleHolder(lab: Lab, address: string): ApplianceName | null {
  const [holder, ...others] = lab.holding(address);
  return others.length > 0 ? null : ((holder as ApplianceName | undefined) ?? null);
}
