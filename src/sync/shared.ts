// What of a settings file all appliances of a group share, as a flat list of names and values, and its digest. Which
// setting is shared is said by the schema alone. No files, no comparison: see difference.ts.
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { SETTINGS_SCHEMA } from '../config/schema.js';
import type { Scope, SettingSchema } from '../config/setting-schema.js';
import type { SharedValue } from '../model/shared-settings.js';

export type { SharedValue };

/**
 * Settings by name, sorted: `ha.port`, `virtualRouters[lan].vrid`. One that has the default of the schema is not in
 * it: so releases with different sets of settings agree as long as nobody uses what the other does not know.
 */
export type SharedDocument = ReadonlyMap<string, SharedValue>;

/** The most that a document may have in its text form, in bytes: far more than 1024 virtual routers take. */
export const DOCUMENT_MAXIMUM = 256 * 1024;

/** What of a settings file, as its YAML is written and without defaults, is shared. */
export const sharedOf = (written: unknown): SharedDocument => entriesOf(written, 'shared');

/** What of it is this appliance's own. */
export const ownOf = (written: unknown): SharedDocument => entriesOf(written, 'own');

function entriesOf(written: unknown, scope: Scope): SharedDocument {
  const found: [string, SharedValue][] = [];
  collect(SETTINGS_SCHEMA, written, '', scope, found);
  return sorted(found);
}

/** In the order of the names, whatever locale there is. */
export const sorted = (entries: Iterable<readonly [string, SharedValue]>): SharedDocument =>
  new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

function collect(
  schema: SettingSchema,
  value: unknown,
  name: string,
  scope: Scope,
  found: [string, SharedValue][],
): void {
  if (value === undefined || value === null) return;
  const { properties, items } = schema;
  if (properties !== undefined && isMapping(value)) {
    for (const [key, child] of Object.entries(properties)) {
      // The name of an item stands in the names of all its settings.
      if (key === 'name' && name.endsWith(']')) continue;
      collect(child, value[key], name === '' ? key : `${name}.${key}`, scope, found);
    }
  } else if (items?.properties !== undefined && schema.scope !== 'own') {
    if (!Array.isArray(value)) return;
    for (const item of value) {
      if (isMapping(item)) collect(items, item, `${name}[${String(item['name'])}]`, scope, found);
    }
  } else if (schema.scope === scope && !isDeepStrictEqual(value, schema.default)) {
    found.push([name, value as SharedValue]);
  }
}

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where a name of a document leads: an item of a list by its name, or keys from the top. */
export interface SettingPlace {
  /** Null outside lists. */
  readonly item: { readonly list: string; readonly name: string } | null;
  /** Below the item, or from the top. */
  readonly keys: readonly string[];
}

const IN_A_LIST = /^(\w+)\[([^\]]*)\]\.(.+)$/;

export function placeOf(name: string): SettingPlace {
  const [, list, item = '', rest = ''] = IN_A_LIST.exec(name) ?? [];
  if (list === undefined) return { item: null, keys: name.split('.') };
  return { item: { list, name: item }, keys: rest.split('.') };
}

/** The schema of the setting that a document calls so; undefined for one that this release does not share. */
export function sharedSchema(name: string): SettingSchema | undefined {
  const { item, keys } = placeOf(name);
  let schema: SettingSchema | undefined = SETTINGS_SCHEMA;
  const path = item === null ? keys : [item.list, null, ...keys];
  for (const key of path) {
    const properties: SettingSchema['properties'] = schema?.properties;
    if (key === null) schema = schema?.items;
    else schema = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
  }
  return schema?.scope === 'shared' && schema.items?.properties === undefined ? schema : undefined;
}

/** How people call it: by the word of `understudy set`, where it has one. */
export const shownName = (name: string): string => sharedSchema(name)?.set ?? name;

/** The text of which the digest is: the same for the same settings, in whatever order a file has them. */
export const canonicalText = (document: SharedDocument): string =>
  JSON.stringify([...document].map(([name, value]) => [name, ordered(value)]));

/** Mappings in the order of their keys. */
function ordered(value: SharedValue): unknown {
  if (Array.isArray(value)) return (value as readonly SharedValue[]).map(ordered);
  if (!isMapping(value)) return value;
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key, ordered(value[key] as SharedValue)]));
}

/** 64 bits of SHA-256, as 16 hexadecimal digits. Not a defence against forgery: what carries it is authenticated. */
export const digestOf = (document: SharedDocument): string =>
  createHash('sha256').update(canonicalText(document)).digest('hex').slice(0, 16);
