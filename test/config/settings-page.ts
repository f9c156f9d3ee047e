// docs/SETTINGS.md from the schema: every setting with its values, its name on the appliance's page, and
// which deployments set it. Text only; it is compared and written by documentation.test.ts.
import { basename } from 'node:path';
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

/** The names of the appliance's page and what has them. */
export const pageIndex = (): string[] => [
  ...table([
    ['On the page', 'Setting'],
    ...everySetting().flatMap(({ path, schema }) =>
      schema.page === undefined ? [] : [[schema.page, `\`${path}\``]],
    ),
  ]),
];

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

function sectionText({ path, schema, required }: Setting, shown: ReturnType<typeof shownBy>) {
  const expected = schema.type === 'array' ? expectation(schema) : 'a section';
  const must = required ? ', required' : '';
  return [`${schema.description} Value: ${expected}${must}. ${places(path, shown)}.`];
}

function entry({ path, schema, required }: Setting, shown: ReturnType<typeof shownBy>): string[] {
  const expected = schema.type === 'object' ? 'a section' : expectation(schema);
  const standard = ['object', 'undefined'].includes(typeof schema.default)
    ? ''
    : `, default \`${String(schema.default)}\``;
  const must = required ? ', required' : '';
  return [
    `- \`${path}\`: ${schema.description}`,
    `  Value: ${expected}${standard}${must}. Page: ${schema.page ?? '-'}. ${places(path, shown)}.`,
  ];
}

function places(path: string, shown: ReturnType<typeof shownBy>): string {
  const names = shown.get(path) ?? [];
  const links = names.map((name) => `[${name}](deployments/${basename(name)}.md)`);
  return `Shown in: ${links.length === 0 ? '-' : links.join(', ')}`;
}

/** What this release refuses, as `path: value`. */
export const laterList = (): string[] =>
  everySetting().flatMap(({ path, schema }) =>
    schema.const === undefined ? [] : [`- \`${path}: ${!schema.const}\``],
  );
