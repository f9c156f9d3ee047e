// The command line of the storms. Nothing is run.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { commandOf, readOptions } from './options.js';

const read = (...argv: string[]) => readOptions(argv, () => 4_711);

describe('the command line', () => {
  it('has a default for everything', () => {
    assert.deepEqual(read(), { minutes: 10, seed: 4_711, storm: null, keep: null });
  });

  it('takes minutes, seed, storm and folder', () => {
    const given = read('--minutes', '0.5', '--seed', '7', '--storm', '3', '--keep', '/tmp/x');
    assert.deepEqual(given, { minutes: 0.5, seed: 7, storm: 3, keep: '/tmp/x' });
  });

  it('asks for help', () => assert.equal(read('--help'), null));

  for (const [argv, complaint] of [
    [['--minutes', '0'], /--minutes: expected a number from 0.1 to 1440, found "0"/],
    [['--minutes', 'ten'], /--minutes: expected a number .* found "ten"/],
    [['--seed', '-1'], /argument|expected a whole number/],
    [['--seed', '4294967296'], /--seed: expected a whole number from 0 to 4294967295/],
    [['--storm', '1.5'], /--storm: expected a whole number .* found "1.5"/],
    [['--keep', ''], /--keep: expected a folder/],
    [['--keep', '/run/x'], /--keep: expected a folder that is not below \/run, found "\/run\/x"/],
    [['--sead', '1'], /'--sead'/],
    [['hail'], /hail/],
  ] as const) {
    it(`refuses ${argv.join(' ')}`, () => assert.throws(() => read(...argv), complaint));
  }

  it('says what repeats a run, and a storm of it', () => {
    const options = { minutes: 10, seed: 7, storm: null, keep: '/tmp/x' };
    assert.equal(commandOf(options), 'scripts/chaos --minutes 10 --seed 7');
    assert.equal(commandOf({ ...options, storm: 3 }), 'scripts/chaos --seed 7 --storm 3');
  });
});
