// The part of JSON schema that the settings are described with. No setting is here: see schema.ts.

/** `unit`, `page` and `names` only explain. */
export interface SettingSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description: string;
  readonly unit?: SettingUnit;
  /** The name that the HA page of the appliance has for it. */
  readonly page?: string;
  /** What the text names on the host: it is looked for there (src/host). */
  readonly names?: Named;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: SettingSchema;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
  /** A schema: any other key is allowed, with a value of this form. */
  readonly additionalProperties?: false | SettingSchema;
}

/** `command`: a list whose first text is a program. */
export type Named = 'program' | 'command' | 'key' | 'folder' | 'interface';

export type SettingUnit = 'milliseconds' | 'seconds' | 'bits per second';

/** Text of 1 to `maxLength` characters. */
export const text = (description: string, maxLength: number): SettingSchema => ({
  type: 'string',
  description,
  minLength: 1,
  maxLength,
});

/** An absolute path; that it begins with "/" is a matter of meaning. */
export const path = (description: string, names: Named): SettingSchema => ({
  ...text(description, 4095),
  names,
});

export const flag = (description: string, standard: boolean, page?: string): SettingSchema => ({
  type: 'boolean',
  description,
  default: standard,
  ...(page === undefined ? {} : { page }),
});

/** A whole number. `unit`, `default` and `page` where it has them. */
export const number = (
  description: string,
  [minimum, maximum]: readonly [number, number],
  more: Partial<Pick<SettingSchema, 'unit' | 'page'>> & { readonly default?: number } = {},
): SettingSchema => ({ type: 'integer', description, minimum, maximum, ...more });

export const section = (
  description: string,
  properties: Readonly<Record<string, SettingSchema>>,
  required: readonly string[] = [],
): SettingSchema => ({
  type: 'object',
  description,
  additionalProperties: false,
  required,
  properties,
});

/** A section that is there, with its defaults, when the file says nothing of it. */
export const standingSection = (
  description: string,
  properties: Readonly<Record<string, SettingSchema>>,
): SettingSchema => ({ ...section(description, properties), default: {} });

export const list = (
  description: string,
  items: SettingSchema,
  [minItems, maxItems]: readonly [number, number],
): SettingSchema => ({ type: 'array', description, minItems, maxItems, items });
