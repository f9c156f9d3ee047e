// What differs between two documents, beside what both had last: three columns, one row a setting. Nothing is merged
// and nothing decided.
import { isDeepStrictEqual } from 'node:util';
import { shownName, type SharedDocument, type SharedValue } from './shared.js';

/** One setting that is not the same on both. A value is absent where a setting is not set. */
export interface Difference {
  /** As people call it: `peer-check-interval`, `virtualRouters[lan].vrid`. */
  readonly setting: string;
  /** In the last version that both had; absent too when none is known. */
  readonly base?: SharedValue;
  readonly mine?: SharedValue;
  readonly theirs?: SharedValue;
  /** Who changed it since; `unknown` without a version that both had. */
  readonly changed: 'here' | 'there' | 'both' | 'unknown';
}

/** Every setting that differs, in the order of the names. `base`: the last document that both had, if it is known. */
export function differences(
  mine: SharedDocument,
  theirs: SharedDocument,
  base: SharedDocument | null,
): Difference[] {
  const names = [...new Set([...mine.keys(), ...theirs.keys()])].sort((a, b) => (a < b ? -1 : 1));
  return names
    .filter((name) => !isDeepStrictEqual(mine.get(name), theirs.get(name)))
    .map((name) => ({
      setting: shownName(name),
      ...(base?.has(name) === true ? { base: base.get(name) as SharedValue } : {}),
      ...(mine.has(name) ? { mine: mine.get(name) as SharedValue } : {}),
      ...(theirs.has(name) ? { theirs: theirs.get(name) as SharedValue } : {}),
      changed: base === null ? 'unknown' : changedBy(name, mine, theirs, base),
    }));
}

function changedBy(
  name: string,
  mine: SharedDocument,
  theirs: SharedDocument,
  base: SharedDocument,
): 'here' | 'there' | 'both' {
  const before = base.get(name);
  if (isDeepStrictEqual(mine.get(name), before)) return 'there';
  return isDeepStrictEqual(theirs.get(name), before) ? 'here' : 'both';
}

/** A value as a person reads it, as `understudy get` has it; of mappings, which may hold secrets, the keys. */
export function valueText(value: SharedValue | undefined): string {
  if (value === undefined) return '-';
  if (Array.isArray(value)) {
    const items = value as readonly SharedValue[];
    return items.map((one) => (Array.isArray(one) ? one.join('+') : valueText(one))).join(' ');
  }
  return typeof value === 'object' ? Object.keys(value).join(' ') : String(value);
}
