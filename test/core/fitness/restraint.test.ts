// What is left of the restraint after a departure.
import assert from 'node:assert/strict';
import { afterDeparture, unrestrained } from '../../../src/core/fitness/restraint.js';
import { describe, it } from '../../support/test.js';

describe('a departure', () => {
  it('ends what was excused while an operator forced the role upon us', () => {
    const forced = { ...unrestrained, excused: ['gateway'] };
    assert.deepEqual(afterDeparture(forced), unrestrained);
  });

  it('changes nothing else: the restraint is the same one', () => {
    assert.equal(afterDeparture(unrestrained), unrestrained);
  });
});
