// The documents say what the program does: settings from the schema, later ones from their list.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { LATER_SETTINGS } from '../../src/config/later.js';
import { parseSettings } from '../../src/config/load.js';
import { expectation } from '../../src/config/remedy.js';
import { schemaAt, SETTINGS_SCHEMA, type SettingSchema } from '../../src/config/schema.js';
import { SETTABLE } from '../../src/config/setting-names.js';

const CONFIGURATION = new URL('../../../docs/CONFIGURATION.md', import.meta.url);
const CLI = new URL('../../../docs/CLI.md', import.meta.url);

/** One entry for every setting of the schema, sections before what is in them. */
function entries(schema: SettingSchema, path: string): string[] {
  const inside = schema.type === 'array' ? schema.items?.properties : schema.properties;
  const prefix = schema.type === 'array' ? `${path}[]` : path;
  return Object.entries(inside ?? {}).flatMap(([key, child]) => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    const required = schema.type === 'array' ? schema.items?.required : schema.required;
    return [entry(name, child, (required ?? []).includes(key)), ...entries(child, name)];
  });
}

function entry(name: string, schema: SettingSchema, required: boolean): string {
  const parts = name.split('.');
  const expected = schema.type === 'object' ? 'a section' : expectation(schema, parts);
  const shown = ['object', 'undefined'].includes(typeof schema.default)
    ? ''
    : `, default \`${String(schema.default)}\``;
  return `- \`${name}\`: ${expected}${shown}${required ? ', required' : ''}. ${schema.description}`;
}

const laterList = (): string[] =>
  LATER_SETTINGS.map(({ path, value }) => `- \`${path}: ${value}\``);

/** The text with what stands between two marks replaced. */
function between(text: string, begin: RegExp, end: string, lines: readonly string[]): string {
  const start = begin.exec(text);
  assert.ok(start, String(begin));
  const from = start.index + start[0].length;
  const to = text.indexOf(end, from);
  assert.ok(to > from, end);
  return `${text.slice(0, from)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`;
}

describe('docs/CONFIGURATION.md', () => {
  it('has every setting of the schema with range, default and description, and every later one', () => {
    const text = readFileSync(CONFIGURATION, 'utf8');
    const settings = between(
      text,
      /<!-- begin of the generated list.*-->/,
      '<!-- end of the generated list -->',
      entries(SETTINGS_SCHEMA, ''),
    );
    const whole = between(
      settings,
      /<!-- begin of the generated later list -->/,
      '<!-- end of the generated later list -->',
      laterList(),
    );
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(CONFIGURATION, whole);
    assert.equal(readFileSync(CONFIGURATION, 'utf8'), whole, 'UPDATE_GOLDEN=1 writes it anew');
  });

  it('has examples that are valid', () => {
    const examples = [...readFileSync(CONFIGURATION, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)];
    const [smallest = '', primary = '', ...whole] = examples.map((match) => match[1] ?? '');
    assert.equal(whole.length, 3);
    for (const text of [smallest, smallest + primary, ...whole]) {
      const result = parseSettings(text, 'example');
      assert.ok(result.ok, JSON.stringify(result));
      assert.deepEqual(result.warnings, []);
    }
  });
});

describe('docs/CLI.md', () => {
  it('names every setting that can be set, with its range and unit', () => {
    const text = readFileSync(CLI, 'utf8');
    const rows = SETTABLE.map((setting) => {
      const schema = schemaAt(setting.path);
      assert.ok(schema);
      const expected = schema.type === 'boolean' ? 'on or off' : expectation(schema, setting.path);
      const place = setting.path.join('.');
      return `- \`${setting.name}\` (\`${place}\`): ${expected}, default \`${String(schema.default)}\`.`;
    });
    const whole = between(
      text,
      /<!-- begin of the generated settings.*-->/,
      '<!-- end of the generated settings -->',
      rows,
    );
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(CLI, whole);
    assert.equal(readFileSync(CLI, 'utf8'), whole, 'UPDATE_GOLDEN=1 writes it anew');
  });
});
