// The benchmark's arithmetic: medians, worst values, ratios, growth. No measurements.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import * as fc from 'fast-check';
import { growth, median, openSpread, ratio, spread } from '../bench/statistics.js';

describe('median and worst', () => {
  it('of an odd and of an even number of values', () => {
    assert.equal(median([5, 1, 3]), 3);
    assert.equal(median([4, 1, 3, 100]), 3.5);
    assert.throws(() => median([]), RangeError);
  });

  it('leave the values as they are', () => {
    const values = [3, 1, 2];
    assert.deepEqual(spread(values), { median: 2, worst: 3 });
    assert.deepEqual(values, [3, 1, 2]);
    assert.equal(spread([]), null);
  });

  it('as many values lie on either side of the median', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        assert.ok(below <= values.length / 2 && above <= values.length / 2);
        assert.ok(middle <= Math.max(...values) && middle >= Math.min(...values));
      }),
    );
  });

  it('what never ended is longer than anything', () => {
    assert.deepEqual(openSpread([10, null, 20]), { median: 20, worst: null });
    assert.deepEqual(openSpread([null, null, 20]), { median: null, worst: null });
    assert.deepEqual(openSpread([null, 20]), { median: null, worst: null });
    assert.deepEqual(openSpread([10]), { median: 10, worst: 10 });
    assert.equal(openSpread([]), null);
  });
});

describe('ratios', () => {
  it('of two outages, of none, and to none', () => {
    assert.equal(ratio(10, 40), 0.25);
    assert.equal(ratio(0, 40), 0);
    assert.equal(ratio(0, 0), null);
    assert.equal(ratio(3, 0), Number.POSITIVE_INFINITY);
  });
});

describe('growth', () => {
  it('is 1 where the last router costs what the first did, whatever the base', () => {
    const points = [250, 1, 50].map((routers) => ({ routers, cost: 7 + 0.5 * routers }));
    assert.deepEqual(growth(points), { lower: 0.5, upper: 0.5, bend: 1 });
  });

  it('shows what becomes dearer', () => {
    const points = [1, 50, 250].map((routers) => ({ routers, cost: routers ** 2 }));
    assert.ok((growth(points)?.bend ?? 0) > 5);
  });

  it('needs three points', () => {
    assert.equal(
      growth([
        { routers: 1, cost: 1 },
        { routers: 50, cost: 2 },
      ]),
      null,
    );
  });
});
