// A program file that is replaced while it runs. What is said of it: findings.test.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rememberProgram } from '../../src/host/own-program.js';
import { after, describe, it } from '../support/test.js';

describe('the own program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-program-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'main.js');
  const link = join(folder, 'understudy');

  it('is another one once a file was put in its place, and not before', async () => {
    writeFileSync(file, 'former');
    symlinkSync(file, link);
    const replaced = rememberProgram(link);
    assert.equal(await replaced(), false);
    writeFileSync(`${file}.new`, 'former');
    assert.equal(await replaced(), false);
    rmSync(link);
    renameSync(`${file}.new`, file);
    assert.equal(await replaced(), true, 'its content is the same, and yet it was installed anew');
    rmSync(file);
    assert.equal(await replaced(), false, 'in the middle of an upgrade nothing can be told');
  });

  it('is never another one where it was not known', async () => {
    assert.equal(await rememberProgram(undefined)(), false);
    assert.equal(await rememberProgram(join(folder, 'none'))(), false);
  });
});
