// The judge, on small records of what kernels and client saw.
import assert from 'node:assert/strict';
import type { HeldChange } from '../../scripts/lab/held-time.js';
import { describe, it } from '../support/test.js';
import { atRest, judge, type Evidence } from './judge.js';

const X = '10.99.0.100';
const Y = '10.99.0.101';

const change = (at: number, appliance: string, present: boolean, address = X): HeldChange => ({
  at,
  appliance,
  address,
  present,
});

/** a holds from the beginning; the storm is from 1000 to 2000, and 3000 ms later nobody looks any more. */
const evidence = (changes: readonly HeldChange[], other: Partial<Evidence> = {}): Evidence => ({
  changes: [change(0, 'a', true), ...changes],
  addresses: [X],
  startedAt: 1_000,
  healedAt: 2_000,
  endedAt: 5_000,
  limitMs: 1_000,
  restMs: 500,
  ends: [],
  unhealed: [],
  lastProbes: { [X]: { sent: 60, lost: 0 } },
  ...other,
});

const complaints = (...given: Parameters<typeof evidence>): string =>
  judge(evidence(...given)).complaints.join('\n');

describe('a storm passes', () => {
  it('when nothing moved', () => {
    const verdict = judge(evidence([]));
    const calm = { complaints: [], bothHeldMs: 0, nobodyHeldMs: 0, settledAfterMs: 0 };
    assert.deepEqual(verdict, calm);
  });

  it('whatever happened before all was mended: it is counted, not judged', () => {
    const verdict = judge(
      evidence([
        change(1_100, 'b', true),
        change(1_300, 'a', false),
        change(1_400, 'b', false),
        change(1_900, 'b', true),
      ]),
    );
    const counted = { complaints: [], bothHeldMs: 200, nobodyHeldMs: 500, settledAfterMs: 0 };
    assert.deepEqual(verdict, counted);
  });

  it('when one holder is left within the limit', () => {
    const changes = [change(1_500, 'b', true), change(2_900, 'a', false)];
    assert.equal(complaints(changes), '');
    assert.equal(judge(evidence(changes)).settledAfterMs, 900);
  });

  it('when the role is handed over later: that is no failure to settle', () => {
    assert.equal(complaints([change(3_500, 'b', true), change(3_510, 'a', false)]), '');
  });

  it('when probes were lost, but not the last ones', () => {
    assert.equal(complaints([], { lastProbes: { [X]: { sent: 60, lost: 59 } } }), '');
  });
});

describe('a storm fails', () => {
  it('when two hold an address for too long', () => {
    const found = complaints([change(1_500, 'b', true), change(3_001, 'a', false)]);
    assert.equal(
      found,
      `${X}: expected exactly one holder within 1000 ms after the mending, found one after 1001 ms`,
    );
  });

  it('when nobody ever does again', () => {
    assert.match(complaints([change(1_600, 'a', false)]), /found nobody since 400 ms before it/);
  });

  it('when both do for good', () => {
    assert.match(complaints([change(2_100, 'b', true)]), /found a and b since 100 ms after it/);
    assert.match(complaints([change(1_600, 'b', true)]), /found a and b since 400 ms before it/);
  });

  it('when it is lost at the end after a time of rest', () => {
    assert.equal(
      complaints([change(4_000, 'a', false)]),
      `${X}: expected one holder at the end, found nobody`,
    );
  });

  it('when it flutters and never rests', () => {
    const flutter = Array.from({ length: 10 }, (_, index) => [
      change(1_900 + index * 400, 'a', false),
      change(2_000 + index * 400, 'a', true),
    ]).flat();
    assert.match(complaints(flutter, { endedAt: 5_900 }), /found one after|found a since/);
  });

  it('when one address of several is missing', () => {
    const changes = [change(0, 'a', true, Y), change(1_500, 'a', false, Y)];
    const found = complaints(changes, { addresses: [X, Y] });
    assert.match(found, /^10\.99\.0\.101: .* found nobody/);
    assert.equal(found.includes(X), false);
  });

  it('when an agent ended by itself, or something could not be mended', () => {
    assert.equal(
      complaints([], { ends: ['the agent of b, status 1'], unhealed: ['no answer'] }),
      'could not be mended: no answer\nended by itself: the agent of b, status 1',
    );
  });

  it('when nothing answers at the end', () => {
    assert.equal(
      complaints([], { lastProbes: { [X]: { sent: 60, lost: 60 } } }),
      `${X}: an answer expected at the end, found none to 60`,
    );
  });
});

describe('rest', () => {
  const held = [change(0, 'a', true)];

  it('is one holder and no change for a while', () => {
    assert.equal(atRest(held, [X], 1_000, 500), true);
    assert.equal(atRest(held, [X], 400, 500), false, 'too early');
    assert.equal(atRest(held, [X, Y], 1_000, 500), false, 'nobody has the other one');
    assert.equal(atRest([...held, change(100, 'b', true)], [X], 1_000, 500), false, 'both have it');
  });
});
