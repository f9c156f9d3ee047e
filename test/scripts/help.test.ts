// What somebody reads first: each command of scripts/ says how it is used, does nothing else, and is content.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from '../support/test.js';

const FOLDER = 'scripts';
/** What the agent starts with lines on standard input: any word but its own is a mistake. */
const RUNNERS = new Set(['accept-mode', 'vip', 'vip-ocf']);

function isCommand(name: string): boolean {
  try {
    accessSync(join(FOLDER, name), constants.X_OK);
    return !name.endsWith('.ts');
  } catch {
    return false;
  }
}

describe('scripts/… --help', () => {
  const commands = readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isFile() && isCommand(entry.name) && !RUNNERS.has(entry.name))
    .map(({ name }) => name);

  it('is asked of all commands', () => assert.ok(commands.length > 15, commands.join(' ')));

  for (const name of commands) {
    it(name, () => {
      const command = join(process.cwd(), FOLDER, name);
      // From elsewhere, too.
      const { status, stdout, stderr } = spawnSync(command, ['--help'], {
        cwd: '/',
        encoding: 'utf8',
      });
      assert.equal(status, 0, stderr);
      assert.match(stdout, new RegExp(`^usage: scripts/${name}\\b`, 'm'));
    });
  }
});
