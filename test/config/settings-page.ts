// docs/SETTINGS.md from the schema: every setting with its values, its name on the appliance's page, and
// which deployments set it. Text only; it is compared and written by documentation.test.ts.
import { basename } from 'node:path';
import { stringify } from 'yaml';
import { readDocument } from '../../src/config/document.js';
import { expectation } from '../../src/config/remedy.js';
import { SETTINGS_SCHEMA, type SettingSchema } from '../../src/config/schema.js';
import type { Deployment } from './deployments.js';

export interface Setting {
  /** As in `virtualRouters[].vrid`. */
  readonly path: string;
  readonly schema: SettingSchema;
  readonly required: boolean;
}

/** What is below a setting: its own settings, or those of each item. */
const inside = (schema: SettingSchema): SettingSchema | undefined =>
  schema.type === 'array' ? schema.items : schema;

/** Every setting of the schema, sections before what is in them. */
export function everySetting(schema: SettingSchema = SETTINGS_SCHEMA, path = ''): Setting[] {
  const container = inside(schema);
  const prefix = schema.type === 'array' ? `${path}[]` : path;
  return Object.entries(container?.properties ?? {}).flatMap(([key, child]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const required = (container?.required ?? []).includes(key);
    return [{ path: name, schema: child, required }, ...everySetting(child, name)];
  });
}

const isSection = ({ schema }: Setting): boolean => inside(schema)?.properties !== undefined;

/** Of each setting, the deployments with a settings file that sets it. */
export function shownBy(
  deployments: readonly Deployment[],
): ReadonlyMap<string, readonly string[]> {
  const known = new Map<string, string[]>();
  for (const { name, settings } of deployments) {
    const paths = new Set(settings.flatMap(({ text }) => pathsIn(text)));
    for (const path of paths) known.set(path, [...(known.get(path) ?? []), name]);
  }
  return known;
}

function pathsIn(text: string): string[] {
  const read = readDocument(text);
  return read.ok ? pathsOf(read.document.value, SETTINGS_SCHEMA, '') : [];
}

function pathsOf(value: unknown, schema: SettingSchema, path: string): string[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items?.properties === undefined) return [];
    return value.flatMap((item: unknown) => pathsOf(item, items, `${path}[]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const below = schema.properties?.[key];
    if (below === undefined) return [];
    const name = path === '' ? key : `${path}.${key}`;
    return [name, ...pathsOf(child, below, name)];
  });
}

/** Every setting: whether the appliances of a group share it, its default, its name on the appliance's page. */
export const settingsIndex = (): string[] =>
  table([
    ['Setting', 'Shared or own', 'Default', 'On the page'],
    ...everySetting()
      .filter(({ schema }) => schema.type !== 'object' || schema.properties === undefined)
      .map(({ path, schema }) => [
        `\`${path}\``,
        schema.scope ?? 'NEITHER',
        isPlain(schema.default) ? `\`${String(schema.default)}\`` : '',
        schema.page ?? '',
      ]),
  ]);

const isPlain = (value: unknown): boolean => !['object', 'undefined'].includes(typeof value);

/** A table as prettier leaves it. */
function table([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

/** A heading for each section of the top, and an entry for each setting. */
export function settingsList(deployments: readonly Deployment[]): string[] {
  const shown = shownBy(deployments);
  const all = everySetting();
  const plain = all.filter((setting) => !setting.path.includes('.') && !isSection(setting));
  const sections = all.filter((setting) => !setting.path.includes('.') && isSection(setting));
  return [
    '## The appliance',
    '',
    ...plain.flatMap((setting) => entry(setting, shown)),
    ...sections.flatMap((section) => {
      const { path, schema } = section;
      const prefix = schema.type === 'array' ? `${path}[].` : `${path}.`;
      return [
        '',
        `## \`${path}\``,
        '',
        ...sectionText(section, shown),
        '',
        ...all
          .filter((setting) => setting.path.startsWith(prefix))
          .flatMap((setting) => entry(setting, shown)),
      ];
    }),
  ];
}

function sectionText(setting: Setting, shown: ReturnType<typeof shownBy>): string[] {
  const { schema } = setting;
  const value = schema.type === 'array' ? [`${valueOf(setting)}.`, ...exampleOf(setting)] : [];
  return [[schema.description, ...value, ...shownIn(setting, shown)].join(' ')];
}

function entry(setting: Setting, shown: ReturnType<typeof shownBy>): string[] {
  const { path, schema } = setting;
  const page = schema.page === undefined ? [] : [`Page: ${schema.page}.`];
  const more = [`${valueOf(setting)}.`, ...exampleOf(setting), ...page, ...shownIn(setting, shown)];
  return [`- \`${path}\`: ${schema.description}`, `  ${more.join(' ')}`];
}

function valueOf({ schema, required }: Setting): string {
  const expected = schema.type === 'object' ? expectedMapping(schema) : expectation(schema);
  const standard = isPlain(schema.default) ? `, default \`${String(schema.default)}\`` : '';
  const scope = schema.scope === undefined ? '' : `, ${schema.scope}`;
  return `Value: ${expected}${standard}${required ? ', required' : ''}${scope}`;
}

const expectedMapping = ({ properties }: SettingSchema): string =>
  properties === undefined ? 'texts, each under a name of its own' : 'a section';

/** As in the file, in one line. */
const exampleOf = ({ path, schema: { examples = [] } }: Setting): string[] =>
  examples.length === 0
    ? []
    : [`Example: ${examples.map((value) => `\`${inOneLine(path, value)}\``).join(', or ')}.`];

function inOneLine(path: string, value: unknown): string {
  const key = path.split('.').at(-1) ?? path;
  return stringify({ [key]: value }, { collectionStyle: 'flow', lineWidth: 0 })
    .trim()
    .replace(/^\{ (.*) \}$/, '$1');
}

function shownIn({ path }: Setting, shown: ReturnType<typeof shownBy>): string[] {
  const links = (shown.get(path) ?? []).map(
    (name) => `[${name}](deployments/${basename(name)}.md)`,
  );
  return links.length === 0 ? [] : [`Shown in: ${links.join(', ')}.`];
}

/** What this release refuses, as `path: value`. */
export const laterList = (): string[] =>
  everySetting().flatMap(({ path, schema }) =>
    schema.const === undefined ? [] : [`- \`${path}: ${!schema.const}\``],
  );
