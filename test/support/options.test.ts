// What values options of the scripts take, and what is said of others.
import assert from 'node:assert/strict';
import { chosen, decimal, MOST_SEED, seedOf, wholeNumber } from './options.js';
import { describe, it } from './test.js';

describe('the value of an option', () => {
  it('a whole number within bounds', () => {
    for (const text of ['1', '10', '007'])
      assert.equal(wholeNumber('--n', text, 1, 10), Number(text));
    for (const text of ['0', '11', '1.5', '-1', '1e1', ' 1', '', 'ten', 'Infinity']) {
      assert.throws(() => wholeNumber('--n', text, 1, 10), {
        message: `--n: expected a whole number from 1 to 10, found "${text}"`,
      });
    }
  });

  it('a number with a fraction', () => {
    for (const text of ['0.5', '2', '2.50'])
      assert.equal(decimal('--n', text, 0.5, 2.5), Number(text));
    for (const text of ['0.4', '2.6', '1.', '.5', '1e0', '', 'NaN']) {
      assert.throws(() => decimal('--n', text, 0.5, 2.5), {
        message: `--n: expected a number from 0.5 to 2.5, found "${text}"`,
      });
    }
  });

  it('names, in the order of the list, each once', () => {
    assert.deepEqual(chosen('--of', ['a', 'b', 'c'], ['c', 'a', 'c']), ['a', 'c']);
    assert.deepEqual(chosen('--of', ['a'], []), []);
    assert.throws(() => chosen('--of', ['a', 'b'], ['a', 'x']), {
      message: '--of: expected one of a, b, found "x"',
    });
  });

  it('a seed: the one that is given, or one that could be given', () => {
    assert.equal(seedOf('4711'), 4_711);
    assert.throws(() => seedOf('0'), /--seed: expected a whole number from 1 to 2147483647/);
    const drawn = seedOf(undefined);
    assert.equal(wholeNumber('--seed', String(drawn), 1, MOST_SEED), drawn);
  });
});
