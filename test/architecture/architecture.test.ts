// Holds the sources against the rules. The rules themselves, and that they bite, are elsewhere.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from '../support/test.js';
import { fileURLToPath } from 'node:url';
import { importsOf } from './source-text.js';
import { testViolations, violations, type Rule, type SourceFile } from './rules.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

function sourcesBelow(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

const sources = ['src', 'native', 'scripts'].flatMap(sourcesBelow);
/** The bad examples of the rules, and programs that are no tests: their waits are their own matter. */
const NOT_JUDGED =
  /^test\/(?:architecture\/|(?:bench|chaos|deployments|mutants|soak)\/(?!.*\.test\.ts))/;
const tests = sourcesBelow('test').filter(
  ({ path }) => path.endsWith('.ts') && !NOT_JUDGED.test(path),
);
const all = [...sources.flatMap(violations), ...tests.flatMap(testViolations)];

const CLAIMS: Readonly<Record<Rule, string>> = {
  import: 'every room imports only what it may',
  purity: 'core, model, import and metrics know no clock, no chance, no promise and no process',
  'node-api': 'five units of the addon know Node-API, and no other does',
  include: 'the units of native/ stand on one another without a circle',
  'file-length': 'files can be held in the head',
  'function-length': 'functions fit a screen',
  'first-line': 'every file begins by saying what it is',
  word: 'the words are those of RFC 9568',
  'test-limit': 'every test has a limit, no suite has one',
  'bare-wait': 'every wait of a test says what it expected and what it saw last',
};

/** The files of the core that a file of the core stands on, for its types or to call them. */
const core = new Map(
  sources
    .filter(({ path }) => path.startsWith('src/core/'))
    .map(({ path, text }) => [
      path,
      importsOf(text)
        .map(({ specifier }) => join(dirname(path), specifier).replace(/\.js$/, '.ts'))
        .filter((target) => target.startsWith('src/core/')),
    ]),
);

/** A way from a file back to itself; null when there is none. */
function circleFrom(path: string, way: readonly string[] = []): readonly string[] | null {
  if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
  if (seen.has(path)) return null;
  for (const next of core.get(path) ?? []) {
    const circle = circleFrom(next, [...way, path]);
    if (circle !== null) return circle;
  }
  seen.add(path);
  return null;
}
const seen = new Set<string>();

describe('inside core', () => {
  it('no file stands on itself by way of others', () => {
    for (const path of core.keys()) assert.equal(circleFrom(path)?.join(' -> ') ?? null, null);
  });

  it('verdicts are carried out in one place: only apply.ts asks for the rows’ acts', () => {
    const switches = sources.filter(
      ({ path, text }) => path.startsWith('src/core/') && text.includes('verdict.act'),
    );
    assert.deepEqual(
      switches.map(({ path }) => path),
      ['src/core/apply.ts'],
    );
  });
});

describe('docs/ARCHITECTURE.md', () => {
  it('says where something is decided, and there it is', () => {
    const page = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');
    const [, section = ''] = /^### Where is it decided\?$([^]*?)^#/m.exec(page) ?? [];
    const places = [...section.matchAll(/^\|.*\|([^|]+)\|$/gm)]
      .map(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word))
      .filter((words) => words.length > 0);
    assert.ok(places.length >= 8, `rows are found: ${places.length}`);
    for (const words of places) {
      let text = '';
      for (const word of words) {
        if (word.endsWith('.ts')) text = readFileSync(join(ROOT, 'src/core', word), 'utf8');
        else assert.match(text, new RegExp(`(?:function|const) ${word}\\b`), words.join(' '));
      }
    }
  });
});

describe('architecture', () => {
  it('there are sources to hold against the rules', () => {
    for (const room of ['src/model/', 'src/core/', 'src/wire/', 'native/', 'scripts/', 'test/']) {
      assert.ok(
        [...sources, ...tests].some(({ path }) => path.startsWith(room)),
        `${room} is empty`,
      );
    }
  });

  for (const [rule, claim] of Object.entries(CLAIMS)) {
    it(claim, () => {
      const broken = all.filter((violation) => violation.rule === rule);
      const lines = broken.map(({ path, line, message }) => `${path}:${line}: ${message}`);
      assert.equal(lines.join('\n'), '');
    });
  }
});
