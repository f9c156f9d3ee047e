// Every scenario of testdata/ against what it says happened. `UPDATE_GOLDEN=1` writes the files anew:
// read the difference before you believe it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import { playScenario } from './scenario.js';

const TESTDATA = new URL('../../../test/core/testdata/', import.meta.url);
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

describe('scenarios of several appliances (test/core/testdata)', () => {
  for (const file of readdirSync(TESTDATA).sort()) {
    it(file, () => {
      const path = new URL(file, TESTDATA);
      const expected = readFileSync(path, 'utf8');

      const actual = playScenario(expected);

      if (UPDATE) writeFileSync(path, actual);
      else assert.equal(actual, expected, `${file} differs; UPDATE_GOLDEN=1 writes it anew`);
    });
  }
});
