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
 * How two lineages stand to each other. One is newer when the other's document is among those that it came from: so
 * nothing is replaced that its author has not seen.
 */
export function relate(mine: Lineage, theirs: Lineage): Relation {
  if (mine.version.digest === theirs.version.digest) return 'same';
  const newer = comesFrom(mine, theirs.version);
  const older = comesFrom(theirs, mine.version);
  if (newer === older) return 'conflict';
  return newer ? 'mine-newer' : 'theirs-newer';
}

/**
 * Whether `version` is among what `lineage` came from. Edits that were taken back give a digest a second time: then
 * the generation tells.
 */
const comesFrom = ({ before }: Lineage, { digest, generation }: SettingsVersion): boolean =>
  before.some((one) => one.digest === digest && one.generation >= generation);

/** The first version of an appliance that knows of none. */
export const firstVersion = (author: string, digest: string): Lineage => ({
  version: { generation: 1, author, digest },
  before: [],
});

/** The lineage after an edit on this appliance; the same one where the document is as it was. */
export function edited(lineage: Lineage, author: string, digest: string): Lineage {
  const { version } = lineage;
  if (version.digest === digest) return lineage;
  return {
    version: { generation: version.generation + 1, author, digest },
    before: remembered([version, ...lineage.before]),
  };
}

/** The lineage of an appliance that has taken over the document of another: it forgets nothing that it had. */
export const adopted = (mine: Lineage, theirs: Lineage): Lineage => ({
  version: theirs.version,
  before: remembered([...theirs.before, mine.version, ...mine.before]).filter(
    (one) => !isSame(one, theirs.version),
  ),
});

/**
 * Two appliances with the same document speak of it as one version: the one that is lower in (generation, author)
 * takes the other's. The same lineage for the higher one.
 */
export function agreed(mine: Lineage, theirs: Lineage): Lineage {
  const [a, b] = [mine.version, theirs.version];
  if (a.digest !== b.digest || isSame(a, b)) return mine;
  const higher =
    b.generation > a.generation || (b.generation === a.generation && b.author < a.author);
  return higher ? adopted(mine, theirs) : mine;
}

const isSame = (a: SettingsVersion, b: SettingsVersion): boolean =>
  a.generation === b.generation && a.author === b.author && a.digest === b.digest;

/** The latest first, each once. */
function remembered(versions: readonly SettingsVersion[]): SettingsVersion[] {
  const seen = new Set<string>();
  return versions
    .filter((one) => {
      const text = `${one.generation} ${one.digest} ${one.author}`;
      return !seen.has(text) && seen.add(text);
    })
    .sort((a, b) => b.generation - a.generation)
    .slice(0, REMEMBERED);
}

/** The latest document that both had, by its digest; null when none is known. */
export function commonDigest(mine: Lineage, theirs: Lineage): string | null {
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
