// Scenarios that a long run has found to break a promise, by the core or by whoever judged it: each once more.
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { SUITES, type Suite } from './suites.js';

const FILE = new URL('../../../test/sim/found.txt', import.meta.url);

const found = readFileSync(FILE, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [, name = '', drawn = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    return { name, drawn };
  });

describe('scenarios that were found', () => {
  for (const [number, { name, drawn }] of found.entries()) {
    it(`${name} ${number + 1} keeps the promises`, () => {
      const suite = SUITES.find((one) => one.name === name) as Suite<unknown> | undefined;
      assert.ok(suite, `a suite expected, found "${name}"`);
      const one = JSON.parse(drawn) as unknown;
      suite.play(suite.build(one, false), one);
    });
  }

  it('there are some', () => assert.ok(found.length > 0));
});
