// Golden files: the text a screen must have, beside the tests. UPDATE_GOLDEN=1 writes them anew.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('../../../test/golden/screens/', import.meta.url);

/** Compares `text` with the file of this name in test/golden/screens. */
export function assertGolden(name: string, text: string): void {
  const file = new URL(name, FOLDER);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(text, readFileSync(file, 'utf8'), `${name}; UPDATE_GOLDEN=1 writes it anew`);
}
