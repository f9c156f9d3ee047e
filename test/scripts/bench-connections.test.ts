// The command line of `scripts/bench connections`: what is refused before anything is started. Nothing is measured.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { describe, it } from '../support/test.js';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../bench/connections.js', import.meta.url));

const run = (...argv: readonly string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...argv], { encoding: 'utf8' });

describe('scripts/bench connections', () => {
  const usage = run('--help').stdout;

  it('says how it is used', () =>
    assert.match(usage, /^usage: scripts\/bench connections .*--runs/));

  for (const [argv, complaint] of [
    [['--runs', '0'], /--runs: expected a whole number from 1 to 1000, found "0"/],
    [['--runs', 'some'], /--runs: .* found "some"/],
    [['--quick'], /--quick/],
    [['everything'], /everything/],
  ] as const) {
    it(`refuses ${argv.join(' ')}`, () => {
      const { status, stdout, stderr } = run(...argv);
      assert.deepEqual([status, stdout], [2, ''], stderr);
      assert.match(stderr.split('\n')[0] ?? '', complaint);
      assert.ok(stderr.startsWith('bench connections: ') && stderr.endsWith(usage), stderr);
    });
  }
});
