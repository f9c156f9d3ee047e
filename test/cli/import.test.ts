// `understudy import`: what it prints and writes, and files that the disk has a say in. What lines mean is in
// test/import.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '../../src/config/load.js';
import { globFiles } from '../../src/cli/import/files.js';
import { instance } from '../import/bench.js';
import { describe, it } from '../support/test.js';
import { bare as say, folder, useFolder } from './command-bench.js';

useFolder();

const write = (text: string | Uint8Array, name = 'keepalived.conf'): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('import', () => {
  it('prints the settings alone, and on stderr first the version, then the account, then the order', async () => {
    const { code, out, err } = await say(['import', write(instance('state MASTER'))]);
    assert.equal(code, 0);
    assert.match(out, /^# From .*\n# keepalived speaks VRRPv2(.*\n)+ha:\n/);
    const parts = [
      'keepalived speaks VRRPv2',
      '7  changed           state MASTER',
      '8 lines: ',
      '1. On both',
    ];
    const places = parts.map((part) => err.indexOf(part));
    assert.equal(places[0], 0);
    assert.deepEqual(
      places.toSorted((one, other) => one - other),
      places,
      err,
    );
    const settings = join(folder, 'made.yaml');
    writeFileSync(settings, out);
    assert.ok(loadSettings(settings).ok);
  });

  it('--output writes settings that check accepts, and the account is what it prints', async () => {
    const output = join(folder, 'new.yaml');
    const { code, out, err } = await say([
      'import',
      write(instance()),
      '--output',
      output,
      '--primary',
      '--name',
      'dallas-1',
      '--peer',
      'dallas-2=10.98.0.2,10.99.0.2',
    ]);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^keepalived speaks VRRPv2/);
    assert.match(out, /written: \/run\/u\/new\.yaml/);
    const result = loadSettings(output);
    assert.ok(result.ok);
    const { name, ha } = result.settings;
    assert.deepEqual(
      [name, ha.primary, ha.peers.map((peer) => peer.name)],
      ['dallas-1', true, ['dallas-2']],
    );
  });

  it('writes a hook that calls the notify scripts as keepalived does', async () => {
    const script = write('#!/bin/sh\necho "$@" >> "$0.told"\n', 'told.sh');
    spawnSync('chmod', ['755', script]);
    const text =
      `vrrp_sync_group G {\ngroup {\nVI_1\n}\nnotify ${script}\n}\n` +
      instance(`notify_master "${script} 'to master' now"\nnotify_stop ${script}`);
    const output = join(folder, 'new.yaml');
    assert.equal((await say(['import', write(text), '--output', output])).code, 0);
    const hook = join(folder, 'keepalived-notify');
    assert.equal(statSync(hook).mode & 0o777, 0o755);
    for (const state of ['MASTER', 'BACKUP', 'STOP']) {
      assert.equal(spawnSync(hook, ['INSTANCE', 'VI_1', state, '100']).status, 0);
    }
    assert.equal(spawnSync(hook, ['INSTANCE', 'VI_10', 'MASTER', '100']).status, 0);
    assert.equal(
      readFileSync(`${script}.told`, 'utf8'),
      'to master now\nGROUP G MASTER 100\nGROUP G BACKUP 100\n\nGROUP G STOP 100\n',
    );
  });

  it('without --output the hook is printed, and named where it is to stand', async () => {
    const { out, err } = await say(['import', write(instance('notify_master /bin/n'))]);
    assert.match(out, /transition: \/etc\/understudy\/hooks\/transition/);
    assert.match(
      err,
      /To be saved as \/etc\/understudy\/hooks\/transition, executable:\n\n#!\/bin\/sh/,
    );
  });

  it('overwrites nothing, neither a file nor a link nor a hook', async () => {
    const source = write(instance('notify_master /bin/n'));
    const output = write('mine', 'mine.yaml');
    const refused = await say(['import', source, '--output', output]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /expected no file .*mine\.yaml, found one: nothing was written/);
    assert.equal(readFileSync(output, 'utf8'), 'mine');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link.yaml'));
    assert.equal((await say(['import', source, '--output', join(folder, 'link.yaml')])).code, 1);
    write('mine', 'keepalived-notify');
    const other = join(folder, 'other.yaml');
    assert.equal((await say(['import', source, '--output', other])).code, 1);
    assert.ok(!existsSync(other));
  });

  it('says which two share the work, and how to keep it so', async () => {
    const text = instance('state MASTER\npriority 150') + instance('', 'VI_2', 52);
    assert.match((await say(['import', write(text)])).err, /two share the work.*\n.*--peer/);
  });

  it('a file that only balances load has an account, and nothing for understudy to do', async () => {
    const { code, out, err } = await say(['import', write('virtual_server 10.0.0.1 80 {\n}\n')]);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /1  not carried over  virtual_server/);
    assert.match(err, /nothing for understudy to do/);
  });

  it('settings that check would not accept are told as check tells them, and not written', async () => {
    const output = join(folder, 'new.yaml');
    const source = write(instance().replace('10.99.0.51', '224.0.0.51'));
    const { code, err } = await say(['import', source, '--output', output]);
    assert.equal(code, 2);
    assert.match(err, /virtualRouters\[0\]\.addresses\[0\] \(invalid-address\)/);
    assert.ok(!existsSync(output));
  });

  it('a wrong --peer is told with an example', async () => {
    for (const peer of ['dallas-2', 'dallas-2=', '=10.0.0.1', 'dallas-2=10.0.0.1,x']) {
      const { code, err } = await say(['import', write(instance()), '--peer', peer]);
      assert.equal(code, 2);
      assert.match(err, /expected NAME=ADDRESS.*\n.*--peer dallas-2=10\.98/);
    }
  });
});

describe('files of an import', () => {
  const errorOf = async (path: string): Promise<string> => {
    const { code, out, err } = await say(['import', path]);
    assert.deepEqual([code, out], [2, '']);
    return err;
  };

  it('of a megabyte is refused before it is read', async () => {
    const text = `${instance()}${'# a long comment\n'.repeat(62_000)}`;
    assert.match(await errorOf(write(text)), /\d{7} bytes in .*at most 524288 together/);
  });

  it('in Latin-1 is told with the line, and how it is converted', async () => {
    const text = Buffer.from(`! first\n! f\u00fcr uns\n${instance()}`, 'latin1');
    assert.match(await errorOf(write(text)), /not UTF-8 in line 2 \(Latin-1\?\): iconv -f latin1/);
  });

  it('that is not there, or no file, is told', async () => {
    assert.match(
      await errorOf(join(folder, 'none.conf')),
      /found {5}there is no file[^]*remedy {4}name the keepalived\.conf that is to be read/,
    );
    assert.match(await errorOf(folder), /is no file/);
  });

  it('that includes itself is told with the circle', async () => {
    const path = write(`include ${join(folder, '*.conf')}\n${instance()}`);
    assert.match(await errorOf(path), /it includes itself: (\S+) -> \1/);
  });

  it('are found by patterns: stars, marks, sets and braces', () => {
    mkdirSync(join(folder, 'conf.d'));
    for (const name of ['a1.conf', 'a2.conf', 'b1.conf', '.hidden.conf', 'x+y'])
      write('', `conf.d/${name}`);
    const found = (pattern: string): string[] =>
      globFiles(pattern, folder).map((path) => path.slice(folder.length + 1));
    assert.deepEqual(found('conf.d/*.conf'), [
      'conf.d/a1.conf',
      'conf.d/a2.conf',
      'conf.d/b1.conf',
    ]);
    assert.deepEqual(found('c*/a?.conf'), ['conf.d/a1.conf', 'conf.d/a2.conf']);
    assert.deepEqual(found('conf.d/[!a]*.conf'), ['conf.d/b1.conf']);
    assert.deepEqual(found('conf.d/{a{1,2},b1}.conf'), [
      'conf.d/a1.conf',
      'conf.d/a2.conf',
      'conf.d/b1.conf',
    ]);
    assert.deepEqual(found('conf.d/x+y'), ['conf.d/x+y']);
    assert.deepEqual(found('conf.d/x+*'), ['conf.d/x+y']);
    assert.deepEqual(found('none/*'), []);
    assert.deepEqual(found('conf.d/[z-a]*'), []);
  });
});
