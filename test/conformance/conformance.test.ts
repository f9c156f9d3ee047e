// docs/CONFORMANCE.md holds: every test that it names is there, every requirement has one or a choice, and the page is
// what the table makes of it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { describe, it } from '../support/test.js';
import { conformancePage } from './page.js';
import { REQUIREMENTS } from './requirements.js';

const PAGE = 'docs/CONFORMANCE.md';

/** Whether a text of this file, between quotation marks, is the title. */
function has(file: string, title: string): boolean {
  if (!existsSync(file)) return false;
  const text = readFileSync(file, 'utf8');
  return [`'`, '"', '`'].some((mark) => text.includes(`${mark}${title}${mark}`));
}

describe('the requirements of RFC 9568', () => {
  it('every test that holds one exists', () => {
    const missing = REQUIREMENTS.flatMap(({ held }) => held)
      .filter(({ file, test }) => !has(file, test))
      .map(({ file, test }) => `${file}: ${test}`);
    assert.deepEqual(missing, []);
  });

  it('each has a test, or is a choice that says what is done instead', () => {
    const bare = REQUIREMENTS.filter(
      ({ held, choice }) => held.length === 0 && choice === undefined,
    );
    assert.deepEqual(bare, []);
  });

  it('each stands there once', () => {
    const all = REQUIREMENTS.map(({ section, says }) => `${section} ${says}`);
    assert.deepEqual(all.length, new Set(all).size);
  });

  it('the page is what the table makes of it (UPDATE_GOLDEN=1 writes it)', async () => {
    const options = await resolveConfig(PAGE);
    const page = await format(conformancePage(), { ...options, filepath: PAGE });
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(PAGE, page);
    assert.equal(readFileSync(PAGE, 'utf8'), page);
  });
});
