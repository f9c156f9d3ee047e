// What a writer that was killed has left goes at the first write of the same file, and nothing else does.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from '../support/test.js';
import { atomicWriteFile } from '../../src/files/atomic-write.js';
import { createBackgroundFile } from '../../src/files/background-file.js';
import { eventOf } from '../support/limits.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-abandoned-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const living = spawn('sleep', ['600'], { stdio: 'ignore' });
after(async () => {
  const gone = eventOf(living, 'exit');
  living.kill('SIGKILL');
  await gone;
});
const DEAD = spawnSync('true').pid;
const MINUTES_AGO = new Date(Date.now() - 600_000);

/** A temporary file as a writer with this number has left it. */
function leave(of: string, pid: number | undefined, at?: Date): string {
  const name = `.${of}.${pid ?? 0}.0123456789ab.tmp`;
  writeFileSync(join(folder, name), 'half of a te');
  if (at !== undefined) utimesSync(join(folder, name), at, at);
  return name;
}

describe('temporary files that a killed writer has left', () => {
  it('go at the first write: of one that is dead, of an earlier one with our number, and old ones', async () => {
    leave('state.json', DEAD);
    leave('state.json', process.pid);
    leave('state.json', living.pid, MINUTES_AGO);

    await atomicWriteFile(join(folder, 'state.json'), 'new');

    assert.deepEqual(readdirSync(folder), ['state.json']);
  });

  it('stay while a living process may be writing them; so does every other file', async () => {
    const kept = [
      leave('state.json', living.pid),
      leave('status.json', DEAD, MINUTES_AGO),
      '.state.json.tmp',
      `.state.json.${DEAD}.0123456789ab.tmp.mine`,
      'state.json',
    ];
    for (const name of kept) writeFileSync(join(folder, name), 'mine');

    await atomicWriteFile(join(folder, 'state.json'), 'new');

    assert.deepEqual(readdirSync(folder).sort(), kept.sort());
  });

  it('two that this process writes at once do not take each other’s away', async () => {
    const path = join(folder, 'state.json');
    await Promise.all(['a', 'b', 'c'].map((text) => atomicWriteFile(path, text)));
    assert.deepEqual(readdirSync(folder), ['state.json']);
  });

  it('the files of an agent: a hundred that were killed leave no more than one', async () => {
    for (let n = 0; n < 100; n += 1) {
      writeFileSync(
        join(folder, `.state.json.${DEAD}.${n.toString(16).padStart(12, '0')}.tmp`),
        '',
      );
    }
    const file = createBackgroundFile(join(folder, 'state.json'), true);
    file.write('new');
    await file.flush();
    assert.equal(file.problem(), null);
    assert.deepEqual(readdirSync(folder), ['state.json']);
  });
});
