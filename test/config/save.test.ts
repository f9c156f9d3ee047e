// Changing a setting in the file: every other byte stays, the result is valid, and the file is never
// half-written, whatever interrupts the writing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from '../support/test.js';
import { parseSettings } from '../../src/config/load.js';
import { changeSetting } from '../../src/config/save.js';
import { atomicWriteFile } from '../../src/files/atomic-write.js';
import { schemaAt } from '../../src/config/schema.js';
import {
  findSetting,
  readChange,
  SETTABLE,
  unitOf,
  viewSettings,
} from '../../src/config/setting-names.js';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-save-'));
  file = join(folder, 'understudy.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

const ROUTERS = `virtualRouters:    # all of them
  - {name: lan,   interface: eth0, vrid: 51, addresses: [ 10.99.0.100/24 ]}   # tight
`;

const FILE = `# The settings of dallas-1
name:   dallas-1          # odd spacing stays
ha:
  mode: active-passive            # off | active-passive
  # whether this one is preferred
  primary: true  # never
${ROUTERS}# the end`;

const only = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('changeSetting', () => {
  it('changes the value and no other byte', async () => {
    writeFileSync(file, FILE);
    assert.deepEqual(await changeSetting(file, 'mode', 'off'), {
      ok: true,
      setting: 'mode',
      value: 'off',
      previous: 'active-passive',
      changed: true,
      file,
      warnings: [],
    });
    assert.equal(only('understudy.yaml'), FILE.replace('mode: active-passive ', 'mode: off '));
  });

  it('keeps the byte order mark that some editors write', async () => {
    writeFileSync(file, `\ufeff${FILE}`);
    const { ok } = await changeSetting(file, 'mode', 'off');
    assert.equal(ok, true);
    const text = only('understudy.yaml');
    assert.equal(text, `\ufeff${FILE.replace('mode: active-passive ', 'mode: off ')}`);
  });

  const edits: readonly [
    title: string,
    before: string,
    setting: string,
    value: string,
    after: string,
  ][] = [
    ['true', 'ha:\n  primary: true # c\n', 'primary', 'off', 'ha:\n  primary: false # c\n'],
    [
      'a quoted value',
      'ha:\n  mode: "off"  # c\n',
      'mode',
      'active-passive',
      'ha:\n  mode: "active-passive"  # c\n',
    ],
    [
      'a missing key',
      'ha:\n  # c\n  mode: off # d\n\n# e\n',
      'primary',
      'yes',
      'ha:\n  # c\n  mode: off # d\n  primary: true\n\n# e\n',
    ],
    [
      'a deeper indent',
      'ha:\n      mode: off\n',
      'primary',
      'on',
      'ha:\n      mode: off\n      primary: true\n',
    ],
    [
      'a flow mapping',
      'ha: { mode: off } # c\n',
      'primary',
      'on',
      'ha: { mode: off, primary: true } # c\n',
    ],
    ['an empty flow mapping', 'ha: {}\n', 'preempt', 'no', 'ha: { preempt: false }\n'],
    [
      'Windows line ends',
      'ha:\r\n  mode: off\r\n',
      'primary',
      'on',
      'ha:\r\n  mode: off\r\n  primary: true\r\n',
    ],
    [
      'a missing key behind a list of mappings',
      'ha:\n  keyFile: /k\n  peers: # c\n    - { name: b, addresses: [10.99.0.2] } # d\n# e\n',
      'ha-port',
      '7200',
      'ha:\n  keyFile: /k\n  peers: # c\n    - { name: b, addresses: [10.99.0.2] } # d\n  port: 7200\n# e\n',
    ],
    [
      'a missing key behind nested blocks',
      'ha:\n  keyFile: /k\n  peers:\n  - name: b\n    addresses:\n    - 10.99.0.2\n\n',
      'ha-port',
      '7200',
      'ha:\n  keyFile: /k\n  peers:\n  - name: b\n    addresses:\n    - 10.99.0.2\n  port: 7200\n\n',
    ],
    [
      'a missing key behind text of several lines',
      'ha:\n  mode: off\n  keyFile: |-\n    /etc/understudy/ha.key\n',
      'primary',
      'on',
      'ha:\n  mode: off\n  keyFile: |-\n    /etc/understudy/ha.key\n  primary: true\n',
    ],
    [
      'a missing key behind one that is empty',
      'ha:\n  mode: off\n  peers:\n    []\n',
      'primary',
      'on',
      'ha:\n  mode: off\n  peers:\n    []\n  primary: true\n',
    ],
    [
      'a merge',
      'ha:\n  <<: { mode: off }\n',
      'mode',
      'active-passive',
      'ha:\n  <<: { mode: off }\n  mode: active-passive\n',
    ],
  ];
  for (const [title, before, setting, value, after] of edits) {
    it(`edits in place: ${title}`, async () => {
      const routers = before.includes('\r') ? ROUTERS.replaceAll('\n', '\r\n') : ROUTERS;
      writeFileSync(file, before + routers);
      const outcome = await changeSetting(file, setting, value);
      assert.ok(outcome.ok, JSON.stringify(outcome));
      assert.equal(only('understudy.yaml'), after + routers);
    });
  }

  it('adds the section at the end when there is none', async () => {
    writeFileSync(file, ROUTERS.trimEnd());
    await changeSetting(file, 'primary', 'true');
    assert.equal(only('understudy.yaml'), `${ROUTERS}ha:\n  primary: true\n`);
  });

  it('keeps JSON JSON', async () => {
    const routers = [{ name: 'lan', interface: 'e', vrid: 1, addresses: ['10.0.0.1/24'] }];
    writeFileSync(file, JSON.stringify({ virtualRouters: routers }, null, 2));
    await changeSetting(file, 'mode', 'off');
    await changeSetting(file, 'primary', 'on');
    await changeSetting(file, 'mode', 'active-passive');
    assert.deepEqual(JSON.parse(only('understudy.yaml')), {
      virtualRouters: routers,
      ha: { mode: 'active-passive', primary: true },
    });
  });

  it('does not write what the file says already', async () => {
    writeFileSync(file, FILE);
    const before = statSync(file, { bigint: true });
    const outcome = await changeSetting(file, 'primary', 'on');
    assert.ok(outcome.ok && !outcome.changed);
    assert.equal(statSync(file, { bigint: true }).ino, before.ino);
  });

  it('sets every setting there is, each to a value that get then shows with its unit', async () => {
    writeFileSync(file, ROUTERS);
    const values: Readonly<Record<string, string>> = {
      mode: 'off',
      primary: 'on',
      preempt: 'off',
      sync: 'off',
    };
    for (const { name, path } of SETTABLE) {
      const schema = schemaAt(path);
      const value = values[name] ?? (schema?.type === 'boolean' ? 'off' : String(schema?.maximum));
      const outcome = await changeSetting(file, name, value);
      assert.ok(outcome.ok, `${name}: ${JSON.stringify(outcome)}`);
      const settings = parseSettings(only('understudy.yaml'), file);
      assert.ok(settings.ok);
      const view = findSetting(viewSettings(settings.listed, file), name);
      assert.deepEqual([view?.value, view?.unit], [outcome.value, outcome.unit]);
    }
    const units = new Set(SETTABLE.map((setting) => unitOf(setting)));
    assert.deepEqual(units, new Set([undefined, 'ms', 's', 'bit/s']));
    assert.match(only('understudy.yaml'), /^gatewayMonitoring:\n {2}intervalMs: 60000\n/m);
  });

  it('says what to write when a number has a unit', () => {
    const said = ['1s', '250 ms', '2x', '-1', '5'].map((value) => {
      const change = readChange('peer-check-interval', value);
      return change.ok
        ? ''
        : `${change.error.expected}; ${change.error.found}; ${change.error.remedy}`;
    });
    const expected = 'a whole number from 10 to 60000 (milliseconds)';
    const remedy = 'understudy set peer-check-interval';
    assert.deepEqual(said, [
      `${expected}; the text "1s"; ${remedy} 1000   (milliseconds)`,
      `${expected}; the text "250 ms"; ${remedy} 250   (milliseconds)`,
      `${expected}; the text "2x"; ${remedy} 100   (milliseconds)`,
      `${expected}; the text "-1"; ${remedy} 100   (milliseconds)`,
      `${expected}; 5; ${remedy} 100   (milliseconds)`,
    ]);
  });

  const refusals: readonly [
    title: string,
    text: string,
    setting: string,
    value: string,
    code: string,
  ][] = [
    ['an unknown setting', FILE, 'moed', 'off', 'unknown-setting'],
    ['a number out of range', FILE, 'ha-port', '65536', 'out-of-range'],
    ['a number by its path, of another form', FILE, 'ha.port', '7112.5', 'wrong-type'],
    ['a duration with its unit', FILE, 'flap-window', '15min', 'wrong-type'],
    ['a mode that needs more', FILE, 'mode', 'active-active', 'missing-setting'],
    [
      'a number that contradicts another setting',
      `${FILE}\nlinkMonitoring: { pairs: [[a, b]] }\n`,
      'minimum-active-links',
      '2',
      'contradiction',
    ],
    ['a mode nobody knows', FILE, 'mode', 'of', 'out-of-range'],
    ['a mode that would break the YAML', FILE, 'mode', 'off }\nx: [', 'out-of-range'],
    ['a mode that would add a comment', FILE, 'mode', 'off # x', 'out-of-range'],
    ['no boolean', FILE, 'primary', 'maybe', 'wrong-type'],
    [
      'a file with another fault',
      FILE.replace('vrid: 51', 'vrid: 0'),
      'mode',
      'off',
      'out-of-range',
    ],
    [
      'an anchor others share',
      `ha:\n  primary: &yes true\n  preempt: *yes\n${ROUTERS}`,
      'primary',
      'off',
      'not-editable',
    ],
    ['a list at the top', '- 1\n', 'mode', 'off', 'wrong-type'],
    ['an empty file', '', 'mode', 'off', 'empty'],
    ['duplicate keys', FILE.replace('ha:', 'ha:\n  mode: off'), 'mode', 'off', 'duplicate-key'],
  ];
  for (const [title, text, setting, value, code] of refusals) {
    it(`refuses and leaves the file alone: ${title}`, async () => {
      writeFileSync(file, text);
      const outcome = await changeSetting(file, setting, value);
      assert.equal(outcome.ok ? 'done' : outcome.errors[0]?.code, code);
      assert.equal(only('understudy.yaml'), text);
      assert.deepEqual(readdirSync(folder), ['understudy.yaml']);
    });
  }

  it('says when the file cannot be written, and leaves it alone', async () => {
    writeFileSync(file, FILE);
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const outcome = await changeSetting(file, 'mode', 'off', {
      rename: () => Promise.reject(full),
    });
    assert.equal(outcome.ok ? 'done' : outcome.errors[0]?.code, 'write-failed');
    assert.match(outcome.ok ? '' : (outcome.errors[0]?.found ?? ''), /ENOSPC/);
    assert.equal(only('understudy.yaml'), FILE);
    assert.deepEqual(readdirSync(folder), ['understudy.yaml']);
  });
});

describe('atomicWriteFile', () => {
  it('leaves the old file when it is killed between writing and renaming', () => {
    writeFileSync(file, 'old');
    const module = new URL('../../src/files/atomic-write.js', import.meta.url).pathname;
    const script = `import { atomicWriteFile } from ${JSON.stringify(module)};
      await atomicWriteFile(${JSON.stringify(file)}, 'new', {
        rename: () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); },
      });`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    assert.equal(child.signal, 'SIGKILL', child.stderr.toString());
    assert.equal(only('understudy.yaml'), 'old');
    const temporary = readdirSync(folder).find((name) => name.endsWith('.tmp')) ?? '';
    assert.equal(only(temporary), 'new');
  });

  it('keeps mode and owner', async () => {
    writeFileSync(file, 'old');
    if (process.getuid?.() === 0) chownSync(file, 65534, 65533);
    chmodSync(file, 0o640);
    const before = statSync(file);
    await atomicWriteFile(file, 'new', { mode: 0o600 });
    const now = statSync(file);
    assert.deepEqual([now.mode, now.uid, now.gid], [before.mode, before.uid, before.gid]);
    assert.equal(only('understudy.yaml'), 'new');
  });

  it('written by root, a new file belongs to the owner of its folder', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can give a file away');
    chownSync(folder, 65534, 65533);
    await atomicWriteFile(file, 'new');
    const { uid, gid } = statSync(file);
    assert.deepEqual([uid, gid], [65534, 65533]);
  });

  it('gives a new file the mode that was asked for, 0644 else', async () => {
    await atomicWriteFile(file, 'new', { mode: 0o640, durable: false });
    assert.equal(statSync(file).mode & 0o777, 0o640);
    await atomicWriteFile(join(folder, 'other'), 'new');
    assert.equal(statSync(join(folder, 'other')).mode & 0o777, 0o644);
  });

  it('writes through symbolic links, dangling ones too, and leaves them links', async () => {
    writeFileSync(join(folder, 'target'), 'old');
    symlinkSync('target', file);
    symlinkSync('nowhere', join(folder, 'dangling'));
    await atomicWriteFile(file, 'new');
    await atomicWriteFile(join(folder, 'dangling'), 'new');
    assert.ok(lstatSync(file).isSymbolicLink());
    assert.equal(readlinkSync(join(folder, 'dangling')), 'nowhere');
    assert.deepEqual([only('target'), only('nowhere')], ['new', 'new']);
  });

  it('lets two writers at once leave one whole text', async () => {
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(100_000));
    await Promise.all(texts.map((text) => atomicWriteFile(file, text)));
    assert.ok(texts.includes(only('understudy.yaml')));
    assert.deepEqual(readdirSync(folder), ['understudy.yaml']);
  });

  it('fails with the code of the system when the folder is missing', async () => {
    await assert.rejects(atomicWriteFile(join(folder, 'none', 'x'), ''), { code: 'ENOENT' });
  });
});
