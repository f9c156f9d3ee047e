// keepalived's own word on files: `keepalived --config-test` knows the same words as the import does, and its own
// samples are accounted for line by line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileReader, globFiles } from '../../src/cli/import/files.js';
import { importKeepalived, type ImportResult } from '../../src/import/import.js';
import { WAIT_LIMIT_MS } from '../support/limits.js';
import { after, describe, it } from '../support/test.js';
import { instance, loaded } from './bench.js';
import { unexplained } from './explained.js';

const SAMPLES = '/usr/share/doc/keepalived/samples';
const FILES = fileURLToPath(new URL('../../../test/import/files/', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'understudy-import-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Nobody else ends what is waited for like this. */
const LIMITED = { timeout: WAIT_LIMIT_MS, killSignal: 'SIGKILL' } as const;

/** The sample that keepalived 2.3, as Debian 13 has it, reads without end. */
const endless = /Keepalived v2\.3\./.test(String(spawnSync('keepalived', ['--version']).stderr))
  ? join(SAMPLES, 'keepalived.conf.SMTP_CHECK')
  : null;

/** The words that keepalived does not know in a file, with their lines. */
function unknownToKeepalived(path: string, configId: string): string[] {
  const log = join(folder, 'log');
  writeFileSync(log, '');
  const options = [`--config-test=${log}`, '-f', path, '-i', configId, '-n'];
  const { error } = spawnSync('keepalived', options, LIMITED);
  assert.equal(
    error,
    undefined,
    `keepalived runs (scripts/prepare test installs it), and comes to an end on ${path}`,
  );
  // It reads a file several times, once for each of its processes.
  const found = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap(
      (line) => /: Line (\d+)\) Unknown keyword '([^']*)'/.exec(line)?.slice(1, 3).join(' ') ?? [],
    );
  return [...new Set(found)].toSorted(byLine);
}

function imported(path: string, configId: string): ImportResult {
  const source = { read: fileReader(), glob: globFiles, configId, environment: {} };
  const hookPath = '/etc/understudy/hooks/transition';
  return importKeepalived(path, source, { name: 'alpha', primary: false, peer: null, hookPath });
}

const unknownToUs = (result: ImportResult): string[] =>
  result.ok
    ? []
    : result.errors
        .filter(({ expected }) => expected.startsWith('a word of keepalived.conf'))
        .map(({ place, found }) => `${place.line} ${JSON.parse(found)}`);

describe("keepalived's own samples", () => {
  const samples = readdirSync(SAMPLES)
    .filter((name) => name.startsWith('keepalived.conf.'))
    .map((name) => join(SAMPLES, name));

  it('there are some, as Debian ships them', () => assert.ok(samples.length > 20));

  it('every line of each is accounted for, and the settings made of it pass', () => {
    let withInstances = 0;
    for (const path of samples) {
      const result = imported(path, 'high');
      assert.deepEqual(unexplained(result.account), [], path);
      assert.ok(result.account.length > 0, path);
      if (result.ok) {
        withInstances += 1;
        loaded(result);
      } else {
        const [error, ...others] = result.errors;
        assert.deepEqual([error?.expected, others.length], ['a vrrp_instance', 0], path);
        assert.ok(!/^\s*vrrp_instance/m.test(readFileSync(path, 'utf8')), path);
      }
    }
    assert.ok(withInstances >= 10, `${withInstances}`);
  });

  it('no word of them is unknown; keepalived itself knows all but those of an old group', () => {
    for (const path of samples) {
      assert.deepEqual(unknownToUs(imported(path, 'high')), [], path);
      if (path === endless) continue;
      const unknown = unknownToKeepalived(path, 'high');
      const expected = path.endsWith('lvs_syncd') ? ['4 VI_2', '5 VI_3'] : [];
      assert.deepEqual(unknown, expected, path);
    }
  });
});

describe('words', () => {
  it('keepalived knows all words of the files of this folder', () => {
    for (const name of readdirSync(FILES).filter((one) => one.endsWith('.conf'))) {
      assert.deepEqual(unknownToKeepalived(join(FILES, name), 'alpha'), [], name);
    }
  });

  it('what is unknown to one is unknown to the other, on the same line', () => {
    const text = `globl_defs\nvrrp_script a {\n script /bin/true\n intervall 3\n}\n${instance('prority 100\nnotify_mastre /x')}`;
    const path = join(folder, 'unknown.conf');
    writeFileSync(path, text);
    const known = unknownToKeepalived(path, 'alpha');
    assert.deepEqual(known, ['1 globl_defs', '4 intervall', '12 prority', '13 notify_mastre']);
    assert.deepEqual(unknownToUs(imported(path, 'alpha')).toSorted(byLine), known);
  });
});

const byLine = (one: string, other: string): number =>
  Number.parseInt(one, 10) - Number.parseInt(other, 10);
