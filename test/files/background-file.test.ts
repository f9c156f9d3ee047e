// A file that is written behind everybody's back: which text it ends with, and when it is tried again.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { createBackgroundFile } from '../../src/files/background-file.js';
import { turn } from '../support/limits.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-file-'));
  path = join(folder, 'state.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (): string => readFileSync(path, 'utf8');

describe('a file written in the background', () => {
  it('takes the newest text; what was overtaken is never written', async () => {
    const file = createBackgroundFile(path, false);
    const seen: string[] = [];
    file.write('first');
    file.write('second');
    file.write('third');
    assert.throws(text, /ENOENT/, 'nothing is written while the caller runs');
    await file.flush();
    seen.push(text());
    assert.deepEqual(seen, ['third']);
    assert.equal(file.problem(), null);
  });

  it('a text that was written already does not keep later ones from being written', async () => {
    const file = createBackgroundFile(path, true);
    file.write('same');
    await file.flush();
    file.write('same');
    await file.flush();
    file.write('other');
    await file.flush();
    assert.equal(text(), 'other');
  });

  it('a text that comes while another is being written follows it', async () => {
    const file = createBackgroundFile(path, true);
    file.write('one');
    await turn();
    file.write('two');
    await file.flush();
    assert.equal(text(), 'two');
  });

  it('tells what is wrong until it is well again', async () => {
    const file = createBackgroundFile(path, true);
    rmSync(folder, { recursive: true });
    file.write('lost');
    await file.flush();
    assert.match(file.problem() ?? '', /state\.json: ENOENT/);
    mkdirSync(folder);
    file.write('kept');
    await file.flush();
    assert.deepEqual([text(), file.problem()], ['kept', null]);
  });

  it('somebody else has removed the file: the same text is written again', async () => {
    const file = createBackgroundFile(path, true);
    file.write('same');
    await file.flush();
    rmSync(path);
    file.write('same');
    await file.flush();
    assert.deepEqual([text(), file.problem()], ['same', null]);
  });

  it('after a failure the former text is written again: the file may be gone', async () => {
    const file = createBackgroundFile(path, true);
    file.write('former');
    await file.flush();
    rmSync(folder, { recursive: true });
    file.write('latter');
    await file.flush();
    file.write('former');
    await file.flush();
    assert.match(file.problem() ?? '', /ENOENT/, 'it is not there, and nobody says that it is');
    mkdirSync(folder);
    file.write('former');
    await file.flush();
    assert.deepEqual([text(), file.problem()], ['former', null]);
  });
});
