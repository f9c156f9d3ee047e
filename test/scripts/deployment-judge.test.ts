// By what a run of the deployments judges itself: requests of the client, expectations of a part, the table of a
// page. No lab.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  checked,
  dark,
  met,
  planned,
  told,
  unnoticed,
  untilMended,
} from '../../scripts/deployment/bounds.js';
import { summed, type Part } from '../../scripts/deployment/part.js';
import { complaintsOf, outcomeTable, sectionText } from '../../scripts/deployment/report.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';

/** All answered by `one`. */
const GOOD: ProbeReport = {
  sent: 100,
  lost: 0,
  longestOutageMs: 0,
  firstLostAt: null,
  goodAgainAt: null,
  scheduleLatenessMs: 0,
  slowestMs: 3,
  longestGapMs: 5,
  answeredFirst: ['one'],
  answeredLast: ['one'],
  reasons: {},
};
/** Two lost, and good again after 80 ms. */
const LOST: ProbeReport = {
  ...GOOD,
  lost: 2,
  longestOutageMs: 80,
  longestGapMs: 90,
  firstLostAt: 1_000,
  goodAgainAt: 1_080,
  reasons: { ECONNRESET: 1, timeout: 1 },
};
const ENDLESS: ProbeReport = { ...LOST, goodAgainAt: null };

const judged = (part: Part, byTarget: Readonly<Record<string, ProbeReport>>) =>
  summed(part, byTarget, 'a', 'b', []);

describe('what a part may cost', () => {
  const cases: readonly [string, Part, Readonly<Record<string, ProbeReport>>, readonly string[]][] =
    [
      ['nothing failed', planned('x', 'a'), { portal: GOOD, api: GOOD }, []],
      [
        'a request that may not fail',
        planned('x', 'a'),
        { portal: GOOD, api: LOST },
        ['no failed request expected'],
      ],
      ['one that may', met('x', ['api']), { portal: GOOD, api: LOST }, []],
      [
        'another one than may',
        met('x', ['api']),
        { portal: LOST, api: GOOD },
        ['no failed request but of api expected'],
      ],
      ['within the bound', told('x', 'b'), { portal: LOST }, []],
      [
        'as long as the next slower mechanism takes',
        told('x', 'b'),
        { portal: GOOD, api: { ...LOST, longestGapMs: 301 } },
        ['a gap below 300 ms expected: something slower ended it'],
      ],
      [
        'never good again',
        checked(300, 'x', 'b'),
        { portal: GOOD, api: ENDLESS },
        ['good answers expected in the end'],
      ],
      ['nothing is served in the end, as it must be', dark('x', 'b'), { portal: ENDLESS }, []],
      ['mended', untilMended('x', 'a'), { portal: LOST }, []],
      [
        'not mended',
        untilMended('x', 'a'),
        { portal: ENDLESS },
        ['good answers expected in the end'],
      ],
      [
        'nobody asked',
        planned('x', 'a'),
        { portal: GOOD, api: { ...GOOD, sent: 0 } },
        ['requests for api expected, found none'],
      ],
      [
        'others answer in the end',
        { ...unnoticed('x'), answering: ['one', 'two'] },
        { portal: GOOD, api: { ...GOOD, answeredLast: ['three'] } },
        ['answers of one, two expected in the end, found one, three'],
      ],
    ];
  for (const [what, part, byTarget, complaints] of cases) {
    it(what, () => assert.deepEqual(judged(part, byTarget).complaints, complaints));
  }

  it('what the site found is kept, and all targets are summed up', () => {
    const outcome = summed(
      { ...told('x', 'b'), answering: ['one', 'two'] },
      { portal: LOST, api: { ...LOST, answeredLast: ['two'], longestGapMs: 95 } },
      'a',
      'b',
      ['held by b expected'],
    );
    assert.deepEqual(outcome, {
      part: 'x',
      kind: 'fault',
      sent: 200,
      failed: 4,
      reasons: { ECONNRESET: 2, timeout: 2 },
      longestGapMs: 95,
      boundMs: 100,
      exposed: [],
      before: 'a: one',
      after: 'b: one, two',
      complaints: ['held by b expected'],
    });
  });

  it('where some are good all the while, from the first failed one to the last', () => {
    const part = { ...told('x', 'b'), patchy: true };
    const later = { ...LOST, firstLostAt: 500, goodAgainAt: 700 };
    assert.equal(judged(part, { portal: LOST, api: later, node: GOOD }).patchyMs, 200);
  });
});

describe('the table of a page', () => {
  const cellsOf = (part: Part, report: ProbeReport): string[] =>
    (outcomeTable([judged(part, { portal: report })]).split('\n')[2] ?? '')
      .split('|')
      .map((cell) => cell.trim())
      .slice(4, 7);

  it('tells what failed and whether the bound was met', () => {
    const lost = '2 (1 ECONNRESET, 1 timeout)';
    const slow = { ...LOST, longestGapMs: 101 };
    for (const [part, report, cells] of [
      [planned('x', 'a'), GOOD, ['0', '5 ms', '0 failed']],
      [met('x', ['api']), LOST, [lost, '90 ms', '0 failed but of api']],
      [told('x', 'b'), LOST, [lost, '90 ms', '100 ms, met']],
      [told('x', 'b'), slow, [lost, '101 ms', '100 ms, NOT met']],
      [dark('x', 'b'), ENDLESS, [lost, '90 ms', 'until mended']],
      [{ ...told('x', 'b'), patchy: true }, LOST, [`${lost} in 80 ms`, '90 ms', '100 ms, met']],
    ] as const) {
      assert.deepEqual(cellsOf(part, report), cells);
    }
  });

  it('every complaint stands below it: of parts, of settings, of what ended the run', () => {
    const section = {
      title: 'Orion',
      outcomes: [judged(planned('failover', 'b'), { portal: LOST })],
      settings: [
        {
          setting: 'ha.mode',
          page: 'off',
          other: 'on',
          done: 'nothing',
          outcome: 'a',
          otherOutcome: 'a',
          complaints: ['another outcome expected with another value'],
        },
      ],
      troubles: ['the lab broke'],
    };
    const complaints = [
      'failover: no failed request expected',
      'ha.mode: another outcome expected with another value',
      'the lab broke',
    ];
    assert.deepEqual(complaintsOf(section), complaints);
    const text = sectionText(section);
    assert.ok(text.startsWith('### Orion\n\n| part '));
    assert.ok(text.endsWith(`\n\n${complaints.join('\n\n')}`), text);
    assert.deepEqual(complaintsOf({ title: 'Orion', outcomes: [] }), []);
  });
});
