// What the npm package does where it is installed: npm 12 runs no script of a package that came inside another one, as
// raw-socket does in ours.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from '../support/test.js';
import { temporaryFolder } from '../support/folder.js';

const ROOT = new URL('../../../', import.meta.url).pathname;
const BUILT = 'node_modules/raw-socket/build';

describe('the script of the installation', () => {
  const folder = temporaryFolder('understudy-installed-');
  const loads = () =>
    spawnSync(process.execPath, ['-e', "require('raw-socket')"], { cwd: folder, encoding: 'utf8' });
  const afterwards = () =>
    execFileSync('npm', ['run', 'postinstall'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

  before(() => {
    for (const name of ['package.json', 'node_modules/raw-socket', 'node_modules/nan']) {
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    }
  });

  it('leaves alone what npm has built', () => {
    assert.equal(loads().status, 0);
    assert.doesNotMatch(afterwards(), /CXX/);
  });

  it('builds raw-socket where npm has not', () => {
    rmSync(join(folder, BUILT), { recursive: true });
    assert.notEqual(loads().status, 0);
    afterwards();
    assert.ok(existsSync(join(folder, BUILT, 'Release/raw.node')));
    assert.equal(loads().status, 0, loads().stderr);
  });
});
