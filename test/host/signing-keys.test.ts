// The file with the keys of signed advertisements: what is read, and what is refused and why.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from '../support/test.js';
import { KeyFileError, type KeyProblem } from '../../src/host/secret-file.js';
import { readSigningKeys, readSigningKeysLater } from '../../src/host/signing-keys.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-signing-keys-'));
});
after(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(text: string, mode = 0o600): string {
  files += 1;
  const path = join(folder, `keys-${files}`);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const HEX = 'Aa'.repeat(32);
const LONG = '5c'.repeat(64);

describe('the keys of a file', () => {
  it('stand in its order; hex: before them, comments and empty lines say nothing', async () => {
    const path = file(`# the new one\n7 ${HEX}\n\n 255  hex:${LONG} \r\n`);
    const expected = [
      { id: 7, secret: Buffer.from(HEX, 'hex') },
      { id: 255, secret: Buffer.from(LONG, 'hex') },
    ];
    assert.deepEqual(readSigningKeys(path), expected);
    assert.deepEqual(await readSigningKeysLater(path), expected);
  });

  const refused: readonly (readonly [string, string, KeyProblem, RegExp])[] = [
    ['none', '# nothing\n', 'short', /expected a key, found none/],
    [
      'a key without a number',
      HEX,
      'malformed',
      /line 1: expected a number from 1 to 255 and a key/,
    ],
    ['the number 0', `0 ${HEX}`, 'malformed', /line 1: expected a number from 1 to 255/],
    ['the number 256', `256 ${HEX}`, 'malformed', /expected a number from 1 to 255/],
    ['three words', `1 ${HEX} x`, 'malformed', /expected a number from 1 to 255/],
    ['a passphrase', `1 ${'secret'.repeat(8)}`, 'malformed', /digits, found other characters/],
    [
      '31 bytes',
      `1 ${'ab'.repeat(31)}`,
      'short',
      /expected 64 to 128 hexadecimal digits, found 62/,
    ],
    ['65 bytes', `1 ${'ab'.repeat(65)}`, 'malformed', /found 130/],
    ['half a byte', `1 ${HEX}a`, 'malformed', /found 65/],
    ['a number twice', `1 ${HEX}\n1 ${LONG}`, 'malformed', /each number once, found 1 twice/],
    [
      'nine keys',
      Array.from({ length: 9 }, (_, index) => `${index + 1} ${HEX}`).join('\n'),
      'malformed',
      /at most 8 keys, found 9/,
    ],
  ];
  for (const [what, text, problem, message] of refused) {
    it(`${what}: refused, and nothing of the key is said`, () => {
      assert.throws(
        () => readSigningKeys(file(text)),
        (error) => {
          assert.ok(error instanceof KeyFileError, String(error));
          assert.equal(error.problem, problem);
          assert.match(error.message, message);
          assert.doesNotMatch(error.message, /(ab|Aa|secret){3}/);
          return true;
        },
      );
    });
  }

  it('have the rules of the HA key for the file itself', async () => {
    const open = file(`1 ${HEX}`, 0o644);
    const said = /expected mode 0600 or 0640, found 0644/;
    assert.throws(() => readSigningKeys(open), said);
    await assert.rejects(readSigningKeysLater(open), said);
    const missing = join(folder, 'missing');
    assert.throws(() => readSigningKeys(missing), /there is no key file; .*openssl rand -hex 32/);
    assert.throws(() => readSigningKeys(folder), /found a folder; set signing.keyFile to a file/);
  });
});
