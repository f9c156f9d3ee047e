// By what a run of the deployments judges itself: requests of the client, what agents wrote, the table of a page. No lab.
import assert from 'node:assert/strict';
import { describe, it } from '../support/test.js';
import {
  agentDead,
  checked,
  dark,
  handedOver,
  met,
  planned,
  silence,
  told,
  unnoticed,
  untilMended,
} from '../deployments/bounds.js';
import { causesOf, judgeMoves, movesOf, movesText } from '../deployments/ending.js';
import type { Part, Seen } from '../deployments/part.js';
import {
  complaintsOf,
  merged,
  outcomeTable,
  sectionText,
  tablesOf,
} from '../deployments/report.js';
import type { ProbeReport } from '../../scripts/lab/probe-record.js';
import type { EventRecord } from '../../src/model/status.js';
import { CALM, ENDLESS, GOOD, judged, LOST, moved, STILL, TOLD } from './deployment-seen.js';

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
      [
        'however long it takes on this machine',
        told('x', 'b', 'no-carrier'),
        { portal: GOOD, api: { ...LOST, longestGapMs: 5_000 } },
        [],
      ],
      [
        'never good again',
        checked(300, 'x', 'b', 'no-carrier'),
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
    const outcome = judged(
      { ...told('x', 'b', 'no-carrier'), answering: ['two'] },
      { portal: LOST, api: { ...LOST, longestGapMs: 95, scheduleLatenessMs: 12 } },
      { ...TOLD, answeredLast: ['two'], complaints: ['held by b expected'] },
    );
    assert.deepEqual(outcome, {
      part: 'x',
      kind: 'fault',
      sent: 200,
      failed: 4,
      reasons: { ECONNRESET: 2, timeout: 2 },
      longestGapMs: 95,
      aimMs: 100,
      movedAfterMs: 21,
      clientLateMs: 12,
      exposed: [],
      endedBy: 'no-carrier → peer-released',
      before: 'lb-1: one',
      after: 'lb-2: two',
      complaints: ['held by b expected'],
    });
  });

  it('where some are good all the while, from the first failed one to the last', () => {
    const part = { ...unnoticed('x'), aimMs: 100, patchy: true };
    const later = { ...LOST, firstLostAt: 500, goodAgainAt: 700 };
    assert.equal(judged(part, { portal: LOST, api: later, node: GOOD }).patchyMs, 200);
  });
});

describe('what ended it', () => {
  const cable = told('x', 'b', 'no-carrier');
  const cases: readonly [string, Part, Seen, readonly string[]][] = [
    ['the peer was told', cable, TOLD, []],
    [
      'a peer check instead: a slower mechanism',
      cable,
      { ...TOLD, moves: moved('peer-dead', 'no-carrier') },
      ['ended by peer-released or priority-zero expected, found peer-dead'],
    ],
    [
      'Active_Down_Interval instead of the peer check',
      silence('x', 'b'),
      { ...TOLD, moves: moved('no-response') },
      ['ended by peer-dead expected, found no-response'],
    ],
    ['the peer check', silence('x', 'b'), { ...TOLD, moves: moved('peer-dead') }, []],
    [
      'the will of a dead agent',
      agentDead('x', 'b'),
      { ...TOLD, moves: moved('priority-zero') },
      [],
    ],
    [
      'the monitor that was to find it',
      handedOver('x', 'b', 'gateway'),
      { ...TOLD, moves: moved('peer-released', 'soft-fault', 'gateway') },
      [],
    ],
    [
      'another monitor',
      handedOver('x', 'b', 'gateway'),
      { ...TOLD, moves: moved('peer-released', 'soft-fault', 'nginx') },
      ['given up because of gateway expected, found soft-fault, nginx'],
    ],
    [
      'nobody says what',
      cable,
      { ...TOLD, moves: STILL },
      [
        'an event that b became Active expected, found none',
        'given up because of no-carrier expected, found nothing',
      ],
    ],
    [
      'a role that was to stay, and came back',
      unnoticed('x'),
      { ...CALM, moves: moved('peer-released', 'soft-fault') },
      ['lan: nothing to move to b expected, found soft-fault → peer-released'],
    ],
    [
      'a role that may move meanwhile',
      dark('x', 'a'),
      { ...CALM, moves: moved('peer-released', 'soft-fault') },
      [],
    ],
    ['an operator: whichever', planned('x', 'b'), { ...TOLD, moves: moved('priority') }, []],
    [
      'the hook',
      { ...unnoticed('x'), leftOutBy: 'hook' },
      { ...CALM, marked: true, nginxErrors: 2 },
      [],
    ],
    [
      'nginx alone where the hook was to do it',
      { ...unnoticed('x'), leftOutBy: 'hook' },
      { ...CALM, nginxErrors: 2 },
      ['left out by hook expected, found nginx'],
    ],
    ['nginx', { ...unnoticed('x'), leftOutBy: 'nginx' }, { ...CALM, nginxErrors: 2 }, []],
    [
      'nobody left it out',
      { ...unnoticed('x'), leftOutBy: 'nginx' },
      CALM,
      ['left out by nginx expected, found nothing'],
    ],
  ];
  for (const [what, part, seen, complaints] of cases) {
    it(what, () => assert.deepEqual(judged(part, { portal: GOOD }, seen).complaints, complaints));
  }

  it('one of two addresses moves: who takes the other is a stray', () => {
    const moves = movesOf({
      a: [transition('two', 'Backup', 'Active', 'peer-released')],
      b: [transition('one', 'Backup', 'Active', 'peer-released')],
    });
    const by = { taken: ['peer-released'] };
    const complaints = judgeMoves(moves, ['b', 'b'], ['a', 'b'], by, { words: [] });
    assert.deepEqual(complaints, ['two: nothing to move to a expected, found peer-released']);
  });
});

const NOON = '2026-11-30T12:00:00.000Z';

const transition = (
  virtualRouter: string,
  from: EventRecord['from'],
  to: EventRecord['to'],
  reason: string,
): EventRecord => ({
  time: NOON,
  event: 'transition',
  virtualRouter,
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
  reason,
  detail: '',
});

describe('what agents wrote', () => {
  const monitor = (name: string, reason: string): EventRecord => ({
    time: '',
    event: 'monitor',
    reason,
    detail: '',
    monitor: name,
  });
  const moves = movesOf({
    a: [
      monitor('nginx', 'failed'),
      transition('lan', 'Active', 'Backup', 'soft-fault'),
      monitor('nginx', 'ok'),
    ],
    b: [
      monitor('web', 'failed'),
      transition('lan', 'Initialize', 'Backup', 'startup'),
      transition('lan', 'Backup', 'Active', 'peer-released'),
    ],
  });

  it('who gave up and took the role, and why', () => {
    const at = Date.parse(NOON);
    assert.deepEqual(moves.left, [
      { appliance: 'a', virtualRouter: 'lan', reason: 'soft-fault', at },
    ]);
    assert.deepEqual(moves.taken, [
      { appliance: 'b', virtualRouter: 'lan', reason: 'peer-released', at },
    ]);
    assert.deepEqual(causesOf(moves), ['soft-fault', 'nginx', 'web']);
  });

  it('in a cell of the table: only the monitors of who gave it up', () => {
    assert.equal(movesText(moves), 'soft-fault (nginx) → peer-released');
    assert.equal(movesText(moved('peer-dead')), 'peer-dead');
    assert.equal(movesText(STILL), '-');
  });
});

describe('the table of a page', () => {
  const cellsOf = (part: Part, report: ProbeReport, seen?: Seen): string[] =>
    (outcomeTable([judged(part, { portal: report }, seen)]).split('\n')[2] ?? '')
      .split('|')
      .map((cell) => cell.trim())
      .slice(4, 10);

  it('tells what failed, the aim, when it moved, the lateness of the client and what ended it', () => {
    const lost = '2 (1 ECONNRESET, 1 timeout)';
    const slow = { ...LOST, longestGapMs: 101, scheduleLatenessMs: 63.4 };
    const cable = told('x', 'b', 'no-carrier');
    const hook = { ...CALM, marked: true, nginxErrors: 1 };
    for (const [cells, part, report, seen] of [
      [['0', '5 ms', '0 failed', '-', '0 ms', '-'], planned('x', 'a'), GOOD, CALM],
      [[lost, '90 ms', '0 failed but of api', '-', '0 ms', '-'], met('x', ['api']), LOST, CALM],
      [
        [lost, '101 ms', '100 ms', '21 ms', '63 ms', 'no-carrier → peer-released'],
        cable,
        slow,
        TOLD,
      ],
      [[lost, '90 ms', 'until mended', '-', '0 ms', '-'], dark('x', 'a'), ENDLESS, CALM],
      [
        [`${lost} in 80 ms`, '90 ms', '100 ms', '-', '0 ms', 'nginx, hook'],
        { ...unnoticed('x'), aimMs: 100, patchy: true },
        LOST,
        hook,
      ],
    ] as const) {
      assert.deepEqual(cellsOf(part, report, seen), cells);
    }
  });

  it('how fast the machine is stands above it', () => {
    const section = { title: 'Orion', outcomes: [judged(planned('x', 'a'), { portal: GOOD })] };
    const text = tablesOf({ ...section, agentStartMs: 131.6 });
    assert.ok(
      text.startsWith('On this machine an agent answers 132 ms after its start.\n\n| part '),
    );
  });

  it('sections of one title are one', () => {
    const rows = [judged(planned('x', 'a'), { portal: GOOD })];
    const all = merged([
      { title: 'One', outcomes: rows, said: 'a' },
      { title: 'Two', outcomes: [] },
      { title: 'One', outcomes: rows, troubles: ['t'], said: 'b' },
    ]);
    assert.deepEqual(
      all.map(({ title, outcomes, troubles = [], said = '' }) => [
        title,
        outcomes.length,
        troubles,
        said,
      ]),
      [
        ['One', 2, ['t'], 'a\n\nb'],
        ['Two', 0, [], ''],
      ],
    );
    assert.ok(sectionText(all[0] ?? { title: '', outcomes: [] }).startsWith('a\n\nb\n\n### One'));
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
