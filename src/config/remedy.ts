// What a setting must be, and what to do about a value that is not: text from the schema. No checks.
import { formatPath, type SettingsPath } from './errors.js';
import type { SettingSchema, SettingUnit } from './setting-schema.js';
import { nearestName } from './spelling.js';

/** What a setting must be, from its schema. */
export function expectation(schema: SettingSchema): string {
  switch (schema.type) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return expectedNumber(schema);
    case 'string':
      if (schema.enum !== undefined) return `one of: ${schema.enum.join(', ')}`;
      if (schema.maxLength === undefined) return 'text';
      return `text of ${schema.minLength ?? 0} to ${schema.maxLength} characters`;
    case 'array':
      return schema.minItems === schema.maxItems
        ? `a list of ${schema.maxItems}`
        : `a list of ${schema.minItems ?? 0} to ${schema.maxItems}`;
    case 'object':
      return 'a mapping of settings';
  }
}

function expectedNumber(schema: SettingSchema): string {
  const unit = schema.unit === undefined ? '' : ` (${schema.unit})`;
  const step = schema.multipleOf === undefined ? '' : `, a multiple of ${schema.multipleOf}`;
  return `a whole number from ${schema.minimum} to ${schema.maximum}${unit}${step}`;
}

/** What to do about a value of the wrong type or out of range. */
export function remedyFor(at: SettingsPath, schema: SettingSchema, value: unknown): string {
  const key = at.findLast((part) => typeof part === 'string') ?? '';
  switch (schema.type) {
    case 'boolean':
      return remedyForBoolean(key, value);
    case 'integer':
      return remedyForNumber(key, schema, value);
    case 'array':
      if (Array.isArray(value)) return `give ${formatPath(at)} ${expectation(schema)}`;
      return `write a list: ${typeof at.at(-1) === 'number' ? '' : `${key}: `}[${itemsMeant(schema, value)}]`;
    case 'object':
      if (at.length === 0) return remedyForFile(value);
      return `write the settings of ${formatPath(at)} below it, indented, or remove it`;
    case 'string':
      if (schema.enum !== undefined) return remedyForWord(schema.enum, value);
      if (typeof value !== 'string') return `write text; put it in quotes: ${key}: "…"`;
      return value === '' ? `write a value for ${key}` : `shorten ${key}`;
  }
}

/** Of a file that holds no settings. */
const remedyForFile = (value: unknown): string =>
  typeof value === 'string' && /\b(?:vrrp_instance|global_defs|vrrp_sync_group)\b/.test(value)
    ? 'this looks like a keepalived.conf: understudy import makes settings of it'
    : 'begin with settings such as "virtualRouters:"';

/** The items of a list that was written as one text. */
function itemsMeant({ minItems = 0 }: SettingSchema, value: unknown): string {
  const items =
    typeof value === 'string' ? value.split(/[\s,]+/).filter((item) => item !== '') : [];
  return [...items, ...(items.length < Math.max(minItems, 1) ? ['…'] : [])].join(', ');
}

function remedyForWord(words: readonly string[], value: unknown): string {
  const near = typeof value === 'string' ? nearestName(value, words) : null;
  return near === null
    ? `write one of these words${spelledAsBoolean(value)}`
    : `did you mean ${near}?`;
}

const spelledAsBoolean = (value: unknown): string =>
  typeof value === 'boolean' ? '; true and false are not among them' : '';

function remedyForBoolean(key: string, value: unknown): string {
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (word === 'yes' || word === 'on' || word === 'true' || word === 1) {
    return `write ${key}: true, without quotes`;
  }
  if (word === 'no' || word === 'off' || word === 'false' || word === 0) {
    return `write ${key}: false, without quotes`;
  }
  return 'write true or false, without quotes';
}

const MILLISECONDS_PER: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  cs: 10,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

function remedyForNumber(key: string, schema: SettingSchema, value: unknown): string {
  const inUnit = durationRemedy(key, schema, value);
  if (inUnit !== null) return inUnit;
  if (typeof value === 'string' && /^\d+$/.test(value))
    return `write ${key}: ${value}, without quotes`;
  if (typeof value === 'number') return `give ${key} ${expectedNumber(schema)}`;
  return `write ${expectedNumber(schema)}`;
}

/** Milliseconds of a text such as `1s` or `100 ms`; null when it is no number with a unit. */
export function durationOf(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text);
  const factor = MILLISECONDS_PER[(match?.[2] ?? '').toLowerCase()];
  return match === null || factor === undefined ? null : Number(match[1]) * factor;
}

/** Milliseconds that the unit of a setting is worth; null when it is no duration. */
export const millisecondsPerUnit = (unit: SettingUnit | undefined): number | null => {
  if (unit === 'milliseconds') return 1;
  return unit === 'seconds' ? 1000 : null;
};

/** Whether the setting takes the number. */
export const takes = (schema: SettingSchema, value: number): boolean =>
  value >= (schema.minimum ?? value) &&
  value <= (schema.maximum ?? value) &&
  value % (schema.multipleOf ?? 1) === 0;

/** What was probably meant by a duration: another unit, or a step in between. */
function durationRemedy(key: string, schema: SettingSchema, value: unknown): string | null {
  const factor = millisecondsPerUnit(schema.unit);
  if (factor === null) return null;
  if (typeof value === 'string') {
    const meant = durationOf(value);
    if (meant === null) return null;
    return `write ${key}: ${meant / factor}; the unit, ${schema.unit}, is in the name`;
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return null;
  const { minimum = 0, maximum = 0, multipleOf } = schema;
  if (factor === 1 && value < minimum && takes(schema, value * 1000)) {
    return `write ${key}: ${value * 1000} if ${value} is meant in seconds; the unit is milliseconds`;
  }
  if (value < minimum || value > maximum || multipleOf === undefined) return null;
  const below = Math.floor(value / multipleOf) * multipleOf;
  return `write ${key}: ${below} or ${below + multipleOf}; an advertisement carries whole centiseconds`;
}
