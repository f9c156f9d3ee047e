// Every setting that `understudy set` knows, set in every settings file that our pages show. What is set
// and how it is written: save.test.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSettings } from '../../src/config/load.js';
import { changeSetting } from '../../src/config/save.js';
import { schemaAt } from '../../src/config/schema.js';
import { SETTABLE } from '../../src/config/settable.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { deployments } from './deployments.js';

const README = readFileSync(fileURLToPath(new URL('../../../README.md', import.meta.url)), 'utf8');

/** The settings file that README shows. */
const shown = README.split('```yaml\n')[1]?.split('```')[0] ?? '';

const files = [
  { path: 'README.md', text: shown },
  // Both of a pair have the same form.
  ...deployments().flatMap(({ settings }) => settings.slice(0, 1)),
].filter(({ text }) => parseSettings(text, '').ok);

/** Another value than any of those files has, within the bounds of the schema. */
function valuesFor(path: readonly string[]): string[] {
  const schema = schemaAt(path);
  if (schema?.type === 'boolean') return ['on', 'off'];
  if (schema?.type === 'string') return (schema.enum ?? []).map(String);
  return [String(schema?.maximum)];
}

describe('set', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'understudy-set-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has files to be tried on', () => {
    assert.equal(files[0]?.path, 'README.md');
    assert.ok(files.length >= 5, `${files.length} files`);
  });

  for (const { path, text } of files) {
    it(`finds a place for every setting: ${path}`, async () => {
      const file = join(folder, 'understudy.yaml');
      for (const setting of SETTABLE) {
        for (const value of valuesFor(setting.path)) {
          writeFileSync(file, text);
          const outcome = await changeSetting(file, setting.name, value);
          // What other settings forbid is refused for its own reason; a place is always found.
          const codes = outcome.ok ? [] : outcome.errors.map(({ code }) => code);
          assert.ok(!codes.includes('not-editable'), `${setting.name}: ${JSON.stringify(outcome)}`);
          if (!outcome.ok || !outcome.changed) continue;
          const after = readFileSync(file, 'utf8').split('\n');
          const gone = text.split('\n').filter((line) => !after.includes(line));
          assert.ok(gone.length <= 1, `${setting.name}: more than one line has changed`);
        }
      }
    });
  }
});
