// Every setting there is, one by one: where it stands, what it is, what it would be, and who says so. No text for
// people: see setting-names.ts.
import { valueAt, type SettingsPath } from './errors.js';
import { SETTINGS_SCHEMA } from './schema.js';
import type { CompleteFile } from './settings.js';
import type { Scope, SettingSchema, SettingUnit } from './setting-schema.js';

export interface ListedSetting {
  readonly path: SettingsPath;
  /** The name for `get`: `mode`, `virtualRouters[lan].vrid`; of a section that has only one more setting, its own. */
  readonly name: string;
  /** As in the file, defaults included; undefined for none. */
  readonly value: unknown;
  /** What it is when the file does not say; undefined for none. */
  readonly default: unknown;
  readonly source: 'file' | 'default';
  readonly scope: Scope;
  readonly unit?: SettingUnit;
  /** Whether `set` can change it. */
  readonly settable: boolean;
}

/**
 * Every setting in the order of the schema; of each item of a list, all that the file or a default says.
 * `written`: what the file itself says, without defaults.
 */
export const listSettings = (file: CompleteFile, written: unknown): ListedSetting[] =>
  listOf(SETTINGS_SCHEMA, { path: [], name: '', value: file, written });

interface Place {
  readonly path: SettingsPath;
  readonly name: string;
  readonly value: unknown;
  readonly written: unknown;
}

function listOf(schema: SettingSchema, place: Place): ListedSetting[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, child]) =>
      listOf(child, inside(place, key, place.name === '' ? key : `${place.name}.${key}`)),
    );
  }
  const { items } = schema;
  if (items?.properties === undefined) return [listed(schema, place)];
  const list = Array.isArray(place.value) ? (place.value as readonly unknown[]) : [];
  return list.flatMap((item, index) => {
    const name = `${place.name}[${String(valueAt(item, ['name']))}]`;
    const settings = listOf(items, inside(place, index, name)).filter(
      ({ path, value }) => value !== undefined && !isItsName(path, place.path),
    );
    return settings.length === 1 ? settings.map((only) => ({ ...only, name })) : settings;
  });
}

/** The name of an item stands in the names of all its settings. */
const isItsName = (path: SettingsPath, list: SettingsPath): boolean =>
  path.length === list.length + 2 && path.at(-1) === 'name';

const inside = ({ path, value, written }: Place, key: string | number, name: string): Place => ({
  path: [...path, key],
  name,
  value: valueAt(value, [key]),
  written: valueAt(written, [key]),
});

function listed(schema: SettingSchema, { path, name, value, written }: Place): ListedSetting {
  const source = written === undefined ? 'default' : 'file';
  return {
    path,
    name: schema.set ?? name,
    value,
    default: schema.default ?? (source === 'default' ? value : undefined),
    source,
    scope: schema.scope ?? 'own',
    ...(schema.unit === undefined ? {} : { unit: schema.unit }),
    settable: schema.set !== undefined,
  };
}
