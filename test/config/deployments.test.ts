// The deployments of docs/deployments: their files are valid, both files of a pair agree, and their pages
// show the files as they are. What a slip in a line does: deployment-slips.test.ts.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from '../support/test.js';
import { agreementOf } from '../../src/core/agreement.js';
import { instanceConfiguration } from '../../src/agent/instance-configuration.js';
import { parseSettings } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import {
  DEPLOYMENTS,
  deployments,
  pages,
  pairsOf,
  shownOn,
  withFiles,
  type DeploymentFile,
} from './deployments.js';
import { factsOf, seenBy, unpairedIn } from './pair-judge.js';

const all = deployments();

function settingsOf({ path, text }: DeploymentFile): Settings {
  const result = parseSettings(text, path);
  assert.ok(result.ok, JSON.stringify(result, null, 2));
  assert.deepEqual(result.warnings, [], path);
  return result.settings;
}

const update = process.env['UPDATE_GOLDEN'] === '1';

for (const deployment of all) {
  const { name, page, files, settings } = deployment;
  describe(`deployment ${name}`, () => {
    it('has settings that are valid, without a warning', () => {
      for (const file of settings) settingsOf(file);
    });

    it('has a partner for every settings file with peers: X-1.yaml and X-2.yaml', () => {
      assert.deepEqual(unpairedIn(deployment), []);
    });

    for (const [one, other] of pairsOf(deployment)) {
      it(`${one.path} and ${other.path} agree`, () => {
        const [first, second] = [settingsOf(one), settingsOf(other)];
        const digests = [first, second].map((of) => agreementOf(instanceConfiguration(of)).digests);
        assert.deepEqual(digests[0], digests[1], 'digests of settings');
        assert.deepEqual(seenBy(first, second, factsOf(first, second)), []);
        assert.equal(first.ha.peers.length, 1);
        assert.equal(first.ha.peers[0]?.name, second.name);
        assert.equal(second.ha.peers[0]?.name, first.name);
        const here = new Set(second.ha.peers.flatMap(({ addresses }) => addresses));
        const there = first.ha.peers.flatMap(({ addresses }) => addresses);
        assert.equal(here.size, there.length, 'as many paths from both sides');
        assert.deepEqual(
          there.filter((address) => here.has(address)),
          [],
          'an address is that of one of the two',
        );
      });
    }

    it('has a page that shows each of its files as it is', () => {
      assert.ok(existsSync(page), `${page} is expected`);
      const text = readFileSync(page, 'utf8');
      const whole = withFiles(text, (path) => {
        const file = files.find((one) => one.path === path);
        assert.ok(file, `${page} shows ${path}, which is not in its folder`);
        return file.text;
      });
      if (update) writeFileSync(page, whole);
      assert.equal(readFileSync(page, 'utf8'), whole, 'UPDATE_GOLDEN=1 writes it anew');
      assert.deepEqual(
        shownOn(whole)
          .map(({ path }) => path)
          .toSorted(),
        files.map(({ path }) => path),
        'each file of the folder once; mark its block with <!-- file: FOLDER/NAME -->',
      );
    });
  });
}

describe('pages of deployments', () => {
  it('show files of folders that exist', () => {
    for (const page of pages()) {
      for (const { path } of shownOn(readFileSync(page, 'utf8'))) {
        assert.ok(existsSync(join(DEPLOYMENTS, path)), `${page}: ${path}`);
      }
    }
  });

  it('hold the files in their blocks, whatever stood there, and nothing else changes', () => {
    const text = [
      '# Page',
      '<!-- file: x/a.yaml -->',
      '',
      '```yaml',
      'old: 1',
      '```',
      'between',
      '<!-- file: x/nginx.conf -->',
      '```',
      '```',
      'end',
    ].join('\n');
    const contents: Record<string, string> = { 'x/a.yaml': 'a: 1\nb: 2\n', 'x/nginx.conf': 'c;\n' };
    const whole = withFiles(text, (path) => contents[path] ?? '');
    assert.equal(
      whole,
      [
        '# Page',
        '<!-- file: x/a.yaml -->',
        '',
        '```yaml',
        'a: 1',
        'b: 2',
        '```',
        'between',
        '<!-- file: x/nginx.conf -->',
        '```nginx',
        'c;',
        '```',
        'end',
      ].join('\n'),
    );
    assert.equal(
      withFiles(whole, (path) => contents[path] ?? ''),
      whole,
    );
    assert.throws(() => shownOn('<!-- file: x/a.yaml -->\ntext'), /a code block is expected/);
  });

  it('are found by looking, with their files in folders below', () => {
    const directory = mkdtempSync(join(tmpdir(), 'deployments-'));
    try {
      mkdirSync(join(directory, 'one/etc'), { recursive: true });
      for (const name of [
        'one.md',
        'one/b-2.yaml',
        'one/b-1.yaml',
        'one/etc/nginx.conf',
        'one/c-1.yaml',
      ]) {
        writeFileSync(join(directory, name), `${name}\n`);
      }
      const [found, ...others] = deployments(directory);
      assert.ok(found);
      assert.deepEqual(others, []);
      assert.deepEqual(
        found.files.map(({ path }) => path),
        ['one/b-1.yaml', 'one/b-2.yaml', 'one/c-1.yaml', 'one/etc/nginx.conf'],
      );
      assert.deepEqual(
        pairsOf(found).map((pair) => pair.map(({ path }) => path)),
        [['one/b-1.yaml', 'one/b-2.yaml']],
      );
      assert.deepEqual(deployments(join(directory, 'none')), []);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
