// The settings as `understudy get` and `set` name them, and their values as a person types them.
// No file, no YAML: see save.ts.
import { formatAddressWithPrefix } from '../model/address.js';
import type { SettingsError } from './errors.js';
import { describeFound } from './found.js';
import { durationOf, expectation, millisecondsPerUnit } from './remedy.js';
import { schemaAt, type SettingSchema } from './schema.js';
import type { CheckSettings, Settings, SettingValue, VirtualRouterSettings } from './settings.js';
import { SETTABLE, unitOf, type SettableSetting } from './settable.js';
import { nearestName } from './spelling.js';

export { SETTABLE, unitOf, withUnit, type SettableSetting } from './settable.js';
export type { SettingValue } from './settings.js';

/** One line of `understudy get`. */
export interface SettingView {
  /** `mode`, or `virtualRouters[lan].vrid`. */
  readonly setting: string;
  readonly value: SettingValue;
  /** Of the value: `ms`, `s`, `bit/s`; absent when it has none. */
  readonly unit?: string;
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
  const { ha, monitors, bypass, hooks } = settings;
  return {
    file,
    settings: [
      fixed('name', settings.name),
      ...SETTABLE.map((setting) => settableView(setting, settings)),
      fixed('ha.keyFile', ha.keyFile ?? ''),
      ...ha.peers.map(({ name, addresses }) => fixed(`ha.peers[${name}]`, addresses.join(' '))),
      ...settings.virtualRouters.flatMap(routerViews),
      fixed('bandwidthMonitoring.interfaces', monitors.bandwidth?.interfaces.join(' ') ?? ''),
      fixed('linkMonitoring.pairs', pairsText(monitors.links?.pairs ?? [])),
      fixed('gatewayMonitoring.addresses', monitors.gateway?.addresses.join(' ') ?? ''),
      fixed('gatewayMonitoring.interface', monitors.gateway?.interface ?? ''),
      ...monitors.checks.map((check) => fixed(`checks[${check.name}]`, checkText(check))),
      fixed('bypass.hook', bypass?.hook ?? ''),
      fixed('bypass.segments', bypass?.segments.join(' ') ?? ''),
      fixed('bypass.onStop', bypass?.onStop ?? ''),
      fixed('hooks.transition', hooks.transition ?? ''),
      fixed('hooks.monitor', hooks.monitor ?? ''),
      fixed('vip.script', settings.vip.script),
      fixed('vip.leaseSeconds', settings.vip.leaseSeconds),
      fixed('runtimeDirectory', settings.runtimeDirectory),
      fixed('stateDirectory', settings.stateDirectory),
    ],
  };
}

const fixed = (setting: string, value: SettingValue): SettingView => ({
  setting,
  value,
  settable: false,
});

function settableView(setting: SettableSetting, { settable }: Settings): SettingView {
  const unit = unitOf(setting);
  return {
    setting: setting.name,
    value: settable[setting.name] ?? '',
    ...(unit === undefined ? {} : { unit }),
    settable: true,
  };
}

function routerViews(router: VirtualRouterSettings): SettingView[] {
  const prefix = `virtualRouters[${router.name}]`;
  return [
    fixed(`${prefix}.interface`, router.interface),
    fixed(`${prefix}.vrid`, router.vrid),
    fixed(`${prefix}.addresses`, router.addresses.map(formatAddressWithPrefix).join(' ')),
    {
      ...fixed(`${prefix}.advertisementIntervalMs`, router.advertisementInterval * 10),
      unit: 'ms',
    },
    ...(router.primary === undefined ? [] : [fixed(`${prefix}.primary`, router.primary)]),
    fixed(`${prefix}.priority`, router.priority),
    fixed(`${prefix}.preempt`, router.preempt),
    fixed(`${prefix}.checksum`, router.checksum),
    fixed(`${prefix}.unicastPeers`, router.unicastPeers.join(' ')),
  ];
}

const pairsText = (pairs: readonly (readonly string[])[]): string =>
  pairs.map((pair) => pair.join('+')).join(' ');

/** Everything of a check but the headers it sends, which may be secret. */
function checkText(check: CheckSettings): string {
  const { kind, intervalMs, timeoutMs, failureThreshold, recoveryThreshold, weight } = check;
  const rhythm = `every ${intervalMs} ms within ${timeoutMs} ms, ${failureThreshold}/${recoveryThreshold} in a row`;
  return `${targetText(kind)}, ${rhythm}, ${weight === undefined ? 'soft' : `weight ${weight}`}`;
}

function targetText(kind: CheckSettings['kind']): string {
  switch (kind.type) {
    case 'tcp':
      return `tcp ${kind.host}:${kind.port}`;
    case 'http':
      return `http ${kind.url}`;
    case 'script':
      return `script ${kind.command.join(' ')}`;
  }
}

/** The view of `name`; `ha.mode` means `mode`. */
export function findSetting(view: SettingsView, name: string): SettingView | undefined {
  const own = SETTABLE.find(({ path }) => path.join('.') === name)?.name ?? name;
  return view.settings.find(({ setting }) => setting === own);
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

/** Why there is no setting of this name to set or get. */
export function unsettable(name: string): SettingsError {
  const names = SETTABLE.map((setting) => setting.name);
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
