// What the page says of each setting: label, unit, range and default, from the schema. No values: the agent has those.
import { namesItem, onPage } from '../config/on-page.js';
import { typeWith, type CheckType } from '../config/schema-check-types.js';
import { TRANSITION_REASONS } from '../model/reasons.js';
import { SETTINGS_SCHEMA, type SettingSchema } from '../config/schema.js';

export interface Field {
  /** `ha.mode`; `virtualRouters[].vrid` of each virtual router. */
  readonly path: string;
  /** The name that the HA page of the appliance has for it; else the key. */
  readonly label: string;
  /** One of the fields of the appliance's own page. */
  readonly page: boolean;
  readonly description: string;
  readonly type: SettingSchema['type'];
  /** Of a list: what its items are, `array` for pairs. */
  readonly items?: SettingSchema['type'];
  readonly words?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly unit?: string;
  readonly default?: unknown;
  readonly editable: boolean;
  /** Given once, when a new item of a list is made. */
  readonly once?: true;
  /** Of a check: the type that alone has it. */
  readonly of?: CheckType;
  /** Whether all appliances of the group have the same. */
  readonly shared: boolean;
}

/** What the page has to know beside what the agent says: its fields, and the words of reasons. */
export const about = (): { fields: Field[]; reasons: Readonly<Record<string, string>> } => ({
  fields: fields(),
  reasons: TRANSITION_REASONS,
});

/** In the order of the schema, which is that of the appliance's page. */
export const fields = (): Field[] => fieldsOf(SETTINGS_SCHEMA, []);

function fieldsOf(schema: SettingSchema, path: readonly (string | number)[]): Field[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, child]) =>
      fieldsOf(child, [...path, key]),
    );
  }
  if (schema.items?.properties !== undefined) return fieldsOf(schema.items, [...path, 0]);
  return [fieldOf(schema, path)];
}

function fieldOf(schema: SettingSchema, path: readonly (string | number)[]): Field {
  const of = path[0] === 'checks' ? typeWith(String(path[2])) : undefined;
  const { type, description, page, items, enum: words, minimum, maximum, unit } = schema;
  return {
    path: path.reduce<string>(
      (text, part) =>
        typeof part === 'number' ? `${text}[]` : text === '' ? part : `${text}.${part}`,
      '',
    ),
    label: page ?? String(path.at(-1)),
    page: page !== undefined,
    description,
    type,
    ...(items === undefined ? {} : { items: items.type }),
    ...(words === undefined ? {} : { words }),
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(unit === undefined ? {} : { unit }),
    ...(schema.default === undefined ? {} : { default: schema.default }),
    editable: onPage(path),
    ...(namesItem(path) ? { once: true as const } : {}),
    ...(of === undefined ? {} : { of }),
    shared: schema.scope === 'shared',
  };
}
