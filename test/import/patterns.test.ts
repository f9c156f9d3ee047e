// Whole files, written after what public configurations look like: what each becomes, and what is said of every
// line of it. UPDATE_GOLDEN=1 writes test/import/golden anew.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fileReader, globFiles } from '../../src/cli/import/files.js';
import { accountText, settingsText } from '../../src/cli/import/text.js';
import { importKeepalived } from '../../src/import/import.js';
import type { ImportChoices } from '../../src/import/settings.js';
import { describe, it } from '../support/test.js';
import { loaded, PEER } from './bench.js';
import { unexplained } from './explained.js';

const FOLDER = fileURLToPath(new URL('../../../test/import/', import.meta.url));

const CHOICES: ImportChoices = {
  name: 'alpha',
  primary: false,
  peer: null,
  hookPath: '/etc/understudy/hooks/transition',
};

const PATTERNS: Readonly<Record<string, Partial<ImportChoices>>> = {
  haproxy: { primary: true, peer: PEER },
  kubernetes: {},
  router: {},
  sharing: { peer: PEER },
  definitions: {},
  strict: {},
};

describe('files as they are found in the world', () => {
  for (const [name, choices] of Object.entries(PATTERNS)) {
    it(`${name}.conf: its settings pass, and every line is accounted for`, () => {
      const path = `${FOLDER}files/${name}.conf`;
      const source = { read: fileReader(), glob: globFiles, configId: 'alpha', environment: {} };
      const result = importKeepalived(path, source, { ...CHOICES, ...choices });
      assert.ok(result.ok, JSON.stringify(result));
      loaded(result);
      assert.deepEqual(unexplained(result.account), []);
      const { settings, hook } = result.imported;
      const parts = [...result.warning, accountText(result.account), settingsText(settings, [])];
      const text = [...parts, hook?.text ?? ''].join('\n').replaceAll(FOLDER, '');
      const golden = `${FOLDER}golden/${name}.txt`;
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
      assert.equal(text, readFileSync(golden, 'utf8'), 'UPDATE_GOLDEN=1 writes it anew');
    });
  }
});
