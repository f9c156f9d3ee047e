// Bounds on what a settings text may be: how deep, how many aliases, how many errors are told. Judged by what is
// refused and by counts, never by time.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { parseDocument } from 'yaml';
import { describe, it } from '../support/test.js';
import { eventOf, within } from '../support/limits.js';
import { depthOfText, excessOf, DEEPEST, MOST_ALIASES } from '../../src/config/depth.js';
import {
  draftSettingElsewhere,
  loadSettingsElsewhere,
  writeDraftElsewhere,
  SETTINGS_THREAD,
} from '../../src/config/elsewhere.js';
import { loadSettings, parseSettings } from '../../src/config/load.js';

const ROUTERS = `virtualRouters:
  - { name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24] }
`;

const codes = (text: string): string[] => {
  const result = parseSettings(text, 'x');
  return result.ok ? [] : result.errors.map(({ code }) => code);
};

/** What nests `depth` levels, in every form that YAML has. */
const FORMS: Readonly<Record<string, (depth: number) => string>> = {
  'lists in brackets': (depth) => `a: ${'['.repeat(depth)}${']'.repeat(depth)}`,
  'mappings in braces': (depth) => `a: ${'{a: '.repeat(depth)}1${'}'.repeat(depth)}`,
  'brackets, one a line': (depth) => `a:\n${' [\n'.repeat(depth)}${' ]\n'.repeat(depth)}`,
  'indented mappings': (depth) =>
    Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
  'lists in one line': (depth) => `a:\n  ${'- '.repeat(depth)}1`,
  'keys that are mappings': (depth) => `${'? '.repeat(depth)}a`,
  'aliases of aliases': (depth) =>
    Array.from({ length: depth }, (_, level) =>
      level === 0 ? 'a0: &a0 [1]' : `a${level}: &a${level} [*a${level - 1}]`,
    ).join('\n'),
};

/** A text with so many aliases takes its parser seconds: every day fewer of them. */
const MANY: Readonly<Record<string, number>> = {
  'indented mappings': 1_000,
  'aliases of aliases': process.env['CI'] === 'true' ? 100_000 : 10_000,
};

describe('how deep settings may be nested', () => {
  for (const [form, text] of Object.entries(FORMS)) {
    it(`${form}: a thousand levels, and as many as there is room for, are one error with its place`, () => {
      for (const depth of new Set([DEEPEST + 1, 1_000, MANY[form] ?? 100_000])) {
        const result = parseSettings(`${ROUTERS}${text(depth)}\n`, 'x');
        assert.ok(!result.ok, `${depth}`);
        const [error, ...others] = result.errors;
        assert.deepEqual(others, [], `${depth}`);
        assert.ok(error !== undefined && (error.line ?? 0) > 2, JSON.stringify(error));
        assert.match(error.code, /too-deep|too-large/);
        assert.match(`${error.expected} ${error.remedy}`, /nested at most 16 deep|aliases/);
      }
    });
  }

  it('the thousand levels are refused before any parser sees them, indentation and brackets', () => {
    for (const form of [
      'lists in brackets',
      'mappings in braces',
      'indented mappings',
      'lists in one line',
    ]) {
      assert.notEqual(depthOfText(FORMS[form]?.(1_000) ?? ''), null, form);
    }
    assert.equal(depthOfText(`a: "${'['.repeat(50)}"\n`), null);
    assert.equal(depthOfText(`${'[]{}'.repeat(10_000)}\n`), null);
  });

  it('what is mistaken but no deeper than settings can be has its own error', () => {
    assert.deepEqual(codes(`${ROUTERS}vip: { script: [[[x]]] }\n`), ['wrong-type']);
  });

  it('every node is looked at once, however often it is meant', () => {
    const wide = 'a: &a [1]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n';
    assert.equal(excessOf(parseDocument(wide)), null);
    const many = `a: &a 1\nb: [${Array.from({ length: MOST_ALIASES + 1 }, () => '*a').join(', ')}]\n`;
    assert.equal(excessOf(parseDocument(many))?.what, 'aliases');
  });
});

describe('how many errors are told', () => {
  it('a hundred, and that there are more', () => {
    const text = `${ROUTERS}${Array.from({ length: 5_000 }, (_, index) => `k${index}: 1\n`).join('')}`;
    const result = parseSettings(text, 'x');
    assert.ok(!result.ok);
    assert.equal(result.errors.length, 101);
    assert.equal(result.errors[99]?.line, 102);
    assert.equal(result.errors[100]?.code, 'more-errors');
  });
});

describe('settings that are read on another thread', () => {
  it('are the same, and so are the errors', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'understudy-elsewhere-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'understudy.yaml');
    for (const text of [ROUTERS, `${ROUTERS}colour: blue\n`, '']) {
      writeFileSync(path, text);
      const elsewhere = await within('settings', loadSettingsElsewhere(path));
      assert.deepEqual(elsewhere, structuredClone(loadSettings(path)));
    }
    writeFileSync(path, ROUTERS);
    const drafted = await within('a draft', draftSettingElsewhere(path, 'ha-port', '7200'));
    assert.ok(drafted.ok && drafted.changed && drafted.draft !== null);
    assert.equal(readFileSync(path, 'utf8'), ROUTERS);
    const { draft } = drafted;
    assert.ok((await within('a written file', writeDraftElsewhere(path, draft))).ok);
    // Made of another file than stands there by now.
    const twice = await within('a refusal', writeDraftElsewhere(path, draft));
    assert.equal(twice.ok ? '' : twice.errors[0]?.code, 'changed-meanwhile');
    const after = loadSettings(path);
    assert.ok(after.ok && after.settings.ha.port === 7_200);
  });

  // What an upgrade that left the agent running has put in place of the agent's own.
  const refusal = {
    ok: false,
    file: '/none',
    errors: [
      {
        path: '',
        code: 'needs-restart',
        expected: 'the program that this agent was started from, to read /none',
        found: 'another one, installed since',
        remedy: 'when a peer is fit and sound: systemctl restart understudy',
      },
    ],
  };

  it('are not those that a thread of another build takes them for', async () => {
    const posts = (message: object): URL =>
      new URL(
        `data:text/javascript,import { parentPort } from 'node:worker_threads'; parentPort.postMessage(${JSON.stringify(message)});`,
      );
    const sound = loadSettings('/none');
    for (const message of [sound, { build: 'another', answer: sound }]) {
      assert.deepEqual(
        await within('an answer', loadSettingsElsewhere('/none', posts(message))),
        refusal,
      );
    }
  });

  it('are not read for an agent of another build, or of a release that names none', async () => {
    for (const job of [
      { kind: 'load', path: '/none', build: 'another' },
      { kind: 'load', path: '/none' },
    ]) {
      const worker = new Worker(SETTINGS_THREAD, { workerData: job });
      const [answer] = await eventOf(worker, 'message');
      assert.deepEqual(answer, refusal, 'in the form in which every release takes it');
    }
  });
});
