// Every fault a settings file can have: its code, its place, and the exact text a person reads.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from '../support/test.js';
import { formatSettingsError } from '../../src/config/errors.js';
import { parseSettings } from '../../src/config/load.js';
import { FAULTY_FILES as FAULTY_IN_FORM } from './cases.js';
import { FAULTY_PAIRS } from './pair-cases.js';

const FAULTY_FILES = [...FAULTY_IN_FORM, ...FAULTY_PAIRS];

const GOLDEN = new URL('../../../test/config/errors.golden.txt', import.meta.url);

const errorsOf = (text: string) => {
  const result = parseSettings(text, 'understudy.yaml');
  return result.ok ? [] : result.errors;
};

describe('errors of a settings file', () => {
  for (const { title, text, errors } of FAULTY_FILES) {
    it(`tells all of: ${title}`, () => {
      const found = errorsOf(text).map(({ code, path }) => `${code} ${path}`);
      assert.deepEqual(found, errors);
    });
  }

  it('is told in exactly the words of the golden file (UPDATE_GOLDEN=1 writes it)', () => {
    const said = FAULTY_FILES.map(({ title, text }) => {
      const errors = errorsOf(text).map((error) => formatSettingsError(error, 'understudy.yaml'));
      return `== ${title}\n${errors.join('\n')}\n`;
    }).join('\n');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, said);
    assert.equal(said, readFileSync(GOLDEN, 'utf8'));
  });

  it('leaves no part of an error empty', () => {
    for (const error of FAULTY_FILES.flatMap(({ text }) => errorsOf(text))) {
      for (const part of [error.expected, error.found, error.remedy]) {
        assert.match(part, /\S/);
        assert.doesNotMatch(part, /undefined|null|\[object|NaN/, JSON.stringify(error));
      }
    }
  });

  it('names line and column of the setting', () => {
    const error = errorsOf('name: x\nvirtualRouters:\n  - name: lan\n    vrid: 999\n').find(
      ({ code }) => code === 'out-of-range',
    );
    assert.deepEqual([error?.line, error?.column], [4, 11]);
  });

  it('finds the place of a setting behind an alias and a merge', () => {
    const text = `virtualRouters:
  - &first { name: a, interface: eth0, vrid: 1, addresses: [10.0.0.1/24], priority: 300 }
  - { <<: *first, name: b, vrid: 2, addresses: [10.0.0.2/24] }
`;
    const found = errorsOf(text).map(({ path, line }) => [path, line]);
    assert.deepEqual(found, [
      ['virtualRouters[0].priority', 2],
      ['virtualRouters[1].priority', 2],
    ]);
  });

  it('refuses a document that expands without end, and one that contains itself', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 12; i += 1) {
      lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(',')}]`);
    }
    assert.equal(errorsOf(lines.join('\n'))[0]?.code, 'syntax');
    assert.equal(errorsOf('virtualRouters: &a [*a]\n')[0]?.code, 'wrong-type');
  });
});
