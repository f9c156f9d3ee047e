// What planned work is counted and told by, on frames and results made up here. Nothing is measured.
import assert from 'node:assert/strict';
import { check } from 'prettier';
import { answersFrom, orderOf } from '../bench/planned-frames.js';
import { nothingLost, plannedReport } from '../bench/planned-report.js';
import { lossOf } from '../bench/planned.js';
import type { PlannedCell, PlannedRun } from '../bench/results.js';
import type { Sighting, What } from '../../scripts/lab/sightings.js';
import { describe, it } from '../support/test.js';

const X = '10.99.0.100';
const Y = '10.99.0.101';

const seen = (at: number, from: string, what: What): Sighting => ({ at, from, what });

const asks = (at: number, id: number, address = X): Sighting =>
  seen(at, 'c', { kind: 'echo', asks: true, address, id });

const answers = (at: number, from: string, id: number, address = X): Sighting =>
  seen(at, from, { kind: 'echo', asks: false, address, id });

describe('answers in a capture', () => {
  const all = [
    asks(99, 1),
    answers(100, 'a', 1),
    asks(101, 2),
    answers(102, 'a', 2),
    asks(103, 3),
    asks(104, 9, Y),
    answers(105, 'b', 9, Y),
    asks(106, 4),
    answers(107, 'b', 4),
    asks(110, 5),
    answers(125, 'b', 5),
    asks(126, 6),
  ];

  it('are counted by address, for the requests of the stretch', () => {
    const found = answersFrom(all, X, { from: 100, to: 120 });
    assert.deepEqual(found, { unanswered: 1, by: ['a', 'b'], longestGapMs: 18 });
    assert.deepEqual(answersFrom(all, Y, { from: 0, to: 200 }).unanswered, 0);
  });

  it('show when two hosts take turns', () => {
    const turns = [asks(1, 1), answers(2, 'a', 1), asks(3, 2), answers(4, 'b', 2)];
    const again = [...turns, asks(5, 3), answers(6, 'a', 3)];
    assert.deepEqual(answersFrom(again, X, { from: 0, to: 10 }).by, ['a', 'b', 'a']);
  });

  it('say nothing of an address that nobody asked', () => {
    const nothing = { unanswered: 0, by: [], longestGapMs: 0 };
    assert.deepEqual(answersFrom([], X, { from: 0, to: 1 }), nothing);
  });
});

describe('the order of a handover', () => {
  const moved = { vrid: 52, addresses: [X, Y], place: 1 };
  const announces = (at: number, address: string, from = 'b'): Sighting =>
    seen(at, from, { kind: 'announcement', address });
  const advertises = (at: number, vrid: number, priority = 100): Sighting =>
    seen(at, 'b', { kind: 'advertisement', family: 4, vrid, priority });
  const tells = (at: number, addressesPresent: boolean): Sighting => {
    const other = { state: 'Active', addressesPresent: true } as const;
    return seen(at, 'b', {
      kind: 'report',
      routers: [other, { state: 'Active', addressesPresent }],
    });
  };
  const gone = [{ at: 130, appliance: 'a', address: X, present: false }];
  const course = [
    announces(90, Y),
    announces(100, X),
    announces(101, Y, 'a'),
    advertises(102, 51),
    tells(103, false),
    announces(110, Y),
    advertises(111, 52),
    tells(112, true),
  ];

  it('is that of the heir, the virtual router, and of what came after the beginning', () => {
    const order = orderOf(course, gone, moved, 'b', 95);
    assert.equal(order, 'announce, advertise, tell, let go');
  });

  it('shows what came too early', () => {
    const early = [tells(96, true), ...course];
    assert.equal(orderOf(early, gone, moved, 'b', 95), 'tell, announce, advertise, let go');
    const lost = [{ at: 97, appliance: 'a', address: Y, present: false }];
    assert.match(orderOf(course, lost, moved, 'b', 95), /^let go, announce/);
  });

  it('leaves out what was not seen, and is no farewell', () => {
    assert.equal(orderOf([announces(100, X), advertises(101, 52, 0)], [], moved, 'b', 95), '');
  });
});

const RUN: PlannedRun = {
  run: 1,
  sent: 2_000,
  lost: 0,
  unanswered: 0,
  missedFrames: 0,
  longestGapMs: 1.5,
  nobodyHeldMs: 0,
  bothHeldMs: 8,
  answeredBy: 'a, b',
  orders: ['announce, advertise, tell, let go'],
  latenessMs: 0.1,
};

const cell = (
  runs: readonly Partial<PlannedRun>[],
  other: Partial<PlannedCell> = {},
): PlannedCell => ({
  work: 'failover',
  half: 'there',
  intervalMs: 100,
  runs: runs.map((run, index) => ({ ...RUN, run: index + 1, ...run })),
  troubles: [],
  ...other,
});

describe('the verdict on planned work', () => {
  it('is good when each was done as often as asked and lost nothing', () => {
    assert.equal(nothingLost([cell([{}, {}])], 2), true);
    assert.equal(nothingLost([], 2), true);
  });

  it('is bad when one lost something, or was not carried out', () => {
    const troubles = [{ run: 2, reason: '1 probes lost', kept: '/tmp/k' }];
    assert.equal(nothingLost([cell([{}, { lost: 1 }], { troubles })], 2), false);
    assert.equal(nothingLost([cell([{}])], 2), false);
  });

  it('counts what the client lost and what the capture has no answer to', () => {
    assert.equal(lossOf(RUN), null);
    assert.equal(lossOf({ ...RUN, unanswered: null }), null);
    assert.match(lossOf({ ...RUN, lost: 3 }) ?? '', /^3 probes lost; 0 requests/);
    assert.match(
      lossOf({ ...RUN, lost: 3, unanswered: null }) ?? '',
      /^3 probes lost; no requests/,
    );
    assert.match(lossOf({ ...RUN, unanswered: 2 }) ?? '', /^0 probes lost; 2 requests/);
  });
});

describe('the tables of planned work', () => {
  const cells = [
    cell([{}, { lost: 4, unanswered: 5, answeredBy: 'a, b, a', longestGapMs: 12 }, { lost: 1 }], {
      troubles: [{ run: 2, reason: 'lost', kept: '/tmp/k' }],
    }),
    cell([{ orders: [], unanswered: null, answeredBy: '' }], { work: 'move', half: 'back' }),
  ];
  const text = plannedReport(cells, 3);

  it('have each work with what it lost, in total and at worst', () => {
    assert.match(text, /\| failover +\| +100 ms \| +3 \| +5 \| +4 \| +5 \| +12 \|/);
    assert.match(text, /a, b \(2\); a, b, a \(1\)/);
    assert.match(text, /\| reload: it moves back +\| +100 ms \| 1 of 3 \| +0 \| +0 \| +n\/a \|/);
  });

  it('have the order of what moved, and where the evidence is', () => {
    assert.match(text, /\| failover \| +100 ms \| announce, advertise, tell, let go \|/);
    assert.match(text, /- failover, 100 ms, run 2: lost; kept in \/tmp\/k/);
    assert.doesNotMatch(plannedReport([cell([{ orders: [] }])], 1), /In which order|where to look/);
  });

  it('are written as the formatter of this tree writes them', async () => {
    assert.ok(await check(`${text}\n`, { parser: 'markdown', printWidth: 110 }));
  });
});
