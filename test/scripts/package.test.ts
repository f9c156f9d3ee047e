// What the package holds, as npm itself says: what an appliance needs, and nothing that only developers run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '../support/test.js';

const ROOT = new URL('../../../', import.meta.url).pathname;

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

describe('the package', () => {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [packed] = JSON.parse(
    execFileSync('npm', words, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as readonly Packed[];
  const paths = (packed?.files ?? []).map(({ path }) => path);
  const own = paths.filter((path) => !path.startsWith('node_modules/'));

  it('holds no lab, no benchmark, no deployments and no test', () => {
    const folders = /^(?:dist\/)?(?:test|scripts\/(?:lab|bundle))\/|^dist\/scripts\//;
    const commands = /^scripts\/(?:bench|chaos|deployments|mutants|test)/;
    assert.deepEqual(
      own.filter((path) => folders.test(path) || commands.test(path)),
      [],
    );
  });

  it('holds no private key', () => {
    const keys = own.filter((path) => {
      const file = join(ROOT, path);
      return (
        existsSync(file) &&
        statSync(file).isFile() &&
        /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}/.test(readFileSync(file, 'utf8'))
      );
    });
    assert.deepEqual(keys, []);
  });

  it('holds what an appliance needs', () => {
    for (const path of [
      'native/addon/addon.c',
      'native/executor/main.c',
      'binding.gyp',
      'scripts/install',
      'scripts/prepare',
      'scripts/accept-mode',
      'scripts/vip',
      'scripts/vip-ocf',
      'scripts/connections',
      'scripts/demo',
      'scripts/hooks/command',
      'scripts/checks/mount',
      'scripts/systemd/understudy.service',
      'scripts/systemd/understudy-console.service',
      'docs/INSTALL.md',
      'README.md',
      'LICENSE',
    ]) {
      assert.ok(own.includes(path), `expected ${path} among ${own.length} files`);
    }
  });
});
