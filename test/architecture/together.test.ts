// Which test files share a process, and how files are dealt to processes. That they run there: run.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { dealt, isAlone } from '../support/together.js';

describe('a test file has its process to itself', () => {
  for (const text of [
    "t.mock.method(fs, 'openSync');",
    "t.mock.timers.enable({ apis: ['setTimeout'] });",
    "process.env['TZ'] = 'Europe/Berlin';",
    "delete process.env['TZ'];",
    "process.on('warning', seen);",
    "process.chdir('/');",
    'process.umask(0o22);',
    'process.exitCode = 1;',
    'process.cpuUsage();',
    'globalThis.fetch = asked;',
  ]) {
    it(`which does this to it, or asks this of it: ${text}`, () =>
      assert.equal(isAlone(text), true));
  }

  it('but not where it only reads what nobody changes', () => {
    for (const text of ["if (process.env['CI'] === 'true')", 'process.getuid()', 'mockery()'])
      assert.equal(isAlone(text), false, text);
  });
});

describe('files are dealt', () => {
  it('each once, neighbours to different groups', () => {
    assert.deepEqual(dealt(['a', 'b', 'c', 'd', 'e'], 2), [
      ['a', 'c', 'e'],
      ['b', 'd'],
    ]);
  });

  it('to no group without a file', () => assert.deepEqual(dealt(['a'], 3), [['a']]));
});
