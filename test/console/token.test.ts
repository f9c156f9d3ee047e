// The token file: made for one user alone, and refused when others may have read it.
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeToken, readToken, TokenError } from '../../src/console/token.js';
import { afterEach, beforeEach, describe, it } from '../support/test.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-token-'));
  file = join(folder, 'token');
});
afterEach(() => rmSync(folder, { recursive: true }));

const refused = (path: string, message: RegExp): void => {
  assert.throws(
    () => readToken(path),
    (error) => {
      assert.ok(error instanceof TokenError);
      assert.match(error.message, message);
      assert.match(error.remedy, /\S/);
      return true;
    },
  );
};

describe('the token file', () => {
  it('is made once, with mode 0600', () => {
    assert.equal(makeToken(file), true);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const text = readFileSync(file, 'utf8');
    assert.equal(readToken(file), text.trim());
    assert.ok(text.length > 30);
    assert.equal(makeToken(file), false);
    assert.equal(readFileSync(file, 'utf8'), text);
  });

  it('is refused when others may read it', () => {
    writeFileSync(file, 'a-token-that-is-long-enough\n', { mode: 0o600 });
    for (const mode of [0o640, 0o604, 0o660, 0o620]) {
      chmodSync(file, mode);
      refused(file, new RegExp(`found mode 0${mode.toString(8)}`));
    }
  });

  it('is refused when it is short, empty, two words, a folder, too long or not there', () => {
    for (const text of ['', 'short', 'two words of some length']) {
      writeFileSync(file, text, { mode: 0o600 });
      refused(file, /expected one word of at least 16 characters/);
    }
    writeFileSync(file, 'x'.repeat(5_000));
    refused(file, /found 5000 bytes/);
    mkdirSync(join(folder, 'inside'), { mode: 0o700 });
    refused(join(folder, 'inside'), /expected a file/);
    refused(join(folder, 'nothing'), /cannot be read \(ENOENT\)/);
    assert.throws(() => makeToken(join(folder, 'no/where')), /which is not there \(ENOENT\)/);
  });
});
