// The man pages say what the commands, the schema and the pages of docs/ say, and a strict reader has nothing to say
// about them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from '../support/test.js';
import { commandTree, everySetting, manPages } from '../../scripts/man/pages.js';
import { inline, toMan } from '../../scripts/man/roff.js';

const pages = manPages();
const folder = mkdtempSync(join(tmpdir(), 'understudy-man-'));
after(() => rmSync(folder, { recursive: true }));

const without = (program: string): string | false =>
  spawnSync(program, ['--version']).error === undefined ? false : `there is no ${program} here`;

describe('the man pages', () => {
  for (const [name, text] of Object.entries(pages)) {
    const file = join(folder, name);
    writeFileSync(file, text);

    it(`${name} is read by mandoc without a warning`, { skip: without('mandoc') }, () => {
      const lint = ['-Tlint', '-Wwarning', file];
      const { stdout, stderr } = spawnSync('mandoc', lint, { encoding: 'utf8' });
      assert.equal(`${stdout}${stderr}`, '');
    });

    it(`${name} is shown by man without a warning`, { skip: without('man') }, () => {
      const env = { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8' };
      const show = ['--warnings', '-l', file];
      const { stdout, stderr, status } = spawnSync('man', show, { encoding: 'utf8', env });
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, /SEE ALSO/);
      assert.doesNotMatch(stdout, /\]\(|`|\*\*/, 'nothing of Markdown is left');
    });
  }

  it('have every command and every setting', () => {
    for (const command of commandTree().commands) {
      const isListed = pages['understudy.8']?.includes(`\\fBunderstudy ${command.name()}`);
      assert.equal(isListed, command.name() !== 'complete', command.name());
    }
    for (const { path } of everySetting()) {
      assert.ok(pages['understudy.yaml.5']?.includes(`\\fB${path}\\fR`), path);
    }
  });

  it('have no text that roff takes for something else', () => {
    assert.equal(inline('`a-b` \\ and **c**, [d](e)'), '\\fBa\\-b\\fR \\e and \\fIc\\fR, d');
    assert.deepEqual(toMan('text\n\n.not a request\n\n- one\n  more\n'), [
      '.PP',
      'text',
      '.PP',
      '\\&.not a request',
      '.IP "\\(bu" 3',
      'one more',
    ]);
    assert.deepEqual(toMan('| a | b |\n| - | - |\n| `x` | y \\| z |\n'), [
      '.TP',
      '\\fBx\\fR',
      'y | z',
    ]);
  });
});
