// The part of JSON schema that the settings are described with, the builders of its parts, and the type of what
// a schema accepts. No setting is here: see schema.ts.

/** What says more of a setting than its form does. */
interface Notes {
  readonly default?: unknown;
  /** Of what is not plain from its form: texts and lists. */
  readonly examples?: readonly unknown[];
  readonly unit?: SettingUnit;
  /** The name that the HA page of the appliance has for it. */
  readonly page?: string;
  /** The name that `understudy set` has for it; without one, `set` does not change it. */
  readonly set?: string;
  /** What the text names on the host: it is looked for there (src/host). */
  readonly names?: Named;
  readonly multipleOf?: number;
  /** The only value that this release takes. */
  readonly const?: boolean;
}

export interface SettingSchema extends Notes {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description: string;
  /** Of every setting: whether all appliances of a group have the same, or each has its own. */
  readonly scope?: Scope;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: SettingSchema;
  readonly properties?: Properties;
  readonly required?: readonly string[];
  /** A schema: any other key is allowed, with a value of this form. */
  readonly additionalProperties?: false | SettingSchema;
}

/** The keywords of ours that JSON schema does not know. They only explain. */
export const EXPLAINING = ['unit', 'page', 'set', 'names', 'scope'] as const;

export type Scope = 'shared' | 'own';

/** `command`: a list whose first text is a program. */
export type Named =
  | 'program'
  | 'command'
  | 'key'
  | 'signing-keys'
  | 'folder'
  | 'interface'
  | 'textfile'
  | 'certificate'
  | 'secret';

export type SettingUnit = 'milliseconds' | 'seconds' | 'bits per second';

type Properties = Readonly<Record<string, SettingSchema>>;
type Range = readonly [least: number, most: number];

/** What a builder knows of its schema; the notes are taken from the call alone, not from where it stands. */
type Kind<T extends SettingSchema['type'], N> = {
  readonly type: T;
  readonly description: string;
} & NoInfer<N>;

interface Of<S extends Scope> {
  readonly scope: S;
}

/** Text that stands in a list or mapping: part of a setting. Without `maxLength`, its meaning bounds it. */
export const item = <const N extends Notes = Notes>(
  description: string,
  maxLength?: number,
  notes?: N,
): Kind<'string', N> => ({
  type: 'string',
  description,
  ...(maxLength === undefined ? {} : { minLength: 1, maxLength }),
  ...(notes as N),
});

/** A list that stands in a list: part of a setting. */
export const listOf = <const I extends SettingSchema, const R extends Range>(
  description: string,
  items: I,
  bounds: R,
): ListSchema<I, R> => ({
  type: 'array',
  description,
  minItems: bounds[0],
  maxItems: bounds[1],
  items,
});

interface ListSchema<I, R extends Range> {
  readonly type: 'array';
  readonly description: string;
  readonly minItems: R[0];
  readonly maxItems: R[1];
  readonly items: I;
}

/** Settings that belong together. A section has no scope: each of its settings has. */
export const section = <const P extends Properties, const R extends string = never>(
  description: string,
  properties: P,
  required: readonly R[] = [],
) => ({ type: 'object', description, additionalProperties: false, required, properties }) as const;

/** A section that is there, with its defaults, when the file says nothing of it. */
export const standingSection = <const P extends Properties>(description: string, properties: P) =>
  ({ ...section(description, properties), default: {} }) as const;

const builders = <const S extends Scope>(scope: S) => ({
  /** Text of 1 to `maxLength` characters. */
  text: <const N extends Notes = Notes>(
    description: string,
    maxLength: number,
    notes?: N,
  ): Kind<'string', N> & Of<S> => ({ ...item(description, maxLength, notes), scope }),
  /** An absolute path; that it begins with "/" is a matter of meaning. */
  path: <const N extends Notes = Notes>(
    description: string,
    names: Named,
    notes?: N,
  ): Kind<'string', N> & Of<S> => ({ ...item(description, 4095, notes), names, scope }),
  word: <const E extends string, const N extends Notes = Notes>(
    description: string,
    words: readonly E[],
    notes?: N,
  ): Kind<'string', N> & Of<S> & { readonly enum: readonly E[] } => ({
    type: 'string',
    description,
    scope,
    enum: words,
    ...(notes as N),
  }),
  flag: <const N extends Notes = Notes>(
    description: string,
    notes?: N,
  ): Kind<'boolean', N> & Of<S> => ({ type: 'boolean', description, scope, ...(notes as N) }),
  /** A whole number. */
  number: <const N extends Notes = Notes>(
    description: string,
    [minimum, maximum]: Range,
    notes?: N,
  ): Kind<'integer', N> & Of<S> => ({
    type: 'integer',
    description,
    scope,
    minimum,
    maximum,
    ...(notes as N),
  }),
  list: <const I extends SettingSchema, const R extends Range, const N extends Notes = Notes>(
    description: string,
    items: I,
    bounds: R,
    notes?: N,
  ): ListSchema<I, R> & NoInfer<N> & Of<S> => ({
    ...listOf(description, items, bounds),
    scope,
    ...(notes as N),
  }),
  /** Texts by any name. */
  mapping: <const V extends SettingSchema, const N extends Notes = Notes>(
    description: string,
    value: V,
    notes?: N,
  ): Kind<'object', N> & Of<S> & { readonly additionalProperties: V } => ({
    type: 'object',
    description,
    scope,
    additionalProperties: value,
    ...(notes as N),
  }),
});

/** Settings that are the same on all appliances of a group. */
export const shared = builders('shared');

/** Settings that each appliance has for itself. */
export const own = builders('own');

/** What a schema accepts, with its defaults filled in. */
export type ValueOf<S> = S extends { readonly enum: readonly (infer Word)[] }
  ? Word
  : S extends { readonly type: 'string' }
    ? string
    : S extends { readonly type: 'integer' }
      ? number
      : S extends { readonly type: 'boolean' }
        ? boolean
        : S extends { readonly items: infer I }
          ? ListOf<S, ValueOf<I>>
          : S extends { readonly properties: infer P; readonly required: readonly (infer R)[] }
            ? Simple<
                { readonly [K in Present<P, R>]: ValueOf<P[K]> } & {
                  readonly [K in Exclude<keyof P, Present<P, R>>]?: ValueOf<P[K]>;
                }
              >
            : S extends { readonly additionalProperties: infer V }
              ? Readonly<Record<string, ValueOf<V>>>
              : never;

type ListOf<S, I> = S extends { readonly minItems: 2; readonly maxItems: 2 }
  ? readonly [I, I]
  : readonly I[];

/** The keys that are there once defaults are filled in: those with one, and those that are required. */
type Present<P, R> = {
  [K in keyof P]: K extends R ? K : P[K] extends { readonly default: unknown } ? K : never;
}[keyof P];

type Simple<T> = { [K in keyof T]: T[K] };
