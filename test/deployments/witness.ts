// What happens at a site from now on, by what agents, hook and nginx write themselves. Looks only: what a client
// notices is the prober's, and whether all is as it must be is part.ts.
import type { EventRecord } from '../../src/model/status.js';
import { now } from '../../scripts/lab/clock.js';
import { APPLIANCES, type Lab } from '../../scripts/lab/lab.js';
import type { ApplianceName } from '../../scripts/lab/network.js';
import { movesOf, type LastWord, type Moves } from './ending.js';
import type { Seen } from './part.js';
import { markedDown, upstreamErrors } from './upstreams.js';
import type { Words } from './words.js';

export type Witnessed = Pick<
  Seen,
  'before' | 'moves' | 'words' | 'lastWord' | 'movedAfterMs' | 'marked' | 'nginxErrors'
>;

/** What is to be looked at. */
export interface Scene {
  readonly lab: Lab;
  /** What the two say to each other. */
  readonly words: Words;
  readonly addresses: readonly string[];
  /** The agent that loses addresses is killed. */
  readonly dies: boolean;
}

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

/** What executors say of an agent that has died, or was too long silent. */
const OF_THE_DEAD = /understudy-exec: the agent (?:has ended|is silent)/;

/** What the executor of an appliance has said of its agent since `from`. */
function lastWordOf(lab: Lab, name: ApplianceName, from: number): LastWord {
  const said = lab
    .appliance(name)
    .logged(OF_THE_DEAD)
    .filter(({ at }) => at >= from)
    .map(({ text }) => text)
    .join('\n');
  if (said.includes('another router is Active: its lease has lapsed')) return 'lapsed';
  if (said.includes('another router is Active already')) return 'succeeded';
  return said.includes('farewell sent') ? 'farewell' : null;
}

/** How long a silence before it may belong to what is seen. */
const BEFORE_MS = 1_000;

/** Says, when asked with who was to take each address, what agents, executors, hook and nginx have done since. */
export function witness({
  lab,
  words,
  addresses,
  dies,
}: Scene): (heirs: readonly ApplianceName[]) => Promise<Witnessed> {
  const each = <T>(of: (directory: string) => T): T[] =>
    APPLIANCES.map((name) => of(lab.appliance(name).directory));
  const marks = (): string => each(markedDown).join('/');
  const errors = (): number => each(upstreamErrors).reduce((sum, count) => sum + count, 0);
  const before = addresses.map((address) => soleHolder(lab, address));
  const beganAt = now();
  const [marksBefore, errorsBefore, moves] = [marks(), errors(), movesSince(lab)];
  return async (heirs) => {
    const movers = heirs.filter((heir, index) => heir !== before[index]);
    const victim = before.find((name, index) => name !== null && name !== heirs[index]) ?? null;
    const lastWord = (): LastWord =>
      dies && victim !== null ? lastWordOf(lab, victim, beganAt) : null;
    const written = (): boolean =>
      movers.every((heir) => moves().taken.some(({ appliance }) => appliance === heir));
    // The kernel tells of an address at once, an agent writes its events in the background.
    await soon(written);
    if (dies && victim !== null) await soon(() => lastWord() !== null);
    const lookedAt = now();
    await soon(() => words.readUntil(lookedAt));
    const taken = heirs.map((heir, index) =>
      heir === before[index] ? null : lab.takeOver(addresses[index] ?? '', heir, beganAt).takenAt,
    );
    const movedAt = taken.filter((at) => at !== null);
    return {
      before,
      moves: moves(),
      words: words.since(beganAt - BEFORE_MS),
      lastWord: lastWord(),
      movedAfterMs: movedAt.length === 0 ? null : Math.max(...movedAt) - beganAt,
      marked: marks() !== marksBefore,
      nginxErrors: errors() - errorsBefore,
    };
  };
}

/** Waits for it; what does not come is told as missing. */
async function soon(came: () => boolean): Promise<void> {
  const until = now() + EVENTS_MS;
  while (!came() && now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
}

function soleHolder(lab: Lab, address: string): ApplianceName | null {
  const [holder, ...others] = lab.holding(address);
  return others.length > 0 ? null : ((holder as ApplianceName | undefined) ?? null);
}
