// The documents say what the program does: settings from the schema, later ones from their list.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import { parseSettings } from '../../src/config/load.js';
import { expectation } from '../../src/config/remedy.js';
import { schemaAt, type SettingSchema } from '../../src/config/schema.js';
import { SETTABLE } from '../../src/config/setting-names.js';
import { deployments } from './deployments.js';
import { everySetting, laterList, settingsIndex, settingsList, shownBy } from './settings-page.js';

const CONFIGURATION = new URL('../../../docs/CONFIGURATION.md', import.meta.url);
const SETTINGS = new URL('../../../docs/SETTINGS.md', import.meta.url);
const CLI = new URL('../../../docs/CLI.md', import.meta.url);

/** The text with what stands between two marks replaced. */
function between(text: string, begin: RegExp, end: string, lines: readonly string[]): string {
  const start = begin.exec(text);
  assert.ok(start, String(begin));
  const from = start.index + start[0].length;
  const to = text.indexOf(end, from);
  assert.ok(to > from, end);
  return `${text.slice(0, from)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`;
}

/** Compares a document with what it should be, or writes it anew. */
function holds(document: URL, whole: string): void {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(document, whole);
  assert.equal(readFileSync(document, 'utf8'), whole, 'UPDATE_GOLDEN=1 writes it anew');
}

describe('docs/SETTINGS.md', () => {
  it('has every setting of the schema: whose it is, its name on the appliance page, where it is shown', () => {
    const index = between(
      readFileSync(SETTINGS, 'utf8'),
      /<!-- begin of the generated index.*-->/,
      '<!-- end of the generated index -->',
      settingsIndex(),
    );
    const whole = between(
      index,
      /<!-- begin of the generated list.*-->/,
      '<!-- end of the generated list -->',
      settingsList(deployments()),
    );
    holds(SETTINGS, whole);
  });

  it('each name of the appliance page is had by exactly one setting, and no other is', () => {
    const names = everySetting().flatMap(({ schema }) => schema.page ?? []);
    assert.deepEqual(names.toSorted(), APPLIANCE_PAGE.toSorted());
  });

  it("every setting is shared by the appliances of a group or each one's own", () => {
    const unsaid = everySetting().filter(
      ({ schema }) => !isSectionOf(schema) && schema.scope === undefined,
    );
    assert.deepEqual(
      unsaid.map(({ path }) => path),
      [],
    );
  });

  it('every text and every list has an example, unless its default is one', () => {
    const bare = everySetting().filter(
      ({ schema }) =>
        (schema.type === 'array' || (schema.type === 'string' && schema.enum === undefined)) &&
        schema.examples === undefined &&
        schema.default === undefined,
    );
    assert.deepEqual(
      bare.map(({ path }) => path),
      [],
    );
  });

  it('every example is taken', () => {
    for (const { path, schema } of everySetting()) {
      for (const value of schema.examples ?? []) {
        const result = parseSettings(JSON.stringify(exampleFile(path, value)), path);
        assert.ok(result.ok, JSON.stringify(result));
      }
    }
  });

  it('a deployment shows what its files set, and nothing else', () => {
    const text =
      'ha:\n  peers: [{ name: b, addresses: [10.0.0.2] }]\nvirtualRouters: []\nother: 1\n';
    const file = { path: 'x/x-1.yaml', text };
    const shown = shownBy([{ name: 'x', page: '', files: [file], settings: [file] }]);
    assert.deepEqual(
      [...shown.keys()],
      ['ha', 'ha.peers', 'ha.peers[].name', 'ha.peers[].addresses', 'virtualRouters'],
    );
  });
});

const isSectionOf = ({ type, properties }: SettingSchema): boolean =>
  type === 'object' && properties !== undefined;

/** A whole settings file that has `value` at `path`, and beside it what it needs. */
function exampleFile(path: string, value: unknown): object {
  const [section = '', key = '', inner] = path.replaceAll('[]', '').split('.');
  const router = { name: 'r', interface: 'eth9', vrid: 1, addresses: ['10.1.0.1/24'] };
  const peer = { name: 'p', addresses: ['10.2.0.1'] };
  const file = { virtualRouters: [router] };
  const type = OF_CHECK_TYPE.find(([keys]) => keys.includes(key));
  if (key === '') return { ...file, [section]: value };
  switch (section) {
    case 'virtualRouters':
      return { virtualRouters: [{ ...router, [key]: value }] };
    case 'checks': {
      const of = inner === undefined ? value : { name: 'Age', [inner]: value };
      return { ...file, checks: [{ name: 'c', ...(type ?? OF_CHECK_TYPE[0])?.[1], [key]: of }] };
    }
    case 'console':
      return { ...file, console: { certificateFile: '/c', privateKeyFile: '/k', [key]: value } };
    case 'witness': {
      const ha = { keyFile: '/k', peers: [peer] };
      const files = { certificateFile: '/c', privateKeyFile: '/k', user: 'u', passwordFile: '/p' };
      const whole = key === 'endpoints' ? value : ['http://10.0.0.9:2379'];
      return { ...file, ha, witness: { ...files, [key]: value, endpoints: whole } };
    }
    case 'bypass':
      return { ...file, bypass: { hook: '/h', segments: ['s'], [key]: value } };
    default:
      return inner === undefined
        ? { ...file, [section]: { ...(key === 'peers' ? { keyFile: '/k' } : {}), [key]: value } }
        : { ...file, [section]: { keyFile: '/k', [key]: [{ ...peer, [inner]: value }] } };
  }
}

const OF_CHECK_TYPE: readonly (readonly [keys: readonly string[], check: object])[] = [
  [['host', 'port'], { type: 'tcp', host: 'h', port: 1 }],
  [['url', 'expectBody', 'expectHeader', 'requestHeaders'], { type: 'http', url: 'http://h/' }],
  [['command'], { type: 'script', command: ['/c'] }],
];

/** As its documentation has them (docs.haltdos.com, version 6: High Availability). */
const APPLIANCE_PAGE = [
  'HA Mode',
  'Primary Instance',
  'HA Port',
  'Peer Check Interval',
  'Peer Failure Threshold',
  'Peer Recovery Threshold',
  'Maximum Allowed Flaps',
  'Enable Bandwidth Monitoring',
  'Minimum Bandwidth',
  'Link Monitoring Interval',
  'Minimum Active Links',
];

describe('docs/CONFIGURATION.md', () => {
  it('speaks of nothing that this release refuses: there is no such setting', () => {
    assert.deepEqual(laterList(), []);
  });

  it('has examples that are valid', () => {
    const examples = [...readFileSync(CONFIGURATION, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)];
    const [smallest = '', ...others] = examples.map((match) => match[1] ?? '');
    assert.equal(others.length, 5);
    // A piece of a file is shown for what it adds to the smallest one.
    const whole = others.map((text) =>
      /^virtualRouters:/m.test(text) ? text : `${smallest}${text}`,
    );
    for (const text of [smallest, ...whole]) {
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
      const expected = schema.type === 'boolean' ? 'on or off' : expectation(schema);
      const place = setting.path.join('.');
      return `- \`${setting.name}\` (\`${place}\`): ${expected}, default \`${String(schema.default)}\`.`;
    });
    const whole = between(
      text,
      /<!-- begin of the generated settings.*-->/,
      '<!-- end of the generated settings -->',
      rows,
    );
    holds(CLI, whole);
  });
});
