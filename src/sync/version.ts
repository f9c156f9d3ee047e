// Versions of the shared settings: how one follows another, and which of two is newer. Generations are counted; no
// clock is read, so that clocks which differ change nothing. No documents are compared here.
import type { AnnouncedVersion, SettingsVersion } from '../model/settings-version.js';

/** A version and those that it came from, the latest first. */
export interface Lineage {
  readonly version: SettingsVersion;
  readonly before: readonly SettingsVersion[];
}

/** So many versions are remembered: whoever missed more is asked about. */
export const REMEMBERED = 16;

/** `conflict`: both were edited since the last version that both had. */
export type Relation = 'same' | 'mine-newer' | 'theirs-newer' | 'conflict';

/**
 * How two lineages stand to each other. One is newer when the other's document is among those that it came from since
 * both had the same: so nothing is replaced that its author has not seen. An appliance that is back at what both had then
 * has nothing to lose, however often something was changed and taken back there.
 */
export function relate(mine: Lineage, theirs: Lineage): Relation {
  const [here, there] = [mine.version.digest, theirs.version.digest];
  if (here === there) return 'same';
  const met = lastMet(mine, theirs);
  if (met?.digest === here) return 'theirs-newer';
  if (met?.digest === there) return 'mine-newer';
  const newer = left(mine, theirs.version, met);
  const older = left(theirs, mine.version, met);
  if (newer === null && older === null) return 'conflict';
  if (newer === null || older === null) return newer === null ? 'theirs-newer' : 'mine-newer';
  // Each had the other's: whoever left it later is newer.
  if (newer >= theirs.version.generation === older >= mine.version.generation) return 'conflict';
  return newer >= theirs.version.generation ? 'mine-newer' : 'theirs-newer';
}

/** The latest version that both had, whoever made it; undefined when none is remembered. */
function lastMet(mine: Lineage, theirs: Lineage): SettingsVersion | undefined {
  const there = new Set([theirs.version, ...theirs.before].map(nameOf));
  return [mine.version, ...mine.before]
    .filter((one) => there.has(nameOf(one)))
    .sort((a, b) => b.generation - a.generation || (a.digest < b.digest ? -1 : 1))[0];
}

/** The generation in which `lineage` had this document last, since the two met; null when it had not. */
function left(
  { before }: Lineage,
  { digest }: SettingsVersion,
  met: SettingsVersion | undefined,
): number | null {
  const had = before.filter((one) => one.digest === digest);
  const last = Math.max(...had.map(({ generation }) => generation));
  return last > (met?.generation ?? 0) ? last : null;
}

/** Two appliances that go back to the same document at the same time make one version, not two. */
const nameOf = ({ generation, digest }: SettingsVersion): string => `${generation} ${digest}`;

/** The first version of an appliance that knows of none. */
export const firstVersion = (author: string, digest: string): Lineage => ({
  version: { generation: 1, author, digest },
  before: [],
});

/** The lineage after an edit on this appliance; the same one where the document is as it was. */
export function edited(lineage: Lineage, author: string, digest: string): Lineage {
  const { version } = lineage;
  if (version.digest === digest) return lineage;
  const generation = latestOf(lineage) + 1;
  return withPast({ generation, author, digest }, [version, ...lineage.before]);
}

/**
 * The lineage of an appliance that has taken over the document of another: it forgets nothing that it had. A version
 * always is of a later generation than all that it came from, also where an operator chose the lower one of two.
 */
export function adopted(mine: Lineage, theirs: Lineage): Lineage {
  const { version } = theirs;
  const generation = Math.max(version.generation, latestOf(mine) + 1);
  const past = [version, ...theirs.before, mine.version, ...mine.before];
  return withPast({ ...version, generation }, past);
}

/**
 * Two appliances with the same document speak of it as one version: the one that is lower in (generation, author)
 * takes the other's. The same lineage for the higher one.
 */
export function agreed(mine: Lineage, theirs: Lineage): Lineage {
  const [a, b] = [mine.version, theirs.version];
  if (a.digest !== b.digest || isSame(a, b)) return mine;
  const higher =
    b.generation > a.generation || (b.generation === a.generation && b.author < a.author);
  return higher ? withPast(b, [...theirs.before, a, ...mine.before]) : mine;
}

const withPast = (version: SettingsVersion, past: readonly SettingsVersion[]): Lineage => ({
  version,
  before: remembered(past.filter((one) => nameOf(one) !== nameOf(version))),
});

const latestOf = ({ version, before }: Lineage): number =>
  Math.max(version.generation, ...before.map(({ generation }) => generation));

const isSame = (a: SettingsVersion, b: SettingsVersion): boolean =>
  a.generation === b.generation && a.author === b.author && a.digest === b.digest;

/** The latest first, each once. Where there are too many, a document that came again later goes before one that did not. */
function remembered(versions: readonly SettingsVersion[]): SettingsVersion[] {
  const names = versions.map(nameOf);
  const all = versions
    .filter((one, index) => names.indexOf(nameOf(one)) === index)
    .sort((a, b) => b.generation - a.generation);
  const digests = all.map(({ digest }) => digest);
  const repeated = all.filter(({ digest }, index) => digests.indexOf(digest) < index);
  const excess = Math.max(0, all.length - REMEMBERED);
  const gone = new Set(repeated.slice(Math.max(0, repeated.length - excess)));
  return all.filter((one) => !gone.has(one)).slice(0, REMEMBERED);
}

/** The latest document that both had, by its digest; null when none is known. */
export function commonDigest(mine: Lineage, theirs: Lineage): string | null {
  const met = lastMet(mine, theirs);
  if (met !== undefined) return met.digest;
  const known = new Set([theirs.version, ...theirs.before].map(({ digest }) => digest));
  return [mine.version, ...mine.before].find(({ digest }) => known.has(digest))?.digest ?? null;
}

/** What is said of it in every message. */
export function announced({ version, before }: Lineage): AnnouncedVersion {
  const previous = before[0];
  return {
    ...version,
    previous:
      previous === undefined ? null : { generation: previous.generation, digest: previous.digest },
  };
}

/** As much of a lineage as a message tells: what is not the same may be newer in a way that only all of it shows. */
export const lineageTold = ({ previous, ...version }: AnnouncedVersion): Lineage => ({
  version,
  before: previous === null ? [] : [{ ...previous, author: version.author }],
});
