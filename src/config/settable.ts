// The settings that `understudy set` can change: their names, places, units and values. No reading of
// what a person types: see setting-names.ts.
import { schemaAt, SETTINGS_SCHEMA } from './schema.js';
import type { SettingSchema, SettingUnit } from './setting-schema.js';
import type { SettingValue } from './settings.js';

export interface SettableSetting {
  readonly name: string;
  readonly path: readonly [section: string, key: string];
}

/** Those whose schema has a name for `set`, in its order, which is that of the appliance's own settings page. */
export const SETTABLE: readonly SettableSetting[] = Object.entries<SettingSchema>(
  SETTINGS_SCHEMA.properties,
).flatMap(([section, { properties = {} }]) =>
  Object.entries(properties).flatMap(([key, { set }]) =>
    set === undefined ? [] : [{ name: set, path: [section, key] as const }],
  ),
);

export const SYMBOLS: Readonly<Record<SettingUnit, string>> = {
  milliseconds: 'ms',
  seconds: 's',
  'bits per second': 'bit/s',
};

/** The unit of the setting as it is printed: `ms`; undefined when it has none. */
export function unitOf({ path }: SettableSetting): string | undefined {
  const unit = schemaAt(path)?.unit;
  return unit === undefined ? undefined : SYMBOLS[unit];
}

/** The value with its unit, as a person reads it: `100 ms`; `-` for none. */
export const withUnit = (value: SettingValue, unit: string | undefined): string => {
  if (value === '') return '-';
  return unit === undefined ? String(value) : `${value} ${unit}`;
};
