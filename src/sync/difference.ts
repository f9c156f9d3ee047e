// What differs between two documents, beside what both had last: three columns, one row a setting. Nothing is merged
// and nothing decided.
import { isDeepStrictEqual } from 'node:util';
import type { Difference } from '../model/shared-settings.js';
import { sharedSchema, shownName, type SharedDocument, type SharedValue } from './shared.js';

export { valueText } from '../model/shared-settings.js';
export type { Difference };

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
      ...(base === null ? {} : column('base', name, base)),
      ...column('mine', name, mine),
      ...column('theirs', name, theirs),
      changed: base === null ? 'unknown' : changedBy(name, mine, theirs, base),
    }));
}

/** The value in force: the default of a setting that is not set and has one. */
function column(
  key: 'base' | 'mine' | 'theirs',
  name: string,
  document: SharedDocument,
): Partial<Record<typeof key, SharedValue>> {
  const value = document.get(name) ?? sharedSchema(name)?.default;
  return value === undefined ? {} : { [key]: value as SharedValue };
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
