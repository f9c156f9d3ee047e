// A write that failed is not taken for done: the same text is written when it is asked for again.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from '../support/test.js';
import { createBackgroundFile } from '../../src/agent/state-file.js';

it('after a failure the same text is written although the file of before is still there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-state-'));
  const away = `${folder}-away`;
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(away, { recursive: true, force: true });
  });
  const file = createBackgroundFile(join(folder, 'state.json'), true);
  file.write('former');
  await file.flush();

  renameSync(folder, away);
  file.write('latter');
  await file.flush();
  assert.match(file.problem() ?? '', /ENOENT/);
  renameSync(away, folder);

  file.write('latter');
  await file.flush();
  assert.equal(readFileSync(join(folder, 'state.json'), 'utf8'), 'latter');
  assert.equal(file.problem(), null);
});
