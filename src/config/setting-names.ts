// The settings as `understudy get` and `set` name them, and their values as a person types them.
// No file, no YAML: see save.ts.
import { formatAddressWithPrefix } from '../model/address.js';
import { laterSettingNamed } from './later.js';
import type { SettingsError } from './errors.js';
import type { Settings } from './settings.js';
import { nearestName } from './spelling.js';

export type SettingValue = string | number | boolean;

export interface SettableSetting {
  readonly name: string;
  readonly path: readonly [string, string];
  readonly kind: 'boolean' | 'word';
}

/** What `understudy set` can change in this release. */
export const SETTABLE: readonly SettableSetting[] = [
  { name: 'mode', path: ['ha', 'mode'], kind: 'word' },
  { name: 'primary', path: ['ha', 'primary'], kind: 'boolean' },
  { name: 'preempt', path: ['ha', 'preempt'], kind: 'boolean' },
];

/** One line of `understudy get`. */
export interface SettingView {
  /** `mode`, or `virtualRouters[lan].vrid`. */
  readonly setting: string;
  readonly value: SettingValue;
  readonly settable: boolean;
}

/** The answer of the control socket to what the agent runs with. */
export interface SettingsView {
  /** The file the settings came from. */
  readonly file: string;
  readonly settings: readonly SettingView[];
}

/** The settings as names and values, in the order of the file's documentation. */
export function viewSettings(settings: Settings, file: string): SettingsView {
  const fixed = (setting: string, value: SettingValue): SettingView => ({
    setting,
    value,
    settable: false,
  });
  const ha = SETTABLE.map(({ name, path }) => ({
    setting: name,
    value: haValue(settings, path[1]),
    settable: true,
  }));
  const routers = settings.virtualRouters.flatMap((router) => {
    const prefix = `virtualRouters[${router.name}]`;
    return [
      fixed(`${prefix}.interface`, router.interface),
      fixed(`${prefix}.vrid`, router.vrid),
      fixed(`${prefix}.addresses`, router.addresses.map(formatAddressWithPrefix).join(' ')),
      fixed(`${prefix}.advertisementIntervalMs`, router.advertisementInterval * 10),
      fixed(`${prefix}.priority`, router.priority),
      fixed(`${prefix}.preempt`, router.preempt),
      fixed(`${prefix}.checksum`, router.checksum),
      fixed(`${prefix}.unicastPeers`, router.unicastPeers.join(' ')),
    ];
  });
  return {
    file,
    settings: [
      fixed('name', settings.name),
      ...ha,
      ...routers,
      fixed('vip.script', settings.vip.script),
      fixed('runtimeDirectory', settings.runtimeDirectory),
      fixed('stateDirectory', settings.stateDirectory),
    ],
  };
}

function haValue(settings: Settings, key: string): SettingValue {
  if (key === 'mode') return settings.ha.mode;
  return key === 'primary' ? settings.ha.primary : settings.ha.preempt;
}

/** The view of `name`; `ha.mode` means `mode`. */
export function findSetting(view: SettingsView, name: string): SettingView | undefined {
  const own = SETTABLE.find(({ path }) => path.join('.') === name)?.name ?? name;
  return view.settings.find(({ setting }) => setting === own);
}

export type Change =
  | { readonly ok: true; readonly setting: SettableSetting; readonly value: SettingValue }
  | { readonly ok: false; readonly error: SettingsError };

/** Reads `set NAME VALUE` as typed. Booleans: on, off, true, false, yes, no. */
export function readChange(name: string, value: string): Change {
  const setting = SETTABLE.find(
    (candidate) => candidate.name === name || candidate.path.join('.') === name,
  );
  if (setting === undefined) return { ok: false, error: unsettable(name) };
  if (setting.kind === 'word') return { ok: true, setting, value };
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

/** Why there is no setting of this name to set or get. */
export function unsettable(name: string): SettingsError {
  if (laterSettingNamed(name) !== undefined) {
    return {
      path: name,
      code: 'not-available',
      expected: 'a setting of this release',
      found: `${name}, which is not available in this release`,
      remedy: `leave it out; these can be set: ${settableNames().join(', ')}`,
    };
  }
  const near = nearestName(name, settableNames());
  return {
    path: name,
    code: 'unknown-setting',
    expected: `one of: ${settableNames().join(', ')}`,
    found: `the unknown setting ${JSON.stringify(name)}`,
    remedy:
      near === null
        ? 'change other settings in the file, then: systemctl reload understudy'
        : `did you mean ${near}?`,
  };
}

const settableNames = (): string[] => SETTABLE.map(({ name }) => name);
