// What a run tells, on outcomes made up here.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import { kindTable, median, stormText, summary, table, type Outcome } from './report.js';
import type { Verdict } from './judge.js';

const outcome = (
  index: number,
  names: readonly string[],
  verdict: Partial<Verdict>,
  other: Partial<Outcome> = {},
): Outcome => ({
  storm: {
    index,
    faults: names.map((name) => ({ name, target: 'holder', atMs: 0, drawn: { lastsMs: 10 } })),
  },
  kinds: index < 2 ? ['calm', 'small'] : ['small'],
  verdict: { complaints: [], bothHeldMs: 0, nobodyHeldMs: 0, settledAfterMs: 0, ...verdict },
  lostProbes: 0,
  voided: [],
  notes: [],
  kept: null,
  ...other,
});

const OUTCOMES = [
  outcome(0, ['hail'], { nobodyHeldMs: 10, bothHeldMs: 1 }, { lostProbes: 2 }),
  outcome(1, ['hail'], { nobodyHeldMs: 20, bothHeldMs: 3, settledAfterMs: 40 }),
  outcome(2, ['hail'], { complaints: ['X: nobody'], nobodyHeldMs: 60, settledAfterMs: null }),
  outcome(3, ['hail', 'fog'], { nobodyHeldMs: 7 }, { voided: ['fog: no interface'] }),
];

describe('a report', () => {
  it('has the middle of several, and the mean of the two in the middle', () => {
    assert.equal(median([]), 0);
    assert.equal(median([5]), 5);
    assert.equal(median([9, 1, 2]), 2);
    assert.equal(median([1, 2, 4, 9]), 3);
  });

  it('counts by fault, alone and together', () => {
    assert.equal(
      table(OUTCOMES, ['hail', 'fog', 'snow']),
      [
        'fault          storms  failed   nobody   both   lost     settled',
        'hail                3       1  20 / 60  1 / 3  0 / 2  40 / never',
        '  and another       1       0    7 / 7  0 / 0  0 / 0       0 / 0',
        'fog                 0       0        -      -      -           -',
        '  and another       1       0    7 / 7  0 / 0  0 / 0       0 / 0',
        'all                 4       1  15 / 60  1 / 3  0 / 2  20 / never',
        '',
      ].join('\n'),
    );
  });

  it('counts by the kind of the pair', () => {
    assert.equal(
      kindTable(OUTCOMES),
      [
        'pair   storms  failed   nobody   both   lost     settled',
        'calm        2       0  15 / 20  2 / 3  1 / 2     20 / 40',
        'small       4       1  15 / 60  1 / 3  0 / 2  20 / never',
        '',
      ].join('\n'),
    );
  });

  it('tells of a failed storm what, why and where it is kept', () => {
    const failed = outcome(
      4,
      ['hail'],
      { complaints: ['X: nobody'], settledAfterMs: null },
      { notes: ['b was the last to announce X'], voided: ['fog: no interface'], kept: '/tmp/k' },
    );
    assert.equal(
      stormText(failed, 'hail (holder)'),
      [
        '   4  FAILED  hail (holder): nobody 0 ms, both 0 ms, 0 probes lost, settled after never',
        '              X: nobody',
        '              did not happen: fog: no interface',
        '              b was the last to announce X',
        '              kept in /tmp/k',
        '',
      ].join('\n'),
    );
  });

  it('does not call it a success when nothing was broken', () => {
    const nothing = outcome(5, ['hail'], {}, { voided: ['hail: refused'] });
    assert.match(stormText(nothing, 'hail'), /^ {3}5 {2}void {4}hail: /);
    const other = outcome(5, ['hail', 'fog'], {}, { voided: ['hail: refused'] });
    assert.match(stormText(other, 'hail + fog'), /^ {3}5 {2}ok {6}hail/);
  });

  it('ends with what failed, and the command that repeats it', () => {
    const text = summary(OUTCOMES, ['hail', 'snow'], (storm) => `again ${storm}`);
    assert.match(text, /\nnot drawn: snow\n/);
    assert.match(text, /\n4 storms, 1 failed, 1 faults that could not strike\nagain: again 2\n$/);
  });
});
