// What an unknown key was probably meant to be: another spelling, another unit, another program's
// word. No checks of values.
import { assert } from '../model/assert.js';
import { formatPath, type Finding, type SettingsPath } from './errors.js';
import { describeFound } from './found.js';
import { durationOf, millisecondsPerUnit, takes } from './remedy.js';
import { schemaAt, type SettingSchema } from './schema.js';
import { nearestName, plainSpelling } from './spelling.js';

/** Units people put last in a name, in plain spelling, longest first. */
const UNIT_SUFFIX =
  /(milliseconds?|centiseconds?|microseconds?|seconds?|minutes?|millis|msecs?|usecs?|secs?|mins?|ms|cs|us|s)$/;

/** Words of other programs and their plain spelling, for what this one calls otherwise. */
const SYNONYMS: Readonly<Record<string, string>> = {
  advertint: 'advertisementIntervalMs',
  advertisementinterval: 'advertisementIntervalMs',
  advertinterval: 'advertisementIntervalMs',
  advinterval: 'advertisementIntervalMs',
  interval: 'advertisementIntervalMs',
  virtualrouterid: 'vrid',
  id: 'vrid',
  virtualipaddress: 'addresses',
  virtualipaddresses: 'addresses',
  virtualaddresses: 'addresses',
  address: 'addresses',
  vip: 'addresses',
  vips: 'addresses',
  nopreempt: 'preempt',
  preemptmode: 'preempt',
  unicastpeer: 'unicastPeers',
  dev: 'interface',
  nic: 'interface',
  vrrpinstance: 'virtualRouters',
  instances: 'virtualRouters',
  routers: 'virtualRouters',
  rundirectory: 'runtimeDirectory',
  rundir: 'runtimeDirectory',
  statedir: 'stateDirectory',
  hostname: 'name',
  usevmac: 'virtualMac',
  accept: 'acceptMode',
  peer: 'peers',
  key: 'keyFile',
  gateway: 'addresses',
  gateways: 'addresses',
  minimumlinks: 'minimumActive',
  maxflaps: 'maximumFlaps',
  notify: 'transition',
};

/** The error for a key that does not belong into `container`, with what was probably meant. */
export function unknownSetting(container: SettingsPath, key: string, value: unknown): Finding {
  const known = Object.keys(schemaAt(container)?.properties ?? {});
  const at = [...container, key];
  const inUnit = sameButForUnit(key, known);
  if (inUnit !== null) return wrongUnit(at, key, inUnit, value);
  const suggestion = synonym(key, known) ?? nearestName(key, known) ?? elsewhere(container, key);
  return {
    at,
    code: 'unknown-setting',
    expected: `one of: ${known.join(', ')}`,
    found: `the unknown setting ${JSON.stringify(key)}`,
    remedy: suggestion === null ? `remove ${formatPath(at)}` : `did you mean ${suggestion}?`,
  };
}

function wrongUnit(at: SettingsPath, key: string, meant: string, value: unknown): Finding {
  const schema = schemaAt([...at.slice(0, -1), meant]);
  assert(schema?.unit !== undefined, `${meant} has a unit`);
  const inUnit = valueInUnit(key, schema, value);
  return {
    at,
    code: 'wrong-unit',
    expected: `${meant}, in ${schema.unit}: the unit stands last in the name`,
    found: `${key}, set to ${describeFound(value)}`,
    remedy: `write ${meant}: ${inUnit ?? `<${schema.unit}>`}`,
  };
}

/** The known name with a unit that equals `key` once both have lost their unit. */
function sameButForUnit(key: string, known: readonly string[]): string | null {
  const spelling = plainSpelling(key);
  const stem = spelling.replace(UNIT_SUFFIX, '');
  return (
    known.find((name) => {
      const word = plainSpelling(name.replace(/(Ms|Seconds)$/, ''));
      if (word === plainSpelling(name) || plainSpelling(name) === spelling) return false;
      const meant = (text: string): boolean => text === word || SYNONYMS[text] === name;
      return meant(spelling) || meant(stem);
    }) ?? null
  );
}

/** Milliseconds of the units that a name may end with. */
const MILLISECONDS_OF: readonly (readonly [RegExp, number])[] = [
  [/^(ms|milli)/, 1],
  [/^c/, 10],
  [/^min/, 60_000],
  [/^(us|usec|micro)/, 0.001],
  [/^s/, 1000],
];

/**
 * The value in the unit of the setting: by the unit in the value, else by the one in `key`; without any, as it stands
 * or in seconds, when the setting takes one of the two only. Null when nothing says it.
 */
function valueInUnit(key: string, schema: SettingSchema, value: unknown): number | null {
  const perUnit = millisecondsPerUnit(schema.unit) ?? 1;
  if (typeof value === 'string') {
    const inMs = durationOf(value);
    return inMs === null ? null : inMs / perUnit;
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return null;
  const suffix = UNIT_SUFFIX.exec(plainSpelling(key))?.[1];
  if (suffix !== undefined) {
    const [, perSuffix] = MILLISECONDS_OF.find(([form]) => form.test(suffix)) ?? [];
    return perSuffix === undefined ? null : (value * perSuffix) / perUnit;
  }
  const readings = [value, (value * 1000) / perUnit].filter((one) => takes(schema, one));
  return new Set(readings).size === 1 ? (readings[0] ?? null) : null;
}

function synonym(key: string, known: readonly string[]): string | null {
  const name = SYNONYMS[plainSpelling(key)];
  return name !== undefined && known.includes(name) ? name : null;
}

const PLACES: readonly SettingsPath[] = [
  [],
  ['ha'],
  ['virtualRouters', 0],
  ['bandwidthMonitoring'],
  ['linkMonitoring'],
  ['gatewayMonitoring'],
  ['bypass'],
  ['hooks'],
  ['vip'],
];

/** The same name at another place: `mode` at the top for `ha.mode`. */
function elsewhere(container: SettingsPath, key: string): string | null {
  const spelling = plainSpelling(key);
  for (const place of PLACES) {
    if (formatPath(place) === formatPath(container)) continue;
    const names = Object.keys(schemaAt(place)?.properties ?? {});
    const name = names.find((candidate) => plainSpelling(candidate) === spelling);
    if (name !== undefined) return formatPath([...place, name]).replace('[0]', '[…]');
  }
  return null;
}
