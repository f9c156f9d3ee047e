import assert from 'node:assert/strict';
import { describe, test } from '../support/test.js';
import * as fc from 'fast-check';
import {
  count,
  inDoubt,
  margin,
  UNTRIED,
  type Outcome,
  type Tally,
} from '../../src/monitors/threshold.js';

const limits = fc.record({
  failureThreshold: fc.integer({ min: 1, max: 6 }),
  recoveryThreshold: fc.integer({ min: 1, max: 6 }),
});
const outcomes = fc.array(fc.constantFrom<Outcome>('success', 'failure', 'unavailable'));

/** How many of `outcome` the list ends with. */
const run = (list: readonly Outcome[], outcome: Outcome): number =>
  list.length - 1 - list.findLastIndex((each) => each !== outcome);

describe('thresholds', () => {
  const three = { failureThreshold: 3, recoveryThreshold: 2 };
  const after = (...list: Outcome[]): Tally =>
    list.reduce((tally, outcome) => count(tally, outcome, three), UNTRIED);

  test('failed at the third failure in a row, ok again at the second success', () => {
    assert.equal(after('success', 'failure', 'failure').state, 'ok');
    assert.equal(after('success', 'failure', 'failure', 'failure').state, 'failed');
    const failed = ['failure', 'failure', 'failure'] as const;
    assert.equal(after(...failed, 'success').state, 'failed');
    assert.equal(after(...failed, 'success', 'failure', 'success').state, 'failed');
    assert.equal(after(...failed, 'success', 'success').state, 'ok');
  });

  test('unknown is ok at its first success, and failed only at the threshold', () => {
    assert.equal(after('success').state, 'ok');
    assert.equal(after('failure', 'failure').state, 'unknown');
  });

  test('not being able to try says nothing and begins anew', () => {
    assert.deepEqual(after('failure', 'failure', 'failure', 'unavailable'), UNTRIED);
  });

  test('the margin says how far the verdict is from changing', () => {
    const text = (...list: Outcome[]): string => margin(after(...list), three);
    assert.equal(text('success'), 'limit 3 failures in a row');
    assert.equal(text('success', 'failure'), '1 of 3 failures in a row');
    assert.equal(text('failure', 'failure', 'failure'), '0 of 2 successes in a row to recover');
    assert.equal(
      text('failure', 'failure', 'failure', 'success'),
      '1 of 2 successes in a row to recover',
    );
  });

  test('after any outcomes, the runs they end with explain the verdict', () => {
    fc.assert(
      fc.property(limits, outcomes, (limit, list) => {
        let before: Tally = UNTRIED;
        for (const [index, outcome] of list.entries()) {
          const tally = count(before, outcome, limit);
          const seen = list.slice(0, index + 1);
          assert.equal(tally.failures, run(seen, 'failure'));
          assert.equal(tally.successes, run(seen, 'success'));
          if (tally.failures >= limit.failureThreshold) assert.equal(tally.state, 'failed');
          const contrary = tally.state === 'failed' ? 'success' : 'failure';
          assert.equal(inDoubt(tally), list[index] === contrary);
          if (tally.successes >= limit.recoveryThreshold) assert.equal(tally.state, 'ok');
          if (tally.state === 'failed' && before.state !== 'failed') {
            assert.equal(tally.failures, limit.failureThreshold);
          }
          if (tally.state === 'ok' && before.state === 'failed') {
            assert.equal(tally.successes, limit.recoveryThreshold);
          }
          before = tally;
        }
      }),
    );
  });
});
