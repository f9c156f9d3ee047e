// The settings as `understudy get` and `set` name them, and their values as a person types them.
// No file, no YAML: see save.ts.
import { formatPath, type SettingsError } from './errors.js';
import { describeFound } from './found.js';
import { durationOf, expectation, millisecondsPerUnit } from './remedy.js';
import { schemaAt, type SettingSchema } from './schema.js';
import type { ListedSetting } from './listed.js';
import { SETTABLE, SYMBOLS, withUnit, type SettableSetting } from './settable.js';
import type { SettingValue } from './settings.js';
import { nearestName } from './spelling.js';

export { SETTABLE, unitOf, withUnit, type SettableSetting } from './settable.js';
export type { SettingValue } from './settings.js';

/** One line of `understudy get`. */
export interface SettingView {
  /** `mode`, or `virtualRouters[lan].vrid`. */
  readonly setting: string;
  readonly value: SettingValue;
  /** What it is when the file does not say; absent for none. */
  readonly default?: SettingValue;
  readonly source: 'file' | 'default';
  /** Of the values: `ms`, `s`, `bit/s`; absent when they have none. */
  readonly unit?: string;
  readonly settable: boolean;
  /** Of a list: its items, where `value` has them in one line. */
  readonly list?: readonly unknown[];
  /** As in an error: `ha.mode`, `virtualRouters[0].vrid`. */
  readonly path?: string;
}

/** The answer of the control socket to what the agent runs with. */
export interface SettingsView {
  /** The file the settings came from. */
  readonly file: string;
  readonly settings: readonly SettingView[];
  /** What tells this version of the file from another. */
  readonly digest?: string;
}

/** The settings as names and values, in the order of the file's documentation. */
export const viewSettings = (
  listed: readonly ListedSetting[],
  file: string,
  digest?: string,
): SettingsView => ({
  file,
  ...(digest === undefined ? {} : { digest }),
  settings: listed.map(({ path, name, value, default: standard, source, unit, settable }) => ({
    setting: name,
    value: plainValue(value),
    ...(standard === undefined ? {} : { default: plainValue(standard) }),
    source,
    ...(unit === undefined ? {} : { unit: SYMBOLS[unit] }),
    settable,
    ...(Array.isArray(value) ? { list: value as readonly unknown[] } : {}),
    path: formatPath(path),
  })),
});

/** Lists as their items, pairs as `eth1+eth2`; of headers, which may be secret, the names. */
function plainValue(value: unknown): SettingValue {
  if (value === undefined) return '';
  if (Array.isArray(value)) {
    return value.map((item) => (Array.isArray(item) ? item.join('+') : String(item))).join(' ');
  }
  return typeof value === 'object' ? Object.keys(value ?? {}).join(' ') : (value as SettingValue);
}

/** As the file has it: `ha.mode` of `mode`. */
const pathOf = (name: string): string =>
  SETTABLE.find((setting) => setting.name === name)?.path.join('.') ?? name;

/** The view of `name`; `ha.mode` means `mode`, and a section all that is in it. */
export function findSetting(view: SettingsView, name: string): SettingView | undefined {
  const own = SETTABLE.find(({ path }) => path.join('.') === name)?.name ?? name;
  const inside = view.settings
    .map((one) => ({ ...one, path: pathOf(one.setting) }))
    .filter(({ path }) => path.startsWith(`${own}.`));
  const found = view.settings.find(({ setting }) => setting === own);
  if (found !== undefined || inside.length === 0) return found;
  const value = inside
    .map((one) => `${one.path.slice(own.length + 1)}: ${withUnit(one.value, one.unit)}`)
    .join(', ');
  const source = inside.some((one) => one.source === 'file') ? 'file' : 'default';
  return { setting: own, value, source, settable: false };
}

export type Change =
  | { readonly ok: true; readonly setting: SettableSetting; readonly value: SettingValue }
  | { readonly ok: false; readonly error: SettingsError };

/**
 * Reads `set NAME VALUE` as typed. Booleans: on, off, true, false, yes, no. Numbers in the unit of
 * the setting; whether they are in range is for the load path to say.
 */
export function readChange(name: string, value: string): Change {
  const setting = SETTABLE.find(
    (candidate) => candidate.name === name || candidate.path.join('.') === name,
  );
  if (setting === undefined) return { ok: false, error: unsettable(name) };
  const schema = schemaAt(setting.path);
  if (schema?.type === 'boolean') return readSwitch(setting, value);
  if (schema?.type === 'integer') return readNumber(setting, schema, value);
  return { ok: true, setting, value };
}

function readSwitch(setting: SettableSetting, value: string): Change {
  const word = value.toLowerCase();
  if (['on', 'true', 'yes'].includes(word)) return { ok: true, setting, value: true };
  if (['off', 'false', 'no'].includes(word)) return { ok: true, setting, value: false };
  const error: SettingsError = {
    path: setting.name,
    code: 'wrong-type',
    expected: 'on or off (or true, false, yes, no)',
    found: JSON.stringify(value),
    remedy: `understudy set ${setting.name} on`,
  };
  return { ok: false, error };
}

function readNumber(setting: SettableSetting, schema: SettingSchema, value: string): Change {
  if (/^\d{1,15}$/.test(value)) {
    const number = Number(value);
    if (number >= (schema.minimum ?? 0) && number <= (schema.maximum ?? number)) {
      return { ok: true, setting, value: number };
    }
  }
  const meant = durationOf(value);
  const factor = millisecondsPerUnit(schema.unit);
  const suggestion = meant === null || factor === null ? schema.default : meant / factor;
  const error: SettingsError = {
    path: setting.name,
    code: /^\d+$/.test(value) ? 'out-of-range' : 'wrong-type',
    expected: expectation(schema),
    found: /^\d+$/.test(value) ? value : describeFound(value),
    remedy: `understudy set ${setting.name} ${String(suggestion)}${schema.unit === undefined ? '' : `   (${schema.unit})`}`,
  };
  return { ok: false, error };
}

/** Whether the file may have it: `virtualRouters[lan].vrid`, in which a name stands for an item of the list. */
function isOfTheFile(name: string): boolean {
  const path = name
    .split('.')
    .flatMap((part) => (/\[[^\]]*\]$/.test(part) ? [part.replace(/\[[^\]]*\]$/, ''), 0] : [part]));
  return schemaAt(path) !== undefined;
}

/** Why there is no setting of this name to set. */
function unsettable(name: string): SettingsError {
  const names = SETTABLE.map((setting) => setting.name);
  if (isOfTheFile(name)) {
    return {
      path: name,
      code: 'not-settable',
      expected: `one of: ${names.join(', ')}`,
      found: `${JSON.stringify(name)}, which is changed in the file alone`,
      remedy: 'change it in the file, then: understudy reload',
    };
  }
  const near = nearestName(name, names);
  return {
    path: name,
    code: 'unknown-setting',
    expected: `one of: ${names.join(', ')}`,
    found: `the unknown setting ${JSON.stringify(name)}`,
    remedy:
      near === null
        ? 'change other settings in the file, then: understudy reload'
        : `did you mean ${near}?`,
  };
}
