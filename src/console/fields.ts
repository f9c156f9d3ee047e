// What the page says of each setting: label, unit, range and default, from the schema. No values: the agent has those.
import { namesItem, onPage, PAGE_LISTS } from '../config/on-page.js';
import { typeWith, type CheckType } from '../config/schema-check-types.js';
import { TRANSITION_REASONS } from '../model/reasons.js';
import { SETTINGS_SCHEMA, type SettingSchema } from '../config/schema.js';

/** What may be typed: of a setting, or of an item of a list. */
interface Form {
  readonly description: string;
  readonly type: SettingSchema['type'];
  readonly words?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly unit?: string;
  /** Of a list that has no rows: what its items are; of a pair, again a list. */
  readonly item?: Form;
  /** Of a list: how many items there may be. */
  readonly least?: number;
  readonly most?: number;
}

export interface Field extends Form {
  /** `ha.mode`; `virtualRouters[].vrid` of each virtual router. */
  readonly path: string;
  /** The name that the HA page of the appliance has for it; else its key, in words. */
  readonly label: string;
  /** One of the fields of the appliance's own page. */
  readonly page: boolean;
  readonly default?: unknown;
  /** Whether the page changes it; of a list that has rows, whether it adds and removes them. */
  readonly editable: boolean;
  /** A list of sections, each of which has settings of its own: rows. */
  readonly rows?: true;
  /** Of a list: the word for one of its items. */
  readonly one?: string;
  /** Given once, when a new item of a list is made. */
  readonly once?: true;
  /** Of a check: the type that alone has it. */
  readonly of?: CheckType;
  /** Whether all appliances of the group have the same. */
  readonly shared: boolean;
}

/** A part of the page: the key of its settings, and its title. */
type Section = readonly [key: string, title: string];

/** What the page has to know beside what the agent says: its parts, its fields, and the words of reasons. */
export interface About {
  readonly sections: readonly Section[];
  readonly fields: readonly Field[];
  readonly reasons: Readonly<Record<string, string>>;
}

export function about(): About {
  const all = fieldsOf(SETTINGS_SCHEMA, []);
  const keys = new Set(all.filter(({ editable }) => editable).map(sectionOf));
  return {
    sections: [...keys].map((key) => [
      key,
      key === 'ha' ? 'More of high availability' : title(key),
    ]),
    fields: all.filter((field) => keys.has(sectionOf(field))),
    reasons: TRANSITION_REASONS,
  };
}

const sectionOf = ({ path }: Field): string => path.split(/[.[]/, 1)[0] ?? '';

type Path = readonly (string | number)[];

/** In the order of the schema, which is that of the appliance's page. */
function fieldsOf(schema: SettingSchema, path: Path): Field[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, child]) =>
      fieldsOf(child, [...path, key]),
    );
  }
  const { items } = schema;
  return items?.properties === undefined
    ? [fieldOf(schema, path)]
    : [fieldOf(schema, path), ...fieldsOf(items, [...path, 0])];
}

function fieldOf(schema: SettingSchema, path: Path): Field {
  const of = path[0] === 'checks' ? typeWith(String(path[2])) : undefined;
  const rows = schema.items?.properties !== undefined;
  return {
    ...formOf(schema),
    path: path.reduce<string>(
      (text, part) =>
        typeof part === 'number' ? `${text}[]` : text === '' ? part : `${text}.${part}`,
      '',
    ),
    label: schema.page ?? labelOf(schema, path),
    page: schema.page !== undefined,
    ...(schema.default === undefined ? {} : { default: schema.default }),
    editable: rows ? PAGE_LISTS.some((list) => list === path.join('.')) : onPage(path),
    ...(rows ? { rows: true as const } : {}),
    ...(schema.type === 'array' ? { one: oneOf(String(path.at(-1))) } : {}),
    ...(namesItem(path) ? { once: true as const } : {}),
    ...(of === undefined ? {} : { of }),
    shared: schema.scope === 'shared',
  };
}

function formOf({ type, description, items, unit, ...schema }: SettingSchema): Form {
  const { enum: words, minimum, maximum, minItems: least, maxItems: most } = schema;
  return {
    type,
    description,
    ...(words === undefined ? {} : { words }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(unit === undefined ? {} : { unit }),
    ...(items === undefined || items.properties !== undefined ? {} : { item: formOf(items) }),
    ...(least === undefined ? {} : { least }),
    ...(most === undefined ? {} : { most }),
  };
}

/** What a key ends in that says its unit. */
const UNIT_WORDS: ReadonlySet<string> = new Set(['ms', 'seconds', 'bps']);
const CAPITALS: ReadonlySet<string> = new Set(['vrid', 'url', 'tls', 'mac']);

const wordsOf = (key: string): string[] => key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());

const capital = (word: string): string =>
  CAPITALS.has(word) ? word.toUpperCase() : `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

/** `Flap Window` of `ha.flapWindowSeconds`; within a section or an item of a list all keys: `Expect Header Name`. */
function labelOf({ unit }: SettingSchema, path: Path): string {
  const inside = path.slice(path.findLastIndex((part) => typeof part === 'number') + 1);
  const keys = inside.length === path.length && inside.length > 1 ? inside.slice(1) : inside;
  const words = keys.flatMap((key) => wordsOf(String(key)));
  const last = words.at(-1) ?? '';
  const spare = unit !== undefined && words.length > 1 && UNIT_WORDS.has(last);
  return words
    .slice(0, spare ? -1 : words.length)
    .map(capital)
    .join(' ');
}

/** `Virtual routers` of `virtualRouters`. */
const title = (key: string): string => capital(wordsOf(key).join(' '));

/** `virtual router` of `virtualRouters`, `address` of `addresses`. */
const oneOf = (key: string): string =>
  wordsOf(key)
    .join(' ')
    .replace(/(?:(?<=s)es|s)$/, '');
