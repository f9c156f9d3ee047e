// What is forced to the disk when a file is replaced, and in which order: seen at the descriptors, since
// nothing but a power cut shows it otherwise. Names, modes and owners are in save.test.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { changeSetting } from '../../src/config/save.js';
import { atomicWriteFile, type AtomicWriteOptions } from '../../src/files/atomic-write.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-atomic-'));
  file = join(folder, 'understudy.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

const only = (name: string): string => readFileSync(join(folder, name), 'utf8');

const SETTINGS = `virtualRouters:
  - {name: lan, interface: eth0, vrid: 51, addresses: [10.99.0.100/24]}
`;

/** A disk that tells what it is asked to do. */
function watched(steps: string[]): AtomicWriteOptions {
  return {
    rename: async (from, to) => {
      steps.push('rename');
      await rename(from, to);
    },
    open: async (...given) => {
      const opened = await open(...given);
      const [path] = given;
      // Of a temporary name, what does not change.
      const name = String(path) === folder ? 'folder' : basename(String(path)).split('.yaml')[0];
      const called = name === 'folder' ? name : `${name}.yaml`;
      steps.push(`open ${called}`);
      const sync = opened.sync.bind(opened);
      const writeFile = opened.writeFile.bind(opened);
      opened.sync = () => {
        steps.push(`sync ${called}`);
        return sync();
      };
      opened.writeFile = (...text) => {
        steps.push(`write ${called}`);
        return writeFile(...text);
      };
      return opened;
    },
  };
}

async function stepsOfWriting(options: AtomicWriteOptions): Promise<string[]> {
  const steps: string[] = [];
  await atomicWriteFile(file, 'new', { ...watched(steps), ...options });
  assert.equal(only('understudy.yaml'), 'new');
  return steps;
}

describe('a file that is replaced', () => {
  it('forces the text to the disk before the rename, and the folder after it', async () => {
    assert.deepEqual(await stepsOfWriting({}), [
      'open .understudy.yaml',
      'write .understudy.yaml',
      'sync .understudy.yaml',
      'rename',
      'open folder',
      'sync folder',
    ]);
  });

  it('forces nothing to the disk when that is not wanted', async () => {
    const steps = await stepsOfWriting({ durable: false });
    assert.deepEqual(steps, ['open .understudy.yaml', 'write .understudy.yaml', 'rename']);
  });

  it('a setting that is changed is forced to the disk', async () => {
    writeFileSync(file, SETTINGS);
    const steps: string[] = [];
    await changeSetting(file, 'mode', 'off', watched(steps));
    assert.deepEqual(
      steps.filter((step) => step.startsWith('sync')),
      ['sync .understudy.yaml', 'sync folder'],
    );
  });

  it('text that cannot be forced to the disk replaces nothing', async () => {
    writeFileSync(file, 'old');
    const failing = async (...given: Parameters<typeof open>) => {
      const opened = await open(...given);
      opened.sync = () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
      return opened;
    };
    await assert.rejects(atomicWriteFile(file, 'new', { open: failing }), { code: 'EIO' });
    assert.equal(only('understudy.yaml'), 'old');
    assert.deepEqual(readdirSync(folder), ['understudy.yaml']);
  });
});
